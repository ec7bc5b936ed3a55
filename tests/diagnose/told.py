"""What the live tests have in common: a label that names the cause, and is the assertion at the same time.

    @gives("null-mx", Certainty.CERTAIN, Stage.DNS)
    def test_a_domain_that_takes_no_mail() -> Report: ...

The report that the test returns has to name that cause, at the first place, so sure, and with evidence that is in the
recording. `tests/causes_table.py` reads the labels: a cause that is in the table was produced.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from smtpcheck.model import Certainty, Report, Severity, Stage

P = ParamSpec("P")

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE


def gives(id: str, certainty: Certainty, stage: Stage) -> Callable[[Callable[P, Report]], Callable[P, None]]:
    """The test's report has this cause, so sure, at this stage; nothing else in it is an error."""

    def labelled(test: Callable[P, Report]) -> Callable[P, None]:
        @wraps(test)
        def checked(*given: P.args, **named: P.kwargs) -> None:
            report = test(*given, **named)
            cause = report.cause
            assert cause is not None, f"no cause; {report.outcome} at {report.stage}"
            assert (cause.id, cause.certainty) == (id, certainty), f"{cause.id}, {cause.certainty}: {cause.title}"
            assert (report.stage, cause.stage) == (stage, stage), f"{report.stage}, {cause.stage}"
            assert all(one.severity is not Severity.ERROR for one in report.also), f"{report.also}"
            assert_shown(report)

        return _marked(checked, id)

    return labelled


def notes(id: str) -> Callable[[Callable[P, Report]], Callable[P, None]]:
    """The test's report tells this beside its cause, or beside a pass; it is no error there."""

    def labelled(test: Callable[P, Report]) -> Callable[P, None]:
        @wraps(test)
        def checked(*given: P.args, **named: P.kwargs) -> None:
            report = test(*given, **named)
            found = [one for one in report.also if one.id == id]
            assert len(found) == 1, [one.id for one in report.also]
            assert found[0].severity is not Severity.ERROR
            assert report.cause is None or report.cause.id != id
            assert_shown(report)

        return _marked(checked, id)

    return labelled


def assert_shown(report: Report) -> None:
    """Each piece of evidence stands in the recording, or names an option; a certain cause has no alternative."""
    for one in (*((report.cause,) if report.cause else ()), *report.also):
        assert one.evidence, f"{one.id} rests on nothing"
        for pointer in one.evidence:
            if "attempt" in pointer:
                attempt = report.attempts[int(pointer["attempt"])]
                assert 0 <= int(pointer["event"]) < len(attempt.events)
        assert not (one.certainty is Certainty.CERTAIN and one.alternatives)


def _marked(test: Callable[P, None], id: str) -> Callable[P, None]:
    test.produces = id  # type: ignore[attr-defined]  # read by tests/causes_table.py
    return test


def produced_by(module: object) -> dict[str, list[str]]:
    """The causes that the tests of a module are labelled with, and which tests."""
    found: dict[str, list[str]] = {}
    names: dict[str, Any] = vars(module)
    for name, test in names.items():
        if name.startswith("test_") and (id := getattr(test, "produces", None)):
            found.setdefault(id, []).append(name)
    return found
