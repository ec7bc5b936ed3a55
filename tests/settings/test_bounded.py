"""Commands that give a secret: without a shell, in a bounded time, with everything they started ended.

No clock is read: what is not ended sleeps longer than a test may take.
"""

import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.bounded import run_command

OPTION = "--password-command"


def python(code: str) -> str:
    return shlex.join([sys.executable, "-c", code])


def running(pid: int) -> bool:
    """Whether the process exists and is no zombie that only waits to be reaped by init."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def gone(pid: int) -> bool:
    for _ in range(500):
        if not running(pid):
            return True
        time.sleep(0.01)
    os.kill(pid, signal.SIGKILL)
    return False


def test_what_it_prints_is_the_secret() -> None:
    """Words are split as a shell would, and none of its other signs mean anything."""
    assert run_command("printf '%s' 'a b'", 5, 100, OPTION) == b"a b"
    assert run_command("echo $HOME | cat", 5, 100, OPTION) == b"$HOME | cat\n"


def test_a_command_that_never_ends_is_ended() -> None:
    """At its time, with one sentence."""
    with pytest.raises(UsageError, match="did not end within"):
        run_command("sleep 600", 0.3, 100, OPTION)


def test_a_command_that_closes_its_output_and_goes_on_is_ended() -> None:
    """The end of its output is not its end."""
    with pytest.raises(UsageError, match="did not end within"):
        run_command(python("import os, time; os.close(1); os.close(2); time.sleep(600)"), 1, 100, OPTION)


def test_what_it_left_in_the_background_is_ended_too(tmp_path: Path) -> None:
    """A child that holds the pipe neither keeps us waiting nor stays behind."""
    file = tmp_path / "pid"
    printed = run_command(f"sh -c 'sleep 600 & echo $! > {file}; echo hunter2'", 20, 100, OPTION)
    assert printed == b"hunter2\n"
    assert gone(int(file.read_text()))


def test_endless_output_is_cut() -> None:
    """64 KiB are more than any secret has."""
    with pytest.raises(UsageError, match="more than 1 KiB"):
        run_command("yes", 20, 1024, OPTION)


def test_endless_complaints_keep_nobody_from_reading() -> None:
    """A full pipe of standard error would stop the command."""
    code = "import sys; sys.stderr.write('x' * 300_000); print('hunter2')"
    assert run_command(python(code), 20, 1024, OPTION) == b"hunter2\n"


def test_it_has_no_input_and_no_terminal() -> None:
    """It can ask nothing: it fails at once instead."""
    code = "import os, sys; print(repr(sys.stdin.read()), os.getsid(0) == os.getpid())"
    assert run_command(python(code), 20, 1024, OPTION) == b"'' True\n"


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("echo 'hunter2", "cannot be split into words"),
        ("/nonexistent/hunter2", "cannot be started: No such file"),
        ("/tmp", "cannot be started: Permission denied"),
        ("ec\0ho", "cannot be started"),
        ("sh -c 'exit 3'", "ended with exit code 3"),
        ("sh -c 'kill -9 $$'", "was ended by SIGKILL"),
        ("sh -c 'echo locked >&2; exit 1'", "ended with exit code 1: locked"),
    ],
)
def test_failures_are_told_apart(command: str, said: str) -> None:
    """With what the command complained about, and without its words."""
    with pytest.raises(UsageError) as caught:
        run_command(command, 5, 1024, OPTION)
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_complaint_does_not_repeat_the_secret_nor_paint_the_terminal() -> None:
    """What stood on standard output is taken out of standard error, and controls are escaped."""
    with pytest.raises(UsageError) as caught:
        run_command(r"sh -c 'echo hunter2; printf \"bad\033[31m hunter2\" >&2; exit 1'", 5, 1024, OPTION)
    assert "hunter2" not in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert "bad" in str(caught.value)


def test_ctrl_c_ends_the_command(tmp_path: Path) -> None:
    """Ctrl-C while the command runs: 130, and the command is gone."""
    file = tmp_path / "pid"
    command = f"sh -c 'echo $$ > {file}; exec sleep 600'"
    process = subprocess.Popen(
        [sys.executable, "-m", "smtpcheck", "check", "localhost:1", "--user", "a", "--password-command", command],
        stderr=subprocess.PIPE,
    )
    while not (file.exists() and file.read_text().strip()):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert b"Traceback" not in err
    assert gone(int(file.read_text()))
