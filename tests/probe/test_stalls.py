"""Every stage against every way to stop: the outcome, who ended it, when, and that nothing is left behind."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.model import Closed, MessageFacts, Outcome, Report, Silent, Stage, Step, TlsFacts
from smtpcheck.serve import running

from .leftovers import SLACK, in_time, nothing_left, watched

DEADLINE = 0.3
HOST = "mail.example.com"
EXIT_CODES = {
    Stage.BANNER: 12,
    Stage.EHLO: 13,
    Stage.STARTTLS: 14,
    Stage.TLS: 15,
    Stage.AUTH: 16,
    Stage.SENDER: 17,
    Stage.RECIPIENT: 18,
    Stage.MESSAGE: 19,
}

# How a server stops, and the outcome. A drip comes to 0.05 s for each of at least 20 bytes, which is over the deadline.
FAULTS = {
    "silent": ("! stall\n", Outcome.STALLED),
    "drips": ("! drip 0.05\nS: {code} one byte at a time, for ever and ever\n", Outcome.STALLED),
    "half a line": ("! stall after 9\nS: {code} one half of it\n", Outcome.STALLED),
    "half-closes": ("! half-close\n", Outcome.CLOSED),
    "closes": ("! close\n", Outcome.CLOSED),
    "closes in a line": ("! close after 9\nS: {code} one half of it\n", Outcome.CLOSED),
    # Not at once: a reset that comes while a connect is being told of is one of `connect`.
    "resets": ("! sleep 0.05\n! reset\n", Outcome.CLOSED),
}

GREETING = "S: 220 mail.example.com ESMTP\nC: EHLO *\n"
CLEAR = GREETING + "S: 250 mail.example.com\n"
PIPELINING = GREETING + "S: 250-mail.example.com\nS: 250 PIPELINING\n"
STARTTLS = GREETING + "S: 250-mail.example.com\nS: 250 STARTTLS\nC: STARTTLS\n"
IN_TLS = STARTTLS + "S: 220 go\n! tls\nC: EHLO *\n"
LOGIN = IN_TLS + "S: 250-mail.example.com\nS: 250 AUTH PLAIN LOGIN\n"
ENVELOPE = CLEAR + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: RCPT *\n"

USER = {"user": "alice"}
MAIL: dict[str, Any] = {"sender": "a@example.com", "recipients": ("b@example.net", "c@example.net")}
SEND = {**MAIL, "send": True}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a server stops: the dialogue up to there, and what the check is asked for. `code` begins its reply."""

    text: str
    stage: Stage
    waiting: str
    code: int = 250
    asked: dict[str, Any] = field(default_factory=dict)
    patience: str | None = None


PLACES = {
    "banner": Place(text="", stage=Stage.BANNER, code=220, waiting="the banner"),
    "ehlo": Place(text=GREETING, stage=Stage.EHLO, waiting="the reply to EHLO"),
    "starttls": Place(text=STARTTLS, stage=Stage.STARTTLS, code=220, waiting="the reply to STARTTLS", asked=USER),
    "ehlo in TLS": Place(text=IN_TLS, stage=Stage.EHLO, waiting="the reply to EHLO", asked=USER),
    "banner in TLS": Place(
        text="! implicit\n", stage=Stage.BANNER, code=220, waiting="the banner", asked={"tls": "implicit"}
    ),
    "AUTH": Place(
        text=LOGIN + "C: AUTH PLAIN *\n", stage=Stage.AUTH, code=235, waiting="the reply to AUTH PLAIN", asked=USER
    ),
    "the answer to a 334": Place(
        text=LOGIN + "C: AUTH LOGIN*\nS: 334 VXNlcm5hbWU6\nC: *\n",
        stage=Stage.AUTH,
        code=334,
        waiting="the reply to AUTH LOGIN",
        asked={**USER, "auth": "login"},
    ),
    "MAIL": Place(text=CLEAR + "C: MAIL *\n", stage=Stage.SENDER, waiting="the reply to MAIL", asked=MAIL),
    "MAIL in a flight": Place(
        text=PIPELINING + "C: MAIL *\n", stage=Stage.SENDER, waiting="the reply to MAIL", asked=MAIL
    ),
    "the first RCPT": Place(
        text=CLEAR + "C: MAIL *\nS: 250 ok\nC: RCPT *\n",
        stage=Stage.RECIPIENT,
        waiting="the reply to RCPT",
        asked=MAIL,
    ),
    "the second RCPT": Place(text=ENVELOPE, stage=Stage.RECIPIENT, waiting="the reply to RCPT", asked=MAIL),
    "the second RCPT in a flight": Place(
        text=PIPELINING + "C: MAIL *\nC: RCPT *\nC: RCPT *\nC: RSET\nC: QUIT\nS: 250 ok\nS: 250 ok\n! sleep 0\n",
        stage=Stage.RECIPIENT,
        waiting="the reply to RCPT",
        asked=MAIL,
    ),
    "DATA": Place(
        text=ENVELOPE + "S: 250 ok\nC: DATA\n", stage=Stage.MESSAGE, code=354, waiting="the reply to DATA", asked=SEND
    ),
    "the final dot": Place(
        text=ENVELOPE + "S: 250 ok\nC: DATA\nS: 354 go\nC: **\nC: .\n",
        stage=Stage.MESSAGE,
        waiting="the reply to the final dot",
        asked=SEND,
        patience="message_end",
    ),
}

