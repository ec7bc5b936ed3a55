"""One target of a batch in one line of a table: mark, target, seconds, where it stopped, and the cause.

On a terminal where that is too long, the cause stands below it.
"""

import textwrap

from smtpcheck.model import Report
from smtpcheck.report.printable import printable
from smtpcheck.report.style import marks

_TARGET, _SECONDS, _END = 30, 7, 18
_LONGEST_TEXT = 120


def row(report: Report, *, ascii: bool = False, width: int | None = None) -> str:
    """The line, with a newline at its end. Whatever is too long for its column is shown whole; `width` is that of a
    terminal, None for a pipe, where each target has one line.
    """
    mark = marks(ascii).passed if report.exit_code == 0 else marks(ascii).failed
    label, why = (printable(text, limit=_LONGEST_TEXT, ascii=ascii) for text in (report.target.label, _why(report)))
    end = str(report.outcome) if report.stage is None else f"{report.stage} {report.outcome}"
    seconds = f"{report.seconds:.1f} s"
    cells = f"{mark} {label:<{_TARGET}} {seconds:>{_SECONDS}}  {end:<{_END}} {why}".rstrip()
    if width is None or len(cells) <= width:
        return cells + "\n"
    short = f"{mark} {label} {seconds:>{max(0, _TARGET - len(label)) + _SECONDS}}  {end}"
    if len(short) > width:
        short = f"{mark} {label} {seconds} {end}"
    below = textwrap.wrap(why, max(width, 40), initial_indent="    ", subsequent_indent="    ")
    return "\n".join((short, *below)) + "\n"


def _why(report: Report) -> str:
    unmet = [each.rule for each in report.expectations if not each.met]
    if unmet:
        return f"not as expected: {', '.join(unmet)}"
    if report.expected:
        return "as expected"
    if report.cause is not None:
        return report.cause.title
    step = None if report.stage is None else report.step(report.stage)
    return (step.why or "") if step is not None else ""


def summary(reports: int, passed: int, more: str = "") -> str:
    """The line below the table."""
    return f"{reports} checked: {passed} passed, {reports - passed} failed{more}\n"
