"""Causes between the resolver and the first byte: each produced by sockets of this machine that behave so."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Report, Stage
from smtpcheck.probe import looks
from smtpcheck.serve import running

from ..probe.leftovers import full_queue
from ..probe.proxies import http, proxy, socks5
from .machines import checked, closed_port, listening, machine
from .told import CERTAIN, LIKELY, POSSIBLE, gives, notes

HOST = "mail.example.com"
PASSES = "S: 220 hi\nC: EHLO *\nS: 250 hi\nC: QUIT\nS: 221 bye\n"


@contextmanager
def siblings(*states: str) -> Iterator[tuple[int, ...]]:
    """Ports of 127.0.0.1 in these states (open, closed, silent), in the place of the usual ports of a mail server."""
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        ports = []
        for state in states:
            match state:
                case "open":
                    ports.append(stack.enter_context(listening()))
                case "closed":
                    ports.append(closed_port())
                case _:
                    ports.append(stack.enter_context(full_queue())[1])
        patch.setattr(looks, "SIBLINGS", tuple(ports))
        yield tuple(ports)


def silent(*states: str, second_looks: bool = True) -> Report:
    """A check of a port where every SYN is lost, its siblings in these states."""
    with siblings(*states), full_queue() as (_, port):
        return checked(f"{HOST}:{port}", address="127.0.0.1", timeout=0.6, second_looks=second_looks)


# --- refused --------------------------------------------------------------------------------------------------------


@gives("nothing-listens", CERTAIN, Stage.CONNECT)
def test_a_port_that_refuses() -> Report:
    """The host is there, the port is not."""
    return checked(f"{HOST}:{closed_port()}", address="127.0.0.1")


@gives("nothing-listens", CERTAIN, Stage.CONNECT)
def test_a_port_of_this_machine_that_no_library_calls_by_default() -> Report:
    """Somebody who names such a port means it."""
    return checked(f"127.0.0.1:{closed_port()}")


@pytest.mark.parametrize("target", ["127.0.0.1:587", "127.0.0.1:465", "localhost:587", "localhost:25", "0.0.0.0:587",
                                    "[::1]:587", "0.0.0.0:2525"])  # fmt: skip
@gives("app-calls-localhost", LIKELY, Stage.CONNECT)
def test_the_default_of_a_library_that_was_given_no_host(target: str) -> Report:
    """`127.0.0.1:587` is what nodemailer calls without a host; whether a server was meant, only its user knows."""
    host, _, port = target.rpartition(":")
    with socket.socket(socket.AF_INET6 if "[" in host else socket.AF_INET) as sock:
        if sock.connect_ex((host.strip("[]"), int(port))) == 0:
            pytest.skip(f"something listens on {target}")
    report = checked(target)
    assert report.cause is not None
    assert report.cause.alternatives == ("nothing-listens",)
    assert report.cause.settle
    assert "nodemailer" in report.cause.why
    return report


# --- silent ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("states", [("silent", "open"), ("silent", "closed"), ("open",)])
@gives("egress-port-blocked", LIKELY, Stage.CONNECT)
def test_a_silent_port_of_a_host_that_answers_elsewhere(states: tuple[str, ...]) -> Report:
    """An answer is an answer: a refusal shows as well that packets get there and back."""
    report = silent(*states)
    assert [asked.look for asked in report.asked] == ["sibling-ports"]
    assert report.cause is not None
    assert len(report.cause.evidence) == 1 + len(states)
    return report


def test_the_ports_that_answered_are_named() -> None:
    """They are the way out: another port of the same provider."""
    with siblings("open", "closed", "silent") as (opened, closed, dropped), full_queue() as (_, port):
        report = checked(f"{HOST}:{port}", address="127.0.0.1", timeout=0.6)
    assert report.cause is not None
    told = " ".join((report.cause.why, *report.cause.fix))
    assert f"{opened} answers" in told
    assert f"{closed} answers" in told
    assert f"{dropped} is silent" in told
    assert str(opened) in report.cause.fix[0]
    assert str(closed) not in report.cause.fix[0]


@gives("host-unreachable", LIKELY, Stage.CONNECT)
def test_a_host_whose_ports_are_all_silent() -> Report:
    """Down, or behind a filter of everything."""
    report = silent("silent", "silent")
    assert report.cause is not None
    assert report.cause.alternatives == ("egress-port-blocked",)
    return report


@gives("connect-timed-out", LIKELY, Stage.CONNECT)
def test_a_silent_port_without_second_looks() -> Report:
    """What remains where nobody may ask further; the two narrower causes are its alternatives."""
    report = silent("open", second_looks=False)
    assert report.asked == ()
    assert report.cause is not None
    assert report.cause.alternatives == ("egress-port-blocked", "host-unreachable")
    return report


@gives("host-unreachable", CERTAIN, Stage.CONNECT)
def test_an_address_without_a_route() -> Report:
    """The kernel says so at once."""
    return checked("[fe80::1%nowhere0]:587")


# --- address families and addresses ---------------------------------------------------------------------------------


@gives("no-common-address-family", CERTAIN, Stage.CONNECT)
def test_an_ipv6_address_on_a_machine_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> Report:
    """A kernel without IPv6."""
    made = socket.socket.__init__

    def without_ipv6(sock: socket.socket, family: int = socket.AF_INET, *more: Any, **words: Any) -> None:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        made(sock, family, *more, **words)

    monkeypatch.setattr(socket.socket, "__init__", without_ipv6)
    return checked(f"{HOST}:587", address="::1")


@notes("ipv6-broken")
def test_ipv6_that_is_refused_where_ipv4_works() -> Report:
    """The pass stays; which application stalls on it depends on the order of its addresses."""
    with running(parse(PASSES)) as server, machine(system=["127.0.0.1", "::1"]):
        report = checked(f"{HOST}:{server.port}")
    assert report.passed
    return report


@notes("ipv6-broken")
def test_ipv6_that_comes_first_and_is_silent() -> Report:
    """The session goes on over IPv4, after the first deadline."""
    with (
        running(parse(PASSES)) as server,
        full_queue(socket.AF_INET6, ("::1", server.port)),
        machine(system=["::1", "127.0.0.1"]),
    ):
        report = checked(f"{HOST}:{server.port}", timeout=0.5)
    assert report.passed
    return report


@notes("one-address-dead")
def test_one_address_of_several_that_refuses() -> Report:
    """The first of two; the second has the server."""
    with running(parse(PASSES)) as server, machine(system=["127.0.0.2", "127.0.0.1"]):
        report = checked(f"{HOST}:{server.port}")
    assert report.passed
    return report


# --- proxies --------------------------------------------------------------------------------------------------------


@gives("proxy-unreachable", CERTAIN, Stage.CONNECT)
def test_a_proxy_that_is_not_there() -> Report:
    """The mail server was never tried."""
    return checked(f"{HOST}:587", proxy=f"socks5://127.0.0.1:{closed_port()}")


@gives("proxy-unreachable", LIKELY, Stage.CONNECT)
def test_a_proxy_that_never_answers() -> Report:
    """No second look goes around it."""
    with full_queue() as (_, port), siblings("open"):
        report = checked(f"{HOST}:587", proxy=f"socks5://127.0.0.1:{port}", timeout=0.6)
    assert report.asked == ()
    return report


@pytest.mark.parametrize(
    ("scheme", "handler", "words"),
    [
        ("http", partial(http, status="403 Forbidden by policy"), "403 Forbidden by policy"),
        ("http", partial(http, status="407 Proxy Authentication Required"), "407 Proxy Authentication Required"),
        ("socks5", partial(socks5, code=2), "not allowed by ruleset"),
    ],
)
@gives("proxy-refused", CERTAIN, Stage.CONNECT)
def test_a_proxy_that_refuses(scheme: str, handler: Any, words: str) -> Report:
    """Its words are quoted, and are nobody else's."""
    with proxy(handler) as (port, _):
        report = checked(f"{HOST}:587", proxy=f"{scheme}://127.0.0.1:{port}")
    assert report.cause is not None
    assert words in " ".join((report.cause.title, report.cause.why, *report.cause.fix))
    return report


