"""A report as text: for a person, for a program, or in one line. Each format is loaded when it is asked for.

Import `smtpcheck.report.live` for the list that is shown while a check runs, `smtpcheck.report.style` for the choice of
colour and symbols, `smtpcheck.report.codec` for JSON values and saved reports.
"""

from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

from smtpcheck.model import Report, UsageError

_MANY = {
    "jsonl": "jsonl",
    "markdown": "ticket",
    "html": "html",
    "junit": "junit",
    "github": "github",
    "prometheus": "prometheus",
    "nagios": "nagios",
}
"""The formats that hold several targets as well as one, and the module of each: its function has the format's name."""

FORMATS = ("terminal", "json", "brief", *_MANY)


def render(
    report: Report,
    format: str = "terminal",
    *,
    width: int = 80,
    color: bool = False,
    ascii: bool = False,
    verbose: bool = False,
) -> str:
    """The report in a format of FORMATS, with a newline at its end.

    `width` counts from 40 on and binds the terminal report alone; `verbose` adds the transcript to it. Raises
    UsageError for a format that does not exist.
    """
    match format:
        case "terminal":
            from smtpcheck.report.terminal import terminal

            return terminal(report, width=width, color=color, ascii=ascii, verbose=verbose)
        case "json":
            from smtpcheck.report.codec import dumps

            return dumps(report)
        case "brief":
            from smtpcheck.report.brief import brief

            return brief(report, ascii=ascii)
    return render_all((report,), format)


def render_all(reports: Sequence[Report], format: str) -> str:
    """The reports of several targets in one text; as JSON a list. Raises UsageError for an unknown format."""
    if module := _MANY.get(format):
        many = cast("Callable[[Sequence[Report]], str]", getattr(import_module(f"smtpcheck.report.{module}"), format))
        return many(reports)
    if format == "json":
        from smtpcheck.report.codec import text, to_json

        return text([to_json(report) for report in reports])
    if format in FORMATS:
        return ("\n" if format == "terminal" else "").join(render(report, format) for report in reports)
    raise UsageError(f"there is no report format {format!a}; there are {', '.join(FORMATS)}")
