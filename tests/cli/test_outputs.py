"""--report, --expect, --anonymize and --nagios from the command line, against the scripted server on loopback."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtpcheck.cli.main import main
from smtpcheck.dialogue import parse
from smtpcheck.probe import looks
from smtpcheck.serve import Running, running

from ..probe.leftovers import full_queue
from ..probe.lines import QUIT, implicit

SMTPCHECK = [sys.executable, "-m", "smtpcheck"]
PASSES = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250-mail.example.com\nS: 250 SIZE 1000\n"
ENDS = "C: QUIT\nS: 221 bye\n"
DENIES = f"{PASSES}C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 550 5.7.1 Relaying denied\n"


@pytest.fixture
def passing() -> Iterator[Running]:
    with running(parse(PASSES + ENDS)) as server:
        yield server


@pytest.fixture
def denying() -> Iterator[Running]:
    with running(parse(DENIES)) as server:
        yield server


def place(server: Running) -> str:
    return f"{server.host}:{server.port}"


def nothing_listens() -> str:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"127.0.0.1:{taken.getsockname()[1]}"


# --- files --------------------------------------------------------------------------------------------------------


def test_several_reports_of_one_run(passing: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each file holds its format; the terminal report stays on standard output."""
    told, brief = tmp_path / "report.json", tmp_path / "line.txt"
    assert main(["check", place(passing), "--report", f"json={told}", "--report", f"brief={brief}"]) == 0
    assert json.loads(told.read_text())["outcome"] == "passed"
    assert "passed" in brief.read_text()
    out = capsys.readouterr().out
    assert "exit code 0" in out
    assert not out.startswith("{")
    assert sorted(os.listdir(tmp_path)) == ["line.txt", "report.json"]