# --- it connects, and ends ------------------------------------------------------------------------------------------


def test_a_reset_right_after_the_connection() -> None:
    """Whether the kernel told of the connection before is chance; the cause is not."""
    with running(parse("! reset\n")) as server:
        report = checked(f"{HOST}:{server.port}", address="127.0.0.1", tls="off")
    assert report.outcome in (Outcome.CLOSED, Outcome.UNREACHABLE)
    assert report.cause is not None
    assert report.cause.id == "connection-reset"


@gives("proxy-backend-down", POSSIBLE, Stage.BANNER)
def test_a_forwarder_whose_backend_is_down() -> Report:
    """TCP is accepted and ended at once, without a byte."""
    with running(parse("! close\n")) as server:
        return checked(f"{HOST}:{server.port}", address="127.0.0.1", tls="off")


@gives("client-config-error", CERTAIN, Stage.CONNECT)
def test_a_source_address_that_is_not_ours_is_a_matter_of_our_settings() -> Report:
    """It cannot be bound to."""
    return checked(f"{HOST}:{closed_port()}", address="127.0.0.1", source="192.0.2.1")


def test_addresses_that_all_work_are_no_finding() -> None:
    """The look-alike of a dead one."""
    with (
        running(parse(PASSES)) as server,
        running(parse(PASSES), host="127.0.0.2", port=server.port),
        machine(system=["127.0.0.2", "127.0.0.1"]),
    ):
        report = checked(f"{HOST}:{server.port}", all_addresses=True)
    assert report.passed
    assert not {"one-address-dead", "ipv6-broken"} & {one.id for one in report.also}


def test_ipv6_that_works_is_no_finding() -> None:
    """The other family is opened, timed and closed, and nothing is said of it."""
    with (
        running(parse(PASSES)) as server,
        running(parse("! stall\n"), host="::1", port=server.port),
        machine(system=["127.0.0.1", "::1"]),
    ):
        report = checked(f"{HOST}:{server.port}")
    assert report.passed
    assert "ipv6-broken" not in {one.id for one in report.also}
