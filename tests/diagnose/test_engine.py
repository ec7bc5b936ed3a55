"""How findings become one cause: ranked, merged, with alternatives, and everything else folded beneath it."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import smtpcheck.diagnose
from smtpcheck.diagnose import engine
from smtpcheck.diagnose.engine import BESIDE, Diagnosis, diagnose, rediagnose, rules, scene_of
from smtpcheck.diagnose.pages import ids, page
from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Rule, Scene
from smtpcheck.model import Attempt, Certainty, Options, Outcome, Report, Severity, Stage, Step, Target, TlsMode
from smtpcheck.providers import providers
from smtpcheck.replies import rows

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE


def stopped(stage: Stage = Stage.AUTH, outcome: Outcome = Outcome.REFUSED) -> Report:
    """A report of a check that ended at a stage; or passed."""
    steps = (
        Step(stage=Stage.CONNECT, outcome=Outcome.PASSED, began=0.0, seconds=0.1),
        Step(stage=stage, outcome=outcome, began=0.1, seconds=0.1),
    )
    return Report(
        smtpcheck="0",
        began=datetime(2026, 1, 2, tzinfo=UTC),
        seconds=0.2,
        target=Target(host="mail.example.com", port=587, tls=TlsMode.AUTO),
        options=Options(),
        outcome=outcome,
        stage=None if outcome is Outcome.PASSED else stage,
        exit_code=0,
        temporary=False,
        attempts=(Attempt(look="first", address="127.0.0.1", steps=steps, events=()),),
    )


def diagnosed(*found: Found | Ask, beside: tuple[Found, ...] = (), report: Report | None = None) -> Diagnosis:
    """What the engine makes of rules that find this, each its own."""

    def rule(one: Found | Ask) -> Rule:
        def finds(scene: Scene) -> Iterator[Found | Ask]:
            yield one

        return finds

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "rules", lambda scene: tuple(map(rule, found)))
        patch.setattr(engine, "BESIDE", tuple(map(rule, beside)))
        return diagnose(report or stopped())


def found(id: str, certainty: Certainty = LIKELY, **more: Any) -> Found:
    return Found(id=id, certainty=certainty, **more)


def told(diagnosis: Diagnosis) -> tuple[str | None, tuple[str, ...]]:
    cause = diagnosis.cause
    return (cause.id, cause.alternatives) if cause else (None, ())


# --- the first place ------------------------------------------------------------------------------------------------


def test_nothing_found_is_no_cause() -> None:
    assert diagnosed() == Diagnosis(cause=None, also=(), asks=())


@pytest.mark.parametrize("order", [1, -1])
def test_what_is_surer_comes_first(order: int) -> None:
    """Whatever the order of the rules."""
    three = (found("auth-malformed", POSSIBLE), found("bad-credentials", LIKELY), found("rate-limited", CERTAIN))
    assert told(diagnosed(*three[::order])) == ("rate-limited", ())


@pytest.mark.parametrize("order", [1, -1])
def test_what_beats_another_comes_first_at_equal_certainty(order: int) -> None:
    """The page says what it beats."""
    two = (found("bad-credentials"), found("username-must-be-fixed-word"))
    assert "bad-credentials" in page("username-must-be-fixed-word").beats
    assert told(diagnosed(*two[::order])) == ("username-must-be-fixed-word", ("bad-credentials",))


def test_beating_does_not_outweigh_being_surer() -> None:
    two = (found("bad-credentials", CERTAIN), found("username-must-be-fixed-word", LIKELY))
    assert told(diagnosed(*two))[0] == "bad-credentials"


def test_among_equals_the_order_of_the_rules_decides() -> None:
    assert told(diagnosed(found("rate-limited"), found("greylisted")))[0] == "rate-limited"
    assert told(diagnosed(found("greylisted"), found("rate-limited")))[0] == "greylisted"


# --- alternatives ---------------------------------------------------------------------------------------------------


def test_the_others_are_alternatives_two_at_the_most() -> None:
    """Its own come first, then what other rules found; each once, and never itself."""
    best = found("username-must-be-fixed-word", alternatives=("bad-credentials",), settle="a check with the word")
    others = (found("bad-credentials"), found("rate-limited", POSSIBLE), found("auth-malformed", POSSIBLE))
    diagnosis = diagnosed(best, *others)
    assert told(diagnosis) == ("username-must-be-fixed-word", ("bad-credentials", "rate-limited"))
    assert diagnosis.cause is not None
    assert diagnosis.cause.settle == "a check with the word"
    assert diagnosis.also == ()


def test_a_certain_cause_has_no_alternative() -> None:
    """Certain means that the evidence allows nothing else."""
    best = found("rate-limited", CERTAIN, alternatives=("greylisted",), settle="waiting")
    diagnosis = diagnosed(best, found("bad-credentials", LIKELY))
    assert told(diagnosis) == ("rate-limited", ())
    assert diagnosis.cause is not None
    assert diagnosis.cause.settle is None


def test_without_an_alternative_there_is_nothing_to_settle() -> None:
    diagnosis = diagnosed(found("rate-limited", settle="waiting"))
    assert diagnosis.cause is not None
    assert (diagnosis.cause.alternatives, diagnosis.cause.settle) == ((), None)


# --- merging --------------------------------------------------------------------------------------------------------


def test_two_rules_that_find_the_same_are_one_finding() -> None:
    """The surer one, with the facts and the evidence of both."""
    one = found(
        "rate-limited", POSSIBLE, facts={"host": "weak.example", "limit": "9"}, evidence=({"option": "--user"},)
    )
    other = found("rate-limited", CERTAIN, facts={"host": "sure.example"}, evidence=({"attempt": 0, "event": 1},))
    diagnosis = diagnosed(one, other)
    assert diagnosis.cause is not None
    assert diagnosis.cause.certainty is CERTAIN
    assert diagnosis.cause.evidence == ({"attempt": 0, "event": 1}, {"option": "--user"})
    assert "sure.example" in diagnosis.cause.title + diagnosis.cause.why
    assert diagnosis.also == ()


# --- consequences ---------------------------------------------------------------------------------------------------


def test_what_stops_elsewhere_is_not_the_cause_but_is_told() -> None:
    """A table's warning about the sender, where the login was refused: a warning, never a second error."""
    assert page("sender-is-the-username").severity is Severity.ERROR
    diagnosis = diagnosed(found("bad-credentials"), found("sender-is-the-username", CERTAIN, stage=Stage.SENDER))
    assert told(diagnosis) == ("bad-credentials", ())
    assert [(one.id, one.severity) for one in diagnosis.also] == [("sender-is-the-username", Severity.WARNING)]


