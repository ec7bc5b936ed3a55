"""Questions to nameservers, each to each, at the same time.

On our own sockets, since it matters how a question failed: a connected UDP socket learns of a closed port (ICMP), which
a resolver library reports as a timeout. UDP loses packets: a question is sent three times. A truncated answer is asked
for again over TCP (RFC 7766), a nameserver that cannot do EDNS without it (RFC 6891 section 7).
"""

import asyncio
import contextlib
import errno
import importlib
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from smtpcheck.model import Lookup
from smtpcheck.net.nameservers import nameserver
from smtpcheck.net.threads import in_daemon_thread

if TYPE_CHECKING:
    from smtpcheck.net.dns_message import Answer, Question

_SENDINGS = 3
_AFTER_GARBAGE = 0.5  # seconds that the real answer may still take
_GARBAGE = 20  # messages that are no answer, before we stop reading
_NO_EDNS = ("FORMERR", "NOTIMP")
_CLOSED = (errno.ECONNREFUSED, errno.ECONNRESET)


class _Garbage(Exception):
    """What came is no answer; the text says what it is."""


async def ask(
    names: Iterable[str], nameservers: Iterable[str], *, seconds: float, types: Iterable[str] = ("A", "AAAA")
) -> tuple[Lookup, ...]:
    """One Lookup for each nameserver, name and type, in that order, all asked at once; within `seconds`, the import of
    dnspython included. Cancelled, it leaves no socket behind. No name has a `name_fault`, each nameserver is valid.
    """
    until = asyncio.get_running_loop().time() + seconds
    # Nothing here is imported on the event loop: a name that is waited for would cost another step its time.
    await in_daemon_thread(importlib.import_module, "smtpcheck.net.dns_message")
    questions = [(server, name, type) for server in nameservers for name in names for type in types]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_look_up(*question, until)) for question in questions]
    return tuple(task.result() for task in tasks)


async def _look_up(server: str, name: str, type: str, until: float) -> Lookup:
    """Asks one nameserver, and says how that ended. The only place that turns an exception into a fact."""
    clock = asyncio.get_running_loop().time
    asked = Lookup(server=server, name=name, type=type)
    began = clock()
    try:
        found = await _asked(_over_udp, asked, until)
        if found.truncated:
            asked = replace(asked, transport="tcp")
            found = await _asked(_over_tcp, asked, until)
    except _Garbage as garbage:
        return replace(asked, seconds=clock() - began, failure="malformed", failure_text=str(garbage))
    except OSError as error:  # TimeoutError, ours and the kernel's, is one
        text = os.strerror(error.errno) if error.errno else str(error) or None
        return replace(asked, seconds=clock() - began, failure=_failure(error), failure_text=text)
    return replace(
        asked,
        seconds=clock() - began,
        rcode=found.rcode,
        addresses=found.addresses if type != "MX" else (),
        exchanges=found.addresses if type == "MX" else (),
        ttl=found.ttl,
        aliases=found.aliases,
        extended_errors=found.extended_errors,
        authenticated=found.authenticated,
    )


def _failure(error: OSError) -> str:
    """timed-out, port-closed, or unreachable: the network would not carry the question, whatever its errno."""
    if isinstance(error, TimeoutError):
        return "timed-out"
    return "port-closed" if error.errno in _CLOSED else "unreachable"


async def _asked(
    over: Callable[["Question", str, float], Awaitable["Answer"]], lookup: Lookup, until: float
) -> "Answer":
    """The answer with EDNS, or without it from a nameserver that says that it cannot."""
    from smtpcheck.net.dns_message import question

    found = await over(question(lookup.name, lookup.type), lookup.server, until)
    if found.rcode in _NO_EDNS and not found.edns:
        return await over(question(lookup.name, lookup.type, edns=False), lookup.server, until)
    return found


async def _over_udp(question: "Question", server: str, until: float) -> "Answer":
    loop = asyncio.get_running_loop()
    family, address = _sockaddr(server)
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        sock.connect(address)
        pause = (until - loop.time()) / _SENDINGS
        for _ in range(_SENDINGS):
            await loop.sock_sendall(sock, question.wire)
            with contextlib.suppress(TimeoutError):
                return await _received(sock, question, loop.time() + pause)
    raise TimeoutError


async def _received(sock: socket.socket, question: "Question", until: float) -> "Answer":
    """The answer among the datagrams that come. Where none of them is one, the answer may be late: a moment more."""
    from smtpcheck.net.dns_message import answer

    loop = asyncio.get_running_loop()
    garbage = 0
    try:
        async with asyncio.timeout_at(until) as limit:
            while garbage < _GARBAGE:
                found = answer(question, await loop.sock_recv(sock, 65535))
                if found is not None:
                    return found
                garbage += 1
                limit.reschedule(min(limit.when() or until, loop.time() + _AFTER_GARBAGE))
    except TimeoutError:
        if not garbage:
            raise
    raise _Garbage("what came is no answer to the question")


async def _over_tcp(question: "Question", server: str, until: float) -> "Answer":
    from smtpcheck.net.dns_message import answer

    loop = asyncio.get_running_loop()
    family, address = _sockaddr(server)
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.setblocking(False)
        async with asyncio.timeout_at(until):
            await loop.sock_connect(sock, address)
            await loop.sock_sendall(sock, struct.pack("!H", len(question.wire)) + question.wire)
            (length,) = struct.unpack("!H", await _exactly(sock, 2))
            found = answer(question, await _exactly(sock, length))
    if found is None:
        raise _Garbage("what came is no answer to the question")
    return found


async def _exactly(sock: socket.socket, length: int) -> bytes:
    raw = bytearray()
    while len(raw) < length:
        piece = await asyncio.get_running_loop().sock_recv(sock, length - len(raw))
        if not piece:
            raise _Garbage("the nameserver closed the connection without a whole answer")
        raw += piece
    return bytes(raw)


def _sockaddr(server: str) -> tuple[int, tuple[str, int] | tuple[str, int, int, int]]:
    """The address family and socket address, a scope id as a number, so that nothing is ever resolved."""
    address, port = nameserver(server)
    ip, _, scope = address.partition("%")
    if ":" not in ip:
        return socket.AF_INET, (ip, port)
    number = int(scope or 0) if scope.isdigit() or not scope else socket.if_nametoindex(scope)
    return socket.AF_INET6, (ip, port, 0, number)
