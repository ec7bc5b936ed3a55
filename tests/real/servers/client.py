"""A client that says exactly what it is told and judges nothing, for testing the servers without smtpcheck."""

import base64
import contextlib
import socket
import ssl
from collections.abc import Iterator

from .accounts import User
from .process import Server

IMPLICIT_TLS = "submissions"
_SERVER_NAME = "mail.example.org"
_PATIENCE = 5.0


class Client:
    """One connection. Every reply comes as one line, the lines of a longer one joined by " | "."""

    def __init__(self, server: Server, role: str, tls: ssl.SSLContext | None) -> None:
        self._tls = tls or ssl.create_default_context(cafile=server.ca_file)
        self._socket = socket.create_connection((server.host, server.ports[role]), _PATIENCE)
        self._lines = self._socket.makefile("rb")
        try:
            if role == IMPLICIT_TLS:
                self._begin_tls()
            self.banner = self._reply()
        except BaseException:
            self.close()
            raise

    def say(self, command: str) -> str:
        """The reply to a command; after STARTTLS and a 220 the connection is in TLS. EOFError if there is none."""
        self._socket.sendall(f"{command}\r\n".encode())
        reply = self._reply()
        if command == "STARTTLS" and reply.startswith("220"):
            self._begin_tls()
        return reply

    def close(self) -> None:
        """Ends the connection without QUIT."""
        self._lines.close()
        self._socket.close()

    def _begin_tls(self) -> None:
        self._lines.close()
        self._socket = self._tls.wrap_socket(self._socket, server_hostname=_SERVER_NAME)
        self._lines = self._socket.makefile("rb")

    def _reply(self) -> str:
        lines: list[str] = []
        while not lines or lines[-1][3:4] == "-":
            line = self._lines.readline()
            if not line:
                raise EOFError(f"the server closed the connection after {lines}")
            lines.append(line.decode().rstrip("\r\n"))
        return f"{lines[0][:3]} " + " | ".join(line[4:] for line in lines)


@contextlib.contextmanager
def client(server: Server, role: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Client]:
    """A connection to the port of this role, by default with TLS that trusts the server's authority alone."""
    with contextlib.closing(Client(server, role, tls)) as opened:
        yield opened


def last_reply(server: Server, role: str, *commands: str) -> str:
    """What the server says to the last of these commands, or its banner if there are none."""
    with client(server, role) as session:
        return [session.banner, *map(session.say, commands)][-1]


def plain(user: User) -> str:
    """AUTH PLAIN with its initial response (RFC 4616, RFC 4954)."""
    return "AUTH PLAIN " + encoded(f"\0{user.name}\0{user.password}")


def encoded(text: str) -> str:
    """The text in base64, as AUTH exchanges it."""
    return base64.b64encode(text.encode()).decode()


def decoded(reply: str) -> str:
    """The challenge in a 334 reply."""
    assert reply.startswith("334 "), reply
    return base64.b64decode(reply[4:]).decode()
