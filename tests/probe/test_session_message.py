"""The message is sent once, whole, and what the server says of it is told for no more than it is."""

import email
import email.policy
import socket
from pathlib import Path

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import MessageFacts, Outcome, Report, Stage
from smtpcheck.serve import running

from ..conftest import Play
from .lines import QUIT, clear, listed

SENDER = "a@example.com"
ENVELOPE = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n"
DATA = "C: DATA\nS: 354 go ahead\nC: **\nC: .\n"


def ended(report: Report) -> tuple[Stage | None, Outcome, int]:
    """Where and how, and the exit code."""
    return report.stage, report.outcome, report.exit_code


def facts(report: Report) -> MessageFacts:
    """The facts of the message."""
    step = report.step(Stage.MESSAGE)
    assert step is not None
    assert isinstance(step.facts, MessageFacts)
    return step.facts


def sent(play: Play, text: str, **wanted: object) -> Report:
    """A check that sends a message to one recipient."""
    told = {"sender": SENDER, "recipients": ["b@example.net"], "send": True, **wanted}
    return play(text, **told)  # type: ignore[arg-type]  # the names of Wanted


def test_accepted_with_its_queue_id(play: Play) -> None:
    """The final reply and the identifier in it; no RSET, since there is nothing to forget."""
    report = sent(play, clear("PIPELINING") + ENVELOPE + DATA + "S: 250 2.0.0 Ok: queued as 4XyZab1c2dz3pQ\n" + QUIT)
    assert ended(report) == (None, Outcome.PASSED, 0)
    assert (facts(report).phase, facts(report).queue_id) == ("dot", "4XyZab1c2dz3pQ")
    step = report.step(Stage.MESSAGE)
    assert step is not None
    assert step.reply is not None
    assert step.reply.text == "2.0.0 Ok: queued as 4XyZab1c2dz3pQ"
    assert "RSET" not in play.sessions[0].lines
    assert play.sessions[0].failure is None
    assert f"({facts(report).size} bytes)" in play.sessions[0].lines


def test_every_message_has_an_identifier_of_its_own(play: Play) -> None:
    """And one of the sender's domain."""
    text = clear() + ENVELOPE + DATA + "S: 250 ok\n" + QUIT
    first, second = facts(sent(play, text)).message_id, facts(sent(play, text)).message_id
    assert first != second
    assert first.endswith("@example.com")


@pytest.mark.parametrize(("code", "exit_code"), [("552", 19), ("451", 39), ("503", 19)])
def test_refused_at_data(play: Play, code: str, exit_code: int) -> None:
    """Nothing of the message was sent."""
    report = sent(play, clear() + ENVELOPE + f"C: DATA\nS: {code} no\n" + QUIT)
    assert ended(report) == (Stage.MESSAGE, Outcome.REFUSED, exit_code)
    assert facts(report).phase == "data"


@pytest.mark.parametrize(("code", "exit_code"), [("552", 19), ("451", 39), ("554", 19)])
def test_refused_after_the_dot(play: Play, code: str, exit_code: int) -> None:
    """The server had all of it, and said no."""
    report = sent(play, clear() + ENVELOPE + DATA + f"S: {code} 5.7.1 spam\n" + QUIT)
    assert ended(report) == (Stage.MESSAGE, Outcome.REFUSED, exit_code)
    assert facts(report).phase == "dot"
    assert facts(report).queue_id is None


@pytest.mark.parametrize("code", ["250", "220"])
def test_data_answered_by_something_else(play: Play, code: str) -> None:
    """No 354, no message."""
    report = sent(play, clear() + ENVELOPE + f"C: DATA\nS: {code} ok\nC? QUIT\n")
    assert ended(report) == (Stage.MESSAGE, Outcome.BROKEN, 19)
    assert facts(report).phase == "data"


@pytest.mark.parametrize("code", ["354", "334"])
def test_the_dot_answered_by_something_else(play: Play, code: str) -> None:
    """A 3yz is no acceptance: never a false green."""
    report = sent(play, clear() + ENVELOPE + DATA + f"S: {code} go on\nC? QUIT\n")
    assert ended(report) == (Stage.MESSAGE, Outcome.BROKEN, 19)


@pytest.mark.parametrize(("ending", "outcome"), [("close", Outcome.CLOSED), ("stall", Outcome.STALLED)])
def test_no_word_after_the_dot(play: Play, ending: str, outcome: Outcome) -> None:
    """It may have been sent: the facts keep that everything was."""
    report = sent(play, clear() + ENVELOPE + DATA + f"! {ending}\n", timeout=0.3)
    assert ended(report) == (Stage.MESSAGE, outcome, 19)
    assert facts(report).phase == "dot"


def test_nothing_is_sent_unless_every_recipient_was_accepted(play: Play) -> None:
    """A test message to half of the list is none."""
    text = clear("PIPELINING") + ENVELOPE + "C: RCPT *\nS: 550 no\n" + QUIT
    report = sent(play, text, recipients=["b@example.net", "c@example.net"])
    assert ended(report) == (Stage.RECIPIENT, Outcome.REFUSED, 18)
    assert "DATA" not in play.sessions[0].lines


