"""Seconds: which are taken, and how the run's time follows from the steps'."""

from dataclasses import fields

import pytest

from smtpcheck.model import Patience, UsageError
from smtpcheck.settings.patience import RFC_5321, default_run, parse_patience, parse_seconds


@pytest.mark.parametrize(("value", "seconds"), [("20", 20.0), ("2.5", 2.5), (".5", 0.5), (3, 3.0), (0.1, 0.1)])
def test_seconds(value: float | str, seconds: float) -> None:
    """Whole and decimal numbers, as text or number."""
    assert parse_seconds(value, "--timeout") == seconds


@pytest.mark.parametrize(
    "value",
    ["0", "0.0", "-1", "nan", "inf", "1e3", "1_0", "5s", "", " 5", "٣", "86401", float("nan"), float("inf"), -1],
)
def test_other_values_are_refused(value: float | str) -> None:
    """Only what is above 0 and ends some day."""
    with pytest.raises(UsageError, match="--timeout is"):
        parse_seconds(value, "--timeout")


def test_timeout_sets_every_step() -> None:
    """The final dot and QUIT too."""
    assert {getattr(parse_patience(None, "7"), name) for name in (one.name for one in fields(Patience))} == {7.0}


def test_the_rfc_minima() -> None:
    """RFC 5321 section 4.5.3.2."""
    assert parse_patience("rfc", None) == RFC_5321
    assert (RFC_5321.banner, RFC_5321.sender, RFC_5321.recipient, RFC_5321.message_end) == (300, 300, 300, 600)
    with pytest.raises(UsageError, match="--patience is 'long': give one of default, rfc"):
        parse_patience("long", None)


def test_the_whole_run() -> None:
    """90 seconds, 270 with a message, and the sum of the steps where their patience was raised."""
    assert default_run(Patience(), send=False, recipients=3) == 90
    assert default_run(Patience(), send=True, recipients=1) == 270
    assert default_run(RFC_5321, send=True, recipients=2) == RFC_5321.total + 300
    assert default_run(RFC_5321, send=False, recipients=0) == RFC_5321.total - 900
    assert default_run(parse_patience(None, "1"), send=False, recipients=1) == 90
