"""A stretch of network in front of a server: every byte takes its time in each direction, and flights are counted.

The kernel's netem would do it too, but needs root, a module, and a network interface of its own. In this relay
a chunk leaves as it came, `one_way` seconds later, in order. The client's TCP handshake is with the relay and takes no
time, so the relay opens the server's side when the client's ACK would have come there: one and a half round trips
later.
"""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

_HOST = "127.0.0.1"
_READ = 64 * 1024


@dataclass(slots=True)
class Relay:
    """A running relay: where it listens, and the flights of each connection, counted at the client's side.

    A flight is what the client sends without a byte from the server in between; the SYN is the first.
    """

    port: int
    flights: list[int] = field(default_factory=list)


@contextlib.contextmanager
def relay(port: int, one_way: float) -> Iterator[Relay]:
    """A relay in front of this port of 127.0.0.1, until the block ends."""
    with socket.create_server((_HOST, 0)) as listener:
        listener.setblocking(False)
        running = Relay(listener.getsockname()[1])
        loop = asyncio.new_event_loop()
        serving = loop.create_task(_serve(listener, port, one_way, running))
        thread = threading.Thread(target=_run, args=(loop, serving))
        thread.start()
        try:
            yield running
        finally:
            loop.call_soon_threadsafe(serving.cancel)
            thread.join()
            loop.close()


def _run(loop: asyncio.AbstractEventLoop, serving: asyncio.Task[None]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        loop.run_until_complete(serving)


async def _serve(listener: socket.socket, port: int, one_way: float, running: Relay) -> None:
    loop = asyncio.get_running_loop()
    async with asyncio.TaskGroup() as connections:
        while True:
            client, _ = await loop.sock_accept(listener)
            running.flights.append(1)
            connections.create_task(_carry(client, port, one_way, running, len(running.flights) - 1))


async def _carry(client: socket.socket, port: int, one_way: float, running: Relay, index: int) -> None:
    loop = asyncio.get_running_loop()
    with client, socket.socket() as server:
        server.setblocking(False)
        for end in (client, server):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.sleep(3 * one_way)
        await loop.sock_connect(server, (_HOST, port))
        heard = True  # whether the server's bytes reached the client since the client last sent any

        def from_client() -> None:
            nonlocal heard
            running.flights[index] += heard
            heard = False

        def to_client() -> None:
            nonlocal heard
            heard = True

        await asyncio.gather(
            _direction(client, server, one_way, at_start=from_client),
            _direction(server, client, one_way, at_end=to_client),
        )


def _nothing() -> None:
    """What most ends of a direction note."""


async def _direction(
    source: socket.socket,
    sink: socket.socket,
    one_way: float,
    *,
    at_start: Callable[[], None] = _nothing,
    at_end: Callable[[], None] = _nothing,
) -> None:
    """Carries bytes, and at last their end, each `one_way` seconds after it came."""
    loop = asyncio.get_running_loop()
    under_way: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        data = b"first"
        while data:
            due, data = await under_way.get()
            await asyncio.sleep(max(0.0, due - loop.time()))
            with contextlib.suppress(OSError):  # it has gone: what it sent before is still carried
                if data:
                    await loop.sock_sendall(sink, data)
                else:
                    sink.shutdown(socket.SHUT_WR)
            at_end()

    delivery = asyncio.create_task(deliver())
    data = b"first"
    while data:
        try:
            data = await loop.sock_recv(source, _READ)
        except OSError:
            data = b""
        _acknowledge(source)
        if data:
            at_start()
        under_way.put_nowait((loop.time() + one_way, data))
    await delivery


def _acknowledge(source: socket.socket) -> None:
    """Acknowledges at once (Linux): a sender with Nagle's algorithm would wait 40 ms for an ACK that a network of this
    length brings by itself.
    """
    with contextlib.suppress(OSError, AttributeError):
        source.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
