"""The command line's ways out: exit codes, one sentence on standard error, and no secret in it."""

import inspect
import subprocess
import sys
from dataclasses import fields

import pytest

from smtpcheck.cli import app, session
from smtpcheck.cli.check import check
from smtpcheck.cli.main import main
from smtpcheck.settings.request import Request


def said(capsys: pytest.CaptureFixture[str], *words: str, code: int = 2) -> str:
    """The one sentence on standard error."""
    assert main(words) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("smtpcheck: ")
    assert captured.err.count("\n") == 1
    return captured.err.removeprefix("smtpcheck: ").rstrip()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["smtp.gmail.com"], "a command is missing: write smtpcheck check smtp.gmail.com"),
        (["smtp.gmail.com:465", "-v"], "a command is missing: write smtpcheck check smtp.gmail.com:465 ..."),
        (["smtps://smtp.gmail.com"], "write smtpcheck check smtps://smtp.gmail.com"),
        (["chekc"], "there is no command 'chekc': did you mean check?"),
        (["mailhost"], "a host is checked with smtpcheck check mailhost"),
        (["--user", "x", "check", "h"], "--user stands before the command: write smtpcheck check TARGET --user"),
        (["--frobnicate"], "there is no option --frobnicate: --help lists those there are"),
        (["check"], "TARGET is missing"),
        (["check", "h", "--usr", "x"], "there is no option --usr: did you mean --user?"),
        (["check", "h", "--frobnicate"], "there is no option --frobnicate: --help lists those there are"),
        (["check", "h", "--port"], "--port needs a value"),
        (["check", "h", "--send=1"], "does not take a value"),
        (["check", "smtp.example.com", "587"], "its port is written 'smtp.example.com:587' or --port"),
        (["check", "h", "--color", "blue"], "--color is 'blue': give one of auto, always, never"),
        (["check", "h", "-q", "-v"], "-q and -v exclude each other"),
        (["check", "h", "--json", "-q"], "--json contradicts -q"),
        (["check", "h", "--port", "smtp"], "--port has the port 'smtp'"),
        (["check", "h", "--until", "x\x1b[31m"], r"--until is 'x\x1b[31m'"),
        (["completion"], "give one of bash, zsh, fish, powershell"),
        (["completion", "tcsh"], "give one of bash, zsh, fish, powershell"),
        (["demo", "passess"], "there is no scenario 'passess': did you mean passes?"),
        (["demo", "x" * 5000], "smtpcheck demo --list shows them"),
        (["demo", "a", "b"], "a word too many"),
    ],
)
def test_misuse_is_one_sentence_and_exit_2(capsys: pytest.CaptureFixture[str], words: list[str], sentence: str) -> None:
    """It says what was wrong and what is meant or allowed."""
    assert sentence in said(capsys, *words)


@pytest.mark.parametrize(
    "words",
    [
        ["check", "h", "--password", "hunter2"],
        ["check", "h", "--password=hunter2"],
        ["check", "--user", "alice", "-phunter2", "h"],
        ["check", "h", "-p", "hunter2"],
        ["check", "h", "--pass", "hunter2"],
        ["check", "h", "--token", "hunter2"],
        ["check", "h", "--token=hunter2", "--port", "x"],
        ["--password", "hunter2", "check", "h"],
        ["check", "h", "--ask-password", "hunter2"],
        ["check", "h", "--password-stdin=hunter2"],
        ["check", "h", "alice", "hunter2"],
        ["check", "smtps://alice:hunter2@h"],
        ["check", "alice:hunter2@h:587"],
        ["smtps://alice:hunter2@h"],
        ["alice:hunter2@h"],
        ["smtp.example.com", "alice", "hunter2"],
        ["check", "h", "--proxy", "socks5://alice:hunter2@p"],
        ["check", "h", "--user", "alice", "--password-env", "hunter2"],
        ["check", "h", "--user", "alice", "--password-file", "hunter2"],
        ["check", "h", "--user", "alice", "--password-command", "hunter2"],
        ["check", "h", "--hunter2!"],
        ["demo", "passes", "hunter2"],
        ["completion", "bash", "hunter2"],
    ],
)
def test_a_password_in_a_wrong_place_is_never_repeated(capsys: pytest.CaptureFixture[str], words: list[str]) -> None:
    """Wherever it was typed, it is in no message."""
    assert "hunter2" not in said(capsys, *words)


