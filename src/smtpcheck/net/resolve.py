"""A host name's addresses: what an application on this machine would get, and beside it what DNS says.

An application asks getaddrinfo (the hosts file, nsswitch, the search list), so its answer is the one that is used. It
says little about its failures, and cannot be told to hurry. So DNS is asked at the same time, each nameserver alone:

    side = asyncio.create_task(dns_side(host, seconds=patience))
    facts = await resolve(host, port, side)      # ends with the first addresses; on failure, with the explanation
    ...                                          # the session
    facts = await complete(facts, side)          # what DNS said meanwhile
"""

import asyncio
import errno
import socket
from collections.abc import Callable
from typing import Any

from smtpcheck.model import DnsFacts, Lookup, SystemAnswer
from smtpcheck.net.answers import DnsSide, join
from smtpcheck.net.hosts_file import HOSTS, hosts_entries
from smtpcheck.net.local import routes
from smtpcheck.net.lookup import ask
from smtpcheck.net.nameservers import RESOLV_CONF, candidates, name_fault, nameserver, resolver_configuration
from smtpcheck.net.threads import in_daemon_thread

# DNS must have explained a failure while the step that waits for it still runs.
_SHARE = 0.8
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6, None: socket.AF_UNSPEC}
_EAI_NAMES = {getattr(socket, name): name for name in dir(socket) if name.startswith("EAI_")}

GetAddrInfo = Callable[..., list[tuple[Any, ...]]]


async def system_answer(
    host: str, port: int, family: int | None = None, *, getaddrinfo: GetAddrInfo = socket.getaddrinfo
) -> SystemAnswer:
    """The system resolver's addresses in its order, or its error; IP version `family` only, unless it is None.

    As `socket.create_connection`, smtplib and most applications ask: without AI_ADDRCONFIG, so that an address of a
    family that this machine has no route to is seen, tried, and named as the reason where it is one. AI_CANONNAME is
    ours: it tells what the search list made of the name.
    """
    clock = asyncio.get_running_loop().time
    began = clock()
    flags = socket.AI_CANONNAME
    try:
        found = await in_daemon_thread(getaddrinfo, host, port, _FAMILIES[family], socket.SOCK_STREAM, 0, flags)
    except UnicodeError as error:  # Python's own encoding of the name, before any resolver is asked
        return SystemAnswer(seconds=clock() - began, error="UnicodeError", error_text=str(error))
    except socket.gaierror as error:
        name = _EAI_NAMES.get(error.errno or 0, str(error.errno))
        return SystemAnswer(seconds=clock() - began, error=name, error_text=error.strerror)
    except OSError as error:
        name = errno.errorcode.get(error.errno or 0, type(error).__name__)
        return SystemAnswer(seconds=clock() - began, error=name, error_text=error.strerror)
    return SystemAnswer(
        addresses=tuple(dict.fromkeys(_text(address) for *_, address in found)),
        seconds=clock() - began,
        canonical=next((name for *_, name, _ in found if name), None),
    )


def _text(address: tuple[Any, ...]) -> str:
    """The IP address of a socket address; an IPv6 one keeps its scope, by name where the interface has one."""
    ip = str(address[0])
    scope = address[3] if len(address) == 4 else 0
    if not scope or "%" in ip:
        return ip
    try:
        return f"{ip}%{socket.if_indextoname(scope)}"
    except OSError:
        return f"{ip}%{scope}"


async def dns_side(
    host: str,
    *,
    seconds: float,
    resolver: str | None = None,
    hosts_file: str = HOSTS,
    resolv_conf: str = RESOLV_CONF,
) -> DnsSide:
    """What the hosts file and each nameserver say of `host`: the configured ones, or `resolver` alone.

    Takes at most four fifths of `seconds`, the patience of the step that it explains. Never asks for `localhost`, which
    is no matter of DNS (RFC 6761 section 6.3), unless `resolver` is given. Raises ValueError if that is not valid.
    """
    configuration = await in_daemon_thread(resolver_configuration, resolv_conf)
    entries = await in_daemon_thread(hosts_entries, host, hosts_file)
    servers, search = configuration.nameservers, configuration.search
    names = candidates(host, search, configuration.ndots)
    if resolver is not None:
        nameserver(resolver)
        servers, search, names = (resolver,), (), (host.rstrip("."),)
    names = tuple(name for name in names if name_fault(name) is None)
    asked = resolver is not None or not _is_local(host)
    lookups: tuple[Lookup, ...] = ()
    if asked and servers and names and name_fault(host) is None:
        # With `resolver` these are the addresses to try: IPv6 first where this machine has it (RFC 6724).
        types = ("AAAA", "A") if resolver is not None and routes(6) else ("A", "AAAA")
        lookups = await ask(names, servers, types=types, seconds=seconds * _SHARE)
    mail: tuple[Lookup, ...] = ()
    if lookups and all(lookup.rcode == "NOERROR" and not lookup.addresses for lookup in lookups):
        # A mail domain, perhaps: then its MX names the host that was meant, or says that it takes none (RFC 7505).
        mail = await ask(names[:1], servers[:1], types=("MX",), seconds=seconds * (1 - _SHARE))
    return DnsSide(asked=asked, hosts=entries, nameservers=servers, search=search, lookups=lookups, mail=mail)


def _is_local(host: str) -> bool:
    name = host.rstrip(".").lower()
    return name == "localhost" or name.endswith(".localhost")


async def resolve(
    host: str,
    port: int,
    side: asyncio.Task[DnsSide],
    *,
    family: int | None = None,
    resolver: str | None = None,
    getaddrinfo: GetAddrInfo = socket.getaddrinfo,
) -> DnsFacts:
    """The facts as soon as there are addresses; without any, as soon as DNS has explained why. `resolver` as `side` has
    it. Has no deadline: cancel it at any time, `side` goes on, and `so_far` tells what is known.
    """
    system = None
    if resolver is None:
        system = await system_answer(host, port, family, getaddrinfo=getaddrinfo)
    if system is None or not system.addresses:
        await asyncio.wait((side,))
    return join(host, system, _result(side), family=family, source="system" if resolver is None else "resolver")


def so_far(
    host: str, side: asyncio.Task[DnsSide], *, family: int | None = None, resolver: str | None = None
) -> DnsFacts:
    """The facts while, or after, `resolve` waited in vain: the system resolver has not answered."""
    return join(host, None, _result(side), family=family, source="system" if resolver is None else "resolver")


async def complete(
    facts: DnsFacts, side: asyncio.Task[DnsSide], *, family: int | None = None, within: float = 1.0
) -> DnsFacts:
    """The facts with what DNS said since; waits `within` seconds at most, then ends `side`."""
    try:
        await asyncio.wait((side,), timeout=within)
    finally:
        side.cancel()
    await asyncio.wait((side,))
    if (seen := _result(side)) is None:
        return facts
    return join(facts.name, facts.system, seen, family=family, source=facts.source)


def _result(side: asyncio.Task[DnsSide]) -> DnsSide | None:
    """What `side` found; None if it still runs or was ended. Raises what it raised: a fault of ours."""
    return side.result() if side.done() and not side.cancelled() else None
