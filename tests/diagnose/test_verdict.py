"""The verdict: where a recording stopped, how, and its exit code; and never a green that was not earned."""

import itertools
from collections.abc import Sequence

import pytest

from smtpcheck.diagnose.verdict import EXIT_CODES, Verdict, verdict
from smtpcheck.model import (
    Attempt,
    ConnectFacts,
    DnsFacts,
    EhloFacts,
    Options,
    Outcome,
    Reply,
    Stage,
    Step,
    Target,
    TlsMode,
)
from smtpcheck.probe import plan

STARTTLS_SESSION = (
    *(Stage.CONFIG, Stage.DNS, Stage.CONNECT, Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.EHLO),
    *(Stage.AUTH, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE, Stage.QUIT),
)
EVERYTHING = (
    *(Stage.CONNECT, Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS),
    *(Stage.AUTH, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE),
)
FAILURES = sorted(set(Outcome) - {Outcome.PASSED, Outcome.SKIPPED, Outcome.WAITING, Outcome.BUG})


def step(stage: Stage, outcome: Outcome = Outcome.PASSED, code: int | None = None, *, elsewhere: bool = False) -> Step:
    """A step, with a reply where a code is given."""
    reply = Reply(code=code, lines=("words",)) if code is not None else None
    return Step(stage=stage, outcome=outcome, began=0.0, seconds=0.1, reply=reply, elsewhere=elsewhere)


def attempt(*steps: Step, look: str = "first") -> Attempt:
    """One connection."""
    return Attempt(look=look, address="192.0.2.1", steps=steps, events=())


def stopped(stage: Stage, outcome: Outcome, code: int | None = None) -> Attempt:
    """A session that went well up to that stage, and no further."""
    order = list(STARTTLS_SESSION)
    at = order.index(stage)
    return attempt(
        *(step(each) for each in order[:at]),
        step(stage, outcome, code),
        *(step(each, Outcome.SKIPPED) for each in order[at + 1 :]),
    )


WHOLE = attempt(*map(step, STARTTLS_SESSION))


def of(*attempts: Attempt, asked: Sequence[Stage] = EVERYTHING, **more: bool) -> tuple[Stage | None, Outcome, int]:
    """Stage, outcome and exit code."""
    found = verdict(attempts, asked, **more)
    return found.stage, found.outcome, found.exit_code


def test_everything_passed() -> None:
    """No stage, exit code 0."""
    assert verdict([WHOLE], EVERYTHING) == Verdict(
        outcome=Outcome.PASSED, stage=None, temporary=False, exit_code=0, deciding=0
    )


@pytest.mark.parametrize("stage", EXIT_CODES)
@pytest.mark.parametrize("outcome", FAILURES)
def test_every_stage_and_every_failure(stage: Stage, outcome: Outcome) -> None:
    """The exit code is the stage's, whatever the failure; these numbers never change."""
    code = 2 if stage is Stage.CONFIG else 9 + list(EXIT_CODES).index(stage)
    assert of(stopped(stage, outcome, 550 if outcome is Outcome.REFUSED else None)) == (stage, outcome, code)


@pytest.mark.parametrize("stage", EXIT_CODES)
def test_a_refusal_for_now_adds_twenty(stage: Stage) -> None:
    """For each stage that can have a reply."""
    if stage in (Stage.CONFIG, Stage.DNS, Stage.CONNECT, Stage.TLS):
        return
    assert of(stopped(stage, Outcome.REFUSED, 451)) == (stage, Outcome.REFUSED, EXIT_CODES[stage] + 20)


def test_our_own_fault() -> None:
    """3, wherever it happened."""
    assert {of(stopped(stage, Outcome.BUG))[2] for stage in EXIT_CODES} == {3}


@pytest.mark.parametrize("outcome", [Outcome.STALLED, Outcome.CLOSED, Outcome.BROKEN, Outcome.REFUSED, Outcome.SKIPPED])
def test_quit_changes_nothing(outcome: Outcome) -> None:
    """It is a courtesy."""
    assert of(stopped(Stage.QUIT, outcome, 421 if outcome is Outcome.REFUSED else None))[2] == 0


