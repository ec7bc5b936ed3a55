"""Which host names and address literals can be used, and why one cannot.

An ASCII name goes through unchanged after a check of its syntax (RFC 1123 section 2.1; an underscore is let pass, since
compose files and Active Directory have them). Other names become A-labels by UTS 46. What `inet_aton` would take for an
address (`127.1`, `0x7f.1`) is refused: two programs would read it differently.
"""

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from smtpcheck.model import UsageError
from smtpcheck.settings.quote import quoted, unprintable

_LABEL = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
_ZONE = re.compile(r"[A-Za-z0-9._-]{1,32}")
_DOTS = ".\u3002\uff0e\uff61"  # what UTS 46 reads as a full stop
_QUOTES = "\"'`\u201c\u201d\u2018\u2019\u00ab\u00bb"
_LONGEST_NAME = 253


class UnusableHost(UsageError):
    """A host that cannot be used; `host` is the text that was given."""

    def __init__(self, message: str, host: str) -> None:
        super().__init__(message)
        self.host = host


def usable_host(text: str, where: str) -> str:
    """The name as it is resolved (ASCII, without a trailing dot), or the address literal in its short form.

    `where` names the value in the sentence ("TARGET", "--sni"). Raises UnusableHost.
    """
    literal = address_literal(text)
    if literal is not None:
        return literal
    name = text.rstrip(_DOTS) if text.rstrip(_DOTS) + text[-1:] == text else text
    if not name.isascii():
        name = _a_labels(name, text, where)
        literal = address_literal(name)
        if literal is not None:
            return literal
    _check_name(name, text, where)
    return name


def address_literal(text: str) -> str | None:
    """The IPv4 or IPv6 address (with its zone, if any) in its short form, or None if the text is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.scope_id is not None and not _ZONE.fullmatch(address.scope_id):
        return None
    return str(address)


def is_literal(host: str) -> bool:
    """True for an address, False for a name."""
    return address_literal(host) is not None


def family_of(literal: str) -> int:
    """4 or 6."""
    return 4 if isinstance(ip_address(literal), IPv4Address) else 6


def parse_port(text: str, where: str) -> int:
    """A port number. Raises UsageError; a service's name is not one."""
    if re.fullmatch(r"[0-9]{1,5}", text, re.ASCII) and 1 <= int(text) <= 65535:
        return int(text)
    raise UsageError(f"{where} has the port {quoted(text)}: a port is a number from 1 to 65535")


def _a_labels(name: str, given: str, where: str) -> str:
    odd = unprintable(name)
    if odd is not None:
        raise UnusableHost(f"{where} {quoted(given)} holds the character {odd}, which no host name has", given)
    if any(character in _QUOTES for character in name):
        raise UnusableHost(f"{where} {quoted(given)} holds quotation marks: leave them out", given)
    if len(name) > _LONGEST_NAME:
        raise UnusableHost(f"{where} {quoted(given)} is longer than the {_LONGEST_NAME} characters of a name", given)
    import idna  # only names outside ASCII need its tables

    try:
        return idna.encode(name, uts46=True).decode("ascii").removesuffix(".")
    except (UnicodeError, ValueError, IndexError):
        raise UnusableHost(
            f"{where} {quoted(given)} is not an internationalised host name (IDNA 2008, UTS 46)", given
        ) from None


def _check_name(name: str, given: str, where: str) -> None:
    problem = _problem(name)
    if problem is not None:
        raise UnusableHost(f"{where} {quoted(given)} {problem}", given)


def _problem(name: str) -> str | None:
    """What is wrong with an ASCII name, as the end of a sentence, or None."""
    if not name:
        return "names no host: give a host name or an IP address"
    if name != name.strip():
        return "has a space or line end around it: leave it out"
    if any(quote in name for quote in _QUOTES):
        return "holds quotation marks: leave them out"
    if "$" in name or "{{" in name or "%" in name:
        return "looks like a variable that nothing replaced: give a host name"
    if "," in name or ";" in name or " " in name:
        return "looks like several hosts: give one"
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return "is no IPv4 address: that has four decimal numbers from 0 to 255, without leading zeros"
    if "" in labels:
        return "has an empty label: the parts of a name are separated by one dot each"
    if any(len(label) > 63 for label in labels):
        return "has a label of more than 63 characters, the longest that DNS allows"
    if len(name) > _LONGEST_NAME:
        return f"is longer than the {_LONGEST_NAME} characters that DNS allows"
    if not all(_LABEL.fullmatch(label) for label in labels):
        return "is not a host name: its labels are letters, digits and hyphens, with no hyphen at either end"
    return None
