"""One line for a monitoring system: its state, the verdict, and perfdata behind a pipe.

The format is that of the Monitoring Plugins Development Guidelines: `SERVICE STATE - text | label=value;warn;crit`. A
pipe or a newline of a server would begin perfdata of its own, so neither leaves here.
"""

from enum import IntEnum

from smtpcheck.model import Outcome, Report, Severity, TlsFacts
from smtpcheck.model.words import Stage
from smtpcheck.report.brief import brief
from smtpcheck.report.style import marks

_NEVER_RAN = (2, 3, 130)  # exit codes of a check that says nothing about its server


class State(IntEnum):
    """The exit codes of a plugin."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


def state(report: Report) -> State:
    """What a monitoring system is told."""
    if report.exit_code in _NEVER_RAN or report.outcome is Outcome.BUG:
        return State.UNKNOWN
    if report.exit_code != 0:
        return State.CRITICAL
    unmet = any(not each.met for each in report.expectations)
    return State.WARNING if unmet or any(one.severity is Severity.WARNING for one in report.also) else State.OK


def nagios(report: Report) -> str:
    """The line, with a newline at its end."""
    ascii_marks = marks(True)
    said = brief(report, ascii=True).strip()
    for mark in (ascii_marks.passed, ascii_marks.failed):
        said = said.removeprefix(f"{mark} ")
    causes = [report.cause.title] if report.cause is not None else _warned(report)
    text = "; ".join((said, *causes))
    return f"SMTP {state(report).name} - {plain(text)} | {' '.join(_perfdata(report))}\n"


def plain(text: str) -> str:
    """The text in one line of ASCII, without the character that begins perfdata."""
    shown = "".join(one if one.isascii() and one.isprintable() else "?" for one in " ".join(text.split()))
    return shown.replace("|", "/")


def _warned(report: Report) -> list[str]:
    unmet = [each for each in report.expectations if not each.met and each.severity is Severity.WARNING]
    found = [one.title for one in report.also if one.severity is Severity.WARNING]
    return [*(f"expected {each.rule}: {each.actual}" for each in unmet), *found]


def _perfdata(report: Report) -> list[str]:
    """Seconds of the whole and of each stage, days of the certificate; thresholds where an expectation gives some."""
    total: dict[str, float] = {}
    for step in report.attempt.steps if report.attempt is not None else ():
        if step.outcome is not Outcome.SKIPPED and step.stage not in (Stage.CONFIG, Stage.QUIT):
            total[step.stage.value] = total.get(step.stage.value, 0.0) + step.seconds
    data = [_seconds("total", report.seconds, report)] + [_seconds(name, total[name], report) for name in total]
    tls = report.step(Stage.TLS)
    if tls is not None and isinstance(tls.facts, TlsFacts) and tls.facts.chain and tls.facts.chain[0].not_after:
        left = (tls.facts.chain[0].not_after - report.began).days
        warn, critical = (f"{limit}:" if limit else "" for limit in _limits("min-cert-days", report))
        data.append(f"cert_days={left};{warn};{critical}")
    return data


def _seconds(name: str, seconds: float, report: Report) -> str:
    warn, critical = _limits(f"max-{name}", report)
    return f"{name}={seconds:.3f}s;{warn};{critical};0"


def _limits(rule: str, report: Report) -> tuple[str, str]:
    """The thresholds for a warning and for a critical state, empty where nobody gave one."""
    given = {each.severity: each.values[0] for each in report.options.expect if each.rule.startswith(f"{rule}=")}
    return given.get(Severity.WARNING, ""), given.get(Severity.ERROR, "")