@pytest.mark.parametrize("missing", EVERYTHING)
def test_what_was_asked_for_and_not_run_is_never_green(missing: Stage) -> None:
    """Neither skipped nor absent."""
    absent = attempt(*(step(stage) for stage in STARTTLS_SESSION if stage is not missing))
    skipped = attempt(
        *(step(stage, Outcome.SKIPPED if stage is missing else Outcome.PASSED) for stage in STARTTLS_SESSION)
    )
    assert of(absent) == (missing, Outcome.SKIPPED, EXIT_CODES[missing])
    assert of(skipped) == (missing, Outcome.SKIPPED, EXIT_CODES[missing])
    assert of(skipped, asked=[stage for stage in EVERYTHING if stage is not missing])[2] == 0


@pytest.mark.parametrize("missing", EVERYTHING)
def test_a_run_that_was_ended_is_interrupted_where_it_stood(missing: Stage) -> None:
    """By the time limit with that stage's code, by Ctrl-C with 130."""
    at = STARTTLS_SESSION.index(missing)
    begun = attempt(*(step(stage) for stage in STARTTLS_SESSION[:at]))
    assert of(begun, interrupted=True) == (missing, Outcome.INTERRUPTED, EXIT_CODES[missing])
    assert of(begun, interrupted=True, by_user=True) == (missing, Outcome.INTERRUPTED, 130)


def test_ctrl_c_after_a_refusal_is_the_refusal() -> None:
    """What was found before it stays found."""
    assert of(stopped(Stage.AUTH, Outcome.REFUSED, 535), interrupted=True, by_user=True) == (
        Stage.AUTH,
        Outcome.REFUSED,
        16,
    )


def test_ctrl_c_after_the_last_stage_is_a_pass() -> None:
    """Nothing that was asked for was cut off."""
    assert of(WHOLE, interrupted=True, by_user=True)[2] == 0


def test_a_snapshot_is_never_green() -> None:
    """A step that waits has not passed."""
    assert of(stopped(Stage.AUTH, Outcome.WAITING))[2] == 16


# ---- EHLO


def ehlo(outcome: Outcome, verb: str) -> Step:
    """An EHLO or HELO."""
    return Step(
        stage=Stage.EHLO,
        outcome=outcome,
        began=0.0,
        seconds=0.1,
        reply=Reply(code=250 if outcome is Outcome.PASSED else 502, lines=()),
        facts=EhloFacts(verb=verb, name="client.example.org", name_origin="--helo", tls=False),
    )


def test_a_refused_ehlo_that_helo_made_good() -> None:
    """Is no failure; and HELO's own refusal is."""
    before = (step(Stage.CONNECT), step(Stage.BANNER))
    asked = (Stage.CONNECT, Stage.BANNER, Stage.EHLO)
    good = attempt(*before, ehlo(Outcome.REFUSED, "EHLO"), ehlo(Outcome.PASSED, "HELO"))
    bad = attempt(*before, ehlo(Outcome.REFUSED, "EHLO"), ehlo(Outcome.REFUSED, "HELO"))
    assert of(good, asked=asked)[2] == 0
    assert of(bad, asked=asked) == (Stage.EHLO, Outcome.REFUSED, 13)


# ---- recipients


@pytest.mark.parametrize("codes", list(itertools.product([250, 450, 550], repeat=3)))
def test_recipients_are_temporary_only_if_all_refused_ones_are(codes: tuple[int, ...]) -> None:
    """In every order."""
    recipients = [step(Stage.RECIPIENT, Outcome.PASSED if code == 250 else Outcome.REFUSED, code) for code in codes]
    session = attempt(*map(step, EVERYTHING[:-2]), *recipients)
    expected = 18 if 550 in codes else 38 if 450 in codes else 0
    assert of(session, asked=EVERYTHING[:-1])[2] == expected


# ---- DNS


@pytest.mark.parametrize(
    ("problem", "exit_code"),
    [
        ("not-found", 10), ("no-address", 10), ("broken-alias", 10),
        ("temporary-failure", 30), ("refused", 30), ("no-answer", 30),
        ("no-resolver", 30), (None, 10),
    ],
)  # fmt: skip
def test_dns_that_gave_no_answer_is_temporary(problem: str | None, exit_code: int) -> None:
    """A name that does not exist is not."""
    facts = DnsFacts(name="mail.example.com", source="system", problem=problem)
    dns = Step(stage=Stage.DNS, outcome=Outcome.UNREACHABLE, began=0.0, seconds=0.1, facts=facts)
    assert of(attempt(step(Stage.CONFIG), dns)) == (Stage.DNS, Outcome.UNREACHABLE, exit_code)


