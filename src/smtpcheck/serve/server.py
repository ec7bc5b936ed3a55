"""The scripted server: a dialogue played to whoever connects, on loopback and nowhere else.

`serve` runs in the caller's event loop, `running` in a thread of its own for callers that have none. Certificates are
made before the server listens, so that no client waits for them.
"""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

from smtpcheck.dialogue import Dialogue, StartTls, Tls
from smtpcheck.net.listen import Listener, Peer, listen, listen_unix
from smtpcheck.net.tls_server import server_context
from smtpcheck.serve.observation import Failure, Observation
from smtpcheck.serve.play import play

if TYPE_CHECKING:
    from ssl import SSLContext

NAMES = ("localhost", "127.0.0.1", "::1")
GRACE = 0.5  # seconds that clients get to leave when the server stops


class Server:
    """A server that runs. `host` is a path and `port` is 0 if it listens on a Unix socket."""

    def __init__(self, dialogue: Dialogue, listener: Listener, contexts: "dict[Tls, SSLContext]") -> None:
        self.host = listener.host
        self.port = listener.port
        self._dialogue = dialogue
        self._listener = listener
        self._contexts = contexts
        self._connections: list[asyncio.Task[Observation]] = []

    @property
    def anchor(self) -> bytes:
        """The root certificate that a client has to trust, PEM."""
        return anchor()

    @property
    def connections(self) -> int:
        """How many clients have connected until now."""
        return len(self._connections)

    @property
    def sessions(self) -> tuple[Observation, ...]:
        """What each client did, in the order in which they came; without those that are still connected."""
        return tuple(task.result() for task in self._connections if task.done() and not task.cancelled())

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Where clients said something else than the dialogue wants."""
        return tuple(session.failure for session in self.sessions if session.failure)

    async def settled(self, timeout: float = GRACE) -> bool:
        """Waits until no client is connected any more; False if some still are after `timeout` seconds."""
        waiting = [task for task in self._connections if not task.done()]
        return not waiting or not (await asyncio.wait(waiting, timeout=timeout))[1]

    async def _accept(self) -> None:
        while True:
            self._welcome(await self._listener.accept())

    def _welcome(self, peer: Peer) -> None:
        session = self._dialogue.session(len(self._connections))
        self._connections.append(asyncio.create_task(play(session, peer, self._contexts)))

    async def _stop(self) -> None:
        while peer := self._listener.accept_now():  # whoever connected before the end is a client as well
            self._welcome(peer)
        self._listener.close()
        try:
            await self.settled()
        finally:
            for task in self._connections:
                task.cancel()
            if self._connections:
                await asyncio.wait(self._connections)


@asynccontextmanager
async def serve(
    dialogue: Dialogue,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    path: str | None = None,
    names: Sequence[str] = (),
) -> AsyncIterator[Server]:
    """Plays `dialogue` to each client while the context lasts; on leaving it, clients get GRACE seconds to end.

    Listens on `host`, a loopback address, and `port` (0: the system chooses), or on the Unix socket `path`. The
    certificate is for `names`; if there are none, for the host in the dialogue's header, localhost and the loopback
    addresses. Raises ValueError for an address that is not loopback, OSError if it cannot be listened on.
    """
    if not names:
        named = dialogue.header.get("host")
        names = (named, *NAMES) if named else NAMES
    contexts = {tls: _context(tls, names) for tls in _handshakes(dialogue)}
    listener = listen_unix(path) if path is not None else listen(host, port)
    server = Server(dialogue, listener, contexts)
    accepting = asyncio.create_task(server._accept())
    try:
        yield server
    finally:
        accepting.cancel()
        await asyncio.wait([accepting])
        await server._stop()


def anchor() -> bytes:
    """The root certificate of every server in this process, PEM: what a client has to trust."""
    from smtpcheck.net.authority import Authority  # imports cryptography, which few dialogues need

    return Authority.make().anchor


def _handshakes(dialogue: Dialogue) -> set[Tls]:
    steps = (step for session in dialogue.sessions for step in session.steps)
    return {step.tls for step in steps if isinstance(step, StartTls)}


def _context(tls: Tls, names: Sequence[str]) -> "SSLContext":
    from smtpcheck.net.authority import Authority

    authority = Authority.make()
    return server_context(
        authority.issue(names, tls.certificate, key=tls.key),
        version=tls.version,
        no_shared_cipher=tls.no_shared_cipher,
        client_certificate=tls.client_certificate,
        client_anchor=authority.anchor if tls.client_certificate else None,
    )


class Running:
    """A server in a thread of its own."""

    def __init__(self, server: Server, stop: "Future[None]", thread: threading.Thread) -> None:
        self.host = server.host
        self.port = server.port
        self._server = server
        self._stop = stop
        self._thread = thread

    @property
    def anchor(self) -> bytes:
        """The root certificate that a client has to trust, PEM."""
        return anchor()

    @property
    def sessions(self) -> tuple[Observation, ...]:
        """What each client did, in the order in which they came; all of them after `join`."""
        return self._server.sessions

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Where clients said something else than the dialogue wants; all of them after `join`."""
        return self._server.failures

    def join(self) -> None:
        """Stops the server, after GRACE seconds at most for clients that are still connected."""
        if not self._stop.done():
            self._stop.set_result(None)
        self._thread.join()


@contextmanager
def running(
    dialogue: Dialogue,
    *,
    host: str = "127.0.0.1",
    port: int = 0,
    path: str | None = None,
    names: Sequence[str] = (),
) -> Iterator[Running]:
    """The same as `serve`, in a thread of its own: for clients that block. `join` is called on leaving."""
    started: Future[Server] = Future()
    stop: Future[None] = Future()

    async def main() -> None:
        async with serve(dialogue, host=host, port=port, path=path, names=names) as server:
            started.set_result(server)
            await asyncio.wrap_future(stop)

    def run() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            if started.done():
                raise
            started.set_exception(error)

    thread = threading.Thread(target=run, name="smtpcheck scripted server", daemon=True)
    thread.start()
    server = Running(started.result(), stop, thread)
    try:
        yield server
    finally:
        server.join()
