"""Second looks: beside a first connection that waits, never rude, never with a credential, and never too long."""

import asyncio
import socket
import time
from dataclasses import replace
from typing import Any

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import (
    Attempt,
    Closed,
    Connected,
    ConnectFacts,
    Outcome,
    Progress,
    Reply,
    Report,
    Silent,
    Stage,
    Step,
)
from smtpcheck.probe import looks
from smtpcheck.probe.looks import VARIATIONS, may_look
from smtpcheck.serve import Running, running

from ..conftest import HOST, Play
from .leftovers import SLACK, Interruption, alone, full_queue, nothing_left, wanted
from .lines import QUIT, Login, clear, implicit

NEVER = ("AUTH", "MAIL", "RCPT", "DATA", "BDAT")
LOGIN: Login = {"user": "alice@example.com", "password": "any old password"}


def taken(report: Report) -> list[str]:
    return [asked.look for asked in report.asked]


def assert_harmless(server: Running | Play) -> None:
    """No connection that the server saw said anything of a login or of mail."""
    for session in server.sessions:
        assert not [line for line in session.lines if line.upper().startswith(NEVER)], session.lines


# --- what they are for: port and TLS mode that disagree -------------------------------------------------------------


def test_a_clear_client_on_a_port_that_waits_for_tls_is_told_within_four_seconds(ca_file: str) -> None:
    """With the patience that everybody has: 3 s of silence, then a ClientHello beside it. Nobody waits 30 s."""
    with running(parse(implicit() + QUIT), names=[HOST]) as server, nothing_left():
        began = time.monotonic()
        report = check(f"{HOST}:{server.port}", address="127.0.0.1", ca_file=ca_file, **LOGIN)
        seconds = time.monotonic() - began
    assert 3.0 < report.seconds <= seconds < 4.0 + SLACK
    assert report.cause is not None
    assert (report.cause.id, report.cause.certainty) == ("implicit-tls-port-used-with-starttls", "certain")
    assert HOST in " ".join((report.cause.title, report.cause.why, *report.cause.fix))
    step = report.step(Stage.BANNER)
    assert step is not None
    assert (report.stage, report.outcome, step.ended_by) == (Stage.BANNER, Outcome.STALLED, "look")
    assert taken(report) == ["tls-first"]
    pointed = {int(pointer["attempt"]) for pointer in report.cause.evidence}
    assert {report.attempts[index].look for index in pointed} == {"first", "tls-first"}
    look = next(attempt for attempt in report.attempts if attempt.look == "tls-first")
    shaken = look.step(Stage.TLS)
    assert shaken is not None
    assert HOST in repr(shaken.facts)
    assert_harmless(server)


def test_tls_on_a_port_that_greets_in_clear_is_told_within_a_second(play: Play) -> None:
    """The greeting came instead of a ServerHello, and is quoted: no look is needed."""
    began = time.monotonic()
    report = play(clear("STARTTLS"), tls="implicit", timeout=15.0)
    assert time.monotonic() - began < 1.0 + SLACK
    assert report.cause is not None
    assert (report.cause.id, report.cause.certainty) == ("starttls-port-used-with-implicit-tls", "certain")
    assert "220 mail.example.com ESMTP" in " ".join((report.cause.title, report.cause.why, *report.cause.fix))
    assert taken(report) == []


# --- the first connection goes on -----------------------------------------------------------------------------------


def test_a_greeting_that_comes_after_all_is_greeted(ca_file: str) -> None:
    """A slow server: the look was taken in vain, stands in the report, and the session passes."""
    text = "! sleep 0.9\n" + clear() + QUIT + "---\n! close\n"
    with running(parse(text), names=[HOST]) as server, nothing_left():
        report = check(f"{HOST}:{server.port}", address="127.0.0.1", ca_file=ca_file, timeout=1.6)
    assert report.passed
    assert report.cause is None
    assert taken(report) == ["tls-first"]
    assert "banner-slow" in {one.id for one in report.also}


