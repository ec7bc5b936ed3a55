"""Whole checks from the command line, against the scripted server on loopback."""

import asyncio
import json
import os
import pty
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtpcheck.cli import session
from smtpcheck.cli.main import main
from smtpcheck.dialogue import parse
from smtpcheck.serve import Running, running, scenario

SMTPCHECK = [sys.executable, "-m", "smtpcheck"]
PASSES = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250 mail.example.com\nC: QUIT\nS: 221 bye\n"
SILENT = "S: 220 mail.example.com ESMTP\nC: EHLO *\n! stall\n"


@pytest.fixture
def passing() -> Iterator[Running]:
    with running(parse(PASSES)) as server:
        yield server


@pytest.fixture
def silent() -> Iterator[Running]:
    with running(parse(SILENT)) as server:
        yield server


def place(server: Running) -> str:
    return f"{server.host}:{server.port}"


def test_a_pass_is_exit_0_with_a_report(passing: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """The report is on standard output, and nothing on standard error where that is no terminal."""
    assert main(["check", place(passing)]) == 0
    captured = capsys.readouterr()
    assert "passed" in captured.out
    assert captured.err == ""


def test_json_is_one_object(passing: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """And nothing else on standard output."""
    assert main(["check", place(passing), "--json", "--from", "a@b.c", "--until", "ehlo"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["schema"], report["outcome"], report["exit_code"]) == (1, "passed", 0)
    assert report["target"]["origin"]["host"]["kind"] == "argument"


def test_quiet_is_one_line(passing: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """For a shell's loop."""
    assert main(["check", place(passing), "-q"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_color_is_asked_for(
    passing: Running, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """None where the output is no terminal, unless it is wanted."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    assert main(["check", place(passing)]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert main(["check", place(passing), "--color", "always"]) == 0
    assert "\x1b" in capsys.readouterr().out


def test_an_unusable_host_is_a_report(capsys: pytest.CaptureFixture[str]) -> None:
    """Stage config, declined, exit 2: a program that reads the JSON finds what was wrong."""
    assert main(["check", "a..b", "--json"]) == 2
    report = json.loads(capsys.readouterr().out)
    assert (report["stage"], report["outcome"], report["exit_code"]) == ("config", "declined", 2)
    assert "empty label" in json.dumps(report)


def test_a_password_reaches_the_server_and_no_output(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A whole login with STARTTLS, from the environment to the transcript."""
    with running(scenario("auth-refused-535").dialogue) as server:
        ca_file = tmp_path / "ca.pem"
        ca_file.write_bytes(server.anchor)
        monkeypatch.setenv("SMTP_PW", "correct-horse")
        words = ["check", f"localhost:{server.port}", "--address", server.host, "--ca-file", str(ca_file)]
        assert main([*words, "--user", "alice", "--password-env", "SMTP_PW", "-v"]) == 16
        server.join()
        assert not server.failures
    captured = capsys.readouterr()
    assert "535" in captured.out
    for text in ("correct-horse", "AGFsaWNlAGNvcnJlY3QtaG9yc2U="):
        assert text not in captured.out + captured.err


def test_a_reader_that_went_away_is_exit_141() -> None:
    """`smtpcheck check ... | head -0`: silently, after the session."""
    with running(parse(PASSES)) as server:
        reading, writing = os.pipe()
        os.close(reading)
        done = subprocess.run([*SMTPCHECK, "check", place(server)], stdout=writing, stderr=subprocess.PIPE, timeout=30)
        os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")


def test_closed_output_changes_no_exit_code(passing: Running) -> None:
    """`>&- 2>&-`: nobody reads, and the exit code still tells."""
    command = ["bash", "-c", 'exec "$@" >&- 2>&-', "bash", *SMTPCHECK, "check", place(passing)]
    assert subprocess.run(command, timeout=30).returncode == 0


def test_ctrl_c_ends_a_check_with_its_report() -> None:
    """At once, exit 130, and what was seen is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [*SMTPCHECK, "check", f"127.0.0.1:{listener.getsockname()[1]}", "--json", "--timeout", "600"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"220 mail.example.com ESMTP\r\n")
            assert peer.recv(100).startswith(b"EHLO")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 130
    report = json.loads(out)
    assert (report["outcome"], report["stage"], report["exit_code"]) == ("interrupted", "ehlo", 130)
    assert err == ""


def test_a_second_ctrl_c_does_not_wait() -> None:
    """The first one only asks the check to end."""
    interrupt = asyncio.Event()

    async def pressed_twice() -> None:
        with session.ctrl_c(interrupt):
            signal.raise_signal(signal.SIGINT)
            await interrupt.wait()
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(pressed_twice())
    assert interrupt.is_set()


def test_a_terminal_sees_what_is_waited_for(silent: Running) -> None:
    """The live list goes to standard error when that is a terminal, and is taken away before the end."""
    main_end, terminal = pty.openpty()
    process = subprocess.Popen(
        [*SMTPCHECK, "check", place(silent), "--json", "--timeout", "1.5"],
        stdout=subprocess.PIPE,
        stderr=terminal,
        env={**os.environ, "TERM": "xterm", "CI": ""},
    )
    os.close(terminal)
    shown = b""
    try:
        while chunk := os.read(main_end, 4096):
            shown += chunk
    except OSError:  # the other end was closed
        pass
    out, _ = process.communicate(timeout=30)
    os.close(main_end)
    assert process.returncode == 13
    assert b"waiting" in shown
    assert shown.rstrip().endswith(b"\x1b[J")
    assert json.loads(out)["stage"] == "ehlo"


def test_the_prompt_is_on_the_terminal_and_shows_nothing(silent: Running) -> None:
    """--ask-password reads /dev/tty, whatever standard input is, and echoes nothing."""
    pid, main_end = pty.fork()
    if pid == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.execv(sys.executable, [*SMTPCHECK, "check", place(silent), "--user", "alice", "--timeout", "0.3"])
    shown = b""
    try:
        while chunk := os.read(main_end, 4096):
            shown += chunk
            if b"Password of 'alice'" in shown and shown.endswith(b": "):
                os.write(main_end, b"correct-horse\n")
    except OSError:
        pass
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.close(main_end)
    assert code == 13
    assert b"correct-horse" not in shown