def test_the_same_is_the_cause_where_it_stops() -> None:
    found_here = found("sender-is-the-username", CERTAIN, stage=Stage.SENDER)
    assert told(diagnosed(found_here, report=stopped(Stage.SENDER)))[0] == "sender-is-the-username"


def test_a_second_certain_fault_is_told_beside_the_first() -> None:
    """Two faults of one certificate: both have to be repaired."""
    two = (found("certificate-name-mismatch", CERTAIN), found("certificate-expired", CERTAIN))
    diagnosis = diagnosed(*two, report=stopped(Stage.TLS, Outcome.DECLINED))
    assert told(diagnosis)[0] == "certificate-name-mismatch"
    assert [(one.id, one.severity) for one in diagnosis.also] == [("certificate-expired", Severity.WARNING)]


def test_the_cause_does_not_stand_beside_itself() -> None:
    beside = (found("rate-limited", CERTAIN), found("greylisted", CERTAIN), found("greylisted", CERTAIN))
    diagnosis = diagnosed(found("rate-limited"), beside=beside)
    assert told(diagnosis)[0] == "rate-limited"
    assert [one.id for one in diagnosis.also] == ["greylisted"]


def test_a_pass_has_no_cause_and_what_works_stands_first() -> None:
    """Then warnings, then notes."""
    beside = tuple(found(id, CERTAIN) for id in ("measurement-disturbed", "banner-slow", "smtp-works-look-at-the-app"))
    diagnosis = diagnosed(beside=beside, report=stopped(Stage.AUTH, Outcome.PASSED))
    assert diagnosis.cause is None
    assert [one.id for one in diagnosis.also] == ["smtp-works-look-at-the-app", "banner-slow", "measurement-disturbed"]
    assert all(one.severity is not Severity.ERROR for one in diagnosis.also)


