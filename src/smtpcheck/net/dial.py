"""Opening a connection to one address: TCP, or a UNIX socket; and what the system says when it cannot.

No retries and no racing: each address is tried by itself, because "IPv6 stalls, IPv4 works" is a finding. The errno is
kept, and told in the words of `ConnectFacts.failure`.
"""

import asyncio
import errno
import ipaddress
import os
import socket

from smtpcheck.model import ConnectFacts
from smtpcheck.model.record import brief_record

_FAILURES = {
    errno.ECONNREFUSED: "refused",
    errno.ETIMEDOUT: "timed-out",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.ENETDOWN: "unreachable",
    errno.EHOSTDOWN: "unreachable",
    errno.EACCES: "prohibited",
    errno.EPERM: "prohibited",
    errno.ECONNRESET: "reset",
    errno.ECONNABORTED: "reset",
    errno.ENOENT: "path-missing",
    errno.ENOTSOCK: "path-missing",
    errno.EAFNOSUPPORT: "no-common-family",
}


_QUEUE_FULL = 0.02  # seconds until the next attempt at a UNIX socket


@brief_record
class Address:
    """Where to connect: an IP address (with scope id, if any) and port, or a path."""

    ip: str
    port: int | None
    path: str | None = None

    @property
    def family(self) -> str:
        """ipv4, ipv6 or unix."""
        if self.path is not None:
            return "unix"
        return "ipv6" if ":" in self.ip else "ipv4"


class DialFailed(Exception):
    """The connection could not be opened; `facts` say why."""

    def __init__(self, facts: ConnectFacts) -> None:
        super().__init__(facts.failure)
        self.facts = facts


async def dial(address: Address, source: str | None = None) -> socket.socket:
    """A connected, non-blocking socket. Raises DialFailed. Cancelled, it leaves no socket behind."""
    if address.path is not None:
        return await _connect(socket.AF_UNIX, address.path, None, address)
    family = socket.AF_INET6 if address.family == "ipv6" else socket.AF_INET
    if source is not None and (":" in source) != (family == socket.AF_INET6):
        raise DialFailed(
            ConnectFacts(
                family=address.family,
                port=address.port,
                failure="source-unusable",
                detail=f"the source address {source} is of the other address family",
            )
        )
    try:
        where = _sockaddr(address)
    except OSError as error:  # the scope names no interface of this machine
        raise _failed(error, address, "unreachable") from None
    return await _connect(family, where, source, address)


async def _connect(family: int, where: object, source: str | None, address: Address) -> socket.socket:
    bound = False
    try:
        sock = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise _failed(error, address, "no-common-family") from None
    try:
        sock.setblocking(False)
        if family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if source is not None:
            sock.bind((source, 0))
        bound = True
        if family == socket.AF_UNIX:
            await _connect_unix(sock, str(where))
        else:
            await asyncio.get_running_loop().sock_connect(sock, where)  # type: ignore[arg-type]  # an address
    except OSError as error:
        sock.close()
        raise _failed(error, address, None if bound else "source-unusable") from None
    except BaseException:
        sock.close()
        raise
    return sock


async def _connect_unix(sock: socket.socket, path: str) -> None:
    """Waits for a place in the listener's queue. Linux says EAGAIN where it is full, and neither connects later nor
    tells when to ask again; asyncio would take that for a connection.
    """
    while True:
        try:
            return sock.connect(path)
        except BlockingIOError:
            await asyncio.sleep(_QUEUE_FULL)


def _sockaddr(address: Address) -> tuple[str, int] | tuple[str, int, int, int]:
    """The socket address with a scope id as a number, so that asyncio never resolves it."""
    assert address.port is not None
    if address.family == "ipv4":
        return (address.ip, address.port)
    ip, _, scope = address.ip.partition("%")
    if not scope:
        return (ip, address.port, 0, 0)
    return (ip, address.port, 0, int(scope) if scope.isdigit() else socket.if_nametoindex(scope))


def _failed(error: OSError, address: Address, failure: str | None) -> DialFailed:
    number = error.errno
    return DialFailed(
        ConnectFacts(
            family=address.family,
            port=address.port,
            failure=failure or _FAILURES.get(number or 0, "other"),
            errno=number,
            errno_name=errno.errorcode.get(number or 0),
            detail=os.strerror(number) if number else type(error).__name__,
        )
    )


def same_family(addresses: tuple[str, ...], family: int | None) -> tuple[str, ...]:
    """The addresses of IP version `family` (4 or 6), all of them for None."""
    if family is None:
        return addresses
    return tuple(ip for ip in addresses if ipaddress.ip_address(ip.partition("%")[0]).version == family)