FLIGHTS = {
    "client-hello": "ServerHello",
    "server-hello": "ServerHello",
    "certificate": "EncryptedExtensions",
    "finished": "Finished",
}


@contextmanager
def playing(text: str) -> Iterator[str]:
    """The target where `text` is played."""
    with running(parse(text), names=[HOST]) as server:
        yield f"{HOST}:{server.port}"


def checked(text: str, patience: dict[str, float], **asked: Any) -> Report:
    """The report of a check of the server that plays `text`, which left nothing behind."""
    with nothing_left(), playing(text) as target:
        return watched(target, patience, **asked)


def stopped(report: Report) -> Step:
    """The step where it stopped: the last one of its stage."""
    assert report.stage is not None
    step = report.step(report.stage)
    assert step is not None
    return step


def ended_by(report: Report, step: Step) -> Silent | Closed:
    """What ended the step: our patience, or the peer."""
    assert report.attempt is not None
    assert step.events is not None
    first, last = step.events
    (found,) = (event for event in report.attempt.events[first : last + 1] if isinstance(event, Silent | Closed))
    return found


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("place", PLACES)
def test_a_server_that_stops_ends_the_step_by_its_deadline(place: str, fault: str, ca_file: str) -> None:
    """Stage, outcome, exit code, who ended it and when."""
    at = PLACES[place]
    text, outcome = FAULTS[fault]
    patience = {at.patience or at.stage.value: DEADLINE}
    report = checked(at.text + text.format(code=at.code), patience, ca_file=ca_file, **at.asked)

    assert (report.stage, report.outcome, report.exit_code) == (at.stage, outcome, EXIT_CODES[at.stage])
    step = stopped(report)
    assert in_time(step, DEADLINE)
    end = ended_by(report, step)
    if outcome is Outcome.STALLED:
        assert isinstance(end, Silent)
        assert end.waiting_for == at.waiting
        assert step.seconds >= DEADLINE
        assert bool(end.partial) is (fault != "silent")
    else:
        assert isinstance(end, Closed)
        assert end.how == _how(fault, in_tls="! tls" in at.text or "! implicit" in at.text)
        assert step.seconds < DEADLINE + SLACK


def _how(fault: str, *, in_tls: bool) -> str:
    """How the connection ended: TLS has an end of its own, and a FIN without it is another fact."""
    if fault == "resets":
        return "reset"
    return "close-notify" if in_tls and fault.startswith("closes") else "eof"


