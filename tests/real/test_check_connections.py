"""Real servers that are silent, slow, busy, dead or not there: told apart by what came, and ended in time."""

import contextlib
import time
from collections.abc import Iterator

import pytest

from smtpcheck import Outcome, Stage
from smtpcheck.model import BannerFacts, Closed, ConnectFacts, EhloFacts, Silent, TlsFacts

from .checking import checked, checked_and_logged, done, left_by_quit, words
from .servers.client import client
from .servers.process import Server


def test_a_server_that_never_greets_is_a_stalled_banner(postfix: Server) -> None:
    """Postfix waits here for a proxy to speak first. The host is there, its server is silent."""
    report = checked(postfix, "silent", timeout=0.6)
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.STALLED,
        Stage.BANNER,
        12,
        False,
    )
    step = done(report, Stage.BANNER)
    assert 0.6 <= step.seconds < 0.85
    assert step.reply is None
    assert report.attempt is not None
    silence = report.attempt.events[-1]
    assert isinstance(silence, Silent)
    assert (silence.waiting_for, silence.partial) == ("the banner", b"")
    assert silence.tcp is not None
    assert (silence.tcp.state, silence.tcp.unacked, silence.tcp.retransmits) == ("ESTABLISHED", 0, 0)
    facts = step.facts
    assert isinstance(facts, BannerFacts)
    assert facts.first_byte is None


def test_a_slow_banner_passes_and_its_time_is_a_fact(postfix: Server) -> None:
    report, log = checked_and_logged(postfix, "slow")
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    step = done(report, Stage.BANNER)
    assert isinstance(step.facts, BannerFacts)
    assert step.facts.first_byte is not None
    assert 1.9 < step.facts.first_byte <= step.seconds < 3
    assert words(step) == "220 mail.example.org ESMTP Postfix"
    assert left_by_quit(log)


def test_a_banner_slower_than_the_patience_is_stalled(postfix: Server) -> None:
    report = checked(postfix, "slow", timeout=0.5)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.STALLED, Stage.BANNER, 12)


def test_a_port_where_nobody_listens_is_refused(postfix: Server) -> None:
    report = checked(postfix, "closed")
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.UNREACHABLE,
        Stage.CONNECT,
        11,
        False,
    )
    facts = done(report, Stage.CONNECT).facts
    assert isinstance(facts, ConnectFacts)
    assert (facts.failure, facts.errno_name) == ("refused", "ECONNREFUSED")


def test_a_server_process_that_dies_has_closed_the_connection(postfix: Server) -> None:
    """Without its SASL backend Postfix dies when it has to list the mechanisms: at the EHLO after TLS."""
    report = checked(postfix, "dead_sasl", user="alice", password="wonderland")
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.CLOSED,
        Stage.EHLO,
        13,
        False,
    )
    step = done(report, Stage.EHLO)
    assert step.command == "EHLO client.example.com"
    assert step.reply is None
    assert isinstance(step.facts, EhloFacts)
    assert step.facts.tls
    assert report.attempt is not None
    assert isinstance(report.attempt.events[-1], Closed)
    assert done(report, Stage.AUTH).outcome is Outcome.SKIPPED
    assert done(report, Stage.QUIT).outcome is Outcome.SKIPPED


@contextlib.contextmanager
def only_connection(server: Server) -> Iterator[None]:
    """Holds the one connection that is allowed. Exim counts those of earlier tests until their processes are gone."""
    for _ in range(100):
        with client(server, "one_connection") as held:
            if held.banner.startswith("220 "):
                yield
                return
        time.sleep(0.05)
    pytest.fail("there was always another connection")


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("postfix", "421 4.7.0 mail.example.org Error: too many connections from 127.0.0.1"),
        ("exim", "421 Too many concurrent SMTP connections from this IP address; please try again later."),
    ],
)
def test_a_second_connection_at_the_same_time_is_refused_for_now(
    name: str, reply: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    with only_connection(server):
        report = checked(server, "one_connection")
    assert words(done(report, Stage.BANNER)) == reply
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.REFUSED,
        Stage.BANNER,
        32,
        True,
    )


@pytest.mark.parametrize("name", ["postfix", "exim", "aiosmtpd"])
def test_tls_from_the_first_byte_where_the_server_speaks_first(name: str, request: pytest.FixtureRequest) -> None:
    """The usual mix-up of the ports: what came instead of a ServerHello is the greeting, and it is kept."""
    report = checked(request.getfixturevalue(name), "submission", tls="implicit")
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.BROKEN, Stage.TLS, 15)
    facts = done(report, Stage.TLS).facts
    assert isinstance(facts, TlsFacts)
    assert facts.failure == "not-tls"
    assert facts.first_bytes.startswith(b"220 ")


@pytest.mark.parametrize("name", ["postfix", "exim", "aiosmtpd"])
def test_clear_text_where_the_server_waits_for_tls(name: str, request: pytest.FixtureRequest) -> None:
    """The other way round nobody speaks: the server waits for a ClientHello, and we for a greeting."""
    report = checked(request.getfixturevalue(name), "submissions", tls="starttls", timeout=0.5)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.STALLED, Stage.BANNER, 12)
