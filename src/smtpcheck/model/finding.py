"""A finding: a cause, or something worth knowing, in the words that are shown."""

from collections.abc import Mapping

from smtpcheck.model.record import record
from smtpcheck.model.words import Certainty, Severity, Stage


@record
class Finding:
    """A cause, or something worth knowing, as `diagnose` states it. `means` is what the server's words mean here."""

    id: str
    stage: Stage
    severity: Severity
    certainty: Certainty
    title: str
    why: str
    fix: tuple[str, ...] = ()
    evidence: tuple[Mapping[str, int | str], ...] = ()
    provider: str | None = None
    alternatives: tuple[str, ...] = ()
    settle: str | None = None
    means: str | None = None
