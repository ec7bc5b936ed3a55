"""What a rule reads: the recording, with the attempt that decides and the step where it stopped.

A rule is a small pure function of a Scene: it yields what it found, and asks for a second look where it cannot decide.
It holds no words: those stand on the cause's page, which the facts of a `Found` complete.
"""

from collections.abc import Callable, Iterator
from datetime import datetime

from smtpcheck.diagnose.rule import Ask, Found, Pointer
from smtpcheck.model import Attempt, EhloFacts, Options, Stage, Step, Target
from smtpcheck.model.record import record
from smtpcheck.providers import Provider


@record
class Scene:
    """One check, as the rules see it. `stopper` is None for a pass; `software` names the server's reply
    table, where something stopped.
    """

    target: Target
    options: Options
    attempts: tuple[Attempt, ...]
    deciding: int
    stopper: Step | None
    began: datetime
    provider: Provider | None = None
    software: str | None = None

    @property
    def attempt(self) -> Attempt:
        return self.attempts[self.deciding]

    def look(self, name: str) -> Attempt | None:
        """The second look of that name, if it was taken."""
        return next((attempt for attempt in self.attempts if attempt.look == name), None)

    def shows(self, step: Step | None = None) -> tuple[Pointer, ...]:
        """Where the recording shows a step: its last event. The stopper's, unless told."""
        step = step or self.stopper
        if step is None or step.events is None:
            return ()
        for index, attempt in enumerate(self.attempts):
            if step in attempt.steps:
                return ({"attempt": index, "event": step.events[1]},)
        return ()

    @property
    def logged_in(self) -> bool:
        """Whether the server accepted a login in the attempt that decides."""
        step = self.attempt.step(Stage.AUTH)
        return step is not None and step.passed


def words(scene: Scene, step: Step) -> dict[str, str]:
    """The facts that most pages name, from the step where the session stopped."""
    target = scene.target
    facts = {
        "host": target.host,
        "port": str(target.port or ""),
        "address": scene.attempt.address or "",
        "user": target.user or "",
        "sender": target.sender or "",
        "seconds": f"{step.seconds:.1f}",
        "stage": step.stage.value,
        "command": step.command or "",
        "tls": target.tls.value,
    }
    if step.recipient is not None or len(target.recipients) == 1:
        facts["recipient"] = step.recipient or target.recipients[0]
    hello = scene.attempt.step(Stage.EHLO)
    if hello is not None and isinstance(hello.facts, EhloFacts) and hello.facts.size:
        facts["limit"] = f"{hello.facts.size} bytes"
    if step.reply is not None:
        facts["code"] = str(step.reply.code)
        facts["reply"] = step.reply.lines[0] if step.reply.lines else ""
    return {name: value for name, value in facts.items() if value}


Rule = Callable[[Scene], Iterator[Found | Ask]]
