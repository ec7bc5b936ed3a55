"""Prometheus' text exposition format (prometheus.io, "Exposition formats"), for the textfile collector.

Labels are words of closed vocabularies and what the user named, never a reply: each new text would be a new series.
One target is one series of each metric. If the same target with the same user was checked twice, the worse report
stands, since a failure must not be hidden by a pass.
"""

from collections.abc import Iterator, Mapping, Sequence

from smtpcheck.model import Report, TlsFacts
from smtpcheck.report.nagios import state
from smtpcheck.report.stages import shown
from smtpcheck.report.told import tidy

_METRICS = {
    "smtpcheck_up": "Whether the check passed (1) or stopped (0); a refusal that was expected counts as passed.",
    "smtpcheck_exit_code": "The exit code of the check: 0 passed, 10-19 the stage that stopped it, 30-39 if temporary.",
    "smtpcheck_stopped_info": "Where and why the check stopped; there is no series for a check that passed.",
    "smtpcheck_duration_seconds": "How long the whole check took.",
    "smtpcheck_stage_duration_seconds": "How long each stage took that was reached.",
    "smtpcheck_certificate_expiry_timestamp_seconds": "When the first certificate of the chain to expire will do so.",
    "smtpcheck_expectation_met": "Whether an expectation held (1) or not (0).",
    "smtpcheck_last_run_timestamp_seconds": "When the check began.",
}

Sample = tuple[str, Mapping[str, str], float]


def prometheus(reports: Sequence[Report]) -> str:
    """The metrics of these reports, each with HELP and TYPE before it."""
    samples = [sample for report in _one_each(reports) for sample in _samples(report)]
    lines = []
    for name, text in _METRICS.items():
        own = {_labels(labels): value for metric, labels, value in samples if metric == name}
        if own:
            lines += [f"# HELP {name} {text}", f"# TYPE {name} gauge"]
            lines += [f"{name}{labels} {value:.15g}" for labels, value in own.items()]
    return "".join(f"{line}\n" for line in lines)


def _one_each(reports: Sequence[Report]) -> list[Report]:
    kept: dict[tuple[str, str], Report] = {}
    for report in map(tidy, reports):
        key = (report.target.label, report.target.user or "")
        if key not in kept or state(report) >= state(kept[key]):
            kept[key] = report
    return list(kept.values())


def _samples(report: Report) -> Iterator[Sample]:
    target = {"target": report.target.label, "user": report.target.user or ""}
    yield "smtpcheck_up", target, float(report.passed or report.expected)
    yield "smtpcheck_exit_code", target, report.exit_code
    if not report.passed:
        cause = report.cause.id if report.cause else ""
        stopped = {"stage": report.stage.value if report.stage else "", "outcome": report.outcome.value, "cause": cause}
        yield "smtpcheck_stopped_info", target | stopped, 1
    yield "smtpcheck_duration_seconds", target, report.seconds
    for stage, seconds in durations(report).items():
        yield "smtpcheck_stage_duration_seconds", target | {"stage": stage}, seconds
    expiry = expires(report)
    if expiry is not None:
        yield "smtpcheck_certificate_expiry_timestamp_seconds", target, expiry
    for each in report.expectations:
        labels = target | {"rule": each.rule, "severity": each.severity.value}
        yield "smtpcheck_expectation_met", labels, float(each.met)
    yield "smtpcheck_last_run_timestamp_seconds", target, report.began.timestamp()


def durations(report: Report) -> dict[str, float]:
    """Seconds of each stage that was reached, both EHLOs and all recipients together."""
    sums: dict[str, float] = {}
    for step in shown(report, report.attempt, True) if report.attempt else ():
        if step.outcome != "skipped":
            sums[step.stage.value] = sums.get(step.stage.value, 0.0) + step.seconds
    return sums


def expires(report: Report) -> float | None:
    """When the first certificate of the chain expires, in seconds since 1970; None where none was seen."""
    chains = [
        step.facts.chain
        for step in (report.attempt.steps if report.attempt else ())
        if isinstance(step.facts, TlsFacts)
    ]
    return min((one.not_after.timestamp() for chain in chains for one in chain if one.not_after), default=None)


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
