"""The classes of an IP address that explain why nothing answers there (IANA's special-purpose registries, RFC 6890).

The table is ours and not `ipaddress.is_private` and its siblings: their answers changed between Python versions, and
two users would be told two things.
"""

import ipaddress

from smtpcheck.model import Classified

_CLASSES = tuple(
    (ipaddress.ip_network(network), name)
    for network, name in (
        ("0.0.0.0/32", "unspecified"),
        ("0.0.0.0/8", "reserved"),  # "this network", RFC 791
        ("10.0.0.0/8", "private"),  # RFC 1918
        ("100.64.0.0/10", "shared"),  # carrier-grade NAT, RFC 6598
        ("127.0.0.0/8", "loopback"),
        ("169.254.0.0/16", "link-local"),  # RFC 3927
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),  # protocol assignments, RFC 6890
        ("192.0.2.0/24", "documentation"),  # RFC 5737
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),  # RFC 2544
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("255.255.255.255/32", "broadcast"),
        ("240.0.0.0/4", "reserved"),  # RFC 1112
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("64:ff9b::/96", "nat64"),  # RFC 6052
        ("64:ff9b:1::/48", "nat64"),  # RFC 8215
        ("100::/64", "reserved"),  # discard-only, RFC 6666
        ("2001:2::/48", "benchmarking"),  # RFC 5180
        ("2001:db8::/32", "documentation"),  # RFC 3849
        ("3fff::/20", "documentation"),  # RFC 9637
        ("fc00::/7", "unique-local"),  # RFC 4193
        ("fe80::/10", "link-local"),
        ("fec0::/10", "reserved"),  # site-local, RFC 3879
        ("ff00::/8", "multicast"),
    )
)


def classify(address: str) -> Classified:
    """The address with its classes, none for an ordinary public one. An IPv4 address inside an IPv6 one (mapped, or
    NAT64 under the well-known prefix) adds its own classes. Text that is no address has none.
    """
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return Classified(address=address)
    classes = _classes(ip)
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            classes += ("ipv4-mapped", *_classes(ip.ipv4_mapped))
        elif ip in ipaddress.ip_network("64:ff9b::/96"):
            classes += _classes(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
    return Classified(address=address, classes=classes)


def _classes(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> tuple[str, ...]:
    """The first class that fits (special addresses stand before the networks around them)."""
    return next(((name,) for network, name in _CLASSES if ip in network), ())


def same_address(one: str, other: str) -> bool:
    """True if both are the same IP address, however they are written; a scope id does not count."""
    try:
        return ipaddress.ip_address(one.partition("%")[0]) == ipaddress.ip_address(other.partition("%")[0])
    except ValueError:
        return False
