"""Pasted text: an error, a traceback, a log, a transcript or a bounce, and the causes in it.

The SMTP part is found, and judged by the same tables as the live check. A log is grouped by cause; the last failure
is the cause, the others stand beside it. Text that fits nothing gets an honest "not known".
"""

from dataclasses import dataclass, fields

from smtpcheck.diagnose.pages import finding
from smtpcheck.diagnose.text.entries import shapes, whole
from smtpcheck.diagnose.text.judge import Judged, judge
from smtpcheck.diagnose.text.scene import Hints
from smtpcheck.model import Certainty, Stage, UsageError
from smtpcheck.model.explanation import Explained, Explanation

MOST_CAUSES = 20
SHORT = 40
"""Lines up to which a text that looks like a log may be one error."""


def explain(
    text: str,
    *,
    stage: str | None = None,
    host: str | None = None,
    port: int | None = None,
    tls: str | None = None,
    user: str | None = None,
    sender: str | None = None,
    provider: str | None = None,
) -> Explanation:
    """What a pasted text says. The hints are what is known besides it; raises UsageError for a stage that is none."""
    try:
        known = Hints(
            stage=Stage(stage) if stage else None,
            host=host,
            port=port,
            tls=tls if tls != "auto" else None,
            user=user,
            sender=sender,
            provider=provider,
        )
    except ValueError as error:
        raise UsageError(f"{stage!r} is no stage; the stages are {', '.join(Stage)}") from error
    groups = _groups(text, known)
    if not groups:
        return Explanation(cause=None, stage=known.stage)
    last = groups[-1]
    others = sorted(groups[:-1], key=lambda group: -group.count)
    cause = _explained(last)
    return Explanation(
        cause=cause,
        also=tuple(_explained(group) for group in others[:MOST_CAUSES]),
        stage=known.stage or cause.stage,
        count=sum(group.count for group in groups),
    )


@dataclass(slots=True)
class _Group:
    """Failures of one cause; `judged` is the last of them."""

    judged: Judged
    count: int
    first: int
    last: int


def _groups(text: str, hints: Hints) -> list[_Group]:
    """The failures by cause, ordered by where the last one of each stands."""
    found: dict[str, _Group] = {}
    seen = shapes(text)
    many = sum(shape.count for shape in seen) > 1
    for shape in seen:
        judged = judge(shape.entry, hints, among_others=many)
        if judged is None:
            continue
        group = found.pop(judged.found.id, None)
        if group is None:
            group = _Group(judged=judged, count=0, first=shape.first, last=shape.entry.line)
        group.judged = judged
        group.count += shape.count
        group.first = min(group.first, shape.first)
        group.last = max(group.last, shape.entry.line)
        found[judged.found.id] = group
    if found or not many:
        return list(found.values())
    return _whole(text, hints)


def _whole(text: str, hints: Hints) -> list[_Group]:
    """A short text whose lines say nothing one by one, read as one: libraries print an error over many lines."""
    entry = whole(text, SHORT)
    judged = judge(entry, hints, among_others=False) if entry is not None else None
    return [_Group(judged=judged, count=1, first=1, last=1)] if judged is not None else []


def _explained(group: _Group) -> Explained:
    told = finding(group.judged.found, group.judged.stage)
    values = {one.name: getattr(told, one.name) for one in fields(told)}
    return Explained(
        **values,
        count=group.count,
        first_line=group.first,
        last_line=group.last,
        client=group.judged.client,
    )


__all__ = ["Certainty", "Explained", "Explanation", "explain"]
