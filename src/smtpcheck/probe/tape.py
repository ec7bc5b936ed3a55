"""The recorder of one attempt, and the one place where secrets are removed.

A tape takes events from the channel and steps from `run`, and gives a frozen Attempt at any moment: the end of
the check, Ctrl-C, or a snapshot while a step still waits.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from smtpcheck.model import (
    AnyEvent,
    Attempt,
    AuthFacts,
    ConnectFacts,
    EhloFacts,
    EnvelopeFacts,
    Facts,
    MessageFacts,
    Note,
    Outcome,
    Progress,
    ProxyFacts,
    Replied,
    Reply,
    Sent,
    Silent,
    Stage,
    Step,
    Surplus,
    TlsFailed,
)
from smtpcheck.net.tls import LateAlert
from smtpcheck.probe.redact import Redactor
from smtpcheck.smtp.reply import Parsed, ReplyMalformed

KEPT_IN_ALL = 4 * 1024 * 1024
LINE_COST = 100

Listener = Callable[[Progress], None]


class Clock:
    """Seconds since the check began, on a monotonic clock; and what ended the check, if it was not the dialogue."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self.wall = datetime.now(UTC)
        self.ended_by: str | None = None
        self._stopped_at: float | None = None

    def now(self) -> float:
        return (self._stopped_at or time.monotonic()) - self._began

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """While a check waits for other checks of its batch, its clock stands still."""
        self._stopped_at = time.monotonic()
        try:
            yield
        finally:
            self._began += time.monotonic() - self._stopped_at
            self._stopped_at = None


class Allowance:
    """What one check keeps of its servers' replies: each is bounded (`smtp.reply`), and so are all of them together."""

    def __init__(self) -> None:
        self._left = KEPT_IN_ALL

    def take(self, reply: Parsed) -> None:
        """Counts a reply: its bytes, its text, and an object of some size for each line. Raises ReplyMalformed if it is
        too much.
        """
        lines = reply.reply.lines
        self._left -= len(reply.raw) + sum(map(len, lines)) + LINE_COST * len(lines)
        if self._left < 0:
            raise ReplyMalformed("more text in replies than a check keeps", reply.raw)


@dataclass(slots=True, eq=False, repr=False)
class OpenStep:
    """A step that has not ended: its stage fills in what it learns, so that nothing is lost whatever ends it."""

    stage: Stage
    began: float
    seconds: float
    first_event: int
    waiting_for: str = ""
    command: str | None = None
    reply: Reply | None = None
    recipient: str | None = None
    facts: Facts | None = None
    outcome: Outcome | None = None
    why: str | None = None
    ended_by: str | None = None
    extend: Callable[[float], None] = field(default=lambda seconds: None)


