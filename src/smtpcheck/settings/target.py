"""TARGET, the one positional argument: `host`, `host:port`, `[::1]:465`, or a URL.

The forms of mail programs, not of browsers: `urlsplit` is not used, because it drops line ends and tabs silently and
cuts at a `/` inside a password. Whatever may hold a password is never quoted.
"""

import re
from urllib.parse import unquote_to_bytes

from smtpcheck.model import UsageError
from smtpcheck.model.record import record
from smtpcheck.settings.host import UnusableHost, address_literal, parse_port, usable_host
from smtpcheck.settings.quote import quoted

SCHEMES = ("smtp", "smtps", "submission", "submissions", "lmtp", "unix")
FORMS = "host, host:port, [::1]:465, or a URL (smtp:// smtps:// submission:// submissions:// lmtp:// unix:/path)"

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(.*)", re.DOTALL)
_UNIX = re.compile(r"(?:(lmtp|smtp):)?unix:(.*)", re.DOTALL | re.IGNORECASE)
_BRACKETS = re.compile(r"\[([^\[\]]*)\](?::(.*))?", re.DOTALL)
_MEANT = {"ssl": "smtps", "smtp+ssl": "smtps", "smtptls": "smtp", "tls": "smtp", "smtp+tls": "smtp", "lmtps": "lmtp"}
_SHOWABLE_PORT = re.compile(r"[-+0-9 ]{0,8}|smtps?|ssmtp|submissions?|lmtp")
_SHOWABLE = re.compile(rf"[0-9A-Fa-f:.%\[\]]+|[^:]*|(\[[^\[\]]*\]|[^:]*)(:({_SHOWABLE_PORT.pattern}))*")
_LONGEST_PATH = 107  # sun_path of <sys/un.h>, less its NUL
_LONGEST_TARGET = 2000


@record
class Place:
    """What TARGET says and nothing more: None where it is silent. `host` is empty for a path.

    `scheme` is one of SCHEMES; a path is spoken to in LMTP, as servers use it, unless it was written `smtp:unix:`.
    """

    host: str
    port: int | None = None
    scheme: str | None = None
    user: str | None = None
    path: str | None = None
    path_protocol: str = "lmtp"


def parse_target(text: str) -> Place:
    """What TARGET says. Raises UnusableHost for a host that cannot be used, UsageError for any other fault."""
    if not text.strip():
        raise UsageError(f"TARGET is empty (a variable that is not set?): give {FORMS}")
    if len(text) > _LONGEST_TARGET:
        raise UsageError(f"TARGET is {len(text)} characters long: give {FORMS}")
    socket = _UNIX.fullmatch(text)
    if socket:
        return Place(host="", scheme="unix", path=_path(socket[2]), path_protocol=(socket[1] or "lmtp").lower())
    url = _URL.fullmatch(text)
    if url:
        return _from_url(_scheme(url[1]), url[2])
    if "@" in text:
        raise UsageError(_explained_login(text))
    host, port = _host_and_port(text)
    return Place(host=host, port=port)


def _scheme(text: str) -> str:
    scheme = text.lower()
    if scheme in SCHEMES:
        return scheme
    meant = f"write {_MEANT[scheme]}://" if scheme in _MEANT else f"smtpcheck knows {', '.join(SCHEMES)}"
    raise UsageError(f"TARGET has the scheme {quoted(text)}, which is not one of mail submission: {meant}")


def _from_url(scheme: str, rest: str) -> Place:
    head, at, authority = rest.rpartition("@")
    user = _user(head) if at else None
    host_part, slash, tail = _cut(authority)
    if tail or slash not in ("", "/"):
        raise UsageError(
            f"TARGET has something after the host {quoted(host_part)}: a path, query or fragment has no meaning in mail"
        )
    host, port = _host_and_port(host_part.replace("%25", "%") if host_part.startswith("[") else host_part)
    return Place(host=host, port=port, scheme=scheme, user=user)


def _cut(authority: str) -> tuple[str, str, str]:
    found = re.search(r"[/?#]", authority)
    return (authority[: found.start()], found[0], authority[found.end() :]) if found else (authority, "", "")


