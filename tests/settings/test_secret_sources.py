"""Where secrets come from: bounded, unchanged but for one newline, and never in a message."""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from smtpcheck.model import UsageError
from smtpcheck.model.secret import SecretKind
from smtpcheck.settings import secret_sources

PASSWORD = SecretKind.PASSWORD


def test_a_variable_is_taken_as_it_is() -> None:
    """Its value may end with a newline that belongs to it."""
    secret, facts = secret_sources.from_variable("SMTP_PW", "--password-env", PASSWORD, {"SMTP_PW": ' a"b$c%d#ü \n'})
    assert secret.reveal() == ' a"b$c%d#ü \n'
    assert facts.source == "env SMTP_PW"


def test_an_empty_variable_is_explained() -> None:
    """The usual reason in CI is named."""
    with pytest.raises(UsageError, match=r"SMTP_PW, which is set but empty: in CI .* pull request from a fork"):
        secret_sources.from_variable("SMTP_PW", "--password-env", PASSWORD, {"SMTP_PW": ""})


@pytest.mark.parametrize("name", ["hunter2", "correct horse", "p@ss", "ABCD1234EFGH", "abcdefghijklmnop", ""])
def test_a_secret_typed_in_the_place_of_its_variable_is_not_repeated(name: str) -> None:
    """`--password-env "$PASSWORD"` is a frequent slip."""
    with pytest.raises(UsageError) as caught:
        secret_sources.from_variable(name, "--password-env", PASSWORD, {})
    assert not name or name not in str(caught.value)
    assert "not shown" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "text", "seen"),
    [
        (b"hunter2", "hunter2", False),
        (b"hunter2\n", "hunter2", True),
        (b"hunter2\r\n", "hunter2", True),
        (b"hunter2\n\n", "hunter2\n", True),
        (b" hunter2 ", " hunter2 ", False),
        ("pässwörd".encode(), "pässwörd", False),
    ],
)
def test_a_file_loses_one_newline_at_its_end(tmp_path: Path, content: bytes, text: str, seen: bool) -> None:
    """And nothing else; the report says so."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    file.chmod(0o600)
    secret, facts = secret_sources.from_file(str(file), "--password-file", PASSWORD)
    assert secret.reveal() == text
    assert ("trailing-newline-stripped" in facts.hygiene) is seen
    assert "file-readable-by-others" not in facts.hygiene


def test_bytes_that_are_no_utf8_leave_as_they_came(tmp_path: Path) -> None:
    """Old servers keep passwords in Latin-1."""
    file = tmp_path / "secret"
    file.write_bytes(b"p\xe4ss\n")
    secret, facts = secret_sources.from_file(str(file), "--password-file", PASSWORD)
    assert secret.reveal().encode("utf-8", "surrogateescape") == b"p\xe4ss"
    assert "not-utf-8" in facts.hygiene


def test_a_file_that_everybody_can_read_is_noted(tmp_path: Path) -> None:
    """The fact stands beside the secret's other facts."""
    file = tmp_path / "secret"
    file.write_bytes(b"hunter2")
    file.chmod(0o644)
    assert "file-readable-by-others" in secret_sources.from_file(str(file), "--password-file", PASSWORD)[1].hygiene


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty password"),
        (b"\n", "empty password"),
        (b"x" * (64 * 1024 + 1), "64 KiB"),
        ("hunter2".encode("utf-16"), "UTF-16"),
        (b"hun\0ter2", "NUL"),
    ],
)
def test_files_that_hold_no_secret(tmp_path: Path, content: bytes, said: str) -> None:
    """Each is one sentence without the content."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(UsageError, match=said) as caught:
        secret_sources.from_file(str(file), "--password-file", PASSWORD)
    assert "ter2" not in str(caught.value)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A pipe without a writer would wait for ever."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="pipe', which is not a regular file"):
        secret_sources.from_file(str(pipe), "--password-file", PASSWORD)
    with pytest.raises(UsageError, match="not a regular file"):
        secret_sources.from_file("/dev/zero", "--password-file", PASSWORD)


@pytest.mark.parametrize("name", ["hunter2", "/hunter2", "hunter/2", "hun\0ter2"])
def test_a_secret_typed_in_the_place_of_its_file_is_not_repeated(name: str) -> None:
    """A name is shown only if it, or the directory in it, exists."""
    with pytest.raises(UsageError, match="not shown") as caught:
        secret_sources.from_file(name, "--password-file", PASSWORD)
    assert "hun" not in str(caught.value)


def test_a_missing_file_in_a_known_directory_is_named(tmp_path: Path) -> None:
    """So that a slip in the name is seen."""
    with pytest.raises(UsageError, match="missing', which cannot be opened: No such file"):
        secret_sources.from_file(str(tmp_path / "missing"), "--password-file", PASSWORD)


def test_standard_input_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A pipe, or a file."""
    (tmp_path / "secret").write_bytes(b"hunter2\n")
    with (tmp_path / "secret").open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        secret, facts = secret_sources.from_stdin("--password-stdin", PASSWORD)
    assert (secret.reveal(), facts.source) == ("hunter2", "stdin")


def test_standard_input_that_never_ends_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """It has a time like every source."""
    monkeypatch.setattr(secret_sources, "SECONDS", 0.2)
    reading, writing = os.pipe()
    with os.fdopen(reading) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        os.write(writing, b"hunter2")
        with pytest.raises(UsageError, match="waited 0 s") as caught:
            secret_sources.from_stdin("--password-stdin", PASSWORD)
    os.close(writing)
    assert "hunter2" not in str(caught.value)


def test_standard_input_may_be_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `smtpcheck ... <&-`."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(UsageError, match="standard input closed"):
        secret_sources.from_stdin("--password-stdin", PASSWORD)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(min_size=1, max_size=60).filter(lambda text: "\0" not in text and not text.endswith("\n")))
def test_every_password_arrives_unchanged(tmp_path: Path, text: str) -> None:
    """Spaces, quotes, controls and every script, with and without the editor's newline."""
    file = tmp_path / "secret"
    try:
        content = text.encode("utf-8")
    except UnicodeEncodeError:
        return
    for ending in (b"", b"\n"):
        file.write_bytes(content + ending)
        bare = text.removesuffix("\r") if ending else text
        if bare:
            assert secret_sources.from_file(str(file), "--password-file", PASSWORD)[0].reveal() == bare