def test_a_greeting_after_three_and_a_half_seconds_passes(play: Play) -> None:
    """With the patience that everybody has."""
    report = play("! sleep 3.5\n" + clear() + QUIT + "---\n! stall\n", timeout=30.0)
    assert report.passed
    assert report.seconds < 4.0 + SLACK, "what the look would still find out is not waited for"
    assert taken(report) == ["tls-first"]
    look = next(attempt for attempt in report.attempts if attempt.look == "tls-first")
    assert look.stopper is not None
    assert look.stopper.why == "the first connection went on"
    slow = next(one for one in report.also if one.id == "banner-slow")
    assert "3.5 s" in slow.title + slow.why


# --- what they never do ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VARIATIONS)
def test_a_look_ends_before_a_login(name: str) -> None:
    """By its definition: none goes further than EHLO."""
    assert VARIATIONS[name].until in (Stage.BANNER, Stage.TLS, Stage.EHLO)


def test_a_look_sends_no_credential_and_no_mail(play: Play) -> None:
    """Everything was asked for: a login, a sender, a recipient, a message. The look has a server that would take it."""
    willing = "! implicit\n" + clear("AUTH PLAIN") + "C: *\nS: 250 x\n" * 4
    report = play(
        "! stall\n---\n" + willing,
        timeout=0.8,
        sender="a@example.com",
        recipients=["b@example.net"],
        send=True,
        **LOGIN,
    )
    assert report.cause is not None
    assert report.cause.id == "implicit-tls-port-used-with-starttls"
    assert len(play.sessions) == 2
    assert_harmless(play)


def test_no_look_without_leave(play: Play) -> None:
    """`--no-second-looks`: one connection, and what it allows to say."""
    report = play("! stall\n---\n" + implicit(), timeout=0.6, second_looks=False)
    assert len(play.sessions) == 1
    assert taken(report) == []
    assert report.cause is not None
    assert report.cause.id == "banner-stalled"


@pytest.mark.parametrize(
    "text",
    ["S: 421 4.7.0 Too many connections\n! close\n", "S: 554 5.7.1 Go away\n! close\n",
     clear("STARTTLS") + "C: STARTTLS\nS: 454 4.7.0 Error: too many new TLS sessions\n"],
    ids=["421", "554", "rate"],
)  # fmt: skip
def test_no_look_after_a_server_said_enough(text: str, play: Play) -> None:
    """One connection."""
    report = play(text, tls="starttls")
    assert taken(report) == []
    assert len(play.sessions) == 1


def test_no_second_round_after_a_look_was_told_so(play: Play) -> None:
    """The look itself met a 421: nothing more is asked, whatever is still open."""
    first = "! implicit stall=server-hello\n"
    report = play(first + "---\nS: 421 4.7.0 Too many connections\n! close\n---\n" + first, tls="implicit", timeout=0.8)
    assert taken(report) == ["clear-first"]
    assert len(play.sessions) == 2


def said(stage: Stage, code: int, text: str, outcome: Outcome = Outcome.REFUSED) -> tuple[Attempt, ...]:
    """A recording in which a server said that."""
    reply = Reply(code=code, lines=(text,))
    step = Step(stage=stage, outcome=outcome, began=0.0, seconds=0.1, reply=reply)
    return (Attempt(look="first", address="127.0.0.1", steps=(step,), events=()),)


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        (Stage.BANNER, 554, "5.7.1 Go away"),
        (Stage.BANNER, 421, "Service not available"),
        (Stage.EHLO, 421, "4.7.0 Error: too many connections"),
        (Stage.STARTTLS, 450, "4.7.1 Error: too many new TLS sessions"),
        (Stage.AUTH, 454, "4.7.0 Login rate limit exceeded"),
        (Stage.SENDER, 451, "4.7.500 Server busy. Throttled"),
    ],
)
def test_when_another_connection_would_be_rude(stage: Stage, code: int, text: str) -> None:
    assert not may_look(said(stage, code, text))


@pytest.mark.parametrize(
    ("stage", "code", "text"),
    [
        (Stage.BANNER, 220, "mail.example.com"),
        (Stage.STARTTLS, 454, "4.7.0 TLS not available due to local problem"),
        (Stage.EHLO, 451, "temporary failure of a corporate server"),
    ],
)
def test_when_it_would_not(stage: Stage, code: int, text: str) -> None:
    outcome = Outcome.PASSED if code < 400 else Outcome.REFUSED
    assert may_look(said(stage, code, text, outcome))