def _user(head: str) -> str:
    if ":" in head:
        raise UsageError(
            "TARGET is a URL with a password in it (not shown): a process list shows it to everybody; "
            "write --user, and --password-env, --password-file or --password-command"
        )
    if not head or re.search(r"[/?#]", head):
        raise UsageError("TARGET has a user that is empty or not percent-encoded: write --user instead")
    try:
        return unquote_to_bytes(head).decode("utf-8")
    except UnicodeError:
        raise UsageError("TARGET has a user that is not UTF-8 when decoded: write --user instead") from None


def _explained_login(text: str) -> str:
    head, _, host = text.rpartition("@")
    if ":" in head:
        return (
            "TARGET holds a user and perhaps a password (not shown): give the host alone, the user with --user and the "
            "password with --password-env, --password-file or --password-command"
        )
    return (
        f"TARGET {quoted(text)} is a mail address or a login: give the server's name, such as {quoted('smtp.' + host)}"
        if re.fullmatch(r"[A-Za-z0-9.-]+", host)
        else f"TARGET {quoted(text)} is a mail address or a login: give the server's name"
    )


def _host_and_port(text: str) -> tuple[str, int | None]:
    brackets = _BRACKETS.fullmatch(text)
    if brackets:
        return _bracketed(brackets[1], brackets[2], text), _port(brackets[2], text)
    if "[" in text or "]" in text:
        raise UsageError(f"TARGET {_shown(text)} has a bracket out of place: write [2001:db8::1]:587")
    if text.count(":") > 1:
        return _bare_ipv6(text), None
    host, colon, port = text.partition(":")
    return usable_host(host, "TARGET"), _port(port if colon else None, text)


def _port(port: str | None, text: str) -> int | None:
    if port is None:
        return None
    if not _SHOWABLE_PORT.fullmatch(port):
        raise UsageError(f"TARGET {_shown(text)} has no number after its colon: a port is a number from 1 to 65535")
    return parse_port(port, f"TARGET {_shown(text)}")


def _bracketed(inner: str, port: str | None, text: str) -> str:
    literal = address_literal(inner)
    if literal is not None:
        return literal
    if re.fullmatch(r"[A-Za-z0-9._-]+", inner) and re.search("[A-Za-z]", inner):
        meant = quoted(f"{inner}:{port}" if port and port.isdecimal() else inner)
        raise UsageError(
            f"TARGET {_shown(text)} is Postfix's relayhost notation, in which brackets mean 'no MX lookup': "
            f"smtpcheck never looks for MX, so write {meant}"
        )
    raise UnusableHost(f"TARGET {_shown(text)} has no IP address in its brackets: write [2001:db8::1]:587", inner)


def _bare_ipv6(text: str) -> str:
    literal = address_literal(text)
    if literal is not None:
        return literal
    host, _, port = text.rpartition(":")
    if address_literal(host) is not None and _SHOWABLE_PORT.fullmatch(port):
        raise UsageError(f"TARGET {quoted(text)} is an IPv6 address with a port: write {quoted(f'[{host}]:{port}')}")
    raise UsageError(f"TARGET {_shown(text)} has more than one colon and is no IPv6 address: give {FORMS}")


def _shown(text: str) -> str:
    """The text in quotes, without what may be a password after a colon (`user:password`, its host forgotten)."""
    if _SHOWABLE.fullmatch(text):
        return quoted(text)
    return quoted(text.partition(":")[0] + ":...")


def _path(text: str) -> str:
    path = "/" + text.lstrip("/") if text.startswith("//") else text
    if not path.startswith("/"):
        raise UsageError(f"TARGET has the path {quoted(text)}: the path of a socket is absolute, as in unix:/run/lmtp")
    if "\0" in path or len(path.encode("utf-8", "surrogateescape")) > _LONGEST_PATH:
        raise UsageError(f"TARGET has the path {quoted(path)}: at most {_LONGEST_PATH} bytes, and no NUL")
    return path
