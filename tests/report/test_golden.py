"""What a user sees of each scenario at 60 columns, committed, so that a reader of a change sees it change.

The sessions are real; what differs from run to run (times, ports, dates, keys) is set to fixed values in the recording
before it is rendered. After a change of words: `SMTPCHECK_GOLDEN=write pytest tests/report/test_golden.py`, and read
the diff.
"""

import asyncio
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from smtpcheck import api
from smtpcheck.cli.app import parse
from smtpcheck.cli.demo import _environ
from smtpcheck.cli.session import Check, prepare
from smtpcheck.diagnose.engine import rediagnose
from smtpcheck.model import (
    AnyEvent,
    Attempt,
    Certificate,
    ConnectFacts,
    MessageFacts,
    Report,
    Silent,
    Step,
    TlsFacts,
    TlsFailed,
)
from smtpcheck.report import render
from smtpcheck.serve import Scenario, running, scenarios

GOLDEN = Path(__file__).parent / "golden"
BEGAN = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
WRITE = os.environ.get("SMTPCHECK_GOLDEN") == "write"


def checked(scenario: Scenario, ca_file: str) -> Report:
    """The report of a scenario, as `smtpcheck demo` would make it."""
    with running(scenario.dialogue, names=[scenario.host]) as server:
        where = ["--address", "127.0.0.1", "--ca-file", ca_file, "--helo", "client.example.org"]
        asked = parse(["check", f"{scenario.host}:{server.port}", *where, *scenario.check], "smtpcheck")
        assert isinstance(asked, Check)
        target, options = prepare(asked.request, _environ(scenario))
        return asyncio.run(api.run(target, options))


def fixed(report: Report) -> Report:
    """The report with everything fixed that differs from run to run, and told anew from that."""
    steady = replace(
        report,
        local={},
        began=BEGAN,
        seconds=_seconds(report.seconds),
        target=replace(report.target, port=587),
        options=replace(report.options, ca_file="ca.pem"),
        attempts=tuple(_attempt(attempt, report.began) for attempt in report.attempts),
    )
    return rediagnose(steady)


def _seconds(seconds: float) -> float:
    """Whole seconds, or a hundredth of one: what a quick step takes depends on the machine."""
    return float(round(seconds)) if seconds >= 0.8 else 0.01


def _attempt(attempt: Attempt, began: datetime) -> Attempt:
    steps = tuple(_step(step, began) for step in attempt.steps)
    return replace(attempt, steps=steps, events=tuple(map(_event, attempt.events)))


def _event(event: AnyEvent) -> AnyEvent:
    match event:
        case Silent():
            return replace(event, tcp=None)
        case TlsFailed():
            return replace(event, first_bytes=_first_line(event.first_bytes))
        case _:
            return event


def _first_line(raw: bytes) -> bytes:
    """How much more came is a matter of moments."""
    first, newline, _ = raw.partition(b"\n")
    return first + newline


def _step(step: Step, began: datetime) -> Step:
    facts: Any = step.facts
    if isinstance(facts, ConnectFacts):
        facts = replace(facts, port=587, local="127.0.0.1:49152", seconds=0.001)
    if isinstance(facts, TlsFacts):
        chain = tuple(_certificate(one, began) for one in facts.chain)
        store = replace(facts.store, file="ca.pem", source="--ca-file ca.pem") if facts.store else None
        facts = replace(facts, chain=chain, store=store, openssl="OpenSSL", first_bytes=_first_line(facts.first_bytes))
    if isinstance(facts, MessageFacts):
        facts = replace(facts, message_id="smtpcheck.20261122173000.0123456789abcdef@example.com")
    return replace(step, began=0.0, seconds=_seconds(step.seconds), lag=0.0, facts=facts)


def _certificate(one: Certificate, began: datetime) -> Certificate:
    def moved(date: datetime | None) -> datetime | None:
        return None if date is None else BEGAN + timedelta(hours=round((date - began).total_seconds() / 3600))

    return replace(
        one, not_before=moved(one.not_before), not_after=moved(one.not_after), serial="01", fingerprint="ab" * 32
    )


@pytest.mark.parametrize("scenario", scenarios(), ids=lambda scenario: scenario.name)
def test_the_report_at_60_columns(scenario: Scenario, ca_file: str) -> None:
    """The scenario ends as its header says, and reads as committed."""
    report = checked(scenario, ca_file)
    assert (report.stage, report.outcome, report.exit_code) == (scenario.stage, scenario.outcome, scenario.exit_code)
    text = render(fixed(report), "terminal", width=60)
    assert all(len(line) <= 60 for line in text.splitlines())
    path = GOLDEN / f"{scenario.name}.txt"
    if WRITE:
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


def test_no_golden_report_without_a_scenario() -> None:
    """A report whose scenario is gone guards nothing."""
    names = {scenario.name for scenario in scenarios()}
    assert {path.stem for path in GOLDEN.iterdir()} == names
