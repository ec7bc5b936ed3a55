"""Expectations through the Python API, with sessions of the scripted server."""

import pytest

from smtpcheck.model import Stage, UsageError

from .conftest import Play
from .probe.lines import QUIT, clear, upgraded

REFUSES = clear() + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 550 5.7.1 Relaying denied\n"


def test_a_real_session_inside_tls_meets_what_it_should(play: Play) -> None:
    """Version, certificate, mechanisms, keywords, times and addresses, over a real handshake."""
    rules = ["min-tls=1.2", "min-cert-days=1", "auth=PLAIN,LOGIN", "starttls", "no-auth-before-tls", "max-total=60"]
    report = play(upgraded("AUTH PLAIN LOGIN") + QUIT, expect=[*rules, "reply.starttls=220", "outcome.tls=passed"])
    assert [each.rule for each in report.expectations if not each.met] == []
    assert len(report.expectations) == 8
    assert report.exit_code == 0


def test_a_mechanism_in_clear_fails_the_run(play: Play) -> None:
    """The session passed, and the check did not."""
    report = play(upgraded("AUTH PLAIN", before=("AUTH PLAIN",)) + QUIT, expect=["no-auth-before-tls"])
    assert report.passed
    assert report.exit_code == 1
    assert report.expectations[0].actual == "AUTH PLAIN was offered in clear"


def test_a_refusal_is_expected_by_its_cause(play: Play) -> None:
    """`cause=` decides over the end like `outcome.` and `reply.`"""
    rules = ["cause=not-authenticated", "reply.recipient=550"]
    report = play(REFUSES, sender="a@example.com", recipients=["b@example.net"], expect=rules)
    assert (report.stage, report.expected, report.exit_code) == (Stage.RECIPIENT, True, 0)


def test_fail_on_is_an_argument(play: Play) -> None:
    """As on the command line."""
    assert play(clear() + QUIT).exit_code == 0
    assert play(clear() + QUIT, fail_on="warning").exit_code == 1


@pytest.mark.parametrize("rules", ["starttls", [1], 7])
def test_rules_are_a_list_of_texts(play: Play, rules: object) -> None:
    """A text would be taken apart into its letters."""
    with pytest.raises(UsageError, match="expect has to be a list of texts"):
        play(clear() + QUIT, expect=rules)  # type: ignore[arg-type]
