"""MAIL and RCPT: every reply at its own command, whatever the flight that it came in; and nothing is left behind."""

import pytest

from smtpcheck.model import EnvelopeFacts, Outcome, QuitFacts, Report, Sent, Stage, Step

from ..conftest import Play
from .lines import QUIT, clear

SENDER = "a@example.com"
TWO = ("b@example.net", "c@example.net")
OK = "S: 250 2.1.0 Ok\n"
RESET = "C: RSET\n" + OK
PASSED = (None, Outcome.PASSED, 0)
BOTH = pytest.mark.parametrize("pipelining", [("PIPELINING",), ()], ids=["pipelined", "lock-step"])


def ended(report: Report) -> tuple[Stage | None, Outcome, int]:
    """Where and how, and the exit code."""
    return report.stage, report.outcome, report.exit_code


def steps(report: Report, stage: Stage) -> list[Step]:
    """All steps of that stage."""
    assert report.attempt is not None
    return [step for step in report.attempt.steps if step.stage is stage]


def told(report: Report, stage: Stage) -> list[tuple[Outcome, str | None, str | None]]:
    """For each step the outcome, the command, and the words of the reply."""
    return [(step.outcome, step.command, step.reply.text if step.reply else None) for step in steps(report, stage)]


def facts(report: Report, stage: Stage) -> EnvelopeFacts:
    """The facts of the first step of that stage."""
    step = steps(report, stage)[0]
    assert isinstance(step.facts, EnvelopeFacts)
    return step.facts


def flights(report: Report) -> list[str]:
    """What went out, write by write."""
    assert report.attempt is not None
    return [event.shown for event in report.attempt.events if isinstance(event, Sent)]


@BOTH
def test_sender_and_recipients_are_accepted_and_reset(play: Play, pipelining: tuple[str, ...]) -> None:
    """No message follows, so the server is told to forget the envelope (RFC 5321 section 4.1.1.5)."""
    text = clear(*pipelining) + f"C: MAIL FROM:<{SENDER}>\nS: 250 sender\n"
    text += "".join(f"C: RCPT TO:<{address}>\nS: 250 {address}\n" for address in TWO)
    report = play(text + RESET + QUIT, sender=SENDER, recipients=TWO)
    assert ended(report) == PASSED
    assert told(report, Stage.SENDER) == [(Outcome.PASSED, f"MAIL FROM:<{SENDER}>", "sender")]
    assert told(report, Stage.RECIPIENT) == [(Outcome.PASSED, f"RCPT TO:<{to}>", to) for to in TWO]
    assert [step.recipient for step in steps(report, Stage.RECIPIENT)] == list(TWO)
    quit_facts = steps(report, Stage.QUIT)[0].facts
    assert isinstance(quit_facts, QuitFacts)
    assert quit_facts.rset == 250
    assert facts(report, Stage.SENDER).pipelined is bool(pipelining)
    assert play.sessions[0].lines[1:] == (f"MAIL FROM:<{SENDER}>", *(f"RCPT TO:<{to}>" for to in TWO), "RSET", "QUIT")


def test_one_flight_where_the_server_pipelines(play: Play) -> None:
    """MAIL, RCPT, RSET and QUIT together (RFC 2920)."""
    text = clear("PIPELINING") + "C: MAIL *\n" + OK + "C: RCPT *\n" + OK + RESET + QUIT
    report = play(text, sender=SENDER, recipients=[TWO[0]])
    assert flights(report)[1:] == [f"MAIL FROM:<{SENDER}>\r\nRCPT TO:<{TWO[0]}>\r\nRSET\r\nQUIT"]


def test_lock_step_where_it_does_not(play: Play) -> None:
    """Each command waits for the reply before it."""
    text = clear() + "C: MAIL *\n" + OK + "C: RCPT *\n" + OK + RESET + QUIT
    report = play(text, sender=SENDER, recipients=[TWO[0]])
    assert flights(report)[1:] == [f"MAIL FROM:<{SENDER}>", f"RCPT TO:<{TWO[0]}>", "RSET", "QUIT"]


def test_the_null_sender(play: Play) -> None:
    """An empty --from is the reverse-path of bounces, not a missing one."""
    report = play(clear() + "C: MAIL FROM:<>\n" + OK + RESET + QUIT, sender="")
    assert ended(report) == PASSED
    assert play.sessions[0].failure is None
    assert facts(report, Stage.SENDER).address == ""


def test_a_sender_alone(play: Play) -> None:
    """Recipients were not asked for."""
    report = play(clear("PIPELINING") + "C: MAIL *\n" + OK + RESET + QUIT, sender=SENDER)
    assert ended(report) == PASSED
    assert told(report, Stage.RECIPIENT) == [(Outcome.SKIPPED, None, None)]


# ---- parameters


