"""README's commands are the truth: CI runs them as they are printed, and the first ones are where people look."""

import re
from pathlib import Path

import pytest

from smtpcheck.cli.app import parse

README = Path(__file__).parent.parent / "README.md"


def test_the_two_set_up_commands_stand_alone_on_their_lines() -> None:
    """`.ci/run` takes them from here, word for word."""
    lines = README.read_text("utf-8").splitlines()
    assert "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/smtpcheck demo" in lines
    assert 'python3 -m venv .venv && .venv/bin/pip install -e ".[dev]" && .venv/bin/pytest' in lines


def commands() -> list[str]:
    return re.findall(r"^(?:\$ )?smtpcheck ([a-z].+?)(?: > .*)?$", README.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("command", commands())
def test_each_command_is_one_that_smtpcheck_takes(command: str) -> None:
    """No option in README that does not exist."""
    assert callable(parse(command.split(), "smtpcheck"))


def test_readme_shows_commands() -> None:
    """The pattern above finds them."""
    assert len(commands()) >= 8
