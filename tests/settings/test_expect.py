"""What --expect and --fail-on take, and the one sentence for everything else."""

import pytest

from smtpcheck.model import Demand, Severity, Stage, UsageError
from smtpcheck.settings.build import build
from smtpcheck.settings.expect import parse_expectation, parse_expectations, parse_fail_on
from smtpcheck.settings.request import Request


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        ("min-tls=1.2", Demand(rule="min-tls=1.2", name="min-tls", values=("1.2",))),
        ("min-cert-days=14", Demand(rule="min-cert-days=14", name="min-cert-days", values=("14",))),
        ("auth=plain,LOGIN", Demand(rule="auth=plain,LOGIN", name="auth", values=("PLAIN", "LOGIN"))),
        ("starttls", Demand(rule="starttls", name="starttls")),
        ("no-auth-before-tls", Demand(rule="no-auth-before-tls", name="no-auth-before-tls")),
        ("max-banner=2", Demand(rule="max-banner=2", name="max", values=("2",), stage=Stage.BANNER)),
        ("max-total=0.5", Demand(rule="max-total=0.5", name="max", values=("0.5",))),
        (
            "resolves-to=192.0.2.0/24,2001:db8::/32",
            Demand(
                rule="resolves-to=192.0.2.0/24,2001:db8::/32",
                name="resolves-to",
                values=("192.0.2.0/24", "2001:db8::/32"),
            ),
        ),
        (
            "reply.recipient=550",
            Demand(rule="reply.recipient=550", name="reply", values=("550",), stage=Stage.RECIPIENT),
        ),
        (
            "reply.auth=5xx,5.7.1",
            Demand(rule="reply.auth=5xx,5.7.1", name="reply", values=("5xx", "5.7.1"), stage=Stage.AUTH),
        ),
        (
            "outcome.recipient=refused",
            Demand(rule="outcome.recipient=refused", name="outcome", values=("refused",), stage=Stage.RECIPIENT),
        ),
        (
            "cause=not-authenticated",
            Demand(rule="cause=not-authenticated", name="cause", values=("not-authenticated",)),
        ),
        (
            "min-cert-days=21:warning",
            Demand(rule="min-cert-days=21", name="min-cert-days", values=("21",), severity=Severity.WARNING),
        ),
        (
            "resolves-to=2001:db8::/32:warning",
            Demand(
                rule="resolves-to=2001:db8::/32",
                name="resolves-to",
                values=("2001:db8::/32",),
                severity=Severity.WARNING,
            ),
        ),
        (
            "resolves-to=2001:db8::",
            Demand(rule="resolves-to=2001:db8::", name="resolves-to", values=("2001:db8::/128",)),
        ),
    ],
)
def test_a_rule_is_understood(text: str, demand: Demand) -> None:
    """Each kind, with and without a stage, and as a warning."""
    assert parse_expectation(text) == demand


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("tls", "did the shell take the `>=`? Write it with = alone, min-tls=1.2"),
        ("tls>=1.2", "did the shell take the `>=`? Write it with = alone, min-tls=1.2"),
        ("total", "did the shell take the `>=`? Write it with = alone, max-total=5"),
        ("cert-days", "did the shell take the `>=`? Write it with = alone, min-cert-days=14"),
        ("min-tls", "did the shell take the `>=`? A rule is written with = alone, such as min-tls=1.2"),
        ("max-banner", "did the shell take the `>=`? A rule is written with = alone, such as max-banner=2"),
        ("cause=", "such as cause=not-authenticated"),
        ("min-tsl=1.2", "there is no such rule; there are min-tls,"),
        ("nonsense", "there is no such rule; there are min-tls, min-cert-days"),
        ("max-quit=1", "there is no such rule"),
        ("max=1", "there is no such rule"),
        ("", "there is no such rule"),
        ("min-tls=1.4", "the version is one of 1.0, 1.1, 1.2, 1.3"),
        ("min-cert-days=two", "give a whole number of days"),
        ("max-banner=-1", "give seconds"),
        ("max-banner=nan", "give seconds"),
        ("resolves-to=192.0.2.1/24", "a network whose host bits are 0"),
        ("resolves-to=example.com", "a network whose host bits are 0"),
        ("reply.recipient=650", "give a reply code"),
        ("reply.rcpt=550", "'rcpt' is no stage"),
        ("reply=550", "it names no stage"),
        ("outcome.recipient=skipped", "an outcome is one of passed, refused"),
        ("outcome.recipient=bug", "an outcome is one of passed, refused"),
        ("outcome.config=declined", "'config' is no stage"),
        ("starttls=yes", "takes no value"),
        ("auth=PLAIN ", "give a mechanism"),
        ("cause=Not Authenticated", "give the id of a cause"),
        ("min-tls=1.2:note", "a rule may end in :warning, and in no other word"),
        ("min-tls=1.2:warn", "a rule may end in :warning, and in no other word"),
    ],
)
def test_anything_else_is_one_sentence(text: str, says: str) -> None:
    """It repeats what was given and says what is allowed."""
    with pytest.raises(UsageError) as raised:
        parse_expectation(text)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_hostile_rule_is_quoted() -> None:
    """Escapes reach no terminal."""
    with pytest.raises(UsageError) as raised:
        parse_expectation("\x1b[31mred\n" + "x" * 10_000)
    assert "\x1b" not in str(raised.value)
    assert len(str(raised.value)) < 500


def test_the_same_rule_twice_is_one() -> None:
    """A profile and a command line may both hold it."""
    assert len(parse_expectations(("starttls", "starttls", "starttls:warning"))) == 2
    with pytest.raises(UsageError, match="at most 100"):
        parse_expectations(("starttls",) * 101)


def test_fail_on() -> None:
    """warning, and nothing else."""
    assert parse_fail_on(None) is None
    assert parse_fail_on("Warning") is Severity.WARNING
    with pytest.raises(UsageError, match="--fail-on is 'fatal': give warning"):
        parse_fail_on("fatal")


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        ("outcome.recipient=refused", "needs --to"),
        ("reply.sender=550", "needs --from"),
        ("reply.auth=535", "needs a login"),
        ("max-message=5", "needs --send"),
    ],
)
def test_a_stage_that_was_not_asked_for_is_refused(rule: str, says: str) -> None:
    """It could never be met, and that is known before a packet is sent."""
    with pytest.raises(UsageError, match=says):
        build(Request(target="mail.example.com", expect=(rule,)), {})


def test_tls_that_is_switched_off_is_refused() -> None:
    """The same for what only TLS can meet."""
    with pytest.raises(UsageError, match="no TLS is used here"):
        build(Request(target="mail.example.com", tls="off", expect=("min-tls=1.2",)), {})
