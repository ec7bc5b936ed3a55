"""Which names a certificate is good for, judged as OpenSSL judges (RFC 9525 with OpenSSL's leniencies).

OpenSSL checks the name that also goes into SNI. Where the two differ (`--sni`, `--verify-name`), and for the reading of
a chain that failed for another reason, the comparison is made here, and gives the verdict that OpenSSL would give.
"""

import ipaddress
import re
from collections.abc import Iterable

_WILDCARD = re.compile(r"[a-z0-9-]+")


def plain_name(name: str) -> str:
    """The name as a certificate holds it: no trailing dot, no brackets, no zone of an IPv6 literal."""
    bare = name.removeprefix("[").removesuffix("]")
    try:
        return str(ipaddress.ip_address(bare.partition("%")[0]))
    except ValueError:
        return name.removesuffix(".")


def is_ip(name: str) -> bool:
    """Whether a plain name is an address literal: it is compared with IP names alone, and never sent as SNI (RFC 6066
    section 3).
    """
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def name_fits(
    expected: str, dns_names: Iterable[str], ip_names: Iterable[str], common_names: Iterable[str] = ()
) -> bool:
    """Whether the certificate with these names is good for the plain name `expected`.

    The common name counts only where there is no DNS name at all. RFC 9525 section 4.1 forbids it; OpenSSL allows it,
    and the verdict must be the one that an application gets.
    """
    if is_ip(expected):
        return any(plain_name(name) == expected for name in ip_names)
    return any(_fits(expected.lower(), name.lower()) for name in tuple(dns_names) or common_names)


def _fits(expected: str, pattern: str) -> bool:
    """A wildcard stands for the whole leftmost label, and at least two labels follow it (RFC 9525 section 6.3)."""
    if expected == pattern:
        return True
    label, _, rest = expected.partition(".")
    star, _, domain = pattern.partition(".")
    return star == "*" and domain.count(".") >= 1 and rest == domain and _WILDCARD.fullmatch(label) is not None