def test_nothing_is_sent_unless_it_was_asked_for(play: Play) -> None:
    """No DATA, and the envelope is reset."""
    text = clear() + ENVELOPE + "C: RSET\nS: 250 ok\n" + QUIT
    report = play(text, sender=SENDER, recipients=["b@example.net"])
    assert report.exit_code == 0
    step = report.step(Stage.MESSAGE)
    assert step is not None
    assert (step.outcome, step.why) == (Outcome.SKIPPED, "not asked for")


@pytest.mark.parametrize(("keywords", "parameter"), [(("8BITMIME",), "BODY=8BITMIME"), ((), None)])
def test_a_body_that_is_not_ascii(play: Play, tmp_path: Path, keywords: tuple[str, ...], parameter: str | None) -> None:
    """Announced where the server offers 8BITMIME, else put into seven bits (RFC 6152)."""
    body = tmp_path / "body.txt"
    body.write_text("Grüße\n.\n" + "ü" * 30 + "\n", encoding="utf-8")
    mail = f"C: MAIL FROM:<a@example.com>{' ' + parameter if parameter else ''}\nS: 250 ok\nC: RCPT *\nS: 250 ok\n"
    report = sent(play, clear(*keywords) + mail + DATA + "S: 250 ok\n" + QUIT, body_file=str(body))
    assert ended(report) == (None, Outcome.PASSED, 0)
    assert play.sessions[0].failure is None


def test_it_arrives_as_it_was_composed() -> None:
    """Received by another implementation of SMTP, and read by another of RFC 5322."""
    from aiosmtpd.controller import Controller
    from aiosmtpd.handlers import Message as Handler

    received: list[email.message.Message] = []

    class Keep(Handler):
        def handle_message(self, message: email.message.Message) -> None:
            received.append(message)

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(Keep(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        report = check(
            f"127.0.0.1:{port}",
            tls="off",
            sender=SENDER,
            recipients=["b@example.net", "c@example.net"],
            send=True,
            subject="Prüfung",
            header_from="postmaster@example.com",
            timeout=5.0,
        )
    finally:
        controller.stop()
    assert report.exit_code == 0
    [message] = received
    assert message["From"] == "<postmaster@example.com>"
    assert message["X-MailFrom"] == SENDER
    assert message["Message-ID"] == f"<{facts(report).message_id}>"
    assert "smtpcheck" in str(message.get_payload())
    decoded = email.message_from_string(message.as_string(), policy=email.policy.default)
    assert decoded["Subject"] == "Prüfung"


# ---- LMTP

LHLO = "S: 220 LMTP ready\nC: LHLO *\n" + listed("PIPELINING")


def delivered(target: str) -> Report:
    """A message for two recipients by LMTP."""
    return check(target, sender=SENDER, recipients=["b@example.net", "c@example.net"], send=True, timeout=5.0)


@pytest.mark.parametrize(
    ("replies", "outcome", "exit_code"),
    [
        (("250 2.1.5 first", "250 2.1.5 second"), Outcome.PASSED, 0),
        (("250 2.1.5 first", "550 5.2.2 second"), Outcome.REFUSED, 19),
        (("452 4.2.2 first", "250 2.1.5 second"), Outcome.REFUSED, 39),
        (("452 4.2.2 first", "550 5.2.2 second"), Outcome.REFUSED, 19),
    ],
)
def test_lmtp_answers_for_each_recipient(replies: tuple[str, str], outcome: Outcome, exit_code: int) -> None:
    """RFC 2033 section 4.2: one refused mailbox is a refusal, temporary only if all the refused ones are."""
    text = LHLO + "C: MAIL *\nS: 250 ok\n" + "C: RCPT *\nS: 250 ok\n" * 2 + DATA
    text += "".join(f"S: {reply}\n" for reply in replies) + QUIT
    with running(parse(text)) as server:
        report = delivered(f"lmtp://127.0.0.1:{server.port}")
    assert (report.outcome, report.exit_code) == (outcome, exit_code)
    assert facts(report).lmtp == replies


def test_lmtp_by_a_unix_socket(tmp_path: Path) -> None:
    """No name, no TLS, no port."""
    path = tmp_path / "lmtp.sock"
    text = LHLO + "C: MAIL *\nS: 250 ok\n" + "C: RCPT *\nS: 250 ok\n" * 2 + DATA + "S: 250 one\nS: 250 two\n" + QUIT
    with running(parse(text), path=str(path)):
        report = delivered(f"unix:{path}")
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert report.attempt is not None
    assert report.attempt.address == str(path)
    dns = report.step(Stage.DNS)
    assert dns is not None
    assert dns.why == "a UNIX socket has no name to resolve"


def test_a_unix_socket_that_is_not_there(tmp_path: Path) -> None:
    """The path is named."""
    report = check(f"unix:{tmp_path}/nothing.sock", timeout=5.0)
    assert ended(report) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)
