"""The report in one line, for `-q`: mark, target, outcome, and the server's code and first words."""

from smtpcheck.model import Outcome, Report, Severity
from smtpcheck.report.lines import ended
from smtpcheck.report.phrases import code_of, lasting
from smtpcheck.report.printable import cleaned
from smtpcheck.report.stop import stop_of
from smtpcheck.report.style import marks
from smtpcheck.report.words import expected

LONGEST_TEXT = 120


def brief(report: Report, *, ascii: bool) -> str:
    """One line, whatever its length; nothing in it is wrapped, so that it can be searched."""
    report = cleaned(report, limit=LONGEST_TEXT, ascii=ascii)
    good = report.exit_code == 0
    mark = marks(ascii).passed if good else marks(ascii).failed
    return f"{mark} {report.target.label} {_end(report)}\n"


def _end(report: Report) -> str:
    if report.passed:
        return f"passed in {lasting(report.seconds)}{_but(report)}"
    return _stopped(report) + (_but(report) if report.expected else "")


def _but(report: Report) -> str:
    """What makes a check fail that passed, or ended as expected; or what it warns of."""
    unmet = [each for each in report.expectations if not each.met]
    wrong = [each.rule for each in unmet if each.severity is Severity.ERROR] or [each.rule for each in unmet]
    if wrong:
        return f", but not as expected: {', '.join(wrong)}"
    failed = report.exit_code != 0 and report.options.fail_on is not None
    return f", but with a {report.options.fail_on} (--fail-on)" if failed else ""


def _stopped(report: Report) -> str:
    stop = stop_of(report)
    at = f"{report.stage} " if report.stage else ""
    if stop is None:
        return f"{at}{report.outcome}"
    step = stop.step
    how = expected(report) if report.expected else str(step.outcome)
    if step.reply is not None and step.outcome is Outcome.REFUSED:
        code = code_of(step.reply)
        said = step.reply.lines[0] if step.reply.lines else ""
        return f"{at}{how}: {code} {said.removeprefix(f'{step.reply.enhanced} ')}".rstrip()
    more = ended(step, stop.detail).removeprefix(f"{step.outcome}").removeprefix(": ")
    return f"{at}{how}: {more}" if more else f"{at}{how} after {lasting(step.seconds)}"
