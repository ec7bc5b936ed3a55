"""What stops a check before the server says a word: DNS that is silent, addresses that do not answer."""

import errno
import socket
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.model import ConnectFacts, DnsFacts, Outcome, Report, Stage
from smtpcheck.serve import running

from ..net.fake_dns import FakeDns, Says
from .leftovers import full_queue, hanging_getaddrinfo, in_time, nothing_left, watched

DEADLINE = 0.3


def connecting(target: str, **asked: Any) -> tuple[Report, ConnectFacts]:
    """A report that ends at `connect` within its deadline, with nothing left behind; and why."""
    with nothing_left():
        report = watched(target, {"connect": DEADLINE}, **asked)
    assert (report.stage, report.exit_code) == (Stage.CONNECT, 11)
    step = report.step(Stage.CONNECT)
    assert step is not None
    assert in_time(step, DEADLINE)
    assert isinstance(step.facts, ConnectFacts)
    return report, step.facts


def free_port() -> int:
    """A port of 127.0.0.1 where nothing listens."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_a_full_accept_queue_is_a_connect_that_times_out() -> None:
    """No firewall is needed for it: the kernel drops the SYN."""
    with full_queue() as (_, port):
        report, facts = connecting(f"mail.example.com:{port}")
    assert report.outcome is Outcome.STALLED
    assert (facts.failure, facts.errno) == ("no-answer", None)


def test_a_full_queue_of_a_unix_socket_is_no_connection(tmp_path: Path) -> None:
    """Linux says EAGAIN at once, and would never tell when there is room."""
    path = str(tmp_path / "lmtp")
    with full_queue(socket.AF_UNIX, path):
        report, facts = connecting(f"unix:{path}", address=None)
    assert report.outcome is Outcome.STALLED
    assert facts.failure == "no-answer"


def test_a_unix_socket_that_gets_room_is_connected_to(tmp_path: Path) -> None:
    """The same, without the queue."""
    path = str(tmp_path / "lmtp")
    with (
        nothing_left(),
        running(parse("S: 220 hi\nC: LHLO *\nS: 250 hi\nC: QUIT\nS: 221 bye\n"), path=path),
    ):
        assert watched(f"unix:{path}", {}, address=None, helo="me.example.com").exit_code == 0


def test_a_port_where_nothing_listens_refuses() -> None:
    """At once, with the errno."""
    report, facts = connecting(f"mail.example.com:{free_port()}")
    assert report.outcome is Outcome.UNREACHABLE
    assert (facts.failure, facts.errno) == ("refused", errno.ECONNREFUSED)


def test_a_path_that_is_not_there(tmp_path: Path) -> None:
    """A UNIX socket's file may be missing, and may be no socket."""
    for path in (tmp_path / "missing", tmp_path):
        report, facts = connecting(f"unix:{path}", address=None)
        assert report.outcome is Outcome.UNREACHABLE
        assert facts.failure in ("path-missing", "refused")


def test_a_source_address_that_is_not_ours() -> None:
    """It cannot be bound to; that is no fault of the server."""
    report, facts = connecting(f"mail.example.com:{free_port()}", source="192.0.2.1")
    assert report.outcome is Outcome.UNREACHABLE
    assert facts.failure == "source-unusable"


def test_an_address_family_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without IPv6."""
    made = socket.socket.__init__

    def without_ipv6(sock: socket.socket, family: int = socket.AF_INET, *more: Any, **words: Any) -> None:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        made(sock, family, *more, **words)

    monkeypatch.setattr(socket.socket, "__init__", without_ipv6)
    report, facts = connecting(f"mail.example.com:{free_port()}", address="::1")
    assert report.outcome is Outcome.UNREACHABLE
    assert facts.failure == "no-common-family"


def test_a_scope_that_names_no_interface() -> None:
    """A link-local address of another machine's making."""
    report, facts = connecting("[fe80::1%nowhere0]:25", address=None)
    assert report.outcome is Outcome.UNREACHABLE
    assert facts.failure == "unreachable"


def test_a_reset_right_after_accept_is_told_as_one(ca_file: str) -> None:
    """Whether it comes before or after our kernel has told of the connection is chance; that it is a reset is not."""
    with nothing_left(), running(parse("! reset\n")) as server:
        report = watched(f"mail.example.com:{server.port}", {"banner": DEADLINE}, ca_file=ca_file)
    step = report.step(Stage.CONNECT)
    assert step is not None
    assert isinstance(step.facts, ConnectFacts)
    assert (report.stage, report.outcome, report.exit_code, step.facts.failure) in (
        (Stage.CONNECT, Outcome.UNREACHABLE, 11, "reset"),
        (Stage.BANNER, Outcome.CLOSED, 12, None),
    )


def test_a_nameserver_that_never_answers_ends_dns_by_its_deadline() -> None:
    """A temporary failure: nothing was answered."""
    with FakeDns(default=Says(silent=True)) as dns, nothing_left():
        report = watched("mail.example.com:587", {"dns": 0.5}, address=None, resolver=dns.address)
    assert dns.asked
    assert (report.stage, report.exit_code, report.temporary) == (Stage.DNS, 30, True)
    assert report.outcome in (Outcome.UNREACHABLE, Outcome.STALLED)
    step = report.step(Stage.DNS)
    assert step is not None
    assert in_time(step, 0.5)
    assert isinstance(step.facts, DnsFacts)
    assert step.facts.problem == "no-answer"


def test_a_system_resolver_that_hangs_ends_dns_by_its_deadline() -> None:
    """getaddrinfo takes no timeout: its thread is left alone, and is all that is left."""
    with nothing_left(), hanging_getaddrinfo():
        report = watched("localhost:587", {"dns": DEADLINE}, address=None)
        assert (report.stage, report.outcome, report.exit_code) == (Stage.DNS, Outcome.STALLED, 30)
        step = report.step(Stage.DNS)
        assert step is not None
        assert in_time(step, DEADLINE)
        assert report.seconds < DEADLINE + 1.0
