"""JUnit XML, in the form that Jenkins, GitLab and Azure read: a suite for each target, a case for each stage and each
expectation.

Each suite has the same cases whatever happened: a stage that was not reached is skipped, so that a trend over many
builds compares like with like. QUIT never changes a verdict (RFC 5321 section 4.1.1.10), so it never fails here.
"""

from collections.abc import Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from smtpcheck.model import Expectation, Outcome, Report, Severity, Stage, Step
from smtpcheck.model.record import brief_record
from smtpcheck.report.stages import shown
from smtpcheck.report.told import account, because, end, named, sentence, tidy
from smtpcheck.report.transcript import plain

_OURS = (Outcome.BUG, Outcome.INTERRUPTED)


@brief_record
class _Case:
    """`kind` is the element in the case: failure, error, skipped, or None for a pass."""

    name: str
    seconds: float = 0.0
    kind: str | None = None
    type: str = ""
    message: str = ""
    text: str = ""


def junit(reports: Sequence[Report]) -> str:
    """The document, valid against the schema of the Ant tasks."""
    root = Element("testsuites")
    for number, report in enumerate(reports):
        _suite(root, report, number)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, "unicode")}\n'


def _suite(root: Element, report: Report, number: int) -> None:
    clean = tidy(report)
    cases = [*_stages(report, clean), *_expectations(clean), *_fail_on(clean)]
    label = _xml(clean.target.label).strip() or "unnamed"
    suite = SubElement(root, "testsuite")
    for key, value in {
        "name": label,
        "package": "smtpcheck",
        "id": number,
        "timestamp": f"{report.began:%Y-%m-%dT%H:%M:%S}",
        "hostname": _xml(clean.target.host).strip() or "localhost",
        "tests": len(cases),
        "failures": sum(case.kind == "failure" for case in cases),
        "errors": sum(case.kind == "error" for case in cases),
        "skipped": sum(case.kind == "skipped" for case in cases),
        "time": f"{report.seconds:.3f}",
    }.items():
        suite.set(key, str(value))
    properties = SubElement(suite, "properties")
    for name, value in _properties(clean):
        SubElement(properties, "property", name=name, value=_xml(value))
    for case in cases:
        _case(suite, case, label)
    SubElement(suite, "system-out").text = _xml("\n".join(plain(report.attempt) if report.attempt else ()))
    SubElement(suite, "system-err").text = ""


def _properties(report: Report) -> Iterator[tuple[str, str]]:
    yield "smtpcheck", report.smtpcheck
    yield "outcome", str(report.outcome)
    yield "exit_code", str(report.exit_code)
    if report.stage is not None:
        yield "stage", report.stage.value
    if report.cause is not None:
        yield "cause", report.cause.id


def _case(suite: Element, case: _Case, label: str) -> None:
    made = SubElement(suite, "testcase", name=_xml(case.name), classname=f"smtpcheck.{label}")
    made.set("time", f"{case.seconds:.3f}")
    if case.kind == "skipped":
        SubElement(made, "skipped", message=_xml(case.message))
    elif case.kind is not None:
        inner = SubElement(made, case.kind, message=_xml(case.message), type=case.type)
        inner.text = _xml(case.text)


def _stages(report: Report, clean: Report) -> Iterator[_Case]:
    attempt = clean.attempt
    steps = shown(clean, attempt, True) if attempt else []
    for stage in Stage:
        own = [step for step in steps if step.stage is stage]
        seconds = sum(step.seconds for step in own)
        if clean.stage is stage and not clean.passed:
            yield _stop(report, clean, seconds)
        elif not own or all(step.outcome is Outcome.SKIPPED for step in own):
            yield _Case(stage.value, seconds, "skipped", message=_why_skipped(own))
        else:
            yield _Case(stage.value, seconds)


def _why_skipped(steps: Sequence[Step]) -> str:
    return next((step.why for step in steps if step.why), "not reached")


def _stop(report: Report, clean: Report, seconds: float) -> _Case:
    assert clean.stage is not None
    if clean.expected:
        return _Case(clean.stage.value, seconds)
    kind = "error" if clean.outcome in _OURS else "failure"
    cause = clean.cause
    message = sentence(end(clean))
    if cause is not None:
        message = " ".join([f"{named(cause)}:", *because(cause), *cause.fix])
    what = cause.id if cause else str(clean.outcome)
    return _Case(clean.stage.value, seconds, kind, what, message, "\n".join(account(report)))


def _expectations(report: Report) -> Iterator[_Case]:
    for each in report.expectations:
        name = f"expect {each.rule}"
        if each.met:
            yield _Case(name)
        elif each.severity is Severity.ERROR:
            yield _Case(name, 0.0, "failure", "expectation", unmet(each), unmet(each))
        else:  # the schema has no warnings: a skipped case is what a reader of a green build still sees
            yield _Case(name, 0.0, "skipped", message=unmet(each))


def unmet(expectation: Expectation) -> str:
    """An expectation that did not hold, in one sentence."""
    actual = f": {expectation.actual}" if expectation.actual is not None else ""
    return f"expected {expectation.rule}, which did not hold{actual}"


def _fail_on(report: Report) -> Iterator[_Case]:
    """The case for a pass that counts as failed although each expectation held: a finding reached --fail-on."""
    failed = any(not each.met and each.severity is Severity.ERROR for each in report.expectations)
    if not report.passed or report.exit_code == 0 or failed:
        return
    worst = next((finding for finding in report.also if finding.severity is not Severity.NOTE), None)
    if worst is None:
        yield _Case("fail-on", 0.0, "failure", "fail-on", sentence(end(report)), sentence(end(report)))
        return
    text = "\n".join([f"{named(worst)}:", *because(worst), *worst.fix])
    yield _Case("fail-on", 0.0, "failure", worst.id, text.replace("\n", " "), text)


def _xml(text: str) -> str:
    """The text without what XML 1.0 section 2.2 forbids, should anything have been left of it."""
    return "".join(
        char
        for char in text
        if char in "\t\n\r" or " " <= char <= "\ud7ff" or "\ue000" <= char <= "\ufffd" or char >= "\U00010000"
    )