def test_what_a_table_says_of_a_pass_is_a_warning() -> None:
    """The server took it: the table is stale, or too strict."""
    said = found("username-must-be-fixed-word", LIKELY, stage=Stage.AUTH)
    diagnosis = diagnosed(said, report=stopped(Stage.AUTH, Outcome.PASSED))
    assert diagnosis.cause is None
    assert [(one.id, one.severity) for one in diagnosis.also] == [("username-must-be-fixed-word", Severity.WARNING)]


# --- looks, words, whole reports ------------------------------------------------------------------------------------


def test_each_look_is_asked_for_once() -> None:
    """In the order of the rules."""
    one, other = Ask("tls-first", "a reason"), Ask("sibling-ports", "another")
    assert diagnosed(one, other, one).asks == (one, other)


def test_the_stage_of_a_cause_is_where_the_check_stopped() -> None:
    """The page's own is only where it usually shows."""
    assert page("rate-limited").stage is not Stage.AUTH
    diagnosis = diagnosed(found("rate-limited"))
    assert diagnosis.cause is not None
    assert diagnosis.cause.stage is Stage.AUTH


def test_a_report_is_diagnosed_anew_from_its_recording() -> None:
    """What was said of it before counts for nothing."""
    once = rediagnose(stopped(Stage.CONNECT, Outcome.UNREACHABLE))
    assert rediagnose(once) == once


@pytest.mark.parametrize("outcome", list(Outcome))
@pytest.mark.parametrize("stage", list(Stage))
def test_no_rule_stumbles_over_a_recording_without_facts(stage: Stage, outcome: Outcome) -> None:
    """A saved report may come from an older version, or from a check that was cut off."""
    diagnosis = diagnose(stopped(stage, outcome))
    assert all(one.severity is not Severity.ERROR for one in diagnosis.also)


def test_the_rules_are_all_there() -> None:
    """A rule that is in no list would never be asked."""
    asked = (*rules(scene_of(stopped())), *BESIDE)
    listed = {rule.__name__ for rule in asked} | {"certificate"}  # which the engine asks itself
    folder = Path(smtpcheck.diagnose.__file__).parent
    signature = re.compile(
        r"^def ([a-z]\w*)\(scene: Scene(?:, now: datetime)?\) -> Iterator\[Found \| Ask\]:", re.MULTILINE
    )
    written = {name for file in folder.glob("*.py") for name in signature.findall(file.read_text("utf-8"))}
    assert written == listed


# --- certainty has to be earned -------------------------------------------------------------------------------------

_SURE = re.compile(r'id="([a-z0-9-]+)",\s*certainty=Certainty\.CERTAIN|\("([a-z0-9-]+)", Certainty\.CERTAIN\)'
                   r'|return "([a-z0-9-]+)", Certainty\.CERTAIN')  # fmt: skip

LOOK_ALIKES_ARE_LIVE = MappingProxyType(
    {
        "dns-broken-cname": "test_an_alias_that_leads_somewhere_is_not_broken",
        "hosts-file-override": "test_a_line_of_the_hosts_file_that_agrees_with_dns_is_no_override",
        "one-address-dead": "test_addresses_that_all_work_are_no_finding",
    }
)
"""No dialogue and no text can show the look-alikes of these; the test that does."""


def sure() -> set[str]:
    """Causes that some rule, or some row about replies, calls certain."""
    folder = Path(smtpcheck.diagnose.__file__).parent
    by_rules = {id for file in folder.glob("*.py") for match in _SURE.findall(file.read_text("utf-8")) for id in match}
    tables = (*rows(), *(row for one in providers() for row in one.replies))
    return (by_rules | {row.cause for row in tables if row.certainty is CERTAIN}) - {""}


def test_the_look_alike_of_every_certain_cause_is_shown() -> None:
    """On its page (`gives_not`), or by a test of a live one."""
    assert sure() <= set(ids())
    shown = {id for id in ids() if any(example.gives_not for example in page(id).examples)}
    assert sure() - shown - set(LOOK_ALIKES_ARE_LIVE) == set()


def test_the_live_look_alikes_exist_and_are_needed() -> None:
    folder = Path(__file__).parent
    text = "".join(file.read_text("utf-8") for file in folder.glob("test_live_*.py"))
    for id, name in LOOK_ALIKES_ARE_LIVE.items():
        assert f"def {name}(" in text
        assert not any(example.gives_not for example in page(id).examples), f"{id} has one on its page now"
