"""Which nameservers the system resolver asks, and for which names: resolv.conf(5).

As glibc reads it: three nameservers at most, the last `search` or `domain` line counts, and a name with fewer dots than
`ndots` is tried with each search domain before it is tried as it stands. Ports (`[192.0.2.1]:5353`) are what BSD
resolvers take; glibc knows none.
"""

import ipaddress
import re

from smtpcheck.model.record import record
from smtpcheck.net.regular_file import read_regular_file

RESOLV_CONF = "/etc/resolv.conf"
_SERVERS, _DOMAINS, _NDOTS = 3, 6, 15
_WITH_PORT = re.compile(r"(?:\[([^\[\]]+)\]|([0-9.]+))(?::([0-9]{1,5}))?\Z")


@record
class ResolverConfiguration:
    """Nameservers as `IP`, `IP:PORT` or `[IP]:PORT` text; none if the file is absent or names none."""

    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    ndots: int = 1


def nameserver(text: str) -> tuple[str, int]:
    """The address and port (53 if none is given) of `IP`, `IP:PORT`, `[IP]:PORT`. Raises ValueError for all else."""
    ip, port = text, "53"
    if match := _WITH_PORT.match(text):
        ip, port = match[1] or match[2], match[3] or "53"
    if not 0 < int(port) < 65536:
        raise ValueError(f"a port is 1 to 65535, not {port}")
    return str(ipaddress.ip_address(ip)), int(port)


def resolver_configuration(file: str = RESOLV_CONF) -> ResolverConfiguration:
    """What the file says, lines that no resolver would understand left out. Blocks on the disk."""
    servers: list[str] = []
    search: tuple[str, ...] = ()
    ndots = 1
    for line in (read_regular_file(file, 64 * 1024) or b"").decode("ascii", "replace").splitlines():
        keyword, *values = line.split() or [""]
        match keyword:
            case "nameserver" if values and _is_nameserver(values[0]):
                servers.append(values[0])
            case "search":
                search = tuple(domain for domain in map(_domain, values) if domain)
            case "domain":
                search = tuple(domain for domain in map(_domain, values[:1]) if domain)
            case "options":
                ndots = _ndots(values, ndots)
    unique = tuple(dict.fromkeys(servers))
    return ResolverConfiguration(nameservers=unique[:_SERVERS], search=search[:_DOMAINS], ndots=ndots)


def candidates(host: str, search: tuple[str, ...], ndots: int) -> tuple[str, ...]:
    """The names that the system resolver looks up for `host`, in its order. A name that has dots enough is asked as
    it stands only; one that ends in a dot always is.
    """
    name = host.rstrip(".")
    if host.endswith(".") or not search or ("." in name and name.count(".") >= ndots):
        return (name,)
    expanded = tuple(f"{name}.{domain}" for domain in search)
    return (*expanded, name) if name.count(".") < ndots else (name, *expanded)


def name_fault(name: str) -> str | None:
    """Why DNS cannot be asked for `name` (RFC 1035 section 2.3.4), or None. Names are ASCII here, IDNs as A-labels."""
    if not name.isascii():
        return "it is not ASCII"
    labels = name.removesuffix(".").split(".")
    if not all(labels):
        return "a label in it is empty"
    if longest := next((label for label in labels if len(label) > 63), None):
        return f"a label in it has {len(longest)} characters, and 63 are allowed"
    if len(".".join(labels)) > 253:
        return f"it has {len(name)} characters, and 253 are allowed"
    return None


def _is_nameserver(text: str) -> bool:
    try:
        nameserver(text)
    except ValueError:
        return False
    return True


def _domain(text: str) -> str | None:
    domain = text.strip(".").lower()
    return domain if domain and name_fault(domain) is None else None


def _ndots(options: list[str], default: int) -> int:
    for option in options:
        if match := re.match(r"ndots:([0-9]{1,4})\Z", option):
            default = min(int(match[1]), _NDOTS)
    return default
