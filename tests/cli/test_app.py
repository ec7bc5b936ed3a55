"""The list of commands, and that the ones that are not asked for cost nothing."""

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from smtpcheck.cli.app import COMMANDS


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_says_of_a_command_what_it_says_of_itself(name: str) -> None:
    own = inspect.getdoc(getattr(import_module(f"smtpcheck.cli.{name}"), name))
    assert own is not None
    assert COMMANDS[name] == own.splitlines()[0]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_has_help_of_its_own(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    from smtpcheck.cli.main import main

    assert main([name, "--help"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert f"smtpcheck {name}" in shown
    assert COMMANDS[name] in shown


def test_only_the_command_that_is_asked_for_is_loaded() -> None:
    code = (
        "import sys; from smtpcheck.cli.main import main; main(['providers', '--help']); "
        "print(sorted(name for name in sys.modules if name.startswith('smtpcheck.cli.')), file=sys.stderr)"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stderr
    assert "smtpcheck.cli.providers" in loaded
    for other in ("check", "demo", "diff", "explain"):
        assert f"smtpcheck.cli.{other}'" not in loaded


def test_the_help_names_the_formats_that_there_are() -> None:
    from smtpcheck.report import FORMATS
    from smtpcheck.settings.words import REPORTS

    assert REPORTS == FORMATS
