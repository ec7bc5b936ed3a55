"""One connection, as lines and replies: asyncio on a raw non-blocking socket, TLS laid over it through memory BIOs.

A channel reads, writes and records; it has no patience of its own (the step that uses it has one deadline over
everything) and no opinion. What goes wrong leaves as one of the exceptions below, never as text to be matched.
"""

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable
from typing import Protocol

from smtpcheck.model import AnyEvent, Closed, Handshake, Replied, Sent, Surplus, TcpInfo, TlsUp
from smtpcheck.net.local import tcp_info
from smtpcheck.net.tls import TlsClosed, TlsEngine
from smtpcheck.smtp.reply import Parsed, ReplyMalformed, ReplyParser

_READ = 64 * 1024


class Recorder(Protocol):
    """What a channel tells the recording."""

    def now(self) -> float:
        """Seconds since the check began."""

    def take(self, reply: Parsed) -> None:
        """Counts a reply that is to be kept. Raises ReplyMalformed when there is no room for it."""

    def record(self, event: AnyEvent) -> None:
        """Keeps the event."""

    def waiting(self, what: str) -> None:
        """From now on `what` is being waited for."""


class PeerClosed(Exception):
    """The peer ended the connection: `how` is eof, reset, or the name of an errno."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Channel:
    """A connected socket. Closed by `abort` (at once) or `leave` (shut down, drained, closed)."""

    def __init__(self, sock: socket.socket, recorder: Recorder) -> None:
        self._sock = sock
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._parser = ReplyParser()
        self._first: float | None = None
        self._held = b""
        self.engine: TlsEngine | None = None
        self.open = True

    @property
    def local(self) -> tuple[str, int] | None:
        """Our address and port, or None for a UNIX socket."""
        name = self._sock.getsockname()
        return (name[0], name[1]) if isinstance(name, tuple) else None

    @property
    def tls(self) -> bool:
        return self.engine is not None and self.engine.done

    @property
    def partial(self) -> bytes:
        """What has come and belongs to no whole reply."""
        return self._parser.partial

    @property
    def pending(self) -> bool:
        """True when bytes have come that no reply has used yet."""
        return self._parser.pending

    @property
    def first_byte(self) -> float | None:
        """When the first byte of the reply that is being read came, in seconds since the check began."""
        return self._first

    def tcp_info(self) -> TcpInfo | None:
        return tcp_info(self._sock) if self.open else None

    async def send(self, data: bytes, shown: str) -> None:
        """Sends bytes; the recording gets `shown`. Raises PeerClosed."""
        self._recorder.record(Sent(at=self._recorder.now(), shown=shown, size=len(data), tls=self.tls))
        await self._write(data)

    async def reply(self, waiting_for: str, keep: Callable[[Parsed], bytes] | None = None) -> Parsed:
        """The next reply; the recording gets its bytes, or what `keep` leaves of them.

        Raises PeerClosed, ReplyMalformed, or what the TLS engine raises.
        """
        self._recorder.waiting(waiting_for)
        try:
            while (parsed := self._parser.next()) is None:
                await self._fill()
            self._recorder.take(parsed)
        except ReplyMalformed as error:
            self._recorder.record(Surplus(at=self._recorder.now(), raw=error.raw, tls=self.tls))
            raise
        except PeerClosed:
            if self._parser.pending:
                self._recorder.record(Surplus(at=self._recorder.now(), raw=self._parser.partial, tls=self.tls))
            raise
        now = self._recorder.now()
        first, self._first = self._first or now, None
        if self._parser.pending:
            self._first = now
        raw = keep(parsed) if keep else parsed.raw
        self._recorder.record(Replied(at=now, raw=raw, first=first, tls=self.tls))
        return parsed

    async def command(self, line: bytes, shown: str, waiting_for: str) -> Parsed:
        """Sends one command line and reads its reply."""
        await self.send(line, shown)
        return await self.reply(waiting_for)

    def take_surplus(self) -> bytes:
        """Bytes that came though nothing was due: removed, recorded, and given back."""
        raw = self._parser.take()
        self._first = None
        if raw:
            self._recorder.record(Surplus(at=self._recorder.now(), raw=raw, tls=self.tls))
        return raw

    async def start_tls(self, engine: TlsEngine) -> None:
        """The TLS handshake. Raises PeerClosed, or HandshakeFailed of the engine.

        Our last flight (Finished) is held back until the next write or read, so that it shares a packet with EHLO.
        """
        self.engine = engine
        seen = 0
        while True:
            try:
                done = engine.handshake()
            except Exception:
                seen = self._record_messages(engine, seen)
                await self._write_quietly(engine.outgoing())
                raise
            seen = self._record_messages(engine, seen)
            if done:
                break
            if outgoing := engine.outgoing():
                await self._send_all(outgoing)
            self._recorder.waiting(engine.waiting_for)
            engine.feed(await self._receive())
        self._held = engine.outgoing()
        self._recorder.record(TlsUp(at=self._recorder.now(), version=engine.version or "", cipher=engine.cipher or ""))

    def _record_messages(self, engine: TlsEngine, seen: int) -> int:
        for message in engine.messages[seen:]:
            self._recorder.record(
                Handshake(at=self._recorder.now(), sent=message.sent, message=message.name, size=message.size)
            )
        return len(engine.messages)

    async def _write(self, data: bytes) -> None:
        if self.engine is not None:
            try:
                self.engine.write(data)
            except TlsClosed as closed:
                raise self._tls_closed(closed) from None
            data = self.engine.outgoing()
        await self._send_with_held(data)

    async def _send_with_held(self, data: bytes = b"") -> None:
        """Sends bytes in one packet with the end of the handshake, if that is still held back.

        To that a server answers with session tickets, and keeps its next reply until they are acknowledged (Nagle's
        algorithm); our kernel, which has nothing else to send, would take 40 ms for that.
        """
        held, self._held = self._held, b""
        await self._send_all(held + data)
        if held and hasattr(socket, "TCP_QUICKACK"):  # Linux
            with contextlib.suppress(OSError):  # a UNIX socket does not know it
                self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)

    async def _fill(self) -> None:
        """Brings more bytes to the parser: at least one, or none when TLS only spoke of itself."""
        if self._held:
            await self._send_with_held()
        # A greeting may have come in the same packet as the end of the handshake, and an end with the data before it.
        data = self._decrypted() if self.engine is not None else b""
        if not data:
            data = await self._receive()
            if self.engine is not None:
                self.engine.feed(data)
                data = self._decrypted()
        if data and self._first is None:
            self._first = self._recorder.now()
        self._parser.feed(data)

    def _decrypted(self) -> bytes:
        assert self.engine is not None
        try:
            return self.engine.read()
        except TlsClosed as closed:
            if closed.rest:
                return closed.rest  # the next read says that it is closed
            raise self._tls_closed(closed) from None

    def _tls_closed(self, closed: TlsClosed) -> PeerClosed:
        self._recorder.record(Closed(at=self._recorder.now(), how=closed.how))
        return PeerClosed("reset" if closed.how == "broken" else "eof")

    async def _receive(self) -> bytes:
        try:
            data = await self._read()
        except (ConnectionError, TimeoutError) as error:
            # asyncio.timeout cancels; a TimeoutError here is the kernel's ETIMEDOUT.
            raise self._closed(error) from None
        if not data:
            self._recorder.record(Closed(at=self._recorder.now(), how="eof"))
            raise PeerClosed("eof")
        return data

    async def _read(self) -> bytes:
        """What comes next, empty at the end. Lets the deadline have its turn: asyncio takes bytes that are already here
        without giving way, so that a peer that never pauses would never be timed.
        """
        await asyncio.sleep(0)
        return await self._loop.sock_recv(self._sock, _READ)

    async def _send_all(self, data: bytes) -> None:
        if not data:
            return
        try:
            await self._loop.sock_sendall(self._sock, data)
        except (ConnectionError, TimeoutError) as error:
            if not self._last_words():
                raise self._closed(error) from None

    def _last_words(self) -> bool:
        """Takes what the peer said before it closed; True if it said anything. "552 too big" in the middle of a message
        is followed by a reset, and must not be lost to it. May raise LateAlert.
        """
        try:
            data = self._sock.recv(_READ)
        except OSError:
            data = b""
        if data and self.engine is not None:
            self.engine.feed(data)
            try:
                data = self.engine.read()
            except TlsClosed as closed:
                data = closed.rest
        self._parser.feed(data)
        return self._parser.pending

    def _closed(self, error: OSError) -> PeerClosed:
        number = error.errno or 0
        how = "reset" if number in (errno.ECONNRESET, errno.EPIPE) else errno.errorcode.get(number, "reset")
        self._recorder.record(Closed(at=self._recorder.now(), how=how))
        return PeerClosed(how)

    async def _write_quietly(self, data: bytes) -> None:
        """Sends a fatal alert if the socket takes it at once: a courtesy that must not fail or wait."""
        try:
            if data:
                self._sock.send(data)
        except OSError:
            pass

    def buffered_reply(self, keep: Callable[[Parsed], bytes] | None = None) -> Parsed | None:
        """A reply that is already here, or None; never waits and never raises."""
        try:
            if not self._parser.pending:
                data = self._sock.recv(_READ)
                if not data:
                    return None
                if self.engine is not None:
                    self.engine.feed(data)
                    data = self._decrypted()
                self._parser.feed(data)
            if (parsed := self._parser.next()) is not None:
                self._recorder.take(parsed)
        except Exception:
            # A courtesy read after everything that counts: whatever it meets changes nothing.
            return None
        if parsed is not None:
            now = self._recorder.now()
            raw = keep(parsed) if keep else parsed.raw
            self._recorder.record(Replied(at=now, raw=raw, first=now, tls=self.tls))
        return parsed

    def abort(self) -> None:
        """Closes the socket at once; the kernel sends a reset if bytes were left unread."""
        if self.open:
            self.open = False
            self._sock.close()

    async def leave(self, seconds: float) -> None:
        """Shuts down, reads what still comes for at most `seconds`, closes.

        A close with unread bytes would show as a reset in the server's log. Never raises.
        """
        if not self.open:
            return
        try:
            async with asyncio.timeout(seconds):
                if self.engine is not None:
                    self.engine.close_notify()
                    await self._send_all(self._held + self.engine.outgoing())
                self._sock.shutdown(socket.SHUT_WR)
                while await self._read():
                    pass
        except (OSError, TimeoutError, PeerClosed):
            pass
        finally:
            self.abort()