class Tape:
    """Records one attempt."""

    def __init__(
        self,
        *,
        clock: Clock,
        redactor: Redactor,
        allowance: Allowance,
        index: int,
        look: str,
        address: str | None,
        listener: Listener | None,
    ) -> None:
        self.clock = clock
        self.redactor = redactor
        self.index = index
        self.look = look
        self.address = address
        self.steps: list[Step] = []
        self.open: OpenStep | None = None
        self.late_alert: LateAlert | None = None
        self._allowance = allowance
        self._events: list[AnyEvent] = []
        self._listener = listener

    def now(self) -> float:
        return self.clock.now()

    def take(self, reply: Parsed) -> None:
        """Counts a reply that is to be kept. Raises ReplyMalformed when the check has taken too much already."""
        self._allowance.take(reply)

    def record(self, event: AnyEvent) -> None:
        """Keeps the event, secrets removed."""
        self._events.append(self._clean_event(event))

    def first_byte_since(self, index: int) -> float | None:
        """When the first reply among the events from `index` on began to come."""
        return next((event.first for event in self._events[index:] if isinstance(event, Replied)), None)

    def note(self, text: str) -> None:
        self.record(Note(at=self.now(), text=text))

    def waiting(self, what: str) -> None:
        """The open step now waits for `what`."""
        if self.open is not None and self.open.waiting_for != what:
            self.open.waiting_for = what
            self._tell("waiting", self.open.stage)

    def begin(self, stage: Stage, seconds: float) -> OpenStep:
        assert self.open is None, "a step begins when the one before it has ended"
        self.open = OpenStep(stage, self.now(), seconds, len(self._events))
        self._tell("began", stage)
        return self.open

    def end(self, outcome: Outcome, lag: float) -> Step:
        """Ends the open step."""
        opened = self.open
        assert opened is not None
        step = replace(self._step(opened, outcome), lag=lag)
        self.open = None
        self.steps.append(step)
        self._tell("ended", step.stage, step)
        return step

    def skip(self, stage: Stage, why: str, *, elsewhere: bool = False) -> None:
        """A stage that was not run."""
        now = self.now()
        self.add(Step(stage=stage, outcome=Outcome.SKIPPED, began=now, seconds=0.0, why=why, elsewhere=elsewhere))

    def add(self, step: Step) -> None:
        """A step that took no time of its own."""
        self.steps.append(step)
        self._tell("ended", step.stage, step)

    def amend(self, stage: Stage, change: Callable[[Step], Step]) -> None:
        """Replaces the last step of that stage: for facts that were read beside the session, or that belong to it."""
        for index in range(len(self.steps) - 1, -1, -1):
            if self.steps[index].stage is stage:
                self.steps[index] = change(self.steps[index])
                return

    def attempt(self) -> Attempt:
        """What has been recorded so far; an open step stands in it as `waiting`."""
        steps = tuple(self.steps)
        if self.open is not None:
            steps += (self._step(self.open, Outcome.WAITING),)
        return Attempt(look=self.look, address=self.address, steps=steps, events=tuple(self._events))

    def _step(self, opened: OpenStep, outcome: Outcome) -> Step:
        last = len(self._events) - 1
        return Step(
            stage=opened.stage,
            outcome=outcome,
            began=opened.began,
            seconds=self.now() - opened.began,
            events=(opened.first_event, last) if last >= opened.first_event else None,
            command=self.redactor.clean_text(opened.command) if opened.command is not None else None,
            reply=self.clean_reply(opened.reply) if opened.reply is not None else None,
            recipient=self.redactor.clean_text(opened.recipient) if opened.recipient is not None else None,
            why=self.redactor.clean_text(opened.why) if opened.why is not None else None,
            ended_by=opened.ended_by,
            facts=self._clean_facts(opened.facts),
        )

    def _clean_facts(self, facts: Facts | None) -> Facts | None:
        """The facts, secrets removed from what the user or the peer chose in them (a reply's facts come clean)."""
        clean = self.redactor.clean_text
        match facts:
            case AuthFacts():
                offered, not_tried = (tuple(map(clean, names)) for names in (facts.offered, facts.not_tried))
                why = clean(facts.why) if facts.why is not None else None
                return replace(facts, offered=offered, not_tried=not_tried, why=why)
            case EhloFacts():
                return replace(facts, name=clean(facts.name))
            case EnvelopeFacts():
                return replace(facts, address=clean(facts.address))
            case MessageFacts():
                return replace(facts, message_id=clean(facts.message_id))
            case ConnectFacts(proxy=ProxyFacts(refusal=str() as words) as proxy):
                return replace(facts, proxy=replace(proxy, refusal=clean(words)))
            case _:
                return facts

    def clean_reply(self, reply: Reply) -> Reply:
        """The reply, secrets removed."""
        return replace(reply, lines=tuple(self.redactor.clean_text(line) for line in reply.lines))

    def _clean_event(self, event: AnyEvent) -> AnyEvent:
        clean = self.redactor.clean
        match event:
            case Sent():
                return replace(event, shown=self.redactor.clean_text(event.shown))
            case Replied():
                return replace(event, raw=clean(event.raw))
            case Surplus():
                return replace(event, raw=_without_challenge(clean(event.raw)))
            case Silent():
                return replace(event, partial=_without_challenge(clean(event.partial)))
            case TlsFailed():
                return replace(event, first_bytes=clean(event.first_bytes))
            case Note():
                return replace(event, text=self.redactor.clean_text(event.text))
            case _:
                return event

    def _tell(self, kind: str, stage: Stage, step: Step | None = None) -> None:
        if self._listener is None:
            return
        self._listener(
            Progress(
                kind=kind,
                attempt=self.index,
                look=self.look,
                address=self.address,
                stage=stage,
                at=self.now(),
                deadline=self.open.seconds if self.open else 0.0,
                waiting_for=self.open.waiting_for if self.open else None,
                step=step,
            )
        )


def _without_challenge(begun: bytes) -> bytes:
    """A reply that was not finished: a 334 is the beginning of a challenge, and stays out of the recording."""
    return b"334 ***" if begun.startswith((b"334 ", b"334-")) else begun
