"""A SASL backend that dies at every AUTH, so that Postfix gives its temporary failure (RFC 4954 section 6, 454).

It speaks the server's half of Dovecot's authentication protocol as far as the list of mechanisms and no further.
"""

import contextlib
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

_GREETING = (
    "VERSION\t1\t2\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\n"
    "SPID\t1\nCUID\t1\nCOOKIE\t00000000000000000000000000000000\nDONE\n"
)


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self.wfile.write(_GREETING.encode())
        while (line := self.rfile.readline()) and not line.startswith(b"AUTH\t"):
            pass


class _Backend(socketserver.ThreadingUnixStreamServer):
    # Postfix keeps an idle connection, which would keep a thread that is waited for.
    daemon_threads = True


@contextlib.contextmanager
def dying_backend(path: Path) -> Iterator[None]:
    """Listens on the Unix socket `path`, for every user of the machine, until the block ends."""
    with _Backend(str(path), _Conversation) as server:
        path.chmod(0o666)
        listener = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        listener.start()
        try:
            yield
        finally:
            server.shutdown()
            listener.join()
