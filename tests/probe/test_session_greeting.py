"""Banner and EHLO: what the server says of itself, and what is made of a server that says something else."""

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import BannerFacts, EhloFacts, Outcome, Stage, Surplus
from smtpcheck.serve import running

from ..conftest import Play
from .lines import GREETING, QUIT, clear, listed, upgraded


def test_the_greeting_may_have_many_lines(play: Play) -> None:
    """All of them are kept, and the name is the first word of the first one."""
    report = play("S: 220-mail.example.com ESMTP\nS: 220-no spam\nS: 220 please\nC: EHLO *\nS: 250 mail\n" + QUIT)
    step = report.step(Stage.BANNER)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert step is not None
    assert step.reply is not None
    assert step.reply.lines == ("mail.example.com ESMTP", "no spam", "please")
    assert isinstance(step.facts, BannerFacts)
    assert (step.facts.server_name, step.facts.esmtp, step.facts.surplus) == ("mail.example.com", True, b"")


@pytest.mark.parametrize(("code", "exit_code"), [("554", 12), ("421", 32), ("521", 12)])
def test_a_greeting_that_is_a_refusal(play: Play, code: str, exit_code: int) -> None:
    """The server's words are the reply; smtpcheck says QUIT and no EHLO (RFC 5321 section 3.1)."""
    report = play(f"S: {code} 5.7.1 your address is blocked\n{QUIT}")
    step = report.step(Stage.BANNER)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.REFUSED, exit_code)
    assert step is not None
    assert step.reply is not None
    assert step.reply.text == "5.7.1 your address is blocked"
    assert play.sessions[0].lines == ("QUIT",)


@pytest.mark.parametrize("code", ["250", "235", "334", "354"])
def test_a_greeting_that_answers_something_else_is_no_greeting(play: Play, code: str) -> None:
    """Neither a 220 nor a refusal: the server is somewhere else in the dialogue."""
    report = play(f"S: {code} hello\nC? QUIT\n")
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.BROKEN, 12)


def test_words_after_the_greeting_are_never_the_reply_to_ehlo(play: Play) -> None:
    """A reply that came too early would make each later one answer the wrong command."""
    report = play("S: 220 mail.example.com ESMTP\nS: 250 nobody asked\nC: EHLO *\n" + listed("SIZE 1000") + QUIT)
    banner, ehlo = report.step(Stage.BANNER), report.step(Stage.EHLO)
    assert report.exit_code == 0
    assert banner is not None
    assert isinstance(banner.facts, BannerFacts)
    assert banner.facts.surplus == b"250 nobody asked\r\n"
    assert report.attempt is not None
    assert [event.raw for event in report.attempt.events if isinstance(event, Surplus)] == [b"250 nobody asked\r\n"]
    assert ehlo is not None
    assert isinstance(ehlo.facts, EhloFacts)
    assert ehlo.facts.size == 1000


@pytest.mark.parametrize(
    ("greeting", "protocol"),
    [
        ("S: SSH-2.0-OpenSSH_9.6", "ssh"),
        ("S: * OK IMAP4rev1 ready", "imap"),
        ("S: +OK POP3 ready", "pop3"),
        ("S: HTTP/1.1 400 Bad Request", "http"),
        ("S: 220 ProFTPD FTP server ready", "ftp"),
        ("! raw 15030300020228", "tls-alert"),
        ("S: hello there", "unknown"),
    ],
)
def test_another_protocol_is_named(play: Play, greeting: str, protocol: str) -> None:
    """By its first bytes, which are kept."""
    report = play(f"{greeting}\n")
    step = report.step(Stage.BANNER)
    assert step is not None
    assert isinstance(step.facts, BannerFacts)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.BROKEN, 12)
    assert step.facts.protocol == protocol


def test_helo_when_ehlo_is_refused_for_good(play: Play) -> None:
    """Both are steps of their own, and the refusal is no failure (RFC 5321 section 3.2)."""
    report = play(GREETING + "S: 502 5.5.1 what\nC: HELO *\nS: 250 mail.example.com\n" + QUIT)
    assert report.exit_code == 0
    assert report.attempt is not None
    ehlos = [step for step in report.attempt.steps if step.stage is Stage.EHLO]
    assert [(step.outcome, step.facts.verb) for step in ehlos if isinstance(step.facts, EhloFacts)] == [
        (Outcome.REFUSED, "EHLO"),
        (Outcome.PASSED, "HELO"),
    ]


def test_both_refused(play: Play) -> None:
    """HELO's refusal is where it stopped."""
    report = play(GREETING + "S: 502 no EHLO\nC: HELO *\nS: 550 no HELO\n" + QUIT)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.EHLO, Outcome.REFUSED, 13)


def test_no_helo_after_a_temporary_refusal(play: Play) -> None:
    """421 means later, not otherwise."""
    report = play(GREETING + "S: 421 4.3.2 too busy\n" + QUIT)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.EHLO, Outcome.REFUSED, 33)
    assert [line.split()[0] for line in play.sessions[0].lines] == ["EHLO", "QUIT"]


@pytest.mark.parametrize("code", ["220", "235", "354"])
def test_ehlo_answered_by_something_else(play: Play, code: str) -> None:
    """It is neither accepted nor refused, so HELO is not tried."""
    report = play(GREETING + f"S: {code} hm\nC? QUIT\n")
    assert (report.stage, report.outcome, report.exit_code) == (Stage.EHLO, Outcome.BROKEN, 13)


def test_ehlo_comes_again_after_tls_and_both_lists_are_kept(play: Play) -> None:
    """What was listed in clear is not what counts (RFC 3207 section 4.2)."""
    report = play(upgraded("AUTH PLAIN", "SIZE 2", before=("AUTH LOGIN", "SIZE 1")) + QUIT)
    assert report.exit_code == 0
    assert report.attempt is not None
    lists = [step.facts for step in report.attempt.steps if isinstance(step.facts, EhloFacts)]
    assert [(facts.tls, facts.auth, facts.size) for facts in lists] == [(False, ("LOGIN",), 1), (True, ("PLAIN",), 2)]


def test_the_name_that_was_given_is_the_one_that_is_said(play: Play) -> None:
    """Twice, where TLS comes between, and the report says where it came from."""
    report = play(upgraded("SIZE") + QUIT, helo="client.example.org")
    assert [line for line in play.sessions[0].lines if "EHLO" in line] == ["EHLO client.example.org"] * 2
    assert report.target.ehlo == "client.example.org"
    step = report.step(Stage.EHLO)
    assert step is not None
    assert isinstance(step.facts, EhloFacts)
    assert step.facts.name_origin == "--helo"


def test_lmtp_greets_with_lhlo_and_tries_no_helo() -> None:
    """RFC 2033 section 4.1 has no other."""
    text = "S: 220 LMTP ready\nC: LHLO *\nS: 500 what\n" + QUIT
    with running(parse(text)) as server:
        report = check(f"lmtp://127.0.0.1:{server.port}", timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.EHLO, Outcome.REFUSED, 13)


def test_the_server_closes_instead_of_answering(play: Play) -> None:
    """The words that came before are kept."""
    report = play(clear().removesuffix(listed()) + "! close after 7\nS: 250-mail.example.com\n")
    assert (report.stage, report.outcome, report.exit_code) == (Stage.EHLO, Outcome.CLOSED, 13)
    assert report.attempt is not None
    assert [event.raw for event in report.attempt.events if isinstance(event, Surplus)] == [b"250-mai"]
