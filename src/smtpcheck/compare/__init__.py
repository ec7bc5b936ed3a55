"""Two recordings side by side: a pure function of two reports, whichever version of smtpcheck wrote them.

The order is that of weight: what was asked, where it stops and why, this machine and that one, then the stages in the
order of a session, times last. What changes from run to run (queue ids, times in a greeting, an address of the same
pool, a renewed certificate) is told, and does not matter.
"""

from collections.abc import Iterator

from smtpcheck.compare.asked import asked, machine, same_machine, same_target
from smtpcheck.compare.certificate import tls
from smtpcheck.compare.session import addresses, banner, endings, keywords, replies, times
from smtpcheck.model import Outcome, Report, Severity, Stage, Step
from smtpcheck.model.comparison import Change, Comparison

Mark = tuple[Stage, Outcome, int | None, str | None]


def compare(old: Report, new: Report) -> Comparison:
    """What differs, the weightiest first."""
    changes = (
        *asked(old, new),
        *_verdict(old, new),
        *machine(old, new),
        *endings(old, new),
        *addresses(old, new),
        *banner(old, new),
        *keywords(old, new),
        *tls(old, new),
        *replies(old, new),
        *times(old, new),
    )
    return Comparison(
        old=old,
        new=new,
        changes=changes,
        parts_at=_parts_at(old, new, changes),
        same_target=same_target(old, new),
        same_machine=same_machine(old, new),
    )


def _verdict(old: Report, new: Report) -> Iterator[Change]:
    """Where it stops, by which cause, and which findings came or went beside it."""
    if (old.outcome, old.stage, old.exit_code) != (new.outcome, new.stage, new.exit_code):
        at = new.stage or old.stage
        yield Change(what="outcome", stage=at, old=_ending(old), new=_ending(new), matters=True)
    causes = [report.cause.id if report.cause else None for report in (old, new)]
    if causes[0] != causes[1]:
        at = new.cause.stage if new.cause else old.stage
        yield Change(what="cause", stage=at, old=causes[0], new=causes[1], matters=True)
    before, now = ({finding.id: finding for finding in report.also} for report in (old, new))
    for id in (*before, *(id for id in now if id not in before)):
        if (id in before) == (id in now) or id in causes:
            continue
        finding = now.get(id) or before[id]
        sides = (id if id in before else None, id if id in now else None)
        noted = finding.severity is Severity.NOTE
        yield Change(what="finding", stage=finding.stage, old=sides[0], new=sides[1], matters=not noted)


def _ending(report: Report) -> str:
    at = f" at {report.stage}" if report.stage else ""
    return f"{report.outcome}{at} (exit code {report.exit_code})"


def _parts_at(old: Report, new: Report, changes: tuple[Change, ...]) -> Stage | None:
    """The first step that ended otherwise; where all ended alike, the first stage with a change that matters."""
    before, now = _way(old), _way(new)
    for one, other in zip(before, now, strict=False):
        if one != other:
            return _first((one[0], other[0]))
    longer = before[len(now) :] or now[len(before) :]
    if longer:
        return longer[0][0]
    stages = [change.stage for change in changes if change.matters and change.stage is not None]
    return _first(stages) if stages else None


def _first(stages: tuple[Stage, ...] | list[Stage]) -> Stage:
    return min(stages, key=tuple(Stage).index)


def _way(report: Report) -> list[Mark]:
    """The steps that were taken, as far as they decide where a session goes."""
    return [_mark(step) for step in (report.attempt.steps if report.attempt else ()) if _taken(step)]


def _taken(step: Step) -> bool:
    return step.outcome is not Outcome.SKIPPED and step.stage not in (Stage.CONFIG, Stage.QUIT)


def _mark(step: Step) -> Mark:
    code = step.reply.code if step.reply is not None else None
    return step.stage, step.outcome, code, step.recipient
