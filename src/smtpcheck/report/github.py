"""Workflow commands of GitHub Actions: annotations that say what to change, values to mask, and the step summary.

A command is one line. What a server said goes into it with the escapes of the runner's own toolkit
(github.com/actions/toolkit, packages/core/src/command.ts), so no text can end the line and begin a command.
"""

from collections.abc import Iterable, Iterator, Sequence

from smtpcheck.model import Report, Severity
from smtpcheck.report.told import because, end, named, sentence, shows, tidy, warned

SUMMARY_LIMIT = 1024 * 1024
"""Bytes that GitHub takes as the summary of a step (docs.github.com: workflow commands, step isolation and limits)."""

_ROOM = 2048


def github(reports: Sequence[Report]) -> str:
    """The annotations: one for each stop and each expectation that did not hold, a notice for each pass."""
    return "".join(f"{line}\n" for report in reports for line in _annotations(report))


def _annotations(report: Report) -> Iterator[str]:
    clean = tidy(report)
    label = clean.target.label
    if clean.passed or clean.expected:
        missed = [each for each in clean.expectations if not each.met]
        hard = any(each.severity is Severity.ERROR for each in missed)
        level = "error" if clean.exit_code and not hard else "notice"
        if level == "error" or not missed:
            yield command(level, f"smtpcheck {label}", sentence(end(clean)))
        for text in warned(clean) if not missed else ():
            yield command("warning", f"smtpcheck {label}", text)
    else:
        yield _stop(report, clean)
    for each in clean.expectations:
        if not each.met:
            actual = f": {each.actual}" if each.actual is not None else ""
            kind = "error" if each.severity is Severity.ERROR else "warning"
            title = f"smtpcheck {label}: {each.rule} did not hold"
            yield command(kind, title, f"Expected {each.rule} of {label}{actual}.")


def _stop(report: Report, clean: Report) -> str:
    """Title: the cause. Message: where, why, what to change first, and whose words show it."""
    cause = clean.cause
    lines = [f"{clean.target.label}: {sentence(end(clean))}"]
    if cause is not None:
        lines += because(cause)
        lines += [f"What to change: {cause.fix[0]}"] if cause.fix else []
        lines += [f"More: smtpcheck explain {cause.id}"]
    lines += shows(report)[:4]
    return command("error", named(cause) if cause else f"smtpcheck stopped at {clean.stage or 'the start'}", *lines)


def command(name: str, title: str, *lines: str) -> str:
    """An annotation as the runner reads it."""
    return f"::{name} title={_property(title)}::{_data(chr(10).join(lines))}"


def masks(secrets: Iterable[str]) -> str:
    """The commands that make the runner hide these values from here on, each line of a value by itself too."""
    values: dict[str, None] = {}
    for secret in secrets:
        values |= dict.fromkeys(part for part in (secret, *secret.splitlines()) if part.strip())
    return "".join(f"::add-mask::{_data(value)}\n" for value in values)


def summary(reports: Sequence[Report], limit: int = SUMMARY_LIMIT) -> str:
    """Markdown for GITHUB_STEP_SUMMARY: whole tickets while they fit, then without transcripts, then what fits."""
    from smtpcheck.report.ticket import markdown, ticket

    for text in (markdown(reports), "\n".join(ticket(report, transcript=False) for report in reports)):
        if len(text.encode()) <= limit:
            return text
    parts, size = [], 0
    for number, report in enumerate(reports):
        part = f"{ticket(report, brief=True)}\n"
        size += len(part.encode())
        if size > limit - _ROOM:
            parts.append(f"{len(reports) - number:,} more targets do not fit into a step summary.\n")
            break
        parts.append(part)
    return "".join(parts)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
