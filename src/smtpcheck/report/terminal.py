"""The report for a person: the cause if there is one, the list of stages, then where it stopped and what can be said
about it, in whose words and what to try where no cause is known; or how far it came.

Starts from a cleaned report (`printable.cleaned`), so no text of a server, a file or a user reaches the terminal as it
was.
"""

from collections.abc import Sequence
from itertools import groupby

from smtpcheck.model import Finding, Outcome, Report, Severity, Step, Target, TlsMode
from smtpcheck.report.advice import options
from smtpcheck.report.cause import Shown, beside, cause, evidence
from smtpcheck.report.evidence import pointed, quoted
from smtpcheck.report.layout import Paragraph, Span, lay_out, words
from smtpcheck.report.local import local
from smtpcheck.report.phrases import clock, lasting, listed, path_of
from smtpcheck.report.printable import cleaned, printable
from smtpcheck.report.remarks import expectations, others, warnings, which
from smtpcheck.report.seen import seen
from smtpcheck.report.stages import shortened, shown, told
from smtpcheck.report.stop import Stop, stop_of
from smtpcheck.report.style import Marks, marks
from smtpcheck.report.transcript import transcript
from smtpcheck.report.words import expected, headline, verdict

LONGEST_TEXT = 500

_TLS = {
    TlsMode.STARTTLS: "STARTTLS",
    TlsMode.OPPORTUNISTIC: "STARTTLS if offered",
    TlsMode.IMPLICIT: "implicit TLS",
    TlsMode.OFF: "without TLS",
}

_STYLES = {Outcome.PASSED: "green", Outcome.SKIPPED: "dim", Outcome.INTERRUPTED: "yellow", Outcome.WAITING: "yellow"}
_BLANK = Paragraph()


def terminal(report: Report, *, width: int, color: bool, ascii: bool, verbose: bool) -> str:
    """The whole report as text, no line wider than `width`."""
    dialogue = _dialogue(report, ascii) if verbose else []
    pointers = pointed(report, report.cause, ascii=ascii) if report.cause else []
    report = cleaned(shortened(report), limit=LONGEST_TEXT, ascii=ascii)
    stop = stop_of(report)
    sections = [
        _head(report),
        _cause(report, stop, pointers),
        dialogue,
        _stages(report, marks(ascii), verbose),
        _stopped(stop, report, marks(ascii)) if not report.passed else [],
        _notes("About this machine", local(report)),
        _notes("Other connections", others(report)),
        _notes("Worth knowing", [*(beside(finding) for finding in report.also), *warnings(report)]),
        _notes("Expectations", expectations(report)),
        _end(report, marks(ascii)),
    ]
    return lay_out(_spaced(sections), width, color)


def _spaced(sections: Sequence[Sequence[Paragraph]]) -> list[Paragraph]:
    """The sections that hold something, a blank line between them."""
    spaced: list[Paragraph] = []
    for section in sections:
        if section:
            spaced += [_BLANK, *section] if spaced else section
    return spaced


def _head(report: Report) -> list[Paragraph]:
    target = report.target
    about = [when_tls(target)]
    if target.user is not None:
        about.append(f"login as {target.user}")
    if target.sender is not None:
        about.append(f"from {path_of(target.sender)}")
    if target.recipients:
        about.append(f"to {listed([path_of(recipient) for recipient in target.recipients], 3)}")
    return [Paragraph(((target.label, "bold"), (f", {', '.join(about)}", "")))]


def when_tls(target: Target) -> str:
    """When TLS begins. AUTO has become STARTTLS by now, which a credential demands."""
    if target.tls is TlsMode.AUTO:
        return _TLS[TlsMode.OPPORTUNISTIC if target.user is None else TlsMode.STARTTLS]
    return _TLS[target.tls]


def _cause(report: Report, stop: Stop | None, pointers: Sequence[Shown]) -> list[Paragraph]:
    if report.cause is None:
        return []
    return cause(report.cause, [*(quoted(stop) if stop else []), *pointers], expected=report.expected)


def _dialogue(report: Report, ascii: bool) -> list[Paragraph]:
    paragraphs: list[Paragraph] = []
    for attempt in report.attempts:
        spoken = transcript(attempt, ascii)
        if spoken:
            title = printable(which(attempt), limit=80, ascii=ascii)
            paragraphs += [*([_BLANK] if paragraphs else []), words(f"Transcript of {title}", "bold"), *spoken]
    return paragraphs


# The list of stages


