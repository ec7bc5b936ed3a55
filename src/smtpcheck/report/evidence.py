"""What shows a cause: the server's words, an event of a further connection, an option, as the finding points to them.

Events are taken from the recording as it is, and each line is made printable here.
"""

from collections.abc import Iterator, Mapping

from smtpcheck.model import AnyEvent, Attempt, Closed, Finding, Outcome, Report, Silent, Stage, Step, TlsFailed
from smtpcheck.report.cause import Shown
from smtpcheck.report.phrases import number, wire_lines
from smtpcheck.report.printable import printable
from smtpcheck.report.remarks import which
from smtpcheck.report.stop import Stop
from smtpcheck.report.transcript import spoken

MOST_LINES = 12
MOST_POINTERS = 6
LONGEST_TEXT = 500
FINAL_DOT = "the final dot"  # the name in a recording of the line that ends a message

Pointer = Mapping[str, int | str]


def quoted(stop: Stop) -> list[Shown]:
    """The replies that stopped the check, as they came: several where several recipients were refused."""
    steps = [stop.step]
    if stop.step.stage is Stage.RECIPIENT:
        all_recipients = [step for step in stop.attempt.steps if step.stage is Stage.RECIPIENT]
        steps = [step for step in all_recipients if step.outcome is Outcome.REFUSED] or steps
    lines: list[Shown] = []
    for step in steps[:MOST_LINES]:
        lines += _answer(step)
    if len(steps) > MOST_LINES:
        lines.append(("   ", f"({number(len(steps) - MOST_LINES, 'more recipient')} refused; --json has all of them)"))
    return lines


def _answer(step: Step) -> list[Shown]:
    if step.reply is None:
        return []
    said = wire_lines(step.reply)
    lines = [("C: ", "." if step.command == FINAL_DOT else step.command)] if step.command else []
    lines += [("S: ", line) for line in said[:MOST_LINES]]
    if len(said) > MOST_LINES:
        lines.append(("   ", f"({number(len(said) - MOST_LINES, 'more line')}; --json has all of them)"))
    return lines


def pointed(report: Report, finding: Finding, *, ascii: bool) -> list[Shown]:
    """What the pointers of a finding lead to, the step where the report stopped left out if it has a reply (`quoted`
    shows that). Takes the report before it is cleaned.
    """
    found: dict[Shown, None] = {}
    for pointer in finding.evidence[:MOST_POINTERS]:
        for shown in _pointed(report, pointer, ascii):
            found.setdefault(shown)
    return list(found)[:MOST_LINES]


def _pointed(report: Report, pointer: Pointer, ascii: bool) -> Iterator[Shown]:
    match pointer:
        case {"attempt": int(index), "event": int(event)} if 0 <= index < len(report.attempts):
            attempt = report.attempts[index]
            if 0 <= event < len(attempt.events):
                yield from _event(report, attempt, event, ascii)
        case {"option": str(option)}:
            value = _given(report, option)
            yield ("", printable(f"{option}{f': {value}' if value else ''}", limit=LONGEST_TEXT, ascii=ascii))
        case {"file": str(file)}:
            line = f" line {pointer['line']}" if "line" in pointer else ""
            key = f", {pointer['key']}" if "key" in pointer else ""
            yield ("", printable(f"{file}{line}{key}", limit=LONGEST_TEXT, ascii=ascii))


def _event(report: Report, attempt: Attempt, index: int, ascii: bool) -> Iterator[Shown]:
    event = attempt.events[index]
    decides = attempt is report.attempt
    stopper = attempt.stopper
    if decides and stopper is not None and _within(stopper, index) and (stopper.reply is not None or _told(event)):
        return
    step = next((step for step in attempt.steps if _within(step, index)), None)
    where = "" if decides else f"{printable(which(attempt), limit=80, ascii=ascii)}: "
    said = [(speaker, text) for speaker, text, _ in spoken(event, ascii)]
    for speaker, text in said[:MOST_LINES]:
        if speaker == "--":
            at = f"{step.stage}: " if step is not None and not where else ""
            yield "", f"{where}{at}{text}"
        else:
            yield f"{where}{speaker} ", text


def _told(event: AnyEvent) -> bool:
    """Whether the headline and what was seen say all that there is to an event."""
    return isinstance(event, Silent | Closed) or (isinstance(event, TlsFailed) and not event.first_bytes)


def _within(step: Step, index: int) -> bool:
    return step.events is not None and step.events[0] <= index <= step.events[1]


def _given(report: Report, option: str) -> str | None:
    """The present value of an option, as the report may show it."""
    target = report.target
    return {
        "--user": target.user,
        "--from": target.sender,
        "--tls": target.tls.value,
        "--port": str(target.port) if target.port is not None else None,
        "--helo": target.ehlo or None,
        "TARGET": target.label,
    }.get(option)