@pytest.mark.parametrize(
    ("offered", "wanted"),
    [
        ((), ()),
        (("SIZE 10240000",), ("SIZE",)),
        (("SIZE", "8BITMIME", "SMTPUTF8"), ("SIZE",)),
    ],
)
def test_parameters_as_offered_and_needed(play: Play, offered: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    """SIZE names the size of the message that would be sent (RFC 1870); an ASCII envelope needs nothing else."""
    text = clear(*offered) + "C: MAIL FROM:<*>*\n" + OK + "C: RCPT *\n" + OK + RESET + QUIT
    report = play(text, sender=SENDER, recipients=[TWO[0]])
    assert ended(report) == PASSED
    assert tuple(parameter.partition("=")[0] for parameter in facts(report, Stage.SENDER).parameters) == wanted
    if wanted:
        size = int(facts(report, Stage.SENDER).parameters[0].partition("=")[2])
        assert 200 < size < 2000


@BOTH
def test_an_address_that_is_not_ascii(play: Play, pipelining: tuple[str, ...]) -> None:
    """SMTPUTF8 where it is offered (RFC 6531), in UTF-8 on the wire."""
    text = clear("SMTPUTF8", "8BITMIME", *pipelining) + "C: MAIL FROM:<a@example.com> SMTPUTF8\n" + OK
    text += "C: RCPT TO:<jürgen@example.net>\n" + OK + RESET + QUIT
    report = play(text, sender=SENDER, recipients=["jürgen@example.net"])
    assert ended(report) == PASSED
    assert play.sessions[0].failure is None


@BOTH
def test_smtputf8_needed_and_not_offered(play: Play, pipelining: tuple[str, ...]) -> None:
    """Declined: nothing of the envelope goes out, and QUIT does."""
    text = clear("SIZE", *pipelining) + QUIT
    report = play(text, sender=SENDER, recipients=["jürgen@example.net"])
    assert ended(report) == (Stage.SENDER, Outcome.DECLINED, 17)
    assert flights(report)[1:] == ["QUIT"]


# ---- refusals


@BOTH
@pytest.mark.parametrize(("code", "exit_code"), [("550", 17), ("451", 37), ("530", 17)])
def test_the_sender_is_refused(play: Play, pipelining: tuple[str, ...], code: str, exit_code: int) -> None:
    """It is MAIL's refusal, and what the server says to the RCPTs that shared its flight is theirs."""
    text = clear(*pipelining) + f"C: MAIL *\nS: {code} sender no\n"
    for address in TWO:
        text += f"C? RCPT TO:<{address}>\nS: 503 need MAIL before {address}\n"
    report = play(text + "C? RSET\n" + OK + QUIT, sender=SENDER, recipients=TWO)
    assert ended(report) == (Stage.SENDER, Outcome.REFUSED, exit_code)
    assert told(report, Stage.SENDER) == [(Outcome.REFUSED, f"MAIL FROM:<{SENDER}>", "sender no")]
    if pipelining:
        expected = [(Outcome.SKIPPED, f"RCPT TO:<{to}>", f"need MAIL before {to}") for to in TWO]
        assert told(report, Stage.RECIPIENT) == expected
        assert all("MAIL was refused" in (step.why or "") for step in steps(report, Stage.RECIPIENT))
    else:
        assert told(report, Stage.RECIPIENT) == [(Outcome.SKIPPED, None, None)]
        assert flights(report)[-1] == "QUIT"
        assert "RSET" not in flights(report)
    assert steps(report, Stage.QUIT)[0].outcome is not Outcome.BROKEN


@BOTH
def test_each_recipient_has_its_own_answer(play: Play, pipelining: tuple[str, ...]) -> None:
    """One refused is refused, and the ones after it are asked all the same."""
    text = clear(*pipelining) + "C: MAIL *\n" + OK
    text += "C: RCPT *\nS: 250 first\nC: RCPT *\nS: 550 5.1.1 second\nC: RCPT *\nS: 451 4.7.1 third\n"
    report = play(text + RESET + QUIT, sender=SENDER, recipients=["b@example.net", "c@example.net", "d@example.net"])
    assert ended(report) == (Stage.RECIPIENT, Outcome.REFUSED, 18)
    assert [(outcome, words) for outcome, _, words in told(report, Stage.RECIPIENT)] == [
        (Outcome.PASSED, "first"),
        (Outcome.REFUSED, "5.1.1 second"),
        (Outcome.REFUSED, "4.7.1 third"),
    ]


@BOTH
@pytest.mark.parametrize(
    ("codes", "exit_code"),
    [(("450", "451"), 38), (("250", "450"), 38), (("450", "550"), 18), (("550", "450"), 18), (("550", "250"), 18)],
)
def test_temporary_only_if_every_refusal_is(
    play: Play, pipelining: tuple[str, ...], codes: tuple[str, str], exit_code: int
) -> None:
    """A recipient that will never be accepted makes it permanent, in whichever order they come."""
    text = clear(*pipelining) + "C: MAIL *\n" + OK + "".join(f"C: RCPT *\nS: {code} answer\n" for code in codes)
    report = play(text + RESET + QUIT, sender=SENDER, recipients=TWO)
    assert ended(report) == (Stage.RECIPIENT, Outcome.REFUSED, exit_code)


@BOTH
def test_an_answer_that_belongs_to_another_command(play: Play, pipelining: tuple[str, ...]) -> None:
    """A 354 to RCPT is neither yes nor no."""
    text = (
        clear(*pipelining) + "C: MAIL *\n" + OK + "C: RCPT *\nS: 354 go ahead\nC? RSET\n" + OK + "C? QUIT\nS: 221 Bye\n"
    )
    report = play(text, sender=SENDER, recipients=[TWO[0]])
    assert ended(report) == (Stage.RECIPIENT, Outcome.BROKEN, 18)


@BOTH
@pytest.mark.parametrize("after", [0, 1, 2])
def test_the_server_closes_half_way(play: Play, pipelining: tuple[str, ...], after: int) -> None:
    """What was answered stays answered, and the step that was not is `closed`."""
    commands = ["MAIL", "RCPT", "RCPT"]
    text = clear(*pipelining)
    for number, command in enumerate(commands):
        text += f"C: {command} *\n" + ("! close\n" if number == after else OK)
        if number == after:
            break
    report = play(text, sender=SENDER, recipients=TWO)
    stage = Stage.SENDER if after == 0 else Stage.RECIPIENT
    assert ended(report) == (stage, Outcome.CLOSED, 17 if after == 0 else 18)
    passed = [step for step in [*steps(report, Stage.SENDER), *steps(report, Stage.RECIPIENT)] if step.passed]
    assert len(passed) == after


def test_421_half_way_is_the_last_word(play: Play) -> None:
    """The refusal is kept at its recipient, although the connection ends there too."""
    text = clear("PIPELINING") + "C: MAIL *\n" + OK + "C: RCPT *\nS: 421 4.3.2 shutting down\n! close\n"
    report = play(text, sender=SENDER, recipients=TWO)
    assert ended(report) == (Stage.RECIPIENT, Outcome.REFUSED, 38)
    assert [outcome for outcome, _, _ in told(report, Stage.RECIPIENT)] == [Outcome.REFUSED, Outcome.CLOSED]


# ---- many


def recipients(count: int) -> list[str]:
    """That many addresses."""
    return [f"user{number}@example.net" for number in range(count)]


@BOTH
def test_100_recipients(play: Play, pipelining: tuple[str, ...]) -> None:
    """Several flights, and still every reply at its recipient."""
    everybody = recipients(100)
    text = clear(*pipelining) + "C: MAIL *\n" + OK
    for number, address in enumerate(everybody):
        text += f"C: RCPT TO:<{address}>\nS: {550 if number == 77 else 250} {address}\n"
    report = play(text + RESET + QUIT, sender=SENDER, recipients=everybody)
    assert ended(report) == (Stage.RECIPIENT, Outcome.REFUSED, 18)
    assert play.sessions[0].failure is None
    answers = steps(report, Stage.RECIPIENT)
    assert [(step.recipient, step.reply.text if step.reply else None) for step in answers] == [
        (address, address) for address in everybody
    ]
    assert [step.recipient for step in answers if not step.passed] == ["user77@example.net"]
    quit_facts = steps(report, Stage.QUIT)[0].facts
    assert isinstance(quit_facts, QuitFacts)
    assert quit_facts.rset == 250
    if pipelining:
        assert len(flights(report)[1:]) == 3


@pytest.mark.parametrize("count", [47, 48, 49, 50, 98, 99])
def test_flights_end_anywhere(play: Play, count: int) -> None:
    """Also where RSET or QUIT is the first of the next flight."""
    everybody = recipients(count)
    text = clear("PIPELINING") + "C: MAIL *\n" + OK + ("C: RCPT *\n" + OK) * count + RESET + QUIT
    report = play(text, sender=SENDER, recipients=everybody)
    assert ended(report) == PASSED
    assert play.sessions[0].lines[-2:] == ("RSET", "QUIT")
    assert play.sessions[0].failure is None


def test_the_sender_of_100_recipients_is_refused(play: Play) -> None:
    """Only those recipients were asked whose RCPT had gone out with MAIL."""
    text = clear("PIPELINING") + "C: MAIL *\nS: 550 no\n" + "C: RCPT *\nS: 503 no\n" * 49 + "C? RSET\n" + OK + QUIT
    report = play(text, sender=SENDER, recipients=recipients(100))
    assert ended(report) == (Stage.SENDER, Outcome.REFUSED, 17)
    assert len(steps(report, Stage.RECIPIENT)) == 49
    assert play.sessions[0].failure is None
    assert play.sessions[0].lines[-1] == "QUIT"
