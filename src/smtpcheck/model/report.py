"""The report: the recording together with the verdict, in the shape of JSON schema 1."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from types import MappingProxyType

from smtpcheck.model.evidence import Attempt, Step
from smtpcheck.model.finding import Finding
from smtpcheck.model.record import record
from smtpcheck.model.target import Options, Target
from smtpcheck.model.words import Outcome, Severity, Stage

_NOTHING: Mapping[str, str] = MappingProxyType({})


@record
class Asked:
    """A further connection that was made, and why."""

    look: str
    because: str


@record
class Expectation:
    """An expectation of the user and whether it was met."""

    rule: str
    met: bool
    severity: Severity = Severity.ERROR
    actual: str | None = None


@record
class Report:
    """One whole check. `stage` is None for a pass; `exit_code` is the one that the command line ends with."""

    smtpcheck: str
    began: datetime
    seconds: float
    target: Target
    options: Options
    outcome: Outcome
    stage: Stage | None
    exit_code: int
    temporary: bool
    attempts: tuple[Attempt, ...]
    deciding: int = 0
    expected: bool = False
    cause: Finding | None = None
    also: tuple[Finding, ...] = ()
    expectations: tuple[Expectation, ...] = ()
    asked: tuple[Asked, ...] = ()
    local: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    schema: int = 1

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED

    @property
    def attempt(self) -> Attempt | None:
        """The attempt that decides (`deciding` is its index), or None before anything was tried."""
        return self.attempts[self.deciding] if self.attempts else None

    def step(self, stage: Stage) -> Step | None:
        """The last step of that stage in the attempt that decides."""
        return self.attempt.step(stage) if self.attempt else None