@pytest.mark.parametrize("ending", ["stall", "close", "reset"])
@pytest.mark.parametrize("flight", FLIGHTS)
@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("begin", ["! implicit", STARTTLS + "S: 220 go\n! tls"])
def test_a_handshake_that_stops_after_any_flight_ends_by_its_deadline(
    begin: str, version: str, flight: str, ending: str, ca_file: str
) -> None:
    """The facts say which message was owed."""
    if (begin, flight, ending) == ("! implicit", "client-hello", "reset"):
        pytest.skip("a reset in place of everything: a matter of `connect`")
    asked: dict[str, Any] = {"tls": "implicit" if begin == "! implicit" else "starttls", "until": "tls"}
    report = checked(f"{begin} {version} {ending}={flight}\n", {"tls": DEADLINE}, ca_file=ca_file, **asked)

    outcome = Outcome.STALLED if ending == "stall" else Outcome.CLOSED
    assert (report.stage, report.outcome, report.exit_code) == (Stage.TLS, outcome, 15)
    step = stopped(report)
    assert in_time(step, DEADLINE)
    end = ended_by(report, step)
    assert isinstance(step.facts, TlsFacts)
    if ending == "stall":
        assert isinstance(end, Silent)
        assert step.facts.failure == "stalled"
        if (flight, version) != ("certificate", "1.2"):
            assert end.waiting_for == FLIGHTS[flight]
    else:
        assert isinstance(end, Closed)
        assert step.facts.failure in ("eof", "reset")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("! drip 0.05\n! raw 160303007a020000760303" + "00" * 32 + "\n", Outcome.STALLED),
        ("! half-close\n", Outcome.CLOSED),
    ],
    ids=["drips", "half-closes"],
)
def test_a_handshake_that_drips_or_half_closes(fault: str, outcome: Outcome, ca_file: str) -> None:
    """A ServerHello that comes byte by byte, and a FIN in its place."""
    report = checked(
        STARTTLS + "S: 220 go\nC: *\n" + fault, {"tls": DEADLINE}, ca_file=ca_file, tls="starttls", until="tls"
    )
    assert (report.stage, report.outcome, report.exit_code) == (Stage.TLS, outcome, 15)
    assert in_time(stopped(report), DEADLINE)


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ("! sleep 30\n", Outcome.STALLED),
        ("! half-close\n", Outcome.CLOSED),
        ("! close\n", Outcome.CLOSED),
        ("! reset\n", Outcome.CLOSED),
    ],
)
@pytest.mark.parametrize("tls", [False, True])
def test_a_message_that_the_server_does_not_take(
    tls: bool, fault: str, outcome: Outcome, ca_file: str, tmp_path: Path
) -> None:
    """A body that no send buffer holds, and a server that does not read: the deadline ends the sending, too."""
    before = IN_TLS if tls else GREETING
    body = tmp_path / "body"
    body.write_text("a line that is not long\n" * 40_000)
    script = before + "S: 250 mail.example.com\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\n"
    asked = {"sender": "a@example.com", "recipients": ("b@example.net",), "send": True, "body_file": str(body)}
    with nothing_left(), small_buffers(), playing(script + fault) as target:
        report = watched(target, {"message": DEADLINE}, ca_file=ca_file, **asked)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.MESSAGE, outcome, 19)
    step = stopped(report)
    assert in_time(step, DEADLINE)
    if fault.startswith("! sleep"):
        end = ended_by(report, step)
        assert isinstance(end, Silent)
        assert end.waiting_for == "the server to take the message"
        assert isinstance(step.facts, MessageFacts)
        assert step.facts.phase == "body"


@pytest.mark.parametrize("ending", ["! close\n", "! reset\n", "! half-close\n"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_refusal_in_the_middle_of_the_message_is_not_lost(
    tls: bool, ending: str, ca_file: str, tmp_path: Path
) -> None:
    """The server's last words count, also where the reset that follows ends our sending."""
    before = IN_TLS if tls else GREETING
    body = tmp_path / "body"
    body.write_text("a line that is not long\n" * 40_000)
    script = before + "S: 250 mail.example.com\nC: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\n"
    asked = {"sender": "a@example.com", "recipients": ("b@example.net",), "send": True, "body_file": str(body)}
    with nothing_left(), small_buffers(), playing(script + "! sleep 0.05\nS: 552 too big\n" + ending) as target:
        report = watched(target, {}, ca_file=ca_file, **asked)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.MESSAGE, Outcome.REFUSED, 19)
    step = stopped(report)
    assert step.reply is not None
    assert (step.reply.code, step.reply.lines) == (552, ("too big",))


@contextmanager
def small_buffers() -> Iterator[None]:
    """Sockets that hold little, so that a megabyte does not fit between two of them."""
    listen, connect = socket.socket.listen, socket.socket.connect

    def listen_small(sock: socket.socket, *backlog: int) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16 * 1024)
        listen(sock, *backlog)

    def connect_small(sock: socket.socket, address: Any) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * 1024)
        connect(sock, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "listen", listen_small)
        patch.setattr(socket.socket, "connect", connect_small)
        yield


@pytest.mark.parametrize("fault", FAULTS)
def test_rset_that_is_not_answered_costs_no_more_than_its_deadline(fault: str, ca_file: str) -> None:
    """All that was asked for has passed: the end of the session changes no verdict."""
    text = ENVELOPE + "S: 250 ok\nC: RSET\n" + FAULTS[fault][0].format(code=250)
    report = checked(text, {"quit": DEADLINE}, ca_file=ca_file, **MAIL)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    step = report.step(Stage.QUIT)
    assert step is not None
    assert step.outcome is FAULTS[fault][1]
    assert in_time(step, DEADLINE)


@pytest.mark.parametrize("fault", FAULTS)
def test_quit_is_not_waited_for(fault: str, ca_file: str) -> None:
    """The report does not wait for a farewell, and the connection is not kept for one."""
    text = ENVELOPE + "S: 250 ok\nC: RSET\nS: 250 ok\nC: QUIT\n" + FAULTS[fault][0].format(code=221)
    report = checked(text, {"quit": DEADLINE}, ca_file=ca_file, **MAIL)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    step = report.step(Stage.QUIT)
    assert step is not None
    assert step.seconds < SLACK + step.lag
