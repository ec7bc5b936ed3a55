"""A nameserver on loopback that answers as it is told, UDP and TCP on one port; in threads, for tests of any kind.

    with FakeDns({"mail.example.org": Says(a=("192.0.2.1",)), "dead.example.org": Says(silent=True)}) as dns:
        ... dns.address                # "127.0.0.1:40953"
        ... dns.asked                  # [("mail.example.org", "A", "udp"), ...]

Names that it was told nothing about do not exist (NXDOMAIN). Addresses are sent in any order.
"""

import socket
import struct
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import dns.edns
import dns.flags
import dns.message
import dns.rcode
import dns.rrset


@dataclass(frozen=True, kw_only=True)
class Says:
    """What the nameserver says of a name. No address at all: the name exists (NODATA).

    `aliases` are the targets of a CNAME chain that begins at the name; the addresses belong to the last one. `extended`
    are extended errors (code, text). `mx` are MX records ("10 mx.example.net."). `truncated`: over UDP only the TC bit.
    `without_edns`: FORMERR to EDNS.
    """

    a: tuple[str, ...] = ()
    aaaa: tuple[str, ...] = ()
    mx: tuple[str, ...] = ()
    ttl: int = 300
    aliases: tuple[str, ...] = ()
    rcode: str = "NOERROR"
    extended: tuple[tuple[int, bytes], ...] = ()
    authenticated: bool = False
    silent: bool = False
    silent_times: int = 0
    garbage: bytes = b""
    delay: float = 0.0
    truncated: bool = False
    without_edns: bool = False


@dataclass
class FakeDns:
    """See the module. `tcp` False: the TCP port is closed. `default` is for names that `names` does not hold."""

    names: Mapping[str, Says] = field(default_factory=dict)
    tcp: bool = True
    default: Says = field(default_factory=lambda: Says(rcode="NXDOMAIN"))
    asked: list[tuple[str, str, str]] = field(default_factory=list)
    port: int = field(init=False, default=0)

    def __enter__(self) -> Self:
        self._udp, self._tcp = _both_on_one_port()
        self.port = int(self._udp.getsockname()[1])
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._serve_udp, daemon=True)]
        if self.tcp:
            self._tcp.listen()
            self._threads.append(threading.Thread(target=self._serve_tcp, daemon=True))
        else:
            self._tcp.close()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self._ending.set()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wake:
            wake.sendto(b"", ("127.0.0.1", self.port))
        if self.tcp:
            socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join(5)
        self._udp.close()
        self._tcp.close()

    @property
    def address(self) -> str:
        """As `--resolver` and resolv.conf take it here."""
        return f"127.0.0.1:{self.port}"

    def _serve_udp(self) -> None:
        while True:
            wire, client = self._udp.recvfrom(65535)
            if self._ending.is_set():
                return
            reply, delay = self._reply(wire, "udp")
            if delay:
                thread = threading.Thread(target=self._send_later, args=(delay, reply, client), daemon=True)
                self._threads.append(thread)
                thread.start()
            elif reply:
                self._udp.sendto(reply, client)

    def _send_later(self, delay: float, reply: bytes, client: tuple[str, int]) -> None:
        if not self._ending.wait(delay):
            self._udp.sendto(reply, client)

    def _serve_tcp(self) -> None:
        while True:
            connection, _ = self._tcp.accept()
            with connection:
                if self._ending.is_set():
                    return
                connection.settimeout(5)
                size = connection.recv(2, socket.MSG_WAITALL)
                if len(size) == 2:
                    wire = connection.recv(struct.unpack("!H", size)[0], socket.MSG_WAITALL)
                    reply, delay = self._reply(wire, "tcp")
                    self._ending.wait(delay)
                    if reply:
                        connection.sendall(struct.pack("!H", len(reply)) + reply)

    def _reply(self, wire: bytes, transport: str) -> tuple[bytes, float]:
        """The bytes to send (none: stay silent) and after how many seconds."""
        query = dns.message.from_wire(wire)
        name, type = query.question[0].name.to_text(omit_final_dot=True).lower(), query.question[0].rdtype.name
        self.asked.append((name, type, transport))
        says = self.names.get(name, self.default)
        if says.silent or self.asked.count((name, type, transport)) <= says.silent_times:
            return b"", 0.0
        if says.garbage:
            return says.garbage, says.delay
        return _answer(query, name, type, says, transport).to_wire(max_size=65535), says.delay


def _answer(query: dns.message.Message, name: str, type: str, says: Says, transport: str) -> dns.message.Message:
    reply = dns.message.make_response(query, recursion_available=True)
    if says.without_edns and query.edns >= 0:
        reply.use_edns(None)
        reply.set_rcode(dns.rcode.FORMERR)
        return reply
    if says.extended:
        # Generic, so that a text can be anything but UTF-8.
        options: list[dns.edns.Option] = [
            dns.edns.GenericOption(dns.edns.OptionType.EDE, struct.pack("!H", code) + text)
            for code, text in says.extended
        ]
        reply.use_edns(0, options=options)
    reply.set_rcode(dns.rcode.from_text(says.rcode))
    if says.authenticated:
        reply.flags |= dns.flags.AD
    if says.truncated and transport == "udp":
        reply.flags |= dns.flags.TC
        return reply
    chain = (name, *says.aliases)
    for alias, target in zip(chain, says.aliases, strict=False):
        reply.answer.append(dns.rrset.from_text(f"{alias}.", says.ttl, "IN", "CNAME", f"{target}."))
    if addresses := {"A": says.a, "AAAA": says.aaaa, "MX": says.mx}.get(type, ()):
        reply.answer.append(dns.rrset.from_text(f"{chain[-1]}.", says.ttl, "IN", type, *addresses))
    return reply


def _both_on_one_port() -> tuple[socket.socket, socket.socket]:
    """A UDP and a TCP socket bound to the same free port of 127.0.0.1."""
    while True:
        tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        tcp.bind(("127.0.0.1", 0))
        try:
            udp.bind(tcp.getsockname())
        except OSError:
            tcp.close()
            udp.close()
            continue
        return udp, tcp


def closed_port() -> str:
    """A nameserver address on loopback where nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{sock.getsockname()[1]}"
