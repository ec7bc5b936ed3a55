"""`smtpcheck diff` from the command line, with real files and a real server on loopback."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.cli.main import main
from smtpcheck.dialogue import parse
from smtpcheck.serve import Running, running

RECORDINGS = Path(__file__).parent.parent / "recordings"
GOOD, BAD = (str(RECORDINGS / name) for name in ("postfix-passes.json", "postfix-wrong-password.json"))
PASSES = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250 mail.example.com\nC: QUIT\nS: 221 bye\n"
REFUSES = "S: 554 no service here\n"

Save = Callable[[Running], Path]


@pytest.fixture
def save(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Save:
    """Checks a server and saves the report."""

    def saved(server: Running) -> Path:
        main(["check", f"{server.host}:{server.port}", "--json", "--helo", "client.example.org"])
        path = tmp_path / "old.json"
        path.write_text(capsys.readouterr().out)
        return path

    return saved


def changed(path: Path, **target: Any) -> Path:
    """The saved report with other values in its target: what somebody may have put there."""
    report = json.loads(path.read_text())
    report["target"].update(target)
    path.write_text(json.dumps(report))
    return path


def test_a_change_is_exit_1_and_its_name_comes_first(capsys: pytest.CaptureFixture[str]) -> None:
    """Two files, nothing sent."""
    assert main(["diff", GOOD, BAD]) == 1
    out, err = capsys.readouterr()
    assert out.startswith("stopped at auth now, passed before: ")
    assert err == ""


def test_no_change_is_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    """And says so."""
    assert main(["diff", GOOD, GOOD]) == 0
    assert capsys.readouterr().out.startswith("nothing that matters changed: both passed\n")


def test_quiet_is_one_line_and_json_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """For a shell and for a program."""
    assert main(["diff", GOOD, BAD, "-q"]) == 1
    assert capsys.readouterr().out.count("\n") == 1
    assert main(["diff", GOOD, BAD, "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["parts_at"] == "auth"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.json"], "cannot be opened"),
        ([__file__], "not JSON"),
        ([GOOD, BAD, "--insecure"], "--insecure is for a check that is made again"),
        ([GOOD, BAD, "third"], "a word too many"),
        ([GOOD, BAD, "-q", "--json"], "--json contradicts -q"),
    ],
)
def test_misuse_is_exit_2_in_one_sentence(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    """On standard error, with nothing on standard output."""
    assert main(["diff", *words]) == 2
    out, err = capsys.readouterr()
    assert said in err
    assert (out, err.count("\n")) == ("", 1)


def test_the_same_check_is_made_again(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """With the server and EHLO name of the file, which are said first."""
    with running(parse(PASSES)) as server:
        old = save(server)
        assert main(["diff", str(old)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("nothing that matters changed")
    assert f"server {server.host}:{server.port}, EHLO name client.example.org" in err
    assert server.sessions[-1].lines[0] == "EHLO client.example.org"


def test_a_server_that_refuses_now_is_named(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """The file says that it passed."""
    with running(parse(PASSES)) as server:
        old = save(server)
    with running(parse(REFUSES)) as server:
        assert main(["diff", str(changed(old, port=server.port)), "-q"]) == 1
    assert capsys.readouterr().out.startswith("stopped at banner now, passed before: ")


@pytest.mark.parametrize(
    "target", [{"user": "alice"}, {"host": "smtp://alice@127.0.0.1", "port": None}, {"host": "alice@127.0.0.1"}]
)
def test_a_file_is_no_reason_to_send_the_password(
    target: dict[str, Any], save: Save, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """SMTPCHECK_PASSWORD goes nowhere unless this command line names it, however the file spells its login."""
    monkeypatch.setenv("SMTPCHECK_PASSWORD", "hunter2-hunter2")
    with running(parse(PASSES)) as server:
        old = changed(save(server), **target)
        seen = len(server.sessions)
        assert main(["diff", str(old), "--allow-cleartext-auth"]) == 2
        assert len(server.sessions) == seen
    assert "hunter2" not in "".join(capsys.readouterr())


def test_without_a_login_no_secret_is_needed(save: Save, capsys: pytest.CaptureFixture[str]) -> None:
    """`--auth none` goes on without the file's user."""
    with running(parse(PASSES)) as server:
        old = changed(save(server), user="alice")
        assert main(["diff", str(old), "--auth", "none", "-q"]) == 0


def test_what_only_the_command_line_gives_is_not_taken_from_the_file(
    save: Save, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that asks for --insecure and a proxy gets neither, and is told so."""
    with running(parse(PASSES)) as server:
        old = save(server)
        report = json.loads(old.read_text())
        report["options"].update(insecure=True, proxy="http://192.0.2.1:3128", send=True)
        old.write_text(json.dumps(report))
        assert main(["diff", str(old), "-q"]) == 0
    assert "--send, --proxy and --insecure, which only this command line can give" in capsys.readouterr().err
