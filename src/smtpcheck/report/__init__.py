"""A report as text: for a person, for a program, or in one line. Each format is loaded when it is asked for.

Import `smtpcheck.report.live` for the list that is shown while a check runs, `smtpcheck.report.style` for the choice of
colour and symbols, `smtpcheck.report.codec` for JSON values and saved reports.
"""

from collections.abc import Sequence

from smtpcheck.model import Report, UsageError

FORMATS = ("terminal", "json", "brief", "nagios")


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
        case "nagios":
            from smtpcheck.report.nagios import nagios

            return nagios(report)
    raise UsageError(f"there is no report format {format!a}; there are {', '.join(FORMATS)}")


def render_all(reports: Sequence[Report], format: str) -> str:
    """The reports of several targets in one text; as JSON a list. Raises UsageError for a format that does not
    exist.
    """
    if format == "json":
        from smtpcheck.report.codec import text, to_json

        return text([to_json(report) for report in reports])
    return ("\n" if format == "terminal" else "").join(render(report, format) for report in reports)
