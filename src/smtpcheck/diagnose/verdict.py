"""Where a check ended, how, and with which exit code: a pure function of what was recorded and what was asked for.

The promise behind it: a step that was asked for and did not run, or did not succeed, is never exit code 0.
"""

from collections.abc import Sequence

from smtpcheck.model import Attempt, DnsFacts, Outcome, Stage, Step
from smtpcheck.model.record import record

PASSED = 0
UNUSABLE = 2
OWN_FAULT = 3
INTERRUPTED = 130
_TEMPORARY = 20

EXIT_CODES = {
    Stage.CONFIG: UNUSABLE,
    Stage.DNS: 10,
    Stage.CONNECT: 11,
    Stage.BANNER: 12,
    Stage.EHLO: 13,
    Stage.STARTTLS: 14,
    Stage.TLS: 15,
    Stage.AUTH: 16,
    Stage.SENDER: 17,
    Stage.RECIPIENT: 18,
    Stage.MESSAGE: 19,
}
"""The exit code of each stage; a temporary refusal adds 20. They never change."""

# DNS that gave no answer may give one later; a name that does not exist will not.
_NO_ANSWER = frozenset({"temporary-failure", "refused", "no-answer", "no-resolver"})


@record
class Verdict:
    """`deciding` is the index of the attempt that decides; `stage` is None for a pass."""

    outcome: Outcome
    stage: Stage | None
    temporary: bool
    exit_code: int
    deciding: int


def verdict(
    attempts: Sequence[Attempt],
    asked: Sequence[Stage],
    *,
    every_address: bool = False,
    interrupted: bool = False,
    by_user: bool = False,
) -> Verdict:
    """The verdict. `asked` lists the stages that must pass, in the order of the dialogue.

    `every_address`: the attempt that came least far decides (`--all-addresses`); else the first one that connected, or
    the last one that was tried. `interrupted`: the run did not come to its own end; `by_user`: it was Ctrl-C.
    """
    first = [index for index, attempt in enumerate(attempts) if attempt.look == "first"]
    unrun = Outcome.INTERRUPTED if interrupted else Outcome.SKIPPED
    judged = [(index, _judge(attempts[index], asked, unrun)) for index in first]
    deciding, (stage, outcome, temporary) = (
        min(judged, key=lambda item: _reached(item[1][0], asked))
        if every_address
        else next((item for item in judged if _connected(attempts[item[0]])), judged[-1])
    )
    return Verdict(
        outcome=outcome,
        stage=stage,
        temporary=temporary,
        exit_code=INTERRUPTED
        if by_user and outcome is Outcome.INTERRUPTED
        else exit_code_of(stage, outcome, temporary),
        deciding=deciding,
    )


def _judge(attempt: Attempt, asked: Sequence[Stage], unrun: Outcome) -> tuple[Stage | None, Outcome, bool]:
    stopper = attempt.stopper
    if stopper is not None:
        return stopper.stage, stopper.outcome, _temporary(attempt, stopper)
    for stage in asked:
        step = attempt.step(stage)
        if step is None or (step.outcome is Outcome.SKIPPED and not step.elsewhere):
            return stage, unrun, False
        if step.elsewhere:
            break
    return None, Outcome.PASSED, False


def _temporary(attempt: Attempt, stopper: Step) -> bool:
    if isinstance(stopper.facts, DnsFacts):
        return stopper.outcome is Outcome.STALLED or stopper.facts.problem in _NO_ANSWER
    if stopper.outcome is not Outcome.REFUSED or stopper.reply is None:
        return False
    if stopper.stage is Stage.RECIPIENT:
        refused = [step for step in attempt.steps if step.stage is Stage.RECIPIENT and step.outcome is Outcome.REFUSED]
        return all(step.reply is not None and step.reply.temporary for step in refused)
    return stopper.reply.temporary


def _connected(attempt: Attempt) -> bool:
    step = attempt.step(Stage.CONNECT)
    return step is not None and step.passed


def _reached(stage: Stage | None, asked: Sequence[Stage]) -> int:
    """How far an attempt came: the place of the stage where it stopped, in the order of the dialogue."""
    order = list(Stage)
    if stage is None:
        return len(order)
    if Stage.TLS in asked and Stage.BANNER in asked and asked.index(Stage.TLS) < asked.index(Stage.BANNER):
        order.remove(Stage.TLS)
        order.insert(order.index(Stage.BANNER), Stage.TLS)
    return order.index(stage)


def exit_code_of(stage: Stage | None, outcome: Outcome, temporary: bool) -> int:
    """The exit code of a check that nobody interrupted, before what was expected of it is looked at."""
    if outcome is Outcome.BUG:
        return OWN_FAULT
    if stage is None:
        return PASSED
    return EXIT_CODES[stage] + (_TEMPORARY if temporary and stage is not Stage.CONFIG else 0)
