"""What each format tells whoever reads it: a ticket's reader, a CI job, a monitoring system."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from lxml import etree
from prometheus_client.parser import text_string_to_metric_families

from smtpcheck.diagnose.engine import rediagnose
from smtpcheck.model import Expectation, Report, Severity, UsageError
from smtpcheck.report import FORMATS, render, render_all
from smtpcheck.report.github import masks, summary
from smtpcheck.report.nagios import state

from . import builders

GOLDEN = Path(__file__).parent / "golden_formats"
WRITE = os.environ.get("SMTPCHECK_GOLDEN") == "write"
GOLDEN_REPORTS: dict[str, Callable[[], Report]] = {
    "passed": builders.passed,
    "refused-login": builders.refused_login,
    "connection-refused": builders.connection_refused,
    "untrusted": builders.untrusted,
}


@pytest.mark.parametrize("name", GOLDEN_REPORTS)
@pytest.mark.parametrize("format", ["markdown", "github", "junit", "nagios"])
def test_golden(name: str, format: str) -> None:
    """Committed, so that the reader of a change sees what a user will see."""
    text = render(rediagnose(GOLDEN_REPORTS[name]()), format)
    path = GOLDEN / f"{name}.{format}"
    if WRITE:
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    assert text == path.read_text("utf-8")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_takes_every_ending_alone_and_together(format: str) -> None:
    endings = [getattr(builders, name) for name in ("passed", "no_name", "our_bug", "nothing_tried", "as_expected")]
    for ending in endings:
        assert render(ending(), format).endswith("\n")
    assert render_all([ending() for ending in endings], format).endswith("\n")


def test_an_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match="markdown"):
        render(builders.passed(), "yaml")


def test_jsonl_is_a_line_for_each_target() -> None:
    lines = render_all([builders.passed(), builders.refused_login()], "jsonl").splitlines()
    assert [json.loads(line)["outcome"] for line in lines] == ["passed", "refused"]


def cases(*reports: Report) -> dict[str, Any]:
    root = etree.fromstring(render_all(reports, "junit").encode())
    return {str(case.get("name")): [child.tag for child in case] for case in root.iter("testcase")}


def test_junit_skips_what_was_not_reached() -> None:
    found = cases(builders.refused_login())
    assert (found["tls"], found["auth"], found["sender"]) == ([], ["failure"], ["skipped"])


def test_junit_calls_our_own_fault_an_error_and_an_expected_refusal_a_pass() -> None:
    assert cases(builders.our_bug())["banner"] == ["error"]
    assert cases(builders.nothing_tried())["config"] == ["error"]
    assert cases(builders.interrupted())["banner"] == ["error"]
    assert cases(builders.as_expected())["sender"] == []


def test_junit_has_a_case_for_each_expectation_and_for_fail_on() -> None:
    found = cases(with_rules(builders.passed(), ("max-total=5", False, Severity.ERROR), ("starttls", True, None)))
    assert (found["expect max-total=5"], found["expect starttls"]) == (["failure"], [])
    assert cases(replace(builders.passed(), exit_code=1))["fail-on"] == ["failure"]


def with_rules(report: Report, *rules: tuple[str, bool, Severity | None]) -> Report:
    made = tuple(Expectation(rule=rule, met=met, severity=how or Severity.ERROR) for rule, met, how in rules)
    failed = any(not each.met and each.severity is Severity.ERROR for each in made)
    return replace(report, expectations=made, exit_code=1 if failed else report.exit_code)


def test_an_annotation_alone_tells_what_to_change() -> None:
    line = render(rediagnose(builders.connection_refused()), "github")
    assert line.startswith("::error title=smtp.example.com refuses connections%3A nothing listens on its port 587")
    assert "%0AWhat to change: " in line


def test_masks_hide_each_line_of_a_secret_and_cannot_be_left() -> None:
    assert masks(["a\nb%", "", " "]) == "::add-mask::a%0Ab%25\n::add-mask::a\n::add-mask::b%25\n"


def test_a_step_summary_keeps_the_verdicts_when_it_is_too_long() -> None:
    reports = [rediagnose(builders.refused_login())] * 40
    whole = summary(reports)
    assert whole.count("Transcript of") == 40
    shorter = summary(reports, len(whole.encode()) - 1)
    assert (shorter.count("Transcript of"), shorter.count("## ❌")) == (0, 40)
    shortest = summary(reports, 12_000)
    assert len(shortest.encode()) <= 12_000
    assert "more targets do not fit" in shortest


def samples(*reports: Report) -> dict[str, list[tuple[dict[str, str], float]]]:
    found: dict[str, list[tuple[dict[str, str], float]]] = {}
    for family in text_string_to_metric_families(render_all(reports, "prometheus")):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def test_prometheus_names_stage_and_cause_and_never_a_reply() -> None:
    report = rediagnose(builders.refused_login())
    labels, value = samples(report)["smtpcheck_stopped_info"][0]
    assert (labels["stage"], labels["cause"], value) == ("auth", "bad-credentials", 1)
    assert "not accepted" not in render(report, "prometheus")
    assert samples(builders.passed())["smtpcheck_certificate_expiry_timestamp_seconds"][0][1] == (
        builders.LEAF.not_after.timestamp() if builders.LEAF.not_after else None
    )


def test_the_same_target_twice_is_one_series_and_the_failure_stands() -> None:
    for pair in ([builders.passed(), builders.refused_login()], [builders.refused_login(), builders.passed()]):
        assert [value for _, value in samples(*pair)["smtpcheck_up"]] == [0]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (builders.passed(), 0),
        (builders.slow(), 1),
        (with_rules(builders.passed(), ("min-cert-days=90", False, Severity.WARNING)), 1),
        (with_rules(builders.passed(), ("max-total=5", False, Severity.ERROR)), 2),
        (builders.refused_login(), 2),
        (builders.as_expected(), 0),
        (builders.our_bug(), 3),
        (builders.interrupted(), 3),
        (builders.nothing_tried(), 3),
    ],
)
def test_nagios_states(report: Report, expected: int) -> None:
    assert state(report) == expected
    assert render(report, "nagios").startswith(f"SMTP {('OK', 'WARNING', 'CRITICAL', 'UNKNOWN')[expected]} - ")


def test_nagios_takes_thresholds_from_expectations() -> None:
    rules = [("max-total=5", True, None), ("min-cert-days=21:warning", True, Severity.WARNING)]
    line = render(with_rules(builders.passed(), *rules, ("min-cert-days=7", True, None)), "nagios")
    assert "total=0.750s;;5;0;" in line
    assert "cert_days=70;21:;7:;;" in line


def test_a_ticket_names_no_secret_and_says_how_to_run_it_again() -> None:
    text = render(rediagnose(builders.refused_login()), "markdown")
    assert "smtpcheck check --tls starttls --user alice --password-env SMTPCHECK_PASSWORD" in text
    assert text.index("**Cause:**") < text.index("| Stage |") < text.index("<details>")


def test_html_asks_for_nothing() -> None:
    text = render(builders.passed(), "html")
    assert "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")
