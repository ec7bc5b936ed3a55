"""A machine as a test wants it: what its system resolver, its hosts file and its nameserver say of a name.

    with machine(hosts="127.0.0.1 mail.example.com", dns=nameserver.address):
        report = checked(f"mail.example.com:{port}")

Only where these are read is replaced; everything behind it, the sockets to the nameserver included, is real.
"""

import select
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypedDict, Unpack

import pytest

from smtpcheck.api import Wanted, check
from smtpcheck.model import Report
from smtpcheck.net import resolve as resolver


class Login(TypedDict):
    """Who logs in."""

    user: str
    password: str


class Envelope(TypedDict):
    """From whom, to whom."""

    sender: str
    recipients: list[str]


def checked(target: str, **wanted: Unpack[Wanted]) -> Report:
    """A check whose steps get a second, unless told."""
    told: Wanted = {"timeout": 1.0}
    told.update(wanted)
    return check(target, **told)


@contextmanager
def machine(*, system: Sequence[str] | int = (), hosts: str = "", dns: str | None = None) -> Iterator[None]:
    """`system` is what getaddrinfo says: addresses in its order, or its error. `dns`: the nameserver of resolv.conf."""

    def getaddrinfo(host: str, port: int, *more: object) -> list[tuple[Any, ...]]:
        if isinstance(system, int):
            raise socket.gaierror(system, "as the test says")
        kinds = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(kinds[":" in ip], socket.SOCK_STREAM, 6, "", (ip, port)) for ip in system]

    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        folder = Path(stack.enter_context(TemporaryDirectory()))
        (folder / "hosts").write_text(hosts)
        (folder / "resolv.conf").write_text(f"nameserver {dns}\n" if dns else "")
        assert resolver.resolve.__kwdefaults__ is not None
        assert resolver.dns_side.__kwdefaults__ is not None
        patch.setitem(resolver.resolve.__kwdefaults__, "getaddrinfo", getaddrinfo)
        patch.setitem(resolver.dns_side.__kwdefaults__, "hosts_file", str(folder / "hosts"))
        patch.setitem(resolver.dns_side.__kwdefaults__, "resolv_conf", str(folder / "resolv.conf"))
        yield


@contextmanager
def listening(address: str = "127.0.0.1", port: int = 0) -> Iterator[int]:
    """A port where somebody accepts, and says nothing."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.create_server((address, port), family=family) as listener:
        yield int(listener.getsockname()[1])


def closed_port(address: str = "127.0.0.1") -> int:
    """A port where nothing listens."""
    with listening(address) as port:
        return port


@contextmanager
def path_that_drops(to: tuple[str, int], size: int) -> Iterator[int]:
    """A way to a server on which a ClientHello of more than `size` bytes is lost, and everything after it; gives the
    port where it begins.
    """
    ending = threading.Event()

    def carry(client: socket.socket) -> None:
        with client, socket.create_connection(to, timeout=5) as server, suppress(OSError):
            sides = {client: server, server: client}
            lost = False
            while not ending.is_set():
                for source in select.select(list(sides), [], [], 0.05)[0]:
                    data = source.recv(65536)
                    if not data:
                        return
                    lost = lost or (source is client and data[:1] == b"\x16" and len(data) > size)
                    if not lost:
                        sides[source].sendall(data)

    def accept(listener: socket.socket) -> None:
        while not ending.is_set():
            if select.select([listener], [], [], 0.05)[0]:
                carriers.append(threading.Thread(target=carry, args=(listener.accept()[0],), daemon=True))
                carriers[-1].start()

    carriers: list[threading.Thread] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepting = threading.Thread(target=accept, args=(listener,), daemon=True)
        accepting.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ending.set()
            for thread in (accepting, *carriers):
                thread.join(5)


@contextmanager
def tls_server(context: ssl.SSLContext) -> Iterator[int]:
    """A server that speaks TLS first, with this context, and says 220 or 250 to everything. Gives its port."""
    ending = threading.Event()

    def serve(listener: socket.socket) -> None:
        while not ending.is_set():
            if not select.select([listener], [], [], 0.05)[0]:
                continue
            client = listener.accept()[0]
            client.settimeout(3)
            with client, suppress(OSError), context.wrap_socket(client, server_side=True) as inside:
                inside.sendall(b"220 mail.example.com ESMTP\r\n")
                while line := inside.recv(4096):
                    inside.sendall(b"221 bye\r\n" if line.upper().startswith(b"QUIT") else b"250 mail.example.com\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield int(listener.getsockname()[1])
        finally:
            ending.set()
            thread.join(5)
