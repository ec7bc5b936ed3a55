"""The completion scripts, asked the way the shells ask."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHELLS = ("bash", "zsh", "fish", "powershell")
HERE = Path(sys.executable).parent


def script(shell: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "smtpcheck", "completion", shell], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_each_shell_has_a_script(shell: str) -> None:
    """It calls smtpcheck back."""
    text = script(shell)
    assert "smtpcheck" in text
    assert f"complete_{shell}" in text


def in_bash(line: str) -> list[str]:
    """What bash offers after the line, through the script itself."""
    words = line.split(" ")
    code = f"""
        {script("bash")}
        COMP_WORDS=({" ".join(f"'{word}'" for word in words)}); COMP_CWORD={len(words) - 1}
        _smtpcheck_completion smtpcheck
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(
        ["bash", "--norc", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PATH": f"{HERE}{os.pathsep}{os.environ['PATH']}"},
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.skipif(
    shutil.which("bash") is None or not (HERE / "smtpcheck").exists(), reason="needs bash and the script"
)
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("smtpcheck ch", ["check"]),
        (
            "smtpcheck check --password-",
            ["--password-env", "--password-file", "--password-stdin", "--password-command", "--password-keyring"],
        ),
        ("smtpcheck check h --tls o", ["opportunistic", "off"]),
        ("smtpcheck check --auth scram-sha-1", ["scram-sha-1", "scram-sha-1-plus"]),
        ("smtpcheck demo pass", ["passes"]),
        ("smtpcheck completion z", ["zsh"]),
        ("smtpcheck check --ca-file x", []),
    ],
)
def test_bash_completes(line: str, offered: list[str]) -> None:
    """Commands, options, and the words that an option takes; files are bash's own."""
    assert in_bash(line) == offered


@pytest.mark.parametrize(
    ("shell", "asked"),
    [
        ("zsh", {"_TYPER_COMPLETE_ARGS": "smtpcheck check --tls imp"}),
        ("fish", {"_TYPER_COMPLETE_ARGS": "smtpcheck check --tls imp", "_TYPER_COMPLETE_FISH_ACTION": "get-args"}),
        (
            "powershell",
            {"_TYPER_COMPLETE_ARGS": "smtpcheck check --tls imp", "_TYPER_COMPLETE_WORD_TO_COMPLETE": "imp"},
        ),
    ],
)
def test_the_other_shells_are_answered(shell: str, asked: dict[str, str]) -> None:
    """As their scripts ask, in the environment."""
    done = subprocess.run(
        [sys.executable, "-m", "smtpcheck"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "_SMTPCHECK_COMPLETE": f"complete_{shell}", **asked},
    )
    assert "implicit" in done.stdout
    assert "opportunistic" not in done.stdout