def test_dns_that_stalled_is_temporary() -> None:
    """Whatever is known of it."""
    facts = DnsFacts(name="mail.example.com", source="system", problem=None)
    dns = Step(stage=Stage.DNS, outcome=Outcome.STALLED, began=0.0, seconds=5.0, facts=facts)
    assert of(attempt(step(Stage.CONFIG), dns)) == (Stage.DNS, Outcome.STALLED, 30)


# ---- several addresses


def unreachable() -> Attempt:
    """An address where nobody listens."""
    facts = ConnectFacts(family="ipv6", port=25, failure="refused")
    connect = Step(stage=Stage.CONNECT, outcome=Outcome.UNREACHABLE, began=0.0, seconds=0.1, facts=facts)
    return attempt(step(Stage.CONFIG), step(Stage.DNS), connect)


def test_the_first_address_that_connected_decides() -> None:
    """Those before it are reported, and no failure; if none did, the last one that was tried decides."""
    assert verdict([unreachable(), WHOLE], EVERYTHING).deciding == 1
    assert of(unreachable(), WHOLE)[2] == 0
    assert verdict([unreachable(), unreachable()], EVERYTHING).deciding == 1
    assert of(unreachable(), unreachable()) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)


def test_a_look_at_the_other_family_never_decides() -> None:
    """Neither for good nor for ill."""
    dead = attempt(step(Stage.CONNECT, Outcome.STALLED), look="other-family")
    assert of(WHOLE, dead)[2] == 0
    alive = attempt(step(Stage.CONNECT), look="other-family")
    assert of(unreachable(), alive)[2] == 11


def test_with_all_addresses_the_one_that_came_least_far_decides() -> None:
    """Whatever its place."""
    far, near = stopped(Stage.RECIPIENT, Outcome.REFUSED, 550), stopped(Stage.BANNER, Outcome.STALLED)
    for order in itertools.permutations([WHOLE, far, near]):
        found = verdict(order, EVERYTHING, every_address=True)
        assert (found.stage, found.exit_code) == (Stage.BANNER, 12)
        assert order[found.deciding] is near
    assert of(WHOLE, WHOLE, every_address=True)[2] == 0
    assert of(WHOLE, unreachable(), every_address=True)[2] == 11


def test_with_implicit_tls_the_banner_is_further_than_tls() -> None:
    """The order is the dialogue's."""
    asked = (Stage.CONNECT, Stage.TLS, Stage.BANNER, Stage.EHLO)
    tls = attempt(step(Stage.CONNECT), step(Stage.TLS, Outcome.BROKEN))
    banner = attempt(step(Stage.CONNECT), step(Stage.TLS), step(Stage.BANNER, Outcome.STALLED))
    assert of(banner, tls, asked=asked, every_address=True) == (Stage.TLS, Outcome.BROKEN, 15)


def test_a_login_that_another_address_made_counts_as_done() -> None:
    """And what would come after it was not due on this one."""
    order = list(STARTTLS_SESSION)
    other = attempt(
        *(step(stage) for stage in order[: order.index(Stage.AUTH)]),
        step(Stage.AUTH, Outcome.SKIPPED, elsewhere=True),
    )
    assert of(WHOLE, other, every_address=True)[2] == 0
    refused = stopped(Stage.AUTH, Outcome.REFUSED, 535)
    assert of(refused, other, every_address=True) == (Stage.AUTH, Outcome.REFUSED, 16)


# ---- what is asked for


@pytest.mark.parametrize("until", list(Stage))
def test_until_makes_its_stage_asked_for(until: Stage) -> None:
    """Whatever else was given; QUIT alone is nothing that could fail."""
    target = Target(host="mail.example.com", port=587, tls=TlsMode.AUTO)
    asked = plan.asked(target, Options(until=until))
    assert (until in asked) is (until is not Stage.QUIT)
    nothing = attempt(step(Stage.CONFIG, Outcome.SKIPPED))
    assert of(nothing, asked=asked)[2] != 0


def test_a_stage_after_until_is_not_asked_for() -> None:
    """It was cut off on purpose."""
    target = Target(
        host="mail.example.com", port=465, tls=TlsMode.IMPLICIT, user="alice", sender="", recipients=("b@example.net",)
    )
    order = plan.asked(target, Options(until=Stage.AUTH))
    assert order == (Stage.CONNECT, Stage.TLS, Stage.BANNER, Stage.EHLO, Stage.AUTH)
