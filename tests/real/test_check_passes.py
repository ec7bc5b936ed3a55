"""Sessions that pass at real Postfix, Exim and aiosmtpd: what the report claims is what the server did.

The servers' logs are the witnesses: of the message that was queued, and of how the client left.
"""

import re
import time
from collections.abc import Callable
from typing import Any

import pytest

from smtpcheck import Outcome, Report, Stage
from smtpcheck.api import Wanted
from smtpcheck.model import BannerFacts, EhloFacts, EnvelopeFacts, MessageFacts, QuitFacts, TlsFacts

from .checking import NAME, checked, checked_and_logged, done, left_by_quit, logged, rudeness, words
from .servers.accounts import ALICE, BOB, CAROL
from .servers.client import last_reply
from .servers.process import Server

SERVERS = ["postfix", "exim", "aiosmtpd"]
ROLES = ["submission", "submissions", "relay"]


@pytest.fixture
def named(request: pytest.FixtureRequest) -> Callable[[str], Server]:
    """The server of a name."""
    return lambda name: request.getfixturevalue(name)


def passing(role: str, **more: Any) -> Wanted:
    """What a user asks of a port of that kind: with a login, but for relay."""
    wanted: Wanted = {"sender": BOB.address, "recipients": [ALICE.address]}
    if role != "relay":
        wanted |= {"user": BOB.name, "password": BOB.password}
    return {**wanted, **more}  # type: ignore[typeddict-item]  # the names of Wanted


def ran(report: Report) -> list[Stage]:
    """The stages that ran, in their order, the quiet ones at both ends left out."""
    assert report.attempt is not None
    steps = [step for step in report.attempt.steps if step.outcome is not Outcome.SKIPPED]
    return [step.stage for step in steps if step.stage not in (Stage.CONFIG, Stage.QUIT)]


START_TLS = [Stage.CONNECT, Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.EHLO]
IMPLICIT = [Stage.CONNECT, Stage.TLS, Stage.BANNER, Stage.EHLO]
CLEAR = [Stage.CONNECT, Stage.BANNER, Stage.EHLO]
ENVELOPE = [Stage.SENDER, Stage.RECIPIENT]


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize("role", ROLES)
def test_a_session_passes(name: str, role: str, named: Callable[[str], Server]) -> None:
    """Every stage that was asked for ran, in the order of the dialogue, and nothing was sent."""
    report = checked(named(name), role, **passing(role))
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (Outcome.PASSED, None, 0, False)
    opening = IMPLICIT if role == "submissions" else START_TLS
    if name == "aiosmtpd" and role == "relay":  # it has no TLS there
        opening = CLEAR
    login = [] if role == "relay" else [Stage.AUTH]
    assert ran(report) == [*opening, *login, *ENVELOPE]
    assert words(done(report, Stage.RECIPIENT)).startswith("250 ")
    assert report.step(Stage.MESSAGE) is not None
    assert done(report, Stage.MESSAGE).outcome is Outcome.SKIPPED
    if opening is not CLEAR:
        tls = done(report, Stage.TLS).facts
        assert isinstance(tls, TlsFacts)
        assert (tls.mode, tls.version, tls.sni) == ("implicit" if opening is IMPLICIT else "starttls", "TLSv1.3", NAME)
        assert tls.verification is not None
        assert (tls.verification.trusted, tls.verification.expected) == (True, NAME)


@pytest.mark.parametrize("name", ["postfix", "exim"])
@pytest.mark.parametrize("role", ROLES)
def test_a_session_that_passes_is_left_politely(name: str, role: str, named: Callable[[str], Server]) -> None:
    """RSET where nothing is sent, then QUIT; the server has nothing to complain of."""
    report, log = checked_and_logged(named(name), role, **passing(role))
    assert report.passed
    assert not rudeness(log)
    assert left_by_quit(log)
    ending = done(report, Stage.QUIT).facts
    assert isinstance(ending, QuitFacts)
    assert ending.rset == 250


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_a_client_that_just_goes_is_seen_in_the_log(name: str, named: Callable[[str], Server]) -> None:
    """What the tests of politeness rely on."""
    server = named(name)
    _, log = logged(server, lambda: last_reply(server, "relay", "EHLO client.example.com", "MAIL FROM:<a@b.example>"))
    assert rudeness(log)
    assert not left_by_quit(log)