# --- bounds ---------------------------------------------------------------------------------------------------------


def test_at_most_two_rounds(play: Play) -> None:
    """Each look once, however long the recording stays undecided."""
    report = play("! stall\n", timeout=0.6)
    assert len(taken(report)) == len(set(taken(report))) <= 2
    assert len(play.sessions) == 1 + len(taken(report))


def test_looks_end_with_the_run() -> None:
    """`--max-time` counts for them as for the rest."""
    with full_queue() as (_, port), full_queue() as (_, other), pytest.MonkeyPatch.context() as patch, nothing_left():
        patch.setattr(looks, "SIBLINGS", (other,))
        began = time.monotonic()
        report = check(f"{HOST}:{port}", address="127.0.0.1", timeout=1.0, max_time=0.8)
        assert time.monotonic() - began < 0.8 + SLACK + 0.3
    assert report.outcome is Outcome.INTERRUPTED
    assert taken(report) == ["sibling-ports"]
    assert report.exit_code == 11


def test_ctrl_c_during_a_look_ends_it_at_once() -> None:
    """With what was seen until then; nothing is left behind."""
    stop = Interruption(lambda happened: happened.look == "tls-first" and happened.kind == "began")

    async def run(target: str, **asked: Any) -> Report:
        built, options = wanted(target, {"banner": 1.0, "tls": 5.0}, **asked)
        return await alone(built, options, progress=stop.progress, on_report=stop.on_report, interrupt=stop.event)

    with running(parse("! stall\n---\n! stall\n"), names=[HOST]) as server, nothing_left():
        report = asyncio.run(run(f"{HOST}:{server.port}"))
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.INTERRUPTED, 130)
    assert stop.seconds is not None
    assert stop.seconds < SLACK
    assert taken(report) == ["tls-first"]


def test_a_look_is_told_to_who_listens() -> None:
    """A terminal says what is being done, and why."""
    heard: list[Progress] = []

    async def run(target: str) -> Report:
        built, options = wanted(target, {"banner": 0.6, "tls": 0.4})
        return await alone(built, replace(options, insecure=True), progress=heard.append)

    with running(parse("! stall\n"), names=[HOST]) as server:
        report = asyncio.run(run(f"{HOST}:{server.port}"))
    assert "tls-first" in {happened.look for happened in heard}
    assert all(asked.because for asked in report.asked)


def test_a_look_goes_to_the_same_address_and_knocks_at_no_socket_file(tmp_path: Any) -> None:
    """A UNIX socket has no other ports."""
    path = str(tmp_path / "lmtp")
    with full_queue(socket.AF_UNIX, path):
        report = check(f"unix:{path}", timeout=0.5)
    assert taken(report) == []
    assert report.cause is not None
    assert report.cause.id == "connect-timed-out"


def test_knocking_keeps_each_answer() -> None:
    """Open, closed and silent ports of one address, in the order of the ports, each with its event."""
    with (
        full_queue() as (_, port),
        full_queue() as (_, dropped),
        socket.create_server(("127.0.0.1", 0)) as listener,
        pytest.MonkeyPatch.context() as patch,
    ):
        opened = listener.getsockname()[1]
        with socket.create_server(("127.0.0.1", 0)) as other:
            closed = other.getsockname()[1]
        patch.setattr(looks, "SIBLINGS", (opened, closed, dropped, port))
        report = check(f"{HOST}:{port}", address="127.0.0.1", timeout=0.5)
    look = next(attempt for attempt in report.attempts if attempt.look == "sibling-ports")
    assert look.address == "127.0.0.1"
    told = [(step.facts.port, step.outcome) for step in look.steps if isinstance(step.facts, ConnectFacts)]
    assert told == [(opened, Outcome.PASSED), (closed, Outcome.UNREACHABLE), (dropped, Outcome.STALLED)]
    assert [type(event) for event in look.events] == [Connected, Closed, Silent]
