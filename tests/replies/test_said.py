"""Five hundred replies of real servers and gateways, each with the causes that a careful reader accepts."""

from pathlib import Path

import pytest

from smtpcheck.diagnose.text import explain
from smtpcheck.model import Certainty

SAID = [
    tuple(part.strip() for part in line.split(" | "))
    for line in Path(__file__).with_name("said.txt").read_text("utf-8").splitlines()
    if not line.startswith("#")
]


@pytest.mark.parametrize(("stage", "reply", "causes"), SAID)
def test_a_reply_means_what_a_careful_reader_says(stage: str, reply: str, causes: str) -> None:
    """At the first place, at the stage where it came."""
    told = explain(reply, stage=stage)
    assert told.cause is not None
    assert told.cause.id in causes.split()
    assert told.stage == stage


def test_certainty_is_earned() -> None:
    """No answer that calls itself certain is wrong, and not everything is certain."""
    told = [(explain(reply, stage=stage).cause, causes.split()) for stage, reply, causes in SAID]
    certain = [(cause.id, causes) for cause, causes in told if cause and cause.certainty is Certainty.CERTAIN]
    assert all(cause in causes for cause, causes in certain)
    assert 0.3 < len(certain) / len(told) < 0.8
