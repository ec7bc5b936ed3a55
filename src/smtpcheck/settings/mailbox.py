"""Mail addresses of the envelope: an addr-spec alone (RFC 5321 section 4.1.2, RFC 6531 for what is not ASCII).

What would end the command line early or begin another one (CR, LF, NUL, angle brackets) is refused everywhere, so that
a value can never become a second command or header field. What is only unusual is left to the server to judge.
"""

import re

from smtpcheck.model import UsageError
from smtpcheck.settings.quote import quoted, unprintable

_QUOTED_LOCAL = re.compile(r'"(?:[^"\\]|\\.)*"')
_SPECIAL = re.compile(r'[()<>\[\]:;@\\,"\s]')
_LITERAL = re.compile(r"\[[A-Za-z0-9:.-]+\]")
_LONGEST = 320  # 64 octets, "@", 255 octets


def parse_mailbox(text: str, option: str, *, local_alone: bool = False) -> str:
    """The address, unchanged. `local_alone` lets a local part stand without a domain, as LMTP servers use it.

    Raises UsageError.
    """
    problem = _problem(text, local_alone)
    if problem is not None:
        raise UsageError(f"{option} {quoted(text)} {problem}")
    return text


def _problem(text: str, local_alone: bool) -> str | None:
    """What is wrong with the address, as the end of a sentence, or None."""
    if not text:
        return "is empty: give an address such as alice@example.com"
    odd = unprintable(text)
    if odd is not None:
        return f"holds the character {odd}, which no mail address has"
    if text.startswith("<") and text.endswith(">"):
        return "has angle brackets: give the address alone, smtpcheck adds them"
    if text.lower().startswith("mailto:"):
        return "is a URL: give the address alone, without mailto:"
    if "<" in text or ">" in text:
        return "is a display name with an address: give the address alone, such as alice@example.com"
    if len(text.encode("utf-8")) > _LONGEST:
        return f"is longer than the {_LONGEST} octets that an address can have (RFC 5321 section 4.5.3.1)"
    local, rest = _split(text)
    if not local:
        return "has nothing before the @: give an address such as alice@example.com"
    if rest == "":
        return None if local_alone or local.lower() == "postmaster" else "has no domain: give alice@example.com"
    if _SPECIAL.search(local) and not _QUOTED_LOCAL.fullmatch(local):
        return _several(text) or "has a character in its local part that only a quoted one can hold"
    return _several(text) or _domain_problem(rest.removeprefix("@"))


def _split(text: str) -> tuple[str, str]:
    """The local part, and the rest with its @ (empty if there is none)."""
    quoted_local = _QUOTED_LOCAL.match(text)
    if quoted_local:
        return quoted_local[0], text[quoted_local.end() :]
    local, at, domain = text.rpartition("@")
    return (local, at + domain) if at else (text, "")


def _several(text: str) -> str | None:
    outside = _QUOTED_LOCAL.sub("", text)
    if "," in outside or ";" in outside:
        return "holds several addresses: give one (--to can be repeated)"
    return None


def _domain_problem(domain: str) -> str | None:
    if not domain:
        return "has no domain after the @: give an address such as alice@example.com"
    if _LITERAL.fullmatch(domain):
        return None
    if _SPECIAL.search(domain) or "" in domain.split("."):
        return "has a domain that is none: labels separated by single dots, or an address literal such as [192.0.2.1]"
    return None
