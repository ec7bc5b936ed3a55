"""What the machine knows of itself and of a connection, without a packet to anywhere but loopback."""

import socket
import sys

import pytest

from smtpcheck.net.local import address_literal, ehlo_name, routes, tcp_info


@pytest.mark.parametrize("name", ["web-1.example.org", "WEB.Example.ORG", "a.ec2.internal", "a.example.org."])
def test_a_fully_qualified_name_is_used(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    assert ehlo_name() == (name.rstrip("."), "the name of this machine")


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "is empty"),
        ("web", "has no domain: web"),
        ("localhost.localdomain", "means nothing to others"),
        ("Macbook.local", "means nothing to others"),
        ("my_pc.example.org", "is no domain name"),
        ("-a.example.org", "is no domain name"),
        ("a b.example.org\r\n", "is no domain name: 'a b.example.org\\r\\n'"),
        ("büro.example.org", "is no domain name: 'b\\xfcro.example.org'"),
        ("a..org", "is no domain name"),
        ("10.0.0.1", "ends like an IP address"),
    ],
)
def test_any_other_name_is_not_and_the_reason_is_said(monkeypatch: pytest.MonkeyPatch, name: str, why: str) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: name)
    found, reason = ehlo_name()
    assert found is None
    assert why in reason


@pytest.mark.parametrize(
    ("ip", "literal"),
    [
        ("192.0.2.1", "[192.0.2.1]"),
        ("2001:DB8:0:0::1", "[IPv6:2001:db8::1]"),
        ("fe80::1%eth0", "[IPv6:fe80::1]"),
        ("::ffff:192.0.2.1", "[192.0.2.1]"),
    ],
)
def test_an_address_literal_is_written_after_rfc_5321(ip: str, literal: str) -> None:
    assert address_literal(ip) == literal


@pytest.mark.parametrize(
    ("family", "own", "routed"),
    [
        (4, ("198.51.100.7", 40000), True),
        (6, ("fd00::2", 40000, 0, 0), True),
        (4, ("127.0.0.1", 40000), False),  # everything is routed to the machine itself
        (6, ("::1", 40000, 0, 0), False),
        (4, None, False),
    ],
)
def test_a_route_is_one_that_leaves_the_machine(
    monkeypatch: pytest.MonkeyPatch, family: int, own: tuple[object, ...] | None, routed: bool
) -> None:
    """The kernel's answer is played: that of this machine would be any."""

    class Routed(socket.socket):
        def connect(self, address: object) -> None:
            assert self.type == socket.SOCK_DGRAM, "anything else would send a packet"
            if own is None:
                raise OSError(101, "Network is unreachable")

        def getsockname(self) -> object:
            return own

    monkeypatch.setattr(socket, "socket", Routed)
    assert routes(family) is routed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="TCP_INFO is Linux's")
def test_the_kernel_knows_the_state_of_a_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        peer, _ = server.accept()
        with peer:
            info = tcp_info(client)
            assert info is not None
            assert (info.state, info.retransmits) == ("ESTABLISHED", 0)
            assert 0 <= info.rtt < 1
            peer.close()
            client.recv(1)
            ended = tcp_info(client)
            assert ended is not None
            assert ended.state == "CLOSE_WAIT"
    assert tcp_info(client) is None  # closed


def test_other_sockets_have_no_tcp_info() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        assert tcp_info(sock) is None
