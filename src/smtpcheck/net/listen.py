"""Listening on this machine, and the server's end of each connection.

The scripted server decides byte by byte what a client gets: when a FIN goes out, whether a connection ends in a reset,
how far a TLS handshake comes. So this works on raw non-blocking sockets; asyncio's streams would decide for us.
Only loopback addresses (RFC 1122 section 3.2.1.3, RFC 4291 section 2.5.3) and Unix sockets are listened on.
"""

import asyncio
import os
import socket
import ssl
import struct
from contextlib import suppress
from ipaddress import ip_address

from smtpcheck.net.tls_server import Secured, ServerTls, TlsBroken, until

__all__ = ["Listener", "Peer", "Secured", "TlsBroken", "listen", "listen_unix"]

_CHUNK = 65536
_DRAINED = 64  # chunks that are thrown away at most before a close
_HANDSHAKE = b"\x16\x03"  # how a TLS ClientHello begins, RFC 8446 section 5.1
_RECORD_HEADER = 5


class Peer:
    """The server's end of one connection, in clear or inside TLS. `address` is the client's.

    Every method that reads or writes raises OSError if the client is gone, and TlsBroken if TLS is.
    """

    def __init__(self, connection: socket.socket, address: str) -> None:
        self.address = address
        self._socket = connection
        self._loop = asyncio.get_running_loop()
        self._tls: ServerTls | None = None
        self._buffer = bytearray()

    async def send(self, data: bytes) -> None:
        """Sends `data`, through TLS once that is on."""
        await self._loop.sock_sendall(self._socket, self._tls.write(data) if self._tls else data)

    async def send_in_clear(self, data: bytes) -> None:
        """Sends `data` as it is, whatever TLS would do with it."""
        await self._loop.sock_sendall(self._socket, data)

    async def read_line(self, limit: int = _CHUNK) -> bytes | None:
        """The client's next line without its line end; None if the client closed before it was complete.

        In clear, a TLS handshake record counts as one line. A line of more than `limit` bytes is cut there.
        """
        while True:
            size = self._record_size()
            if size and len(self._buffer) >= size:
                return self._take(size)
            end = -1 if size else self._buffer.find(b"\n", 0, limit)
            if end >= 0:
                return self._take(end + 1).removesuffix(b"\n").removesuffix(b"\r")
            if len(self._buffer) >= limit:
                return self._take(limit)
            if not await self._more():
                return None

    async def skip(self, count: int) -> None:
        """Reads `count` bytes and drops them."""
        while count > 0:
            if not self._buffer and not await self._more():
                return
            count -= len(self._take(min(count, len(self._buffer))))

    async def ignore(self) -> None:
        """Reads and drops everything until the client closes or resets."""
        self._buffer.clear()
        with suppress(OSError):
            while await self._loop.sock_recv(self._socket, _CHUNK):
                pass

    async def start_tls(self, context: ssl.SSLContext, before: str | None = None) -> Secured | None:
        """The server's side of a handshake; None if it stopped `before` a point (see dialogue.Flight)."""
        if before == "client-hello":
            return None
        tls = ServerTls(context)
        data = self._take(len(self._buffer))
        while True:
            if data:
                tls.receive(data)
            try:
                secured = tls.shake()
            except TlsBroken:
                with suppress(OSError):
                    await self.send_in_clear(tls.pending())  # the alert that says why
                raise
            allowed, stopped = until(tls.pending(), before)
            await self.send_in_clear(allowed)
            if stopped:
                return None
            if secured:
                self._tls = tls
                return secured
            data = await self._loop.sock_recv(self._socket, _CHUNK)
            if not data:
                raise ConnectionAbortedError("the client closed during the handshake")

    async def close(self) -> None:
        """Ends TLS, then TCP. What the client had sent is read first, else the kernel would send RST for it."""
        with suppress(OSError):
            if self._tls:
                await self.send_in_clear(self._tls.close())
            self._socket.shutdown(socket.SHUT_WR)
            for _ in range(_DRAINED):
                if not self._socket.recv(_CHUNK):
                    break
        self._socket.close()

    def half_close(self) -> None:
        """Sends FIN and nothing before it; reading goes on."""
        self._socket.shutdown(socket.SHUT_WR)

    def reset(self) -> None:
        """Ends TCP with RST (RFC 9293 section 3.6.1): nothing is waited for, nothing is sent any more."""
        with suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()

    def abandon(self) -> None:
        """Closes without ceremony, also if it was closed before."""
        self._socket.close()

    def _record_size(self) -> int:
        """How long the TLS record is that stands where a line in clear should; 0 if none does."""
        if self._tls or len(self._buffer) < _RECORD_HEADER or not self._buffer.startswith(_HANDSHAKE):
            return 0
        return _RECORD_HEADER + int.from_bytes(self._buffer[3:_RECORD_HEADER])

    def _take(self, count: int) -> bytes:
        taken = bytes(self._buffer[:count])
        del self._buffer[:count]
        return taken

    async def _more(self) -> bool:
        """Reads some more into the buffer; False at the end."""
        if self._tls is None:
            data = await self._loop.sock_recv(self._socket, _CHUNK)
            self._buffer += data
            return bool(data)
        while (text := self._tls.read()) is None:
            self._tls.receive(await self._loop.sock_recv(self._socket, _CHUNK))
        self._buffer += text
        return bool(text)


class Listener:
    """A listening socket. `host` and `port` say where; `port` is 0 and `host` a path for a Unix socket."""

    def __init__(self, listening: socket.socket, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._socket = listening

    async def accept(self) -> Peer:
        """The next client. May be cancelled at any time without losing one."""
        while (peer := self.accept_now()) is None:
            await self._readable()
        return peer

    def accept_now(self) -> Peer | None:
        """A client that waits to be let in, if there is one."""
        try:
            connection, address = self._socket.accept()
        except BlockingIOError:
            return None
        connection.setblocking(False)
        if self.port:
            # Each send is to leave at once: dialogues are about what comes together and what does not.
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Peer(connection, f"{address[0]}:{address[1]}" if self.port else "")

    async def _readable(self) -> None:
        # Not loop.sock_accept: if that is cancelled just when a client came, the connection is lost.
        loop = asyncio.get_running_loop()
        ready = asyncio.Event()
        try:
            loop.add_reader(self._socket, ready.set)
        except NotImplementedError:  # Windows
            await asyncio.sleep(0.02)
            return
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._socket)

    def close(self) -> None:
        """Stops listening, and removes the Unix socket's file."""
        self._socket.close()
        if not self.port:
            with suppress(FileNotFoundError):
                os.unlink(self.host)


def listen(host: str = "127.0.0.1", port: int = 0) -> Listener:
    """Listens on a loopback address; port 0 lets the system choose. Raises ValueError for any other address."""
    try:
        loopback = ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise ValueError(f"{host!r} is no loopback address; the scripted server listens on 127.0.0.0/8 and ::1 only")
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        return _ready(listening, host, listening.getsockname()[1])
    except BaseException:
        listening.close()
        raise


def listen_unix(path: str) -> Listener:
    """Listens on a Unix socket, whose file must not exist yet."""
    listening = socket.socket(socket.AF_UNIX)
    try:
        listening.bind(path)
        return _ready(listening, path, 0)
    except BaseException:
        listening.close()
        raise


def _ready(listening: socket.socket, host: str, port: int) -> Listener:
    listening.listen(128)
    listening.setblocking(False)
    return Listener(listening, host, port)
