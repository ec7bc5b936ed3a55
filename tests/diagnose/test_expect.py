"""Expectations over recordings: what is met, what is not and why, and which exit code follows."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from smtpcheck.diagnose.engine import rediagnose
from smtpcheck.diagnose.expect import check_causes
from smtpcheck.model import (
    AuthFacts,
    Demand,
    DnsFacts,
    Expectation,
    Options,
    Outcome,
    Report,
    Severity,
    Stage,
    UsageError,
)
from smtpcheck.report import render
from smtpcheck.report.codec import from_json, to_json
from smtpcheck.settings.expect import parse_expectations

from ..report.builders import (
    BEGAN,
    CLEAR,
    INSIDE,
    LEAF,
    Session,
    connection_refused,
    interrupted,
    our_bug,
    passed,
    reply,
    report,
    silent_banner,
    untrusted,
)


def expecting(made: Report, *rules: str, **options: Any) -> Report:
    """The report, judged with these rules."""
    told = replace(made.options, expect=parse_expectations(rules), **options)
    return rediagnose(replace(made, options=told))


def only(made: Report, rule: str, **options: Any) -> Expectation:
    (found,) = expecting(made, rule, **options).expectations
    return found


def refused(*answers: tuple[int, str], **changes: Any) -> Report:
    """A session without a login whose recipients got these replies."""
    session = Session().to_tls().sender()
    for number, (code, text) in enumerate(answers):
        outcome = Outcome.REFUSED if code >= 400 else Outcome.PASSED
        enhanced = text.split()[0] if text[0].isdigit() else None
        session.recipient(outcome, reply(code, text, enhanced=enhanced), f"r{number}@example.org")
    return report(session.quit(), **changes)


NO_CERTIFICATE = "no certificate was seen: there was no TLS: the session stopped at banner"
CLEAR_ONLY = report(Session().dns().connect().banner().ehlo().quit())
OLD_TLS = report(Session().dns().connect().banner().ehlo().starttls().handshake(version="TLSv1"))
IMPLICIT = report(Session().dns().connect().handshake("implicit").banner().ehlo().quit())
DENIED = refused((550, "5.7.1 Relaying denied"))
CROSS_SIGNED = replace(
    LEAF, subject="CN=R11,O=Let's Encrypt,C=US", issuer="CN=Root", not_after=BEGAN + timedelta(days=3), is_ca=True
)
STRANGER = replace(LEAF, subject="CN=Old Root", issuer="CN=Old Root", not_after=BEGAN - timedelta(days=300))


@pytest.mark.parametrize(
    ("rule", "made", "met", "actual"),
    [
        ("min-tls=1.3", passed(), True, "TLSv1.3"),
        ("min-tls=1.2", passed(), True, "TLSv1.3"),
        ("min-tls=1.2", OLD_TLS, False, "TLSv1"),
        ("min-tls=1.2", connection_refused(), False, "there was no TLS: the session stopped at connect"),
        ("min-tls=1.2", CLEAR_ONLY, False, "the session had no TLS"),
        ("min-cert-days=70", passed(), True, "70 days left, until 2027-01-31"),
        ("min-cert-days=71", passed(), False, "70 days left, until 2027-01-31"),
        ("min-cert-days=14", silent_banner(), False, NO_CERTIFICATE),
        ("auth=PLAIN", passed(), True, "AUTH PLAIN LOGIN CRAM-MD5"),
        ("auth=PLAIN,XOAUTH2", passed(), False, "AUTH PLAIN LOGIN CRAM-MD5"),
        ("auth=PLAIN", CLEAR_ONLY, False, "no AUTH was offered"),
        ("auth=PLAIN", silent_banner(), False, "the session did not get there: it stopped at banner"),
        ("starttls", passed(), True, "offered"),
        ("starttls", report(Session().dns().connect().banner().ehlo(INSIDE).quit()), False, "STARTTLS was not offered"),
        ("starttls", IMPLICIT, False, "TLS came first"),
        ("starttls", silent_banner(), False, "the session did not get there: it stopped at banner"),
        ("no-auth-before-tls", passed(), True, "no AUTH was offered in clear"),
        (
            "no-auth-before-tls",
            report(Session().dns().connect().banner().ehlo(CLEAR, auth=("PLAIN",)).starttls().handshake().ehlo()),
            False,
            "AUTH PLAIN was offered in clear",
        ),
        ("no-auth-before-tls", IMPLICIT, True, "TLS came first"),
        ("no-auth-before-tls", silent_banner(), False, "the session did not get there: it stopped at banner"),
        ("max-banner=2", passed(), True, "0.1 s"),
        ("max-banner=0.05", passed(), False, "0.1 s"),
        ("max-banner=60", silent_banner(), False, "stalled after 30.0 s"),
        ("max-auth=1", CLEAR_ONLY, False, "the session did not get there"),
        ("max-total=5", passed(), True, "0.8 s"),
        ("max-total=0.5", passed(), False, "0.8 s"),
        ("resolves-to=192.0.2.0/24,2001:db8::/32", passed(), True, "192.0.2.1, 2001:db8::1"),
        ("resolves-to=192.0.2.0/24", passed(), False, "2001:db8::1 lies outside"),
        ("reply.banner=220", passed(), True, "220"),
        ("reply.recipient=550", DENIED, True, "550 5.7.1"),
        ("reply.recipient=5xx", DENIED, True, "550 5.7.1"),
        ("reply.recipient=55y", DENIED, True, "550 5.7.1"),
        ("reply.recipient=5.7.x", DENIED, True, "550 5.7.1"),
        ("reply.recipient=554,550", DENIED, True, "550 5.7.1"),
        ("reply.recipient=5.1.x", DENIED, False, "550 5.7.1"),
        ("reply.recipient=554", DENIED, False, "550 5.7.1"),
        ("outcome.recipient=refused", DENIED, True, "refused"),
        ("outcome.auth=passed", passed(), True, "passed"),
        ("outcome.recipient=refused", passed(), False, "passed"),
        ("outcome.connect=unreachable", connection_refused(), True, "unreachable"),
        ("outcome.auth=refused", connection_refused(), False, "the session did not get there: it stopped at connect"),
        ("cause=nothing-listens", connection_refused(), True, "nothing-listens"),
        ("cause=not-authenticated", connection_refused(), False, "nothing-listens"),
        ("cause=not-authenticated", passed(), False, "the check passed"),
    ],
)  # fmt: skip
def test_a_rule_is_judged_by_what_was_recorded(rule: str, made: Report, met: bool, actual: str) -> None:
    """Where the evidence is missing it is not met, and `actual` says why."""
    found = only(made, rule)
    assert (found.rule, found.met, found.actual) == (rule, met, actual)


def test_a_refusal_that_was_expected_is_a_success() -> None:
    """Exit 0, and every output calls it refused, as expected."""
    made = expecting(DENIED, "outcome.recipient=refused", "reply.recipient=550")
    assert (made.exit_code, made.expected, made.outcome, made.stage) == (0, True, Outcome.REFUSED, Stage.RECIPIENT)
    assert "refused, as expected" in render(made)
    assert "as expected" in render(made, "brief")


@pytest.mark.parametrize(
    ("made", "rules", "code"),
    [
        (DENIED, ["reply.recipient=554"], 18),  # refused otherwise than expected
        (DENIED, ["outcome.recipient=refused", "reply.recipient=554"], 18),
        (DENIED, ["min-tls=1.2"], 18),  # what names no end forgives none
        (DENIED, ["outcome.sender=refused"], 18),
        (connection_refused(), ["outcome.recipient=refused"], 11),  # it stopped elsewhere
        (refused((450, "4.2.0 Greylisted")), ["reply.recipient=550"], 38),
        (refused((450, "4.2.0 Greylisted")), ["reply.recipient=4yz"], 0),
        (passed(), ["outcome.recipient=refused"], 1),  # it did not come
        (passed(), ["outcome.recipient=refused:warning"], 0),
        (DENIED, ["outcome.recipient=refused", "min-tls=1.3"], 0),
        (DENIED, ["outcome.recipient=refused", "max-total=0.1"], 1),  # refused as expected, and too slow
        (passed(), ["min-tls=1.3"], 0),
        (passed(), ["max-total=0.1"], 1),
        (passed(), ["max-total=0.1:warning"], 0),
        (our_bug(), ["outcome.auth=refused", "max-total=1"], 3),
        (connection_refused(), ["cause=nothing-listens"], 0),
        (connection_refused(), ["cause=not-authenticated"], 11),
    ],
)
def test_the_exit_code(made: Report, rules: list[str], code: int) -> None:
    """Never 0 for what ended otherwise than was expected."""
    judged = expecting(made, *rules)
    assert judged.exit_code == code
    assert not (judged.passed and judged.expected)


def test_a_relay_that_takes_one_of_two_is_open() -> None:
    """The run was refused, and one recipient was not: that is no refusal of both."""
    made = expecting(refused((550, "5.7.1 no"), (250, "2.1.5 ok")), "outcome.recipient=refused", "reply.recipient=550")
    assert made.exit_code == 18
    assert not made.expected
    assert [each.met for each in made.expectations] == [False, False]
    assert made.expectations[0].actual == "refused, passed"
    by_cause = expecting(made, f"cause={made.cause.id if made.cause else ''}")
    assert (by_cause.exit_code, by_cause.expected) == (18, False)
    assert "but not for every address or recipient" in (by_cause.expectations[0].actual or "")


def test_a_relay_that_is_open_on_one_address_is_open() -> None:
    """With --all-addresses each one has to refuse."""
    closed = Session().to_tls().sender().recipient(Outcome.REFUSED, reply(550, "5.7.1 no")).quit()
    opened = Session("192.0.2.2").to_tls().sender().recipient().quit()
    made = report(closed, opened, options=Options(all_addresses=True))
    assert expecting(made, "outcome.recipient=refused").exit_code == 18
    both = report(closed, replace(closed.attempt(), address="192.0.2.2"), options=Options(all_addresses=True))
    assert expecting(both, "outcome.recipient=refused").exit_code == 0


def test_a_login_that_another_address_has_done_counts() -> None:
    """With --all-addresses one address logs in for all."""
    first = Session().to_tls().auth().quit()
    second = Session("192.0.2.2").to_tls()
    second.step(Stage.AUTH, Outcome.SKIPPED, 0.0, why="done on 192.0.2.1", elsewhere=True, facts=AuthFacts())
    made = report(first, second.quit(), options=Options(all_addresses=True))
    assert only(made, "outcome.auth=passed").met


def test_interruptions_are_never_expected() -> None:
    """Ctrl-C stays 130, whatever was expected."""
    made = replace(interrupted(), exit_code=130)
    assert expecting(made, "cause=nothing-listens", "max-total=900").exit_code == 130
    assert not expecting(made, "max-total=900").expected


def test_an_issuer_that_ends_first_counts_and_a_stranger_does_not() -> None:
    """The certificates on the way to the store; an old root that is sent beside it ends nothing."""
    chain = Session().dns().connect().banner().ehlo().starttls().handshake(chain=(LEAF, CROSS_SIGNED, STRANGER)).ehlo()
    found = only(report(chain), "min-cert-days=14")
    assert not found.met
    assert found.actual is not None
    assert found.actual.startswith("3 days left, until 2026-11-25, the certificate of the issuer CN=R11")
    stranger = Session().dns().connect().banner().ehlo().starttls().handshake(chain=(LEAF, STRANGER)).ehlo()
    assert only(report(stranger), "min-cert-days=14").met
    expired = replace(LEAF, not_after=BEGAN - timedelta(hours=1))
    gone = Session().dns().connect().banner().ehlo().starttls().handshake(chain=(expired,)).ehlo()
    assert only(report(gone), "min-cert-days=0").actual == "it ended on 2026-11-22"


def test_what_the_recording_of_a_bad_certificate_holds_is_judged() -> None:
    """The version was negotiated, although the certificate was then refused."""
    assert only(untrusted(), "min-tls=1.2").met


def test_our_own_delay_is_not_held_against_the_server() -> None:
    """And it is named."""
    made = report(Session().dns().connect().step(Stage.BANNER, seconds=2.4, lag=1.0, answer=reply(220, "hi")))
    found = only(made, "max-banner=2")
    assert (found.met, found.actual) == (True, "2.4 s, of which smtpcheck itself was held up for 1.0 s")
    assert not only(made, "max-banner=1").met


def test_a_time_that_just_missed_is_not_shown_as_the_limit() -> None:
    """`2.0 s` would look as if it were met."""
    made = report(Session().dns().connect().step(Stage.BANNER, seconds=2.003, answer=reply(220, "hi")))
    assert only(made, "max-banner=2").actual == "2.003 s"


def test_an_address_that_was_given_resolves_to_nothing() -> None:
    """So the rule is not met, and says so."""
    literal = Session().step(Stage.DNS, facts=DnsFacts(name="192.0.2.1", source="literal")).connect().banner().ehlo()
    assert only(report(literal), "resolves-to=192.0.2.0/24").actual == "no name was resolved"


def test_fail_on_warning_makes_a_warning_fail() -> None:
    """A finding beside the pass, or an expectation that warns; a note does not reach it."""
    late = replace(LEAF, not_after=BEGAN + timedelta(days=3))
    made = report(Session().dns().connect().banner().ehlo().starttls().handshake(chain=(late,)).ehlo().quit())
    assert any(each.severity is Severity.WARNING for each in rediagnose(made).also)
    assert expecting(made, fail_on=Severity.WARNING).exit_code == 1
    assert expecting(made).exit_code == 0
    assert "--fail-on says that this is a failure" in " ".join(
        render(expecting(made, fail_on=Severity.WARNING)).split()
    )
    assert expecting(passed(), fail_on=Severity.WARNING).exit_code == 0
    assert expecting(passed(), "max-total=0.1:warning", fail_on=Severity.WARNING).exit_code == 1


def test_a_saved_report_is_judged_again_alike() -> None:
    """Expectations travel with the options; the exit code of a second judgement is that of the first."""
    for made, rules in ((DENIED, ["outcome.recipient=refused"]), (passed(), ["max-total=0.1", "min-tls=1.2:warning"])):
        judged = expecting(made, *rules)
        again = rediagnose(from_json(to_json(judged)))
        assert again.expectations == judged.expectations
        assert (again.exit_code, again.expected) == (judged.exit_code, judged.expected)


@pytest.mark.parametrize("name", ["min-tls", "max", "resolves-to", "min-cert-days", "reply", "no-such-rule"])
@pytest.mark.parametrize("values", [(), ("",), ("\x00nonsense",)])
def test_a_hostile_saved_rule_is_not_met(name: str, values: tuple[str, ...]) -> None:
    """Whatever a file says, judging it neither fails nor turns green."""
    demand = Demand(rule="x", name=name, values=values)
    made = rediagnose(replace(passed(), options=Options(expect=(demand,))))
    assert [each.met for each in made.expectations] == [False]


def test_a_cause_that_does_not_exist_is_refused() -> None:
    """With the nearest one that does."""
    check_causes(parse_expectations(("cause=not-authenticated",)))
    with pytest.raises(UsageError, match="did you mean not-authenticated"):
        check_causes(parse_expectations(("cause=not-authenticate",)))
    with pytest.raises(UsageError, match="there is no such cause"):
        check_causes(parse_expectations(("cause=zzz",)))


def test_the_closing_line_names_what_failed() -> None:
    """A pass that is none, on the terminal and in one line."""
    made = expecting(passed(), "max-total=0.1", "min-tls=1.2")
    text = " ".join(render(made, width=60).split())
    assert "* max-total=0.1: not met: 0.8 s" in text
    assert "* min-tls=1.2: met: TLSv1.3" in text
    assert "but not as expected: max-total=0.1" in text
    assert "but not as expected: max-total=0.1" in render(made, "brief")
    assert "exit code 1" in text
