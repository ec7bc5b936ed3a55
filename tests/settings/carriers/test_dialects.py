"""What a value means to each program that reads it: the same text, and different passwords."""

import io
import sys
from pathlib import Path

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from smtpcheck.model import UsageError
from smtpcheck.settings.carriers import given as read_carriers
from smtpcheck.settings.carriers.dialects import DIALECTS

TABLE = {
    # written: python-dotenv, phpdotenv, node-dotenv, compose, raw, systemd
    "plain": ("plain", "plain", "plain", "plain", "plain", "plain"),
    "a#b": ("a#b", "a", "a", "a#b", "a#b", "a#b"),
    "a #b": ("a", "a", "a", "a", "a #b", "a #b"),
    "'a#b'": ("a#b", "a#b", "a#b", "a#b", "'a#b'", "a#b"),
    '"a#b"': ("a#b", "a#b", "a#b", "a#b", '"a#b"', "a#b"),
    r'"a\"b"': ('a"b', 'a"b', r"a\"b", 'a"b', r'"a\"b"', 'a"b'),
    "": ("", "", "", "", "", ""),
}
COLUMNS = ("python-dotenv", "phpdotenv", "node-dotenv", "compose", "raw", "systemd")


@pytest.mark.parametrize("written", TABLE)
@pytest.mark.parametrize("dialect", COLUMNS)
def test_a_value_as_each_dialect_reads_it(written: str, dialect: str) -> None:
    assert DIALECTS[dialect](written)[0] == TABLE[written][COLUMNS.index(dialect)]


@pytest.mark.parametrize("dialect", ["phpdotenv", "node-dotenv", "go-ini"])
def test_what_is_cut_is_told_without_the_value(dialect: str) -> None:
    """A comment after a space is meant, and no loss."""
    value, lost = DIALECTS[dialect]("s3cr3t#more")
    assert value == "s3cr3t"
    assert lost is not None
    assert "s3cr3t" not in lost
    assert DIALECTS[dialect]("s3cr3t # a comment") == ("s3cr3t", None)


@given(st.text(st.sampled_from("ab \t'\"#\\n$=%@:"), max_size=12))
@example("a#b")
@example(r'"a\n"')
@example("'it\\'s'")
def test_python_dotenv_is_the_oracle_of_its_dialect(raw: str) -> None:
    """Whatever python-dotenv makes of a line that it can parse, we make of it."""
    found = dotenv_values(stream=io.StringIO(f"KEY={raw}\n"), interpolate=False)
    if found.get("KEY") is not None and len(found) == 1:
        assert DIALECTS["python-dotenv"](raw)[0] == found["KEY"]


def test_without_the_library_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dotenv.parser", None)
    (tmp_path / ".env").write_text("SMTP_HOST=smtp.example.com\n")
    with pytest.raises(UsageError, match=r"pip install 'smtpcheck\[apps\]'"):
        read_carriers([str(tmp_path / ".env")])


def test_what_python_dotenv_cannot_parse_another_dialect_may(tmp_path: Path) -> None:
    """A quote that nothing closes: the line stands for itself, and those around it are read."""
    (tmp_path / ".env").write_text('A=1\nPASS=\'it\nB=x y # c\n\nC="two\nlines"\n')
    (found,) = read_carriers([str(tmp_path / ".env")])
    told = [(entry.key, entry.value, entry.origin.line) for entry in found.entries]
    assert told == [("A", "1", 1), ("PASS", "'it", 2), ("B", "x y", 3), ("C", "two\nlines", 5)]
