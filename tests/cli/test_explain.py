"""`smtpcheck explain` as a user meets it: a page, a list, pasted text, a log on standard input or in a file."""

import io
import json
import os
import sys
from pathlib import Path

import pytest

from smtpcheck.cli.main import main
from smtpcheck.cli.pasted import decoded
from smtpcheck.diagnose.pages import ids

REFUSED = "535 5.7.8 Username and Password not accepted"

Output = pytest.CaptureFixture[str]


class Piped:
    """Standard input with these bytes."""

    def __init__(self, content: bytes, terminal: bool) -> None:
        self.buffer = io.BytesIO(content)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def pipe(monkeypatch: pytest.MonkeyPatch, content: bytes, *, terminal: bool = False) -> None:
    monkeypatch.setattr(sys, "stdin", Piped(content, terminal))


def explain(capsys: Output, *words: str) -> tuple[int, str, str]:
    code = main(["explain", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def flat(text: str) -> str:
    return " ".join(text.split())


def test_an_id_gives_its_page(capsys: Output) -> None:
    code, out, _ = explain(capsys, "greylisted")
    assert code == 0
    assert out.startswith("greylisted\n")
    for heading in ("What was seen", "Why it happens", "What to do", "How smtpcheck decides", "Example"):
        assert f"\n{heading}\n" in out


def test_an_id_is_found_in_any_case(capsys: Output) -> None:
    assert explain(capsys, "Greylisted ")[:2] == explain(capsys, "greylisted")[:2]


def test_a_page_as_json(capsys: Output) -> None:
    code, out, _ = explain(capsys, "greylisted", "--json")
    page = json.loads(out)["page"]
    assert (code, page["id"], page["stage"]) == (0, "greylisted", "recipient")
    assert page["fix"]


def test_the_list_has_every_cause(capsys: Output) -> None:
    code, out, _ = explain(capsys, "--list", "--json")
    assert code == 0
    assert [one["id"] for one in json.loads(out)["pages"]] == list(ids())
    code, out, _ = explain(capsys, "--list")
    assert code == 0
    assert set(ids()) <= set(out.split())


def test_a_search_looks_into_titles_and_prose(capsys: Output) -> None:
    """All words of it have to be there, in any case."""
    code, out, _ = explain(capsys, "--search", "GREYLISTING unknown sender")
    assert code == 0
    assert "greylisted" in out.split()
    assert len(out) < len(explain(capsys, "--list")[1])
    code, out, _ = explain(capsys, "--search", "zyzzyva")
    assert code == 1
    assert "--list" in out


def test_a_pasted_reply_is_explained(capsys: Output) -> None:
    """In quotes or as several words, with what is known besides it."""
    code, out, _ = explain(capsys, REFUSED, "--host", "smtp.gmail.com")
    assert code == 0
    assert "Google" in out
    assert "smtpcheck explain app-password-required" in out
    assert explain(capsys, *REFUSED.split(), "--host", "smtp.gmail.com")[:2] == (code, out)


def test_the_hints_are_taken(capsys: Output) -> None:
    """The same words at another stage have another cause."""
    words = ["550 5.7.1 rejected", "--json"]
    at = {stage: json.loads(explain(capsys, *words, "--stage", stage)[1])["stage"] for stage in ("recipient", "auth")}
    assert at == {"recipient": "recipient", "auth": "auth"}


def test_json_holds_the_cause_object(capsys: Output) -> None:
    code, out, _ = explain(capsys, REFUSED, "--json")
    told = json.loads(out)
    assert code == 0
    assert list(told) == ["schema", "stage", "cause", "also", "count"]
    assert (told["schema"], told["stage"], told["count"]) == (1, "auth", 1)
    assert {"id", "certainty", "fix", "evidence", "settle", "first_line", "client"} <= set(told["cause"])


def test_text_that_fits_nothing_is_not_known(capsys: Output) -> None:
    """Exit 1 and no cause, in JSON as well."""
    code, out, _ = explain(capsys, "all is well in the garden")
    assert code == 1
    assert out.startswith("not known")
    code, out, _ = explain(capsys, "all is well in the garden", "--json")
    assert (code, json.loads(out)["cause"]) == (1, None)


def test_an_id_that_does_not_exist_brings_the_nearest(capsys: Output) -> None:
    code, out, _ = explain(capsys, "bad-credental")
    assert code == 1
    assert "bad-credentials" in out
    code, out, _ = explain(capsys, "certificate")
    assert code == 1
    assert "certificate-expired" in out or "certificate-name-mismatch" in out


def test_a_file_name_is_no_text(capsys: Output, tmp_path: Path) -> None:
    """It is not read behind the user's back; the option that reads it is named."""
    log = tmp_path / "app.log"
    log.write_text(REFUSED)
    code, out, _ = explain(capsys, str(log))
    assert code == 1
    assert f"--file {log}" in out


def test_a_log_on_standard_input_is_grouped(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last failure is the cause; the others stand below it, with how often and where."""
    refused = "2026-11-22 17:30:00 app: smtplib.SMTPAuthenticationError: (535, b'5.7.8 authentication failed')\n"
    last = "2026-11-22 17:40:00 app: smtplib.SMTPRecipientsRefused: {'b@example.net': (450, b'4.2.0 Greylisted')}\n"
    for words in ((), ("-",)):
        pipe(monkeypatch, (refused * 30 + last).encode())
        code, out, _ = explain(capsys, *words)
        assert code == 0
        assert "smtpcheck explain greylisted" in out
        assert "30 times, lines 1 to 30: " in flat(out)


def test_a_file_is_read(capsys: Output, tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    log.write_bytes(b"\xff\xfe" + REFUSED.encode("utf-16-le"))
    code, out, _ = explain(capsys, "--file", str(log), "--json")
    assert (code, json.loads(out)["stage"]) == (0, "auth")


def test_files_that_cannot_be_read_end_in_one_sentence(
    capsys: Output, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe does not hold us up."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "empty").touch()
    (tmp_path / "large").write_bytes(b"x" * 2000)
    monkeypatch.setattr("smtpcheck.cli.pasted.LARGEST", 1000)
    for name, words in {"pipe": "regular", "empty": "is empty", "large": "64 MiB", "gone": "No such file"}.items():
        code, out, err = explain(capsys, "--file", str(tmp_path / name))
        assert (code, out) == (2, "")
        assert words in err
        assert len(err.splitlines()) == 1


def test_nothing_to_explain_is_one_sentence(capsys: Output, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal nobody waits for text that was not announced."""
    for content, terminal in ((b"", True), (b" \n", False)):
        pipe(monkeypatch, content, terminal=terminal)
        code, out, err = explain(capsys)
        assert (code, out) == (2, "")
        assert "nothing to explain" in err
        assert len(err.splitlines()) == 1
    assert explain(capsys, "")[0] == 2


@pytest.mark.parametrize(
    "words",
    [
        ["x", "--list"],
        ["--list", "--search", "x"],
        ["x", "--file", "y"],
        ["x", "--stage", "login"],
        ["x", "--port", "70000"],
        ["x", "--tls", "ssl"],
        ["x", "--color", "red"],
        ["--search", " "],
        ["-> 535 no"],
    ],
)
def test_what_contradicts_itself_is_misuse(capsys: Output, words: list[str]) -> None:
    code, out, err = explain(capsys, *words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1


def test_a_secret_in_a_transcript_is_not_repeated(capsys: Output) -> None:
    """Neither in the report nor in JSON."""
    secret = "AGFsaWNlAGNvcnJlY3QtaG9yc2U="
    text = f"S: 250 AUTH PLAIN\nC: AUTH PLAIN {secret}\nS: 535 5.7.8 authentication failed"
    for more in ((), ("--json",)):
        code, out, err = explain(capsys, text, *more)
        assert code == 0
        assert secret not in out + err


def test_any_encoding_can_be_read() -> None:
    """Logs are in any, and often in two; a byte that is no UTF-8 leaves the other lines alone."""
    assert decoded("é 535".encode()) == "é 535"
    assert decoded(b"\xef\xbb\xbf535") == "535"
    assert decoded("é 535".encode("utf-16")) == "é 535"
    assert decoded("é\n".encode() + b"\xe9 535") == "é\né 535"
    assert decoded(bytes(range(256)))


def test_the_same_from_python() -> None:
    """The library's names, with the same words for what is known."""
    import smtpcheck

    told = smtpcheck.explain(REFUSED, host="smtp.gmail.com", user="alice@example.com")
    assert isinstance(told, smtpcheck.Explanation)
    assert isinstance(told.cause, smtpcheck.Explained)
    assert told.stage is smtpcheck.Stage.AUTH
    with pytest.raises(smtpcheck.UsageError):
        smtpcheck.explain(REFUSED, stage="login")
