"""A proxy on loopback, SOCKS5 (RFC 1928, RFC 1929) or HTTP CONNECT: it obeys, refuses, or says what it is told to.

with proxy(socks5, to=("127.0.0.1", server.port)) as (port, asked):
    ...                        # asked: ["mail.example.com:587", ...]
"""

import socket
import threading
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Asked = list[str]
Handler = Callable[[socket.socket, Asked], bool]


@contextmanager
def proxy(handler: Handler, to: tuple[str, int] | None = None) -> Iterator[tuple[int, Asked]]:
    """Serves one client after another: `handler` says whether it may pass, and then its bytes go to `to` and back."""
    asked: Asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        ending = threading.Event()

        def serve() -> None:
            while True:
                client, _ = listener.accept()
                if ending.is_set():
                    client.close()
                    return
                client.settimeout(5)
                with client, suppress(OSError):
                    if handler(client, asked) and to is not None:
                        with socket.create_connection(to, timeout=5) as server:
                            _pump(client, server)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield port, asked
        finally:
            ending.set()
            socket.create_connection(("127.0.0.1", port)).close()
            thread.join(5)


def socks5(client: socket.socket, asked: Asked, *, code: int = 0, user: tuple[str, str] | None = None) -> bool:
    """Answers a CONNECT with `code` (0: granted). With `user` it insists on that name and password."""
    _, count = client.recv(2, socket.MSG_WAITALL)
    methods = client.recv(count, socket.MSG_WAITALL)
    wanted = 2 if user else 0
    if wanted not in methods:
        client.sendall(b"\x05\xff")
        return False
    client.sendall(bytes([5, wanted]))
    if user:
        client.recv(1)
        given = tuple(client.recv(client.recv(1)[0], socket.MSG_WAITALL).decode() for _ in range(2))
        client.sendall(b"\x01\x00" if given == user else b"\x01\x01")
        if given != user:
            return False
    *_, kind = client.recv(4, socket.MSG_WAITALL)
    size = client.recv(1)[0] if kind == 3 else {1: 4, 4: 16}[kind]
    where = client.recv(size, socket.MSG_WAITALL)
    port = int.from_bytes(client.recv(2, socket.MSG_WAITALL), "big")
    host = where.decode() if kind == 3 else socket.inet_ntop({1: socket.AF_INET, 4: socket.AF_INET6}[kind], where)
    asked.append(f"{host}:{port}")
    client.sendall(bytes([5, code, 0, 1, 0, 0, 0, 0, 0, 0]))
    return code == 0


def http(client: socket.socket, asked: Asked, *, status: str = "200 OK", echo: bool = False) -> bool:
    """Answers a CONNECT with `status`, to which `echo` adds the credentials that came, coded and plain."""
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        byte = client.recv(1)
        if not byte:
            return False
        head += byte
    request, *headers = head.decode("latin-1").split("\r\n")
    asked.append(request.split()[1])
    if echo:
        words = next(header for header in headers if header.startswith("Proxy-Authorization")).split()[-1]
        status += f" {words} {b64decode(words).decode('latin-1')}"
    client.sendall(f"HTTP/1.1 {status}\r\nServer: tests\r\n\r\n".encode("latin-1"))
    return status.startswith("200")


def _pump(client: socket.socket, server: socket.socket) -> None:
    def copy(source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    back = threading.Thread(target=copy, args=(server, client), daemon=True)
    back.start()
    copy(client, server)
    back.join(5)
