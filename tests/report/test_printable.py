"""What a server sends becomes visible text, whatever it is."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model import Secret, SecretFacts, Stage, Step
from smtpcheck.model.words import Outcome
from smtpcheck.report.printable import cleaned, printable


@pytest.mark.parametrize(
    ("given_", "shown"),
    [
        ("plain words", "plain words"),
        ("Grüße, 你好", "Grüße, 你好"),
        ("\x1b[31mred", r"\x1b[31mred"),
        ("\x00\x07\x7f", r"\x00\x07\x7f"),
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\x9b31m", r"\u009b31m"),
        ("\u202eevil\u2069", r"\u202eevil\u2069"),
        ("\u200e\u200f\u200b\ufeff", r"\u200e\u200f\u200b\ufeff"),
        ("\u2028\u2029\u0085", r"\u2028\u2029\u0085"),
        ("\ud800", r"\ud800"),
        ("caf\udce9", r"caf\xe9"),
        ("a\u00a0b", r"a\u00a0b"),
        ("\u3164", r"\u3164"),
        ("\ufe0f", r"\ufe0f"),
        ("\U000e0041", r"\U000e0041"),
        (b"\xff\xfe 220", r"\xff\xfe 220"),
        (b"\xc3\xa9 \xed\xa0\x80", "é \\xed\\xa0\\x80"),
        (b"[bold red]", "[bold red]"),
        ("", ""),
    ],
)
def test_what_cannot_be_seen_is_written_out(given_: str | bytes, shown: str) -> None:
    assert printable(given_) == shown


def test_ascii_escapes_everything_else() -> None:
    assert printable("é你\U0001f600", ascii=True) == r"\u00e9\u4f60\U0001f600"


def test_marks_cannot_pile_up_or_sit_on_our_own_words() -> None:
    """A combining mark at the beginning would change the character that we print before it."""
    shown = printable("a" + "\u0301" * 50)
    assert shown.count("\u0301") <= 4
    assert printable("\u0301a").startswith("\\u0301")


def test_what_was_cut_is_counted() -> None:
    assert printable("abcdef", limit=4) == "abcd [2 more characters not shown]"
    assert printable(b"abcde", limit=4) == "abcd [1 more byte not shown]"
    assert printable("a" * 1_000_000, limit=10).endswith(" [999,990 more characters not shown]")


def test_a_cut_does_not_split_a_character() -> None:
    """A good character must not look like bytes that are no UTF-8."""
    assert printable("ééé".encode(), limit=3) == "é [4 more bytes not shown]"
    assert printable(b"\x80" * 10, limit=6).startswith(r"\x80\x80")


@given(st.text() | st.binary(), st.integers(1, 40), st.booleans())
def test_nothing_but_visible_characters_comes_out(text: str | bytes, limit: int, ascii: bool) -> None:
    shown = printable(text, limit=limit, ascii=ascii)
    assert shown.isprintable()
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert shown.isascii() or not ascii
    assert len(shown) <= 10 * limit + 60


def test_every_text_of_a_recording_is_cleaned() -> None:
    step = Step(stage=Stage.AUTH, outcome=Outcome.REFUSED, began=0.0, seconds=1.0, command="\x1b]0;x\x07", why="\n")
    assert cleaned(step).command == r"\x1b]0;x\x07"
    assert cleaned((step,))[0].why == r"\n"
    assert cleaned({"\x00": ("\x00",)}) == {r"\x00": (r"\x00",)}
    assert cleaned(step).stage is Stage.AUTH


def test_a_secret_is_not_opened() -> None:
    secret = Secret("hunter2")
    assert cleaned(secret) is secret
    assert SecretFacts is not None
