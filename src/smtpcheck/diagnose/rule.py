"""What a rule gives: a cause that it found, or a question whose answer would decide.

A rule never talks to anything (that is what `probe` does), so it can ask for a second look but not take one.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from smtpcheck.model import Certainty, Stage
from smtpcheck.model.record import brief_record, record

Pointer = Mapping[str, int | str]
"""One piece of evidence: `{attempt, event}`, `{line, text}`, `{file, line, key}` or `{option}`."""

_NOTHING: Mapping[str, str] = MappingProxyType({})


@record
class Found:
    """A cause by its id, how sure, and what it rests on. `facts` fills the placeholders of the cause's page.

    `alternatives` are other causes that the same evidence allows, most probable first; `settle` says what would decide.
    `provider` is the id of the provider whose facts were used. `stage` is where the cause makes a session stop, None:
    wherever it stopped.
    """

    id: str
    certainty: Certainty
    facts: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    evidence: tuple[Pointer, ...] = ()
    alternatives: tuple[str, ...] = ()
    settle: str | None = None
    provider: str | None = None
    stage: Stage | None = None


@brief_record
class Ask:
    """A second look that would decide, by its name, and why it is needed."""

    look: str
    because: str
