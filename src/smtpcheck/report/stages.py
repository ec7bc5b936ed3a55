"""The steps that a report shows, and how each one ended: the same choice for every format."""

from dataclasses import replace

from smtpcheck.model import Attempt, ConfigFacts, EhloFacts, Outcome, Report, Stage, Step
from smtpcheck.report.lines import ended, facts
from smtpcheck.report.phrases import first_words
from smtpcheck.report.stop import Stop


def shortened(report: Report) -> Report:
    """Of a traceback only its last line: the rest is for the JSON report."""
    attempts = [
        replace(
            attempt, steps=tuple(_last_line(step) if step.outcome is Outcome.BUG else step for step in attempt.steps)
        )
        for attempt in report.attempts
    ]
    return replace(report, attempts=tuple(attempts))


def _last_line(step: Step) -> Step:
    lines = (step.why or "").strip().splitlines()
    return replace(step, why=lines[-1] if lines else None)


def how(stop: Stop, decides: bool) -> str:
    """How a step ended; with the server's words where they stand nowhere else."""
    if stop.step.reply is not None and not decides and stop.step.stage is not Stage.RECIPIENT:
        return f"{stop.step.outcome}: {first_words(stop.step.reply)}"
    return ended(stop.step, stop.detail)


def shown(report: Report, attempt: Attempt, verbose: bool) -> list[Step]:
    """The steps of the attempt that decides, begun with what stands in the first one alone (config and dns)."""
    early = (Stage.CONFIG, Stage.DNS)
    steps = list(attempt.steps)
    if not any(step.stage in early for step in steps):
        steps = [step for step in report.attempts[0].steps if step.stage in early] + steps
    return [step for step in steps if verbose or not _silent_success(step)]


def _silent_success(step: Step) -> bool:
    """Stages that have nothing to tell when all is well."""
    if step.stage is Stage.QUIT:
        return step.outcome is not Outcome.BUG
    notes = step.facts.notes if isinstance(step.facts, ConfigFacts) else ()
    return step.stage is Stage.CONFIG and step.passed and not notes


def told(report: Report, attempt: Attempt, steps: list[Step]) -> list[tuple[Step, list[str]]]:
    """Each step with how it ended, if it did not pass, and what it found out."""
    rows = []
    before: EhloFacts | None = None
    for step in steps:
        end = [] if step.passed else [how(Stop(report, attempt, step), step is attempt.stopper)]
        rows.append(
            (step, end + ([] if step.outcome is Outcome.SKIPPED else facts(step, report, attempt.address, before)))
        )
        if isinstance(step.facts, EhloFacts) and step.passed:
            before = step.facts
    return rows