def test_the_sources_of_a_password_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    """Instead of the option that does not exist."""
    sentence = said(capsys, "check", "h", "--password", "x")
    for source in ("--password-env", "--password-file", "--password-stdin", "--password-command", "--ask-password"):
        assert source in sentence
    assert "--token-command" in said(capsys, "check", "h", "--token", "x")


def test_no_words_at_all_is_the_help_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    """A variable that was empty in CI must not look like a check that passed."""
    assert main([]) == 2
    assert "Commands:" in capsys.readouterr().err


def test_help_fits_80_columns(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Every option of the command line is in it, under its heading."""
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["check", "--help"]) == 0
    text = capsys.readouterr().out
    assert max(map(len, text.splitlines())) <= 80
    for heading in ("Server:", "Login:", "Envelope and message:", "Network:", "Certificates:", "Output:"):
        assert f"\n{heading}\n" in text


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """On standard output."""
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("smtpcheck 0.")


def test_the_options_are_the_fields_of_the_request() -> None:
    """Each value that can be asked for has an option, and each option a field or a place in the display."""
    options = set(inspect.signature(check).parameters) - {"ctx", "json", "quiet", "verbose", "color"}
    settings = {"profile", "config", "show_settings"}
    assert options - {"report", "anonymize", "nagios", "as_"} - settings == {
        field.name for field in fields(Request)
    } - {
        *("secret", "sibling_ports", "origins", "files"),
    }


def test_an_own_fault_is_exit_3_without_values(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Class and place are shown; the text of the error may hold anything. -v shows the way there."""

    def broken(*_: object) -> None:
        secret = "hunter2"
        raise LookupError(f"no {secret}")

    monkeypatch.setattr(session, "prepare", broken)
    sentence = said(capsys, "check", "h", code=3)
    assert "LookupError at cli/test_main.py:" in sentence
    assert "hunter2" not in sentence
    assert main(["check", "h", "-v"]) == 3
    err = capsys.readouterr().err
    assert "session.py" in err
    assert "hunter2" not in err


def test_ctrl_c_before_the_session_is_exit_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """At a prompt, or while a command runs."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(session, "prepare", interrupted)
    assert said(capsys, "check", "h", code=130) == "interrupted"


def test_a_closed_pipe_is_exit_141_and_silent() -> None:
    """`smtpcheck --help | true` ends as if SIGPIPE had ended it."""
    done = subprocess.run(
        ["bash", "-c", 'exec 3>&1; { sleep 0.3; "$0" -m smtpcheck check --help; echo $? >&3; } | true', sys.executable],
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("141\n", "")


def test_a_full_disk_is_not_a_pass() -> None:
    """What could not be written is said, with exit 3."""
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "smtpcheck", "demo", "--list"], stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert done.returncode == 3
    assert done.stderr == "smtpcheck: standard output cannot be written: No space left on device\n"


def test_output_that_an_encoding_lacks_is_escaped() -> None:
    """A pipe in cp1252 or ASCII never crashes."""
    done = subprocess.run(
        [sys.executable, "-m", "smtpcheck", "check", "h", "--until", "\u2603"],
        capture_output=True,
        env={"PYTHONIOENCODING": "cp1252", "PATH": ""},
    )
    assert done.returncode == 2
    assert b"--until is '\\u2603'" in done.stderr


def test_the_parser_gives_work_and_does_nothing() -> None:
    """Parsing runs no check: `main` does, outside of Typer."""
    asked = app.parse(["check", "h", "--to", "a@b.c", "--to", "d@e.f"], "smtpcheck")
    assert isinstance(asked, session.Check)
    assert asked.request == Request(target="h", recipients=("a@b.c", "d@e.f"))
