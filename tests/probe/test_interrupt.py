"""Ctrl-C and `--max-time`: the check ends at once, wherever it stands, with a report of all that was seen."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Progress, Report, Stage, TlsFacts
from smtpcheck.report.codec import from_json, to_json
from smtpcheck.serve import running

from ..net.fake_dns import FakeDns, Says
from .leftovers import PASSWORD, SLACK, Interruption, alone, full_queue, hanging_getaddrinfo, nothing_left, wanted
from .test_stalls import CLEAR, GREETING, IN_TLS, LOGIN, MAIL, PIPELINING, SEND, STARTTLS

HOST = "mail.example.com"
_BEFORE_SESSION = (Stage.CONFIG, Stage.DNS)


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """A server that keeps the check waiting for ever at a stage. No `text`: nobody accepts the connection."""

    stage: Stage
    exit_code: int
    text: str | None
    asked: dict[str, Any] = field(default_factory=dict)
    times: int = 1


PLACES = {
    "connect": Waiting(stage=Stage.CONNECT, exit_code=11, text=None),
    "banner": Waiting(stage=Stage.BANNER, exit_code=12, text="! stall"),
    "ehlo": Waiting(stage=Stage.EHLO, exit_code=13, text=GREETING + "! stall"),
    "ehlo in TLS": Waiting(stage=Stage.EHLO, exit_code=13, text=IN_TLS + "! stall", times=2),
    "starttls": Waiting(stage=Stage.STARTTLS, exit_code=14, text=STARTTLS + "! stall", asked={"tls": "starttls"}),
    "implicit tls": Waiting(
        stage=Stage.TLS, exit_code=15, text="! implicit stall=server-hello", asked={"tls": "implicit"}
    ),
    "tls": Waiting(stage=Stage.TLS, exit_code=15, text=STARTTLS + "S: 220 go\n! tls stall=finished"),
    "auth": Waiting(stage=Stage.AUTH, exit_code=16, text=LOGIN + "C: AUTH PLAIN *\n! stall", asked={"user": "alice"}),
    "sender": Waiting(stage=Stage.SENDER, exit_code=17, text=CLEAR + "C: MAIL *\n! stall", asked=MAIL),
    "a flight": Waiting(stage=Stage.SENDER, exit_code=17, text=PIPELINING + "C: MAIL *\n! stall", asked=MAIL),
    "recipient": Waiting(
        stage=Stage.RECIPIENT, exit_code=18, text=CLEAR + "C: MAIL *\nS: 250 ok\nC: RCPT *\n! stall", asked=MAIL
    ),
    "message": Waiting(
        stage=Stage.MESSAGE,
        exit_code=19,
        text=CLEAR + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\n! stall",
        asked=SEND,
    ),
}


@contextmanager
def waiting_at(place: Waiting) -> Iterator[str]:
    """The target where the check will wait."""
    with ExitStack() as stack:
        if place.text is None:
            _, port = stack.enter_context(full_queue())
        else:
            port = stack.enter_context(running(parse(place.text), names=[HOST])).port
        yield f"{HOST}:{port}"


def begins(stage: Stage, times: int = 1) -> Interruption:
    """Ctrl-C a moment after that stage began, for the `times`-th time."""
    begun = []

    def when(happened: Progress) -> bool:
        if happened.stage is stage and happened.kind == "began":
            begun.append(happened)
        return len(begun) == times

    return Interruption(when)


def interrupted(target: str, stage: Stage, *, times: int = 1, **asked: Any) -> tuple[Report, Interruption]:
    """The report of a check that Ctrl-C ended at a stage, and when it came."""
    stop = begins(stage, times)

    async def check() -> Report:
        return await alone(
            *wanted(target, {}, **asked), progress=stop.progress, on_report=stop.on_report, interrupt=stop.event
        )

    report = asyncio.run(check())
    assert stop.seconds is not None
    return report, stop


def assert_complete(report: Report, stage: Stage, why: str) -> None:
    """The step that was open is in the report, each stage behind it has its place, and all of it can be saved."""
    assert report.attempt is not None
    step = report.step(stage)
    assert step is not None
    assert step.outcome is Outcome.INTERRUPTED
    assert why in (step.why or "")
    assert {one.stage for one in report.attempt.steps} == set(Stage)
    begun = [one.stage for one in report.attempt.steps if one.outcome is not Outcome.SKIPPED]
    assert begun[-1] is stage
    written = to_json(report)
    assert to_json(from_json(json.loads(json.dumps(written)))) == written


@pytest.mark.parametrize("name", PLACES)
def test_ctrl_c_ends_a_step_of_any_kind_at_once(name: str, ca_file: str) -> None:
    """Exit code 130, and a report."""
    place = PLACES[name]
    with nothing_left(), waiting_at(place) as target:
        report, stop = interrupted(target, place.stage, times=place.times, ca_file=ca_file, **place.asked)
    assert (report.stage, report.outcome, report.exit_code) == (place.stage, Outcome.INTERRUPTED, 130)
    assert stop.seconds is not None
    assert stop.seconds < SLACK
    assert_complete(report, place.stage, "Ctrl-C")


def test_ctrl_c_ends_a_resolver_that_hangs(ca_file: str) -> None:
    """Nobody can stop getaddrinfo; nobody has to wait for it either."""
    with nothing_left(), hanging_getaddrinfo():
        report, stop = interrupted("localhost:587", Stage.DNS, address=None, ca_file=ca_file)
        assert (report.stage, report.outcome, report.exit_code) == (Stage.DNS, Outcome.INTERRUPTED, 130)
        assert stop.seconds is not None
        assert stop.seconds < SLACK
        assert_complete(report, Stage.DNS, "Ctrl-C")


def test_ctrl_c_while_a_nameserver_is_silent() -> None:
    """The questions that wait for it leave no socket."""
    with FakeDns(default=Says(silent=True)) as dns, nothing_left():
        report, stop = interrupted("mail.example.com:587", Stage.DNS, address=None, resolver=dns.address)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.DNS, Outcome.INTERRUPTED, 130)
    assert stop.seconds is not None
    assert stop.seconds < SLACK


def test_a_dead_other_family_does_not_hold_the_report_back(monkeypatch: pytest.MonkeyPatch, ca_file: str) -> None:
    """A second at most; and Ctrl-C ends that as well, when all that was asked for has passed already."""
    monkeypatch.setattr("smtpcheck.net.resolve.routes", lambda family: False)
    text = CLEAR + "C: QUIT\nS: 221 bye\n"
    names = {HOST: Says(a=("127.0.0.1",), aaaa=("::1",))}
    with running(parse(text), names=[HOST]) as server, FakeDns(names) as dns, ExitStack() as stack:
        try:
            stack.enter_context(full_queue(socket.AF_INET6, ("::1", server.port)))
        except OSError:
            pytest.skip("no IPv6 loopback here")
        asked: dict[str, Any] = {"address": None, "resolver": dns.address, "ca_file": ca_file}
        with nothing_left():
            began = time.monotonic()
            report = asyncio.run(alone(*wanted(f"{HOST}:{server.port}", {}, **asked)))
            assert time.monotonic() - began < 1.0 + SLACK + 0.5
        assert report.exit_code == 0
        assert [attempt.look for attempt in report.attempts] == ["first", "other-family"]
        with nothing_left():
            report, stop = interrupted(f"{HOST}:{server.port}", Stage.QUIT, **asked)
        assert stop.seconds is not None
        assert stop.seconds < SLACK
        assert report.step(Stage.EHLO) is not None


@pytest.mark.parametrize("name", PLACES)
def test_the_time_for_the_whole_run_ends_it_with_the_stage_s_own_exit_code(name: str, ca_file: str) -> None:
    """`--max-time` over steps that have more patience."""
    place = PLACES[name]
    with nothing_left(), waiting_at(place) as target:
        built, options = wanted(target, {}, ca_file=ca_file, **place.asked)
        report = asyncio.run(alone(built, replace(options, max_time=0.5)))
    assert (report.stage, report.outcome, report.exit_code) == (place.stage, Outcome.INTERRUPTED, place.exit_code)
    assert 0.5 <= report.seconds < 0.5 + SLACK
    assert_complete(report, place.stage, "--max-time")


def test_the_time_for_the_whole_run_ends_a_slow_dialogue(ca_file: str) -> None:
    """Each reply comes in time, and all of them together do not."""
    text = "".join(f"S: {line}\n! sleep 0.2\n" for line in ("220-a", "220-b", "220-c", "220-d", "220-e", "220 f"))
    with nothing_left(), running(parse(text)) as server:
        built, options = wanted(f"{HOST}:{server.port}", {}, ca_file=ca_file)
        report = asyncio.run(alone(built, replace(options, max_time=0.5)))
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.INTERRUPTED, 12)


def test_what_the_certificate_says_is_kept_when_the_session_is_interrupted(ca_file: str) -> None:
    """Somebody who stops a login that hangs still sees whom they talked to."""
    with nothing_left(), waiting_at(PLACES["auth"]) as target:
        report, _ = interrupted(target, Stage.AUTH, ca_file=ca_file, user="alice")
    step = report.step(Stage.TLS)
    assert step is not None
    assert isinstance(step.facts, TlsFacts)
    assert step.facts.verification is not None
    assert step.facts.verification.trusted


def test_a_caller_that_cancels_gets_its_loop_back_as_it_was(ca_file: str) -> None:
    """`check_async` in somebody else's program: no task, no descriptor, no thread."""

    async def check() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.3):
                await alone(*wanted(target, {}, ca_file=ca_file, user="alice"))
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with nothing_left(), waiting_at(PLACES["auth"]) as target:
        asyncio.run(check())


@pytest.mark.skipif(os.name != "posix", reason="signals are sent to processes on POSIX only")
@pytest.mark.parametrize("name", ["connect", "banner", "auth"])
def test_sigint_ends_the_command_with_130_and_a_report(name: str, ca_file: str) -> None:
    """On standard output, as JSON, as if the check had ended by itself."""
    place = PLACES[name]
    with waiting_at(place) as target:
        words = [sys.executable, "-m", "smtpcheck", "check", target, "--address", "127.0.0.1", "--ca-file", ca_file]
        words += ["--json", *(("--user", "alice") if place.asked else ())]
        environment = {**os.environ, "SMTPCHECK_PASSWORD": PASSWORD}
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
            time.sleep(1.5)
            process.send_signal(signal.SIGINT)
            sent = time.monotonic()
            out, err = process.communicate(timeout=20)
    assert time.monotonic() - sent < SLACK + 1.0  # rendering and the interpreter's own end
    assert process.returncode == 130, err
    report = from_json(json.loads(out))
    assert (report.stage, report.outcome, report.exit_code) == (place.stage, Outcome.INTERRUPTED, 130)
    assert PASSWORD.encode() not in out + err
