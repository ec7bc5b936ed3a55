"""One line for Nagios, Icinga, Checkmk: the state, what to do about it, and performance data with thresholds.

The form is that of the Monitoring Plugins' development guidelines (sections 2.3 and 2.6, www.monitoring-plugins.org):
text, a bar, then `label=value[unit];warn;crit;min;max`. A bar in the text would end it, so there is none.
"""

import re
from collections.abc import Iterator, Sequence

from smtpcheck.model import Outcome, Report, Severity
from smtpcheck.report.told import end, named, tidy, warned

_STATES = ("OK", "WARNING", "CRITICAL", "UNKNOWN")
_USAGE, _BUG, _INTERRUPTED = 2, 3, 130
_DAY = 86400
_LONGEST = 600


def state(report: Report) -> int:
    """The exit code of a plugin: 0 passed, 1 passed with a warning, 2 stopped or not as expected, 3 usage, our own
    fault or Ctrl-C.
    """
    if report.outcome is Outcome.BUG or report.exit_code in (_USAGE, _BUG, _INTERRUPTED):
        return 3
    if report.exit_code != 0 or not (report.passed or report.expected):
        return 2
    if any(not each.met and each.severity is Severity.ERROR for each in report.expectations):
        return 2
    return 1 if report.passed and warned(report) else 0


def nagios(reports: Sequence[Report]) -> str:
    """A line for each target."""
    return "".join(f"{_line(tidy(report))}\n" for report in reports)


def _line(report: Report) -> str:
    number = state(report)
    text = f"SMTP {_STATES[number]} - {report.target.label} {'; '.join(_told(report))}"
    return f"{text[:_LONGEST].replace('|', '/')} | {' '.join(_performance(report))}"


def _told(report: Report) -> Iterator[str]:
    yield end(report)
    if report.cause is not None and not report.expected:
        yield named(report.cause)
        yield from (f"to change: {step}" for step in report.cause.fix[:1])
    for each in report.expectations:
        if not each.met and each.severity is Severity.ERROR:
            yield f"expected {each.rule}" + (f": {each.actual}" if each.actual is not None else "")
    if report.passed:
        yield from warned(report)


def _performance(report: Report) -> Iterator[str]:
    from smtpcheck.report.prometheus import durations, expires

    yield f"total={report.seconds:.3f}s;{_thresholds(report, 'max-total')};0;"
    for stage, seconds in durations(report).items():
        if stage != "config":
            yield f"{stage}={seconds:.3f}s;{_thresholds(report, f'max-{stage}')};0;"
    expiry = expires(report)
    if expiry is not None:
        days = int((expiry - report.began.timestamp()) // _DAY)
        yield f"cert_days={days};{_thresholds(report, 'min-cert-days')};;"


def _thresholds(report: Report, name: str) -> str:
    """`warn;crit` from the expectations of that name; a minimum is a range that begins there (`21:`)."""
    found = {Severity.WARNING: "", Severity.ERROR: ""}
    for each in report.expectations:
        if match := re.fullmatch(rf"{re.escape(name)}=([0-9]+(?:\.[0-9]+)?)(?::warning)?", each.rule):
            found[each.severity] = match[1] + (":" if name.startswith("min-") else "")
    return f"{found[Severity.WARNING]};{found[Severity.ERROR]}"