@pytest.mark.parametrize("until", ["connect", "banner", "ehlo", "starttls", "tls", "auth", "sender", "recipient"])
def test_a_session_that_ends_early_is_left_politely(postfix: Server, until: str) -> None:
    """Nothing beyond the stage that was asked for is said, and QUIT where the server listens to it."""
    report, log = checked_and_logged(postfix, "submission", **passing("submission", until=until))
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert ran(report)[-1] is (Stage.TLS if until == "tls" else Stage(until))
    said_nothing = until == "connect"
    assert left_by_quit(log) is (not said_nothing and until != "starttls")
    unavoidable = "lost connection after " + ("CONNECT" if said_nothing else "STARTTLS")
    assert [line for line in rudeness(log) if unavoidable not in line] == []


@pytest.mark.parametrize("role", ROLES)
def test_postfix_has_queued_the_message_under_the_id_in_the_report(postfix: Server, role: str) -> None:
    report, log = checked_and_logged(
        postfix, role, **passing(role, send=True, recipients=[ALICE.address, CAROL.address])
    )
    assert report.passed
    facts = done(report, Stage.MESSAGE).facts
    assert isinstance(facts, MessageFacts)
    assert words(done(report, Stage.MESSAGE)) == f"250 2.0.0 Ok: queued as {facts.queue_id}"
    assert f"{facts.queue_id}: message-id=<{facts.message_id}>" in log
    assert left_by_quit(log)
    assert not rudeness(log)
    size = re.search(rf"{facts.queue_id}: from=<{BOB.address}>, size=(\d+), nrcpt=2", _settled(postfix, facts.queue_id))
    assert size is not None
    assert int(size[1]) > facts.size, "what we sent, and the Received field of Postfix"


def _settled(server: Server, queue_id: str | None) -> str:
    """The log, once the queue manager has taken the message up."""
    deadline = time.monotonic() + 3
    while f"{queue_id}: from=<" not in (log := server.logs[0].read_text()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return log


@pytest.mark.parametrize("role", ROLES)
def test_exim_has_taken_the_message_under_the_id_in_the_report(exim: Server, role: str) -> None:
    report, log = checked_and_logged(exim, role, **passing(role, send=True))
    assert report.passed
    facts = done(report, Stage.MESSAGE).facts
    assert isinstance(facts, MessageFacts)
    assert words(done(report, Stage.MESSAGE)) == f"250 OK id={facts.queue_id}"
    arrival = next(line for line in log.splitlines() if f"{facts.queue_id} <= {BOB.address} " in line)
    assert f"id={facts.message_id}" in arrival
    assert left_by_quit(log)
    assert not rudeness(log)


@pytest.mark.parametrize("role", ROLES)
def test_aiosmtpd_takes_the_message_and_names_no_id(aiosmtpd: Server, role: str) -> None:
    report = checked(aiosmtpd, role, **passing(role, send=True))
    assert report.passed
    facts = done(report, Stage.MESSAGE).facts
    assert isinstance(facts, MessageFacts)
    assert words(done(report, Stage.MESSAGE)) == "250 OK"
    assert (facts.queue_id, facts.phase) == (None, "dot")


def test_an_address_that_is_not_ascii_is_announced_to_a_server_that_takes_it(postfix: Server) -> None:
    """SMTPUTF8 (RFC 6531): Postfix answers for the recipient, not for the syntax."""
    report = checked(postfix, "relay", sender="grüße@client.example", recipients=["jürgen@example.org"])
    sender = done(report, Stage.SENDER).facts
    assert isinstance(sender, EnvelopeFacts)
    assert "SMTPUTF8" in sender.parameters
    assert words(done(report, Stage.SENDER)) == "250 2.1.0 Ok"
    assert words(done(report, Stage.RECIPIENT)).startswith("550 5.1.1 <jürgen@example.org>")


def test_the_null_sender_is_taken(postfix: Server) -> None:
    report = checked(postfix, "relay", sender="", recipients=[ALICE.address])
    assert report.passed
    assert done(report, Stage.SENDER).command is not None
    assert str(done(report, Stage.SENDER).command).startswith("MAIL FROM:<> SIZE=")


def test_what_the_server_said_of_itself_is_kept_from_before_and_after_tls(postfix: Server) -> None:
    report = checked(postfix, "submission", until="tls")
    again = checked(postfix, "submission", user=ALICE.name, password=ALICE.password, until="auth")
    banner = done(report, Stage.BANNER).facts
    assert isinstance(banner, BannerFacts)
    assert (banner.server_name, banner.esmtp) == ("mail.example.org", True)
    assert again.attempt is not None
    before, after = (step.facts for step in again.attempt.steps if step.stage is Stage.EHLO)
    assert isinstance(before, EhloFacts)
    assert isinstance(after, EhloFacts)
    assert (before.tls, before.offers("STARTTLS"), before.auth) == (False, True, ())
    assert (after.tls, after.offers("STARTTLS"), len(after.auth)) == (True, False, 8)
    assert before.size == after.size == 1_000_000
