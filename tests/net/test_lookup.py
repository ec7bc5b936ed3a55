"""Questions to a nameserver on loopback, and every way in which they fail."""

import asyncio
import time

import pytest

from smtpcheck.model import ExtendedError, Lookup
from smtpcheck.net.lookup import ask

from .fake_dns import FakeDns, Says, closed_port

HOST = "mail.example.org"


def lookups(says: Says, *, seconds: float = 3.0, tcp: bool = True) -> tuple[Lookup, Lookup]:
    """The A and the AAAA lookup of the name at a nameserver that says this of it."""
    with FakeDns({HOST: says}, tcp=tcp) as dns:
        one, two = asyncio.run(ask((HOST,), (dns.address,), seconds=seconds))
    return one, two


def test_addresses_come_with_ttl_time_and_the_ad_bit() -> None:
    one, two = lookups(Says(a=("192.0.2.1", "192.0.2.2"), aaaa=("2001:db8::1",), ttl=42, authenticated=True))
    assert (one.type, set(one.addresses), one.ttl, one.rcode) == ("A", {"192.0.2.1", "192.0.2.2"}, 42, "NOERROR")
    assert (two.type, two.addresses, two.authenticated) == ("AAAA", ("2001:db8::1",), True)
    assert one.seconds is not None
    assert 0 < one.seconds < 3
    assert (one.transport, one.failure) == ("udp", None)


@pytest.mark.parametrize("rcode", ["NXDOMAIN", "SERVFAIL", "REFUSED"])
def test_the_rcode_is_kept(rcode: str) -> None:
    assert [lookup.rcode for lookup in lookups(Says(rcode=rcode))] == [rcode, rcode]


def test_extended_errors_are_read() -> None:
    one, _ = lookups(Says(rcode="SERVFAIL", extended=((6, b"no SEP matching the DS"), (9999, b""))))
    assert one.extended_errors == (
        ExtendedError(code=6, name="DNSSEC_BOGUS", text="no SEP matching the DS"),
        ExtendedError(code=9999, name="9999"),
    )


def test_an_extended_error_that_is_no_utf8_does_not_hide_the_rcode() -> None:
    one, _ = lookups(Says(rcode="SERVFAIL", extended=((6, b"\xff\xfe"),)))
    assert (one.rcode, one.failure, one.extended_errors) == ("SERVFAIL", None, ())


@pytest.mark.parametrize("aliases", [(HOST,), ("a.example.org", "b.example.org", "a.example.org")])
def test_an_alias_loop_ends(aliases: tuple[str, ...]) -> None:
    one, _ = lookups(Says(aliases=aliases))
    assert [alias.target for alias in one.aliases] == list(aliases)
    assert one.addresses == ()


def test_silence_ends_with_the_deadline() -> None:
    began = time.monotonic()
    one, two = lookups(Says(silent=True), seconds=0.6)
    assert 0.5 < time.monotonic() - began < 1.6
    assert (one.failure, two.failure) == ("timed-out", "timed-out")


def test_a_question_that_got_lost_is_sent_again() -> None:
    one, _ = lookups(Says(a=("192.0.2.1",), silent_times=2), seconds=1.5)
    assert one.addresses == ("192.0.2.1",)


def test_a_slow_answer_is_an_answer() -> None:
    one, _ = lookups(Says(a=("192.0.2.1",), delay=0.2))
    assert one.seconds is not None
    assert one.seconds >= 0.2


def test_a_closed_port_is_told_apart_from_silence() -> None:
    began = time.monotonic()
    one, two = asyncio.run(ask((HOST,), (closed_port(),), seconds=30))
    assert (one.failure, two.failure) == ("port-closed", "port-closed")
    assert time.monotonic() - began < 10


def test_a_network_that_does_not_carry_the_question_is_unreachable() -> None:
    """No interface has that number, so nothing is sent."""
    one, _ = asyncio.run(ask((HOST,), ("fe80::1%no-such-interface",), seconds=30))
    assert one.failure == "unreachable"


@pytest.mark.parametrize("garbage", [b"x", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\xff" * 600])
def test_garbage_is_malformed_and_never_an_exception(garbage: bytes) -> None:
    one, _ = lookups(Says(garbage=garbage))
    assert one.failure == "malformed"


def test_a_truncated_answer_is_asked_for_over_tcp() -> None:
    many = tuple(f"192.0.2.{number}" for number in range(1, 60))
    one, _ = lookups(Says(a=many, truncated=True))
    assert (one.transport, set(one.addresses)) == ("tcp", set(many))


def test_truncated_and_tcp_is_closed() -> None:
    one, _ = lookups(Says(a=("192.0.2.1",), truncated=True), tcp=False)
    assert (one.transport, one.failure, one.addresses) == ("tcp", "port-closed", ())


def test_a_nameserver_without_edns_is_asked_without() -> None:
    one, _ = lookups(Says(a=("192.0.2.1",), without_edns=True))
    assert (one.rcode, one.addresses) == ("NOERROR", ("192.0.2.1",))


def test_each_nameserver_is_asked_for_each_name_at_the_same_time() -> None:
    with FakeDns(default=Says(silent=True)) as dead, FakeDns({HOST: Says(a=("192.0.2.1",))}) as alive:
        began = time.monotonic()
        found = asyncio.run(ask((HOST, "other.example"), (dead.address, alive.address), seconds=0.6))
        assert time.monotonic() - began < 1.6
    assert [(one.server == dead.address, one.name, one.type) for one in found] == [
        (server, name, type) for server in (True, False) for name in (HOST, "other.example") for type in ("A", "AAAA")
    ]
    assert found[4].addresses == ("192.0.2.1",)
