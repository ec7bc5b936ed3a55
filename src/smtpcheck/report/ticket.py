"""Markdown for a ticket: the verdict first, then what shows it, the stages, and how to see it with other tools.

GitHub's and GitLab's dialect (CommonMark with tables and `<details>`). What a server said stands in code alone, behind
a fence longer than any in it; all else is escaped, so that nothing in it is markup or HTML.
"""

import html
import re
from collections.abc import Iterator, Sequence

from smtpcheck.model import Report
from smtpcheck.report.phrases import clock, lasting
from smtpcheck.report.printable import printable
from smtpcheck.report.remarks import which
from smtpcheck.report.reproduce import again, commands
from smtpcheck.report.stages import shown, told
from smtpcheck.report.told import because, beside_it, end, named, shows, tidy, unsure
from smtpcheck.report.transcript import plain

_MARKUP = re.compile(r"([\\`*_\[\]|~#])")
_LEAD = re.compile(r"^(\s*[0-9]*)([-+=.)])(?=\s|$|[-=])")


def markdown(reports: Sequence[Report]) -> str:
    """A ticket for each target, one after the other."""
    return "\n".join(ticket(report) for report in reports)


def ticket(report: Report, *, transcript: bool = True, brief: bool = False) -> str:
    """One target's ticket; `brief` ends it after the verdict."""
    clean = tidy(report)
    blocks = [*_verdict(report, clean)]
    if not brief:
        blocks += [*_stages(clean), *_notes(clean), *(_transcript(report) if transcript else ())]
        blocks += [*_local(clean), *_commands(clean), *_closing(clean)]
    return "\n\n".join(blocks) + "\n"


def _verdict(report: Report, clean: Report) -> Iterator[str]:
    good = clean.exit_code == 0
    yield f"## {'✅' if good else '❌'} {code(clean.target.label)}: {escaped(end(clean))}"
    if (cause := clean.cause) is not None:
        yield f"**Cause:** {escaped(named(cause))}"
        yield from (escaped(line) for line in because(cause))
        if cause.fix:
            steps = "\n".join(f"{number}. {escaped(step)}" for number, step in enumerate(cause.fix, 1))
            yield f"**What to change**\n\n{steps}"
        yield from (escaped(line) for line in unsure(cause))
    if not clean.passed and (said := shows(report)):
        yield f"**What shows it**\n\n{fenced(said)}"


def _stages(report: Report) -> Iterator[str]:
    attempt = report.attempt
    if attempt is None:
        return
    rows = ["| Stage | Outcome | Time | What was seen |", "| --- | --- | ---: | --- |"]
    for step, lines in told(report, attempt, shown(report, attempt, True)):
        time = "" if step.outcome == "skipped" else clock(step.seconds)
        seen = "<br>".join(code(line) for line in lines)
        rows.append(f"| {step.stage} | {step.outcome} | {html.escape(time)} | {seen} |")
    yield "\n".join(rows)


def _notes(report: Report) -> Iterator[str]:
    for title, lines in beside_it(report):
        yield f"**{title}**\n\n" + "\n".join(f"- {escaped(line)}" for line in lines)


def _transcript(report: Report) -> Iterator[str]:
    for attempt in report.attempts:
        if lines := plain(attempt):
            title = f"Transcript of {html.escape(printable(which(attempt), limit=80))}, secrets left out"
            yield folded(title, fenced(lines))


def _local(report: Report) -> Iterator[str]:
    if report.local:
        rows = [f"| {escaped(key)} | {code(value)} |" for key, value in report.local.items()]
        yield folded("The machine that checked", "\n".join(["| Fact | Value |", "| --- | --- |", *rows]))


def _commands(report: Report) -> Iterator[str]:
    yield f"**Run it again** (the secret comes from the environment)\n\n{fenced([again(report)], 'sh')}"
    blocks = []
    for each in commands(report):
        remark = f": {escaped(each.remark)}" if each.remark else ""
        blocks.append(f"{each.tool}{remark}" + (f"\n\n{fenced([each.line], 'sh')}" if each.line else ""))
    yield folded("The same session with other tools", "\n\n".join(blocks))


def _closing(report: Report) -> Iterator[str]:
    began = f"{report.began:%Y-%m-%d %H:%M:%S} UTC"
    took = f"smtpcheck {report.smtpcheck}, {began}, {lasting(report.seconds)} in all, exit code {report.exit_code}"
    yield escaped(f"{took}.")


def folded(title: str, body: str) -> str:
    """A block that opens on a click. The title is HTML already: no Markdown is read in it."""
    return f"<details>\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def fenced(lines: Sequence[str], language: str = "text") -> str:
    """The lines as they are, behind a fence longer than any run of backquotes in them (CommonMark 0.31, 4.5)."""
    longest = max((len(run) for line in lines for run in re.findall("`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def code(text: str) -> str:
    """The text as a code span, for a table too: there a bar ends a cell even inside code (GFM 4.10)."""
    ticks = "`" * (max((len(run) for run in re.findall("`+", text)), default=0) + 1)
    room = " " if text.startswith("`") or text.endswith("`") or (text.strip() and text[0] == text[-1] == " ") else ""
    return f"{ticks}{room}{text}{room}{ticks}".replace("|", "\\|") if text.strip() else ""


def escaped(text: str) -> str:
    """The text as prose in which nothing is markup, or HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = _MARKUP.sub(r"\\\1", text)
    return _LEAD.sub(r"\1\\\2", text)