def _stages(report: Report, marks: Marks, verbose: bool) -> list[Paragraph]:
    attempt = report.attempt
    if attempt is None:
        return []
    paragraphs: list[Paragraph] = []
    rows = told(report, attempt, shown(report, attempt, verbose))
    for skipped, group in groupby(rows, key=lambda row: _skipped_for(row[0])):
        if skipped is not None:
            paragraphs += _skipped([step for step, _ in group], skipped, marks)
        else:
            paragraphs += [line for step, lines in group for line in _stage(step, lines, marks)]
    return paragraphs


def _skipped_for(step: Step) -> str | None:
    return (step.why or "skipped") if step.outcome is Outcome.SKIPPED else None


def _stage(step: Step, lines: Sequence[str], marks: Marks) -> list[Paragraph]:
    style = _STYLES.get(step.outcome, "bold red")
    lead: tuple[Span, ...] = (
        (f"{marks.of(step.outcome):<{_mark_width(marks)}} ", style),
        (f"{step.stage:<9} ", "bold" if not step.passed else ""),
        (f"{clock(step.seconds):>7}  ", "dim"),
    )
    if not lines:
        return [Paragraph((), lead)]
    first, *more = lines
    blank: Span = (" " * sum(len(text) for text, _ in lead), "")
    return [
        Paragraph(((first, "" if step.passed else style),), lead),
        *(Paragraph(((line, ""),), (blank,)) for line in more),
    ]


def _skipped(steps: Sequence[Step], why: str, marks: Marks) -> list[Paragraph]:
    names = ", ".join(dict.fromkeys(step.stage.value for step in steps))
    return [Paragraph(((f"{names}: {why}", "dim"),), ((f"{marks.skipped:<{_mark_width(marks)}} ", "dim"),))]


def _mark_width(marks: Marks) -> int:
    return max(len(marks.passed), len(marks.failed), len(marks.skipped))


# Where it stopped


def _stopped(stop: Stop | None, report: Report, marks: Marks) -> list[Paragraph]:
    """The headline and what was seen; where no cause is known the server's words too, and what would tell more."""
    if stop is None:
        at = f" at {report.stage}" if report.stage else ""
        return [words(f"{marks.failed} {report.outcome}{at}", "bold red")]
    style = "bold yellow" if report.expected or report.outcome is Outcome.INTERRUPTED else "bold red"
    paragraphs = [Paragraph(((headline(stop), style),), ((f"{marks.of(stop.step.outcome)} ", style),))]
    said = quoted(stop) if report.cause is None else []
    if said:
        asked = ", and the command that they answer" if any(who == "C: " for who, _ in said) else ""
        paragraphs += [_BLANK, words(f"The server's words{asked}:", indent=2)]
        paragraphs += [evidence(who, text) for who, text in said]
    sentences = [stop.step.why] if stop.step.outcome is Outcome.BUG and stop.step.why else seen(stop)
    tried = options(stop) if report.cause is None or _may_be_sent_twice(stop, report.cause) else []
    for title, items in (("What was seen:", sentences), ("To try:", tried)):
        if items:
            paragraphs += [_BLANK, words(title, indent=2)]
            paragraphs += [words(item, indent=2, bullet="* ") for item in items]
    return paragraphs


def _may_be_sent_twice(stop: Stop, cause: Finding) -> bool:
    """Whether the message may be on its way, and the cause does not say so by itself."""
    return stop.uncertain and cause.id != "delivery-unknown"


# Beside it, and the end


def _notes(title: str, lines: Sequence[str]) -> list[Paragraph]:
    return [words(f"{title}:"), *(words(line, indent=2, bullet="* ") for line in lines)] if lines else []


def _end(report: Report, marks: Marks) -> list[Paragraph]:
    took = f"smtpcheck {report.smtpcheck}, {lasting(report.seconds)} in all, exit code {report.exit_code}"
    closing = words(took, "dim")
    if not report.passed and not report.expected:
        return [closing]
    unmet = report.exit_code != 0
    style = "bold yellow" if unmet else "bold green"
    sentence = (expected(report) if report.expected else verdict(report)) + _but(report)
    return [Paragraph(((sentence, style),), ((f"{marks.failed if unmet else marks.passed} ", style),)), closing]


def _but(report: Report) -> str:
    """What makes a check fail that passed, or ended as expected."""
    if report.exit_code == 0:
        return ""
    unmet = [each.rule for each in report.expectations if not each.met and each.severity is Severity.ERROR]
    if unmet:
        return f"; but not as expected: {listed(unmet)}"
    if report.options.fail_on is not None:
        return f"; but with a {report.options.fail_on}, and --fail-on says that this is a failure"
    return "; but something that was expected of it did not hold"
