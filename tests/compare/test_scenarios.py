"""A good run of each scenario's session against the scenario: the first line names the change, and is committed.

After a change of words: `SMTPCHECK_GOLDEN=write pytest tests/compare/test_scenarios.py`, and read the diff.
"""

import asyncio
import os
import re
from dataclasses import replace
from pathlib import Path

import pytest

from smtpcheck import api
from smtpcheck.cli.app import parse
from smtpcheck.cli.demo import _environ
from smtpcheck.cli.session import Check, prepare
from smtpcheck.compare import compare
from smtpcheck.model import Report
from smtpcheck.report.diff import diff_line
from smtpcheck.serve import Scenario, running, scenario, scenarios

GOLDEN = Path(__file__).parent / "first-lines.txt"
WRITE = os.environ.get("SMTPCHECK_GOLDEN") == "write"


def checked(played: Scenario, ca_file: str) -> Report:
    """The report of a real session with the scripted server, its port and times made steady."""
    with running(played.dialogue, names=[played.host]) as server:
        where = ["--address", "127.0.0.1", "--ca-file", ca_file, "--helo", "client.example.org"]
        asked = parse(["check", f"{played.host}:{server.port}", *where, *played.check], "smtpcheck")
        assert isinstance(asked, Check)
        target, options = prepare(asked.request, _environ(played))
        report = asyncio.run(api.run(target, options))
    return replace(report, target=replace(report.target, host="mail.example.com", port=587))


@pytest.fixture(scope="module")
def good(ca_file: str) -> Report:
    """The session that passes."""
    return checked(scenario("passes"), ca_file)


@pytest.mark.parametrize("played", scenarios(), ids=lambda played: played.name)
def test_the_first_line_names_the_change(played: Scenario, good: Report, ca_file: str) -> None:
    """From a good run to this one."""
    found = compare(good, checked(played, ca_file))
    line = re.sub(r"\d+\.\d s", "N s", diff_line(found, ascii=True).strip())
    if played.stage is not None:
        assert line.startswith(f"stopped at {played.stage} now, passed before: ")
        assert found.matters
    lines = dict(text.split(": ", 1) for text in GOLDEN.read_text("utf-8").splitlines()) if GOLDEN.exists() else {}
    if WRITE:
        lines[played.name] = line
        GOLDEN.write_text("".join(f"{name}: {lines[name]}\n" for name in sorted(lines)), "utf-8")
    assert lines[played.name] == line
