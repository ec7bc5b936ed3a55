"""What is known about a name: the system resolver's answer, the hosts file, and what each nameserver says.

Facts like those of `facts`, and part of them; they stand apart because one stage needs so many.
"""

from smtpcheck.model.record import record


@record
class Classified:
    """An address with its classes: loopback, unspecified, private, link-local, nat64, multicast, documentation ..."""

    address: str
    classes: tuple[str, ...] = ()


@record
class SystemAnswer:
    """What getaddrinfo said: addresses in its order, or its error (`EAI_NONAME` ..., or `UnicodeError` for a name that
    cannot be asked). `canonical` is the name that it found the addresses under, if it says one.
    """

    addresses: tuple[str, ...] = ()
    seconds: float | None = None
    canonical: str | None = None
    error: str | None = None
    error_text: str | None = None


@record
class HostsEntry:
    """A line of the hosts file that names the host."""

    file: str
    line: int
    address: str
    names: tuple[str, ...]


@record
class Alias:
    """One CNAME of a chain."""

    name: str
    target: str
    ttl: int


@record
class ExtendedError:
    """An extended DNS error (RFC 8914)."""

    code: int
    name: str
    text: str | None = None


@record
class Lookup:
    """One question to one nameserver. `failure` is timed-out, port-closed, unreachable or malformed; else `rcode`
    stands.
    """

    server: str
    name: str
    type: str
    transport: str = "udp"
    rcode: str | None = None
    addresses: tuple[str, ...] = ()
    exchanges: tuple[str, ...] = ()
    ttl: int | None = None
    aliases: tuple[Alias, ...] = ()
    extended_errors: tuple[ExtendedError, ...] = ()
    authenticated: bool = False
    seconds: float | None = None
    failure: str | None = None
    failure_text: str | None = None


@record
class DnsFacts:
    """`problem` is one of not-found, no-address, temporary-failure, refused, no-answer, no-resolver,
    broken-alias, bad-name.

    `source` says whose addresses are used: system, resolver (`--resolver`), or literal.
    """

    name: str
    source: str
    addresses: tuple[Classified, ...] = ()
    system: SystemAnswer | None = None
    hosts: tuple[HostsEntry, ...] = ()
    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    canonical: str | None = None
    problem: str | None = None
    differs: str | None = None
