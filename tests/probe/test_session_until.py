"""`--until`: the session ends there, and what was asked for and not reached is never exit code 0."""

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Stage
from smtpcheck.serve import running

from ..conftest import HOST, Play
from ..net.fake_dns import FakeDns, Says
from .lines import QUIT, clear, implicit, upgraded

LOGIN = "C? AUTH PLAIN *\nS: 235 welcome\n"
WHOLE = (
    upgraded("AUTH PLAIN")
    + LOGIN
    + "C? MAIL *\nS: 250 ok\nC? RCPT *\nS: 250 ok\nC? RSET\nS: 250 ok\nC: QUIT\nS: 221 Bye\n"
)
LAST = {
    "connect": "",
    "banner": "",
    "ehlo": "EHLO",
    "starttls": "STARTTLS",
    "tls": "STARTTLS",
    "auth": "AUTH",
    "sender": "MAIL",
    "recipient": "RCPT",
}


@pytest.mark.parametrize("until", LAST)
def test_nothing_is_said_beyond_it(play: Play, until: str) -> None:
    """Green, and the last command is that stage's (QUIT and RSET aside)."""
    report = play(
        WHOLE, user="alice", password="s3crets", sender="a@example.com", recipients=["b@example.net"], until=until
    )
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    [session] = play.sessions
    said = [line.split()[0] for line in session.lines if line not in ("QUIT", "RSET")]
    assert (said or [""])[-1] == LAST[until]
    assert (session.secured is not None) is (list(LAST).index(until) >= list(LAST).index("tls"))
    later = list(Stage)[list(Stage).index(Stage(until)) + 1 :]
    for stage in later:
        step = report.step(stage)
        assert step is not None
        assert step.outcome is Outcome.SKIPPED or stage is Stage.QUIT


def test_until_tls_on_an_implicit_port(play: Play) -> None:
    """It comes before the banner there, which is not waited for."""
    report = play("! implicit\n! stall\n", tls="implicit", until="tls", timeout=0.5)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)


def test_until_banner_on_an_implicit_port(play: Play) -> None:
    """TLS is then part of what is asked for."""
    report = play(implicit(tls="! implicit expired") + QUIT, tls="implicit", until="banner")
    assert (report.stage, report.exit_code) == (Stage.TLS, 15)


@pytest.mark.parametrize(("until", "stage", "code"), [("starttls", Stage.STARTTLS, 14), ("tls", Stage.STARTTLS, 14)])
def test_a_stage_that_did_not_come(play: Play, until: str, stage: Stage, code: int) -> None:
    """Without a credential STARTTLS would be optional; asked for, it is not."""
    report = play(clear() + QUIT, until=until)
    assert (report.stage, report.outcome, report.exit_code) == (stage, Outcome.DECLINED, code)


def test_until_quit_is_the_whole_session(play: Play) -> None:
    """Its reply is a courtesy, and its absence no failure."""
    report = play(clear() + "C: QUIT\n", until="quit")
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    report = play("S: 554 no\nC: QUIT\n", until="quit")
    assert (report.stage, report.exit_code) == (Stage.BANNER, 12)


def test_until_dns() -> None:
    """Nothing is connected to."""
    with running(parse(clear())) as server, FakeDns({HOST: Says(a=("127.0.0.1",))}) as dns:
        report = check(f"{HOST}:{server.port}", resolver=dns.address, until="dns", timeout=5.0)
        missing = check(f"nothing.example.org:{server.port}", resolver=dns.address, until="dns", timeout=5.0)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert (missing.stage, missing.outcome, missing.exit_code) == (Stage.DNS, Outcome.UNREACHABLE, 10)
    assert server.sessions == ()


def test_until_config() -> None:
    """Not even a name is resolved."""
    report = check("nothing.example.org:587", until="config")
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert report.attempt is not None
    assert [step.stage for step in report.attempt.steps if step.outcome is not Outcome.SKIPPED] == [Stage.CONFIG]
