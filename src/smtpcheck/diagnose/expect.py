"""Whether a check went as its user expected, and the exit code that follows.

Two kinds of rule exist. Most describe the server, and can make a check fail that passed. Those that name the end
(`outcome.STAGE=`, `reply.STAGE=`, `cause=`) make a refusal the success: a check that ended exactly so is `expected`.
"""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from smtpcheck.diagnose.expect_rules import Judged, judged
from smtpcheck.diagnose.pages import ids
from smtpcheck.diagnose.verdict import INTERRUPTED, PASSED, exit_code_of
from smtpcheck.model import Demand, Expectation, Outcome, Report, Severity, Stage, UsageError

NOT_AS_EXPECTED = 1


def check_causes(demands: Sequence[Demand]) -> None:
    """Raises UsageError for an expected cause that does not exist."""
    known = ids()
    for demand in demands:
        for cause in demand.values if demand.name == "cause" else ():
            if cause not in known:
                near = get_close_matches(cause, known, n=1)
                meant = f"did you mean {near[0]}?" if near else "smtpcheck explain lists them"
                raise UsageError(f"--expect cause={cause[:80]}: there is no such cause; {meant}")


def judge(report: Report) -> Report:
    """The report with its expectations judged, and the exit code that follows. `cause` and `also` are told already."""
    judgements = [(demand, judged(demand, report)) for demand in report.options.expect]
    expected = _ended_as_expected(judgements, report)
    unmet = [demand for demand, (met, _) in judgements if not met]
    return replace(
        report,
        expected=expected,
        exit_code=_exit_code(report, unmet, expected=expected),
        expectations=tuple(
            Expectation(rule=demand.rule, met=met, severity=demand.severity, actual=actual)
            for demand, (met, actual) in judgements
        ),
    )


def _exit_code(report: Report, unmet: Sequence[Demand], *, expected: bool) -> int:
    if report.exit_code == INTERRUPTED:
        return INTERRUPTED
    if not (report.passed or expected):
        return exit_code_of(report.stage, report.outcome, report.temporary)
    severities = [demand.severity for demand in unmet]
    if Severity.ERROR in severities:
        return NOT_AS_EXPECTED
    if report.options.fail_on is not None and _reached(report.options.fail_on, report, severities):
        return NOT_AS_EXPECTED
    return PASSED


def _reached(limit: Severity, report: Report, severities: Sequence[Severity]) -> bool:
    """Whether anything is as severe as that; `Severity` lists the worst first."""
    order = list(Severity)
    found = [*severities, *(one.severity for one in report.also)]
    return any(order.index(one) <= order.index(limit) for one in found)


def _ended_as_expected(judgements: Sequence[tuple[Demand, Judged]], report: Report) -> bool:
    """Whether the check stopped, and every expectation about that end says that it should have."""
    if report.passed or report.stage is Stage.CONFIG or report.exit_code == INTERRUPTED:
        return False  # nothing was sent, or nobody waited for the end
    if report.outcome in (Outcome.BUG, Outcome.INTERRUPTED):
        return False
    about = [met for demand, (met, _) in judgements if _names_end(demand, report.stage)]
    return bool(about) and all(about)


def _names_end(demand: Demand, stage: Stage | None) -> bool:
    return demand.name == "cause" or (demand.name in ("outcome", "reply") and demand.stage is stage)
