"""Who gets colour, symbols and a list that repaints itself."""

import pytest

from smtpcheck.model import Outcome
from smtpcheck.report.style import ASCII, choose_ascii, choose_color, choose_cursor, marks


@pytest.mark.parametrize(
    ("option", "environ", "isatty", "color"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "0"}, False, False),
        ("auto", {"FORCE_COLOR": "1", "TERM": "dumb"}, True, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("always", {"NO_COLOR": "1", "TERM": "dumb"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_color(option: str, environ: dict[str, str], isatty: bool, color: bool) -> None:
    assert choose_color(option, environ, isatty) is color


@pytest.mark.parametrize(
    ("encoding", "ascii"),
    [
        ("utf-8", False),
        ("UTF8", False),
        ("cp1252", True),
        ("ascii", True),
        ("latin-1", True),
        (None, True),
        ("x", True),
    ],
)
def test_symbols_only_where_they_can_be_written(encoding: str | None, ascii: bool) -> None:
    assert choose_ascii(encoding) is ascii


def test_nothing_repaints_what_cannot_be_taken_back() -> None:
    assert choose_cursor({}, True, "posix")
    assert choose_cursor({"WT_SESSION": "1"}, True, "nt")
    assert not choose_cursor({}, True, "nt")
    assert not choose_cursor({}, False, "posix")
    assert not choose_cursor({"TERM": "dumb"}, True, "posix")
    assert not choose_cursor({"CI": "true"}, True, "posix")
    assert choose_cursor({"CI": "false"}, True, "posix")


def test_whatever_did_not_pass_has_failed() -> None:
    assert [marks(ascii=True).of(each) for each in (Outcome.PASSED, Outcome.SKIPPED, Outcome.WAITING)] == [
        "ok",
        "--",
        "..",
    ]
    rest = set(Outcome) - {Outcome.PASSED, Outcome.SKIPPED, Outcome.WAITING}
    assert {ASCII.of(outcome) for outcome in rest} == {"FAIL"}
