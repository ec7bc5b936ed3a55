"""`smtpcheck demo`: what a newcomer sees first, and every scenario of the scripted server."""

import re
import shlex

import pytest

from smtpcheck.cli.main import main
from smtpcheck.serve import scenarios


def test_the_demo_shows_a_pass_and_a_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """Two real reports, each after the command that gives it."""
    assert main(["demo"]) == 0
    out = capsys.readouterr().out
    first, second = (shlex.split(line[2:]) for line in out.splitlines() if line.startswith("$ "))
    assert {"smtpcheck", "check", "--address", "127.0.0.1", "--ca-file"} <= set(first) & set(second)
    assert any(word.startswith("smtp.resend.com:") for word in second)
    assert "exit code 0" in out
    assert "exit code 16" in out
    assert "535" in out


def test_the_list_names_every_scenario(capsys: pytest.CaptureFixture[str]) -> None:
    """With its title."""
    assert main(["demo", "--list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [re.split(r"\s{2,}", line)[0] for line in lines] == [scenario.name for scenario in scenarios()]


@pytest.mark.parametrize("name", ["auth-oauth-error", "message-accepted", "certificate-expired", "greylisted-450"])
def test_a_scenario_ends_as_it_says(capsys: pytest.CaptureFixture[str], name: str) -> None:
    """Exit 0 says that the session ended as the scenario says, not that it passed."""
    assert main(["demo", name, "-v"]) == 0
    assert "C: EHLO" in capsys.readouterr().out
