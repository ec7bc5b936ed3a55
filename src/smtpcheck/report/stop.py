"""Where a check stopped: the step that decides, together with what the recording holds about it."""

from typing import TypeVar

from smtpcheck.model import (
    AnyEvent,
    Attempt,
    Closed,
    EhloFacts,
    MessageFacts,
    Outcome,
    Report,
    Sent,
    Silent,
    Stage,
    Step,
    Surplus,
    TlsUp,
)
from smtpcheck.model.record import brief_record

E = TypeVar("E", Silent, Closed, Surplus)

# The outcomes after which nobody knows whether the server took the message.
_UNCERTAIN = (Outcome.STALLED, Outcome.CLOSED, Outcome.BROKEN, Outcome.INTERRUPTED, Outcome.BUG)


@brief_record
class Stop:
    """The step at which a report stopped, and its attempt."""

    report: Report
    attempt: Attempt
    step: Step

    @property
    def events(self) -> tuple[AnyEvent, ...]:
        """The events of the step."""
        if self.step.events is None:
            return ()
        first, last = self.step.events
        return self.attempt.events[first : last + 1]

    @property
    def silent(self) -> Silent | None:
        """The silence that ended the step."""
        return self._last(Silent)

    @property
    def closed(self) -> Closed | None:
        """The end of the connection within the step."""
        return self._last(Closed)

    @property
    def detail(self) -> str | None:
        """What was waited for, or how the connection ended, in a few words."""
        if self.step.outcome is Outcome.STALLED and self.silent is not None and self.silent.waiting_for:
            return f"waited for {self.silent.waiting_for}"
        if self.step.outcome is Outcome.CLOSED and self.closed is not None:
            return {"eof": "by the server", "close-notify": "by the server"}.get(self.closed.how, self.closed.how)
        return None

    @property
    def surplus(self) -> Surplus | None:
        """The last bytes of the step that belong to no reply."""
        return self._last(Surplus)

    @property
    def sent(self) -> bool:
        """True when we had sent anything on this connection."""
        last = self.step.events[1] if self.step.events else -1
        return any(isinstance(event, Sent) for event in self.attempt.events[: last + 1])

    @property
    def tls(self) -> bool:
        """True when the connection was inside TLS."""
        return any(isinstance(event, TlsUp) for event in self.attempt.events) or (
            (step := self.attempt.step(Stage.TLS)) is not None and step.passed
        )

    @property
    def offers_starttls(self) -> bool:
        """True when the server listed STARTTLS."""
        return any(isinstance(s.facts, EhloFacts) and s.facts.offers("STARTTLS") for s in self.attempt.steps)

    @property
    def uncertain(self) -> bool:
        """True when the whole message was sent and its reply never came (RFC 5321 section 4.5.3.2.6)."""
        facts = self.step.facts
        return isinstance(facts, MessageFacts) and facts.phase == "dot" and self.step.outcome in _UNCERTAIN

    def _last(self, wanted: type[E]) -> E | None:
        return next((event for event in reversed(self.events) if isinstance(event, wanted)), None)


def stop_of(report: Report) -> Stop | None:
    """The stop of a report, None for a pass and where no step was recorded."""
    attempt = report.attempt
    if attempt is None or report.passed:
        return None
    step = attempt.stopper
    if report.stage is not None and (step is None or step.stage is not report.stage):
        step = next((each for each in attempt.steps if each.stage is report.stage and not each.passed), step)
    return Stop(report, attempt, step) if step is not None else None