@pytest.mark.parametrize(
    "words", [["--report", "json"], ["--json"], ["--report", "json=-"], ["--report=json=/dev/stdout"]]
)
def test_one_without_a_file_owns_standard_output(
    passing: Running, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """And nothing else stands there."""
    assert main(["check", place(passing), *words]) == 0
    assert json.loads(capsys.readouterr().out)["outcome"] == "passed"


def test_a_failed_check_has_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """That is when they are read."""
    told = tmp_path / "report.json"
    assert main(["check", nothing_listens(), "--report", f"json={told}"]) == 11
    assert json.loads(told.read_text())["cause"]["id"] == "nothing-listens"


def test_an_unusable_host_has_its_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CI job finds out from the report, too."""
    told = tmp_path / "report.json"
    words = ["--expect", "min-tls=1.2", "--expect", "cause=host-value-malformed"]
    assert main(["check", "a..b", "--report", f"json={told}", *words]) == 2
    report = json.loads(told.read_text())
    assert (report["stage"], report["expected"], report["exit_code"]) == ("config", False, 2)
    assert report["expectations"][0]["actual"] == "there was no TLS: the session stopped at config"


def test_ctrl_c_leaves_the_report_of_what_was_seen(tmp_path: Path) -> None:
    """The file is whole, and nothing stands beside it."""
    told = tmp_path / "report.json"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = [*SMTPCHECK, "check", f"127.0.0.1:{port}", "--report", f"json={told}", "--timeout", "600"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"220 mail.example.com ESMTP\r\n")
            assert peer.recv(100).startswith(b"EHLO")
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(told.read_text())["outcome"] == "interrupted"
    assert os.listdir(tmp_path) == ["report.json"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("missing/report.json", "No such file or directory"),
        (".", "it is a directory"),
        ("x\0y", "NUL"),
    ],
)
def test_a_file_that_cannot_be_written_is_told_before_the_first_packet(
    path: str, says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, one sentence, and nobody was called."""
    monkeypatch.chdir(tmp_path)
    with running(parse(PASSES + ENDS)) as server:
        assert main(["check", place(server), "--report", f"json={path}"]) == 2
        captured = capsys.readouterr()
        assert server.sessions == ()
        assert main(["check", place(server)]) == 0  # which ends the server's play
    assert says in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
    assert os.listdir(tmp_path) == []


def test_nothing_is_left_of_a_check_that_never_began(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The old report stands, and no half one beside it."""
    told = tmp_path / "report.json"
    told.write_text("old")
    assert main(["check", "mail.example.com", "--tls", "nonsense", "--report", f"json={told}"]) == 2
    assert told.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_an_old_file_is_replaced_and_keeps_its_mode(passing: Running, tmp_path: Path) -> None:
    """A reader that has the old one open goes on reading that: it is another file."""
    told = tmp_path / "report.json"
    told.write_text("old")
    told.chmod(0o640)
    with told.open() as reader:
        assert main(["check", place(passing), "--report", f"json={told}"]) == 0
        assert reader.read() == "old"
    assert json.loads(told.read_text())["outcome"] == "passed"
    assert stat.S_IMODE(told.stat().st_mode) == 0o640


def test_a_new_file_has_the_mode_of_the_umask(passing: Running, tmp_path: Path) -> None:
    """Not the 0600 of a temporary file: the collector that reads it is another user."""
    told = tmp_path / "report.json"
    before = os.umask(0o022)
    try:
        assert main(["check", place(passing), "--report", f"json={told}"]) == 0
    finally:
        os.umask(before)
    assert stat.S_IMODE(told.stat().st_mode) == 0o644


def test_a_link_stays_a_link(passing: Running, tmp_path: Path) -> None:
    """What it points to is written."""
    told, link = tmp_path / "real.json", tmp_path / "link.json"
    told.write_text("old")
    link.symlink_to(told)
    assert main(["check", place(passing), "--report", f"json={link}"]) == 0
    assert link.is_symlink()
    assert json.loads(told.read_text())["outcome"] == "passed"


def test_a_device_is_written_to(passing: Running) -> None:
    """And is a device afterwards."""
    assert main(["check", place(passing), "--report", "json=/dev/null"]) == 0
    assert stat.S_ISCHR(os.stat("/dev/null").st_mode)


def test_what_the_shell_opened_is_written_to(passing: Running, tmp_path: Path) -> None:
    """`3>file --report json=/dev/fd/3`, with what stood in the file before it."""
    told = tmp_path / "log"
    told.write_text("before\n")
    shell = ["bash", "-c", 'exec 3>>"$0"; exec "$@"', str(told)]
    command = [*shell, *SMTPCHECK, "check", place(passing), "--report", "json=/dev/fd/3"]
    assert subprocess.run(command, capture_output=True, timeout=30, check=False).returncode == 0
    text = told.read_text()
    assert text.startswith("before\n{")
    assert json.loads(text.removeprefix("before\n"))["outcome"] == "passed"


def test_a_full_disk_is_told(passing: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """The check is done and its report is not: that is no success."""
    assert main(["check", place(passing), "--report", "json=/dev/full"]) == 3
    captured = capsys.readouterr()
    assert "'/dev/full' was not written: No space left on device" in captured.err
    assert "exit code 0" in captured.out


def test_a_pipe_that_nobody_reads_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It would hold the check before its first packet."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert main(["check", "127.0.0.1:1", "--report", f"json={pipe}"]) == 2
    assert "cannot be written" in capsys.readouterr().err


def test_a_reader_that_went_away_leaves_the_files(passing: Running, tmp_path: Path) -> None:
    """`smtpcheck check ... --report json=FILE | head -0`: 141, and the file is there."""
    told = tmp_path / "report.json"
    reading, writing = os.pipe()
    os.close(reading)
    command = [*SMTPCHECK, "check", place(passing), "--report", f"json={told}"]
    done = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, timeout=30, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, b"")
    assert json.loads(told.read_text())["outcome"] == "passed"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--report", "yaml"], "'yaml': there is no such format; there are terminal, json"),
        (["--report", "jsn"], "there is no such format; there are json"),
        (["--report", "json="], "names no file"),
        (["--report", "json", "--report", "brief"], "json and brief are both to go to standard output"),
        (["--json", "--report", "terminal"], "json and terminal are both to go to standard output"),
        (["--report", "json=a", "--report", "brief=./a"], "would go to the same file"),
        (["--report", "json", "-v"], "-v"),
        (["--report", "json", "-q"], "-q"),
    ],
)
def test_a_contradiction_is_one_sentence(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 2, and nothing is sent."""
    assert main(["check", "mail.example.com", *words]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


# --- GitHub Actions -----------------------------------------------------------------------------------------------


def test_annotations_stand_beside_another_report(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On standard error where standard output is taken; the step's summary is added to."""
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    assert main(["check", nothing_listens(), "--json", "--report", "github"]) == 11
    captured = capsys.readouterr()
    assert json.loads(captured.out)["exit_code"] == 11
    assert captured.err.startswith("::error title=")
    assert summary.read_text().startswith("before\n")
    assert "What to do" in summary.read_text() or "What to change" in summary.read_text()


def test_annotations_alone_own_standard_output(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The runner reads either stream."""
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    assert main(["check", nothing_listens(), "--report", "github"]) == 11
    captured = capsys.readouterr()
    assert captured.out.startswith("::error title=")
    assert captured.err == ""


@pytest.mark.parametrize(("runner", "masked"), [("true", True), ("", False)])
def test_a_runner_alone_is_told_what_to_hide(
    runner: str, masked: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Anybody else would be told the secret."""
    monkeypatch.setenv("GITHUB_ACTIONS", runner)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    monkeypatch.setenv("SMTP_PW", "correct-horse")
    words = ["check", nothing_listens(), "--user", "alice", "--password-env", "SMTP_PW"]
    assert main([*words, "--report", "github"]) == 11
    captured = capsys.readouterr()
    assert ("::add-mask::correct-horse\n" in captured.err) is masked
    assert "correct-horse" not in captured.out
    assert main([*words]) == 11
    assert "correct-horse" not in "".join(capsys.readouterr())


def test_a_summary_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one sentence, with the exit code of a report that is missing."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/nowhere/at/all")
    assert main(["check", nothing_listens(), "--report", "github"]) == 3
    assert "the step summary (GITHUB_STEP_SUMMARY) was not written" in capsys.readouterr().err


# --- expectations -------------------------------------------------------------------------------------------------


def test_a_relay_that_refuses_is_what_was_expected(denying: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """Unauthenticated must not relay: the refusal is the success."""
    words = ["check", place(denying), "--from", "a@example.com", "--to", "b@example.net"]
    assert main([*words, "--expect", "outcome.recipient=refused", "--expect", "reply.recipient=5.7.1", "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["expected"], report["exit_code"], report["stage"]) == (True, 0, "recipient")
    assert report["expectations"][1] == {
        "rule": "reply.recipient=5.7.1",
        "met": True,
        "severity": "error",
        "actual": "550 5.7.1",
    }
    assert [each["rule"] for each in report["options"]["expect"]] == [
        "outcome.recipient=refused",
        "reply.recipient=5.7.1",
    ]


def test_a_pass_that_was_not_expected_fails(passing: Running, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 1, and the last lines say why."""
    assert main(["check", place(passing), "--expect", "min-tls=1.2", "--expect", "starttls:warning"]) == 1
    text = " ".join(capsys.readouterr().out.split())
    assert "min-tls=1.2: not met: the session had no TLS" in text
    assert "starttls: not met (a warning): STARTTLS was not offered" in text
    assert "but not as expected: min-tls=1.2" in text


def test_a_warning_fails_only_when_asked_to(capsys: pytest.CaptureFixture[str]) -> None:
    """--fail-on warning."""
    for words, code in (
        (["--expect", "starttls:warning"], 0),
        (["--expect", "starttls:warning", "--fail-on", "warning"], 1),
    ):
        with running(parse(PASSES + ENDS)) as server:
            assert main(["check", place(server), *words, "-q"]) == code
        assert "but not as expected: starttls" in capsys.readouterr().out


def test_a_cause_that_does_not_exist_is_told_before_the_first_packet(capsys: pytest.CaptureFixture[str]) -> None:
    """With the one that was meant."""
    assert main(["check", "127.0.0.1:1", "--expect", "cause=nothing-listen"]) == 2
    assert "did you mean nothing-listens?" in capsys.readouterr().err


def test_anonymized(denying: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In every output of the run alike."""
    told = tmp_path / "report.json"
    words = [
        "check",
        place(denying),
        "--from",
        "ann@example.com",
        "--to",
        "bob@example.net",
        "--helo",
        "pc.example.com",
    ]
    assert main([*words, "--anonymize", "-v", "--report", f"json={told}"]) == 18
    text = capsys.readouterr().out + told.read_text()
    for name in ("example.com", "example.net", "ann@", "bob@"):
        assert name not in text
    assert "host-1.example" in text
    assert "Relaying denied" in text


# --- --nagios -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "code", "begins"),
    [
        ([], 0, "SMTP OK - localhost:"),
        (["--expect", "starttls:warning"], 1, "SMTP WARNING - localhost:"),
        (["--expect", "min-cert-days=20000:warning"], 1, "SMTP WARNING - localhost:"),
        (["--expect", "starttls"], 2, "SMTP CRITICAL - localhost:"),
    ],
)
def test_a_monitoring_system_reads_one_line(
    words: list[str], code: int, begins: str, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """With perfdata behind the one pipe, and thresholds where expectations give some."""
    limits = ["--expect", "max-total=50", "--expect", "max-total=30:warning"]
    with running(parse(implicit() + QUIT), names=["localhost"]) as server:
        at = [f"localhost:{server.port}", "--address", server.host, "--ca-file", ca_file, "--tls", "implicit"]
        assert main(["check", *at, "--nagios", *limits, *words]) == code
    captured = capsys.readouterr()
    assert captured.out.startswith(begins)
    assert captured.out.count("\n") == captured.out.count("|") == 1
    perfdata = captured.out.partition(" | ")[2].split()
    assert perfdata[0].startswith("total=")
    assert perfdata[0].endswith("s;30;50;0;")
    assert any(each.startswith("cert_days=") for each in perfdata)
    assert captured.err == ""


def test_what_stopped_is_critical_and_json_keeps_the_exit_code(
    denying: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file beside the line has the design's exit code."""
    told = tmp_path / "report.json"
    words = ["check", place(denying), "--from", "a@example.com", "--to", "b@example.net"]
    assert main([*words, "--nagios", "--report", f"json={told}"]) == 2
    assert capsys.readouterr().out.startswith("SMTP CRITICAL - ")
    report = json.loads(told.read_text())
    assert (report["exit_code"], report["options"]["max_time"], report["options"]["sibling_ports"]) == (18, 9.0, False)


@pytest.mark.parametrize(
    "words",
    [
        ["a..b"],
        ["mail.example.com", "--tls", "nonsense"],
        ["mail.example.com", "--no-such-option"],
        ["mail.example.com", "--json"],
        ["mail.example.com", "--expect", "x|y\nz"],
        ["mail.example.com", "--report", "json=/nowhere/at/all"],
    ],
)
def test_a_mistake_is_unknown(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit 3 and one line, on standard output: a monitoring system shows nothing else."""
    assert main(["check", *words, "--nagios"]) == 3
    captured = capsys.readouterr()
    assert captured.out.startswith("SMTP UNKNOWN - ")
    assert captured.out.count("\n") == 1
    assert captured.err == ""


@pytest.mark.parametrize(("words", "asked"), [([], []), (["--second-looks"], ["sibling-ports"])])
def test_a_scheduled_check_knocks_at_no_other_port(
    words: list[str], asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless it is told to."""
    told = tmp_path / "report.json"
    with full_queue() as (_, port), full_queue() as (_, other):
        monkeypatch.setattr(looks, "SIBLINGS", (other,))
        at = [f"localhost:{port}", "--address", "127.0.0.1", "--timeout", "0.5"]
        assert main(["check", *at, "--nagios", "--report", f"json={told}", *words]) == 2
    assert [each["look"] for each in json.loads(told.read_text())["asked"]] == asked


def test_a_hostile_banner_adds_no_perfdata(capsys: pytest.CaptureFixture[str]) -> None:
    """A pipe of the server's is not the plugin's."""
    with running(parse("S: 554 no|evil=1;;; here\n")) as server:
        assert main(["check", place(server), "--nagios"]) == 2
    out = capsys.readouterr().out
    assert out.count("|") == 1
    assert "evil=1" not in out.partition("|")[2]


def test_ctrl_c_is_unknown_to_a_monitoring_system() -> None:
    """3, and the one line all the same."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [*SMTPCHECK, "check", f"127.0.0.1:{listener.getsockname()[1]}", "--nagios"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        peer, _ = listener.accept()
        with peer:
            peer.sendall(b"220 mail.example.com ESMTP\r\n")
            assert peer.recv(100).startswith(b"EHLO")
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert out.startswith("SMTP UNKNOWN - ")
    assert (out.count("\n"), err) == (1, "")


# --- what the environment says ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environ", "colored"),
    [
        ({}, False),
        ({"FORCE_COLOR": "1"}, True),
        ({"FORCE_COLOR": "0"}, False),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        ({"FORCE_COLOR": "1", "TERM": "dumb"}, True),
        ({"NO_COLOR": ""}, False),
        ({"CI": "true"}, False),
    ],
)
def test_colour_on_a_pipe(
    passing: Running,
    environ: dict[str, str],
    colored: bool,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """NO_COLOR wins over FORCE_COLOR; a file never has any."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TERM", "CI"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    told = tmp_path / "report.txt"
    assert main(["check", place(passing), "--report", f"terminal={told}"]) == 0
    assert ("\x1b" in capsys.readouterr().out) is colored
    assert "\x1b" not in told.read_text()
