"""Logins at real Postfix with Dovecot SASL, Exim and aiosmtpd: every mechanism, the right secret and the wrong one."""

import pytest

from smtpcheck import Outcome, Report, Stage, Step
from smtpcheck.model import AuthFacts, EhloFacts

from .checking import checked, done, words
from .servers.accounts import ALICE, BOB, CAROL, DAVE, User, expired_token, token
from .servers.process import Server

WITH_PASSWORD = ("plain", "login", "cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256")
WITH_TOKEN = ("oauthbearer", "xoauth2")
SERVER_PROVES_ITSELF = ("digest-md5", "scram-sha-1", "scram-sha-256")
OPENID_CONFIGURATION = "https://login.example.org/.well-known/openid-configuration"
POSTFIX_REFUSAL = "535 5.7.8 Error: authentication failed"


def login(report: Report) -> tuple[Step, AuthFacts]:
    """The login of a report and what was learned there."""
    step = done(report, Stage.AUTH)
    assert isinstance(step.facts, AuthFacts)
    return step, step.facts


@pytest.mark.parametrize("mechanism", WITH_PASSWORD)
@pytest.mark.parametrize("user", [ALICE, BOB, DAVE], ids=lambda user: user.name)
def test_the_right_password_is_accepted_by_every_mechanism(postfix: Server, mechanism: str, user: User) -> None:
    """Spaces at both ends, quotes, %, $, #, backslash and letters outside ASCII arrive as they were typed."""
    report = checked(postfix, "submission", user=user.name, password=user.password, auth=mechanism, until="auth")
    step, facts = login(report)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.PASSED, None, 0), words(step)
    assert words(step) == "235 2.7.0 Authentication successful"
    assert facts.mechanism == mechanism.upper()
    assert facts.why == f"{mechanism.upper()}: asked for by name"
    assert facts.server_proven is (True if mechanism in SERVER_PROVES_ITSELF else None)
    assert user.password.strip() not in repr(report)


@pytest.mark.parametrize("mechanism", WITH_PASSWORD)
def test_the_wrong_password_is_refused_in_the_servers_words(postfix: Server, mechanism: str) -> None:
    report = checked(postfix, "submission", user=ALICE.name, password="looking-glass", auth=mechanism)
    step, facts = login(report)
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.REFUSED,
        Stage.AUTH,
        16,
        False,
    )
    assert words(step).startswith(POSTFIX_REFUSAL)
    assert step.reply is not None
    assert step.reply.enhanced == "5.7.8"
    assert facts.server_proven is None, "a server that says no has nothing to prove"


@pytest.mark.parametrize("mechanism", WITH_TOKEN)
@pytest.mark.parametrize("role", ["submission", "oauth_only"])
def test_a_token_is_accepted(postfix: Server, role: str, mechanism: str) -> None:
    report = checked(postfix, role, user=ALICE.name, token=token(ALICE), auth=mechanism, until="auth")
    step, facts = login(report)
    assert report.passed, words(step)
    assert words(step) == "235 2.7.0 Authentication successful"
    assert facts.challenges == ()


@pytest.mark.parametrize(
    ("mechanism", "complaint"),
    [
        (
            "oauthbearer",
            "error status=invalid_token, openid-configuration=" + OPENID_CONFIGURATION,
        ),
        ("xoauth2", "error status=401, schemes=bearer, scope=mail, openid-configuration=" + OPENID_CONFIGURATION),
    ],
)
def test_an_expired_token_is_refused_with_the_reason_in_the_challenge(
    postfix: Server, mechanism: str, complaint: str
) -> None:
    """The 334 is JSON in base64: it is decoded, and the final 535 is read after the empty answer to it."""
    report = checked(postfix, "oauth_only", user=ALICE.name, token=expired_token(ALICE), auth=mechanism)
    step, facts = login(report)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, Stage.AUTH, 16)
    assert words(step).startswith(POSTFIX_REFUSAL)
    assert facts.challenges == (complaint,)


@pytest.mark.parametrize("mechanism", WITH_TOKEN)
@pytest.mark.parametrize("wrong", ["no-token-at-all", "another user's"])
def test_a_token_that_is_none_or_anothers_is_refused(postfix: Server, mechanism: str, wrong: str) -> None:
    secret = token(BOB) if wrong == "another user's" else wrong
    report = checked(postfix, "oauth_only", user=ALICE.name, token=secret, auth=mechanism)
    step, _ = login(report)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, Stage.AUTH, 16)
    assert words(step).startswith(POSTFIX_REFUSAL)


@pytest.mark.parametrize("mechanism", ["cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256"])
def test_a_hashed_password_cannot_be_used_by_mechanisms_that_need_the_password(postfix: Server, mechanism: str) -> None:
    """The right password: PLAIN proves it. The refusal is the one for a wrong password, so nothing else tells."""
    refused = checked(postfix, "submission", user=CAROL.name, password=CAROL.password, auth=mechanism, until="auth")
    assert (refused.outcome, refused.stage, refused.exit_code) == (Outcome.REFUSED, Stage.AUTH, 16)
    assert words(done(refused, Stage.AUTH)).startswith(POSTFIX_REFUSAL)
    assert login(refused)[1].not_tried[:2] == ("PLAIN", "LOGIN")
    accepted = checked(postfix, "submission", user=CAROL.name, password=CAROL.password, auth="plain", until="auth")
    assert accepted.passed


@pytest.mark.parametrize("name", ["exim", "aiosmtpd"])
@pytest.mark.parametrize("mechanism", ["plain", "login"])
@pytest.mark.parametrize("user", [ALICE, BOB, DAVE], ids=lambda user: user.name)
def test_other_servers_take_the_same_passwords(
    name: str, mechanism: str, user: User, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    report = checked(server, "submission", user=user.name, password=user.password, auth=mechanism, until="auth")
    assert report.passed
    expected = {"exim": "235 Authentication succeeded", "aiosmtpd": "235 2.7.0 Authentication successful"}
    assert words(done(report, Stage.AUTH)) == expected[name]


@pytest.mark.parametrize(
    ("name", "reply"),
    [("exim", "535 Incorrect authentication data"), ("aiosmtpd", "535 5.7.8 Authentication credentials invalid")],
)
@pytest.mark.parametrize("mechanism", ["plain", "login"])
def test_other_servers_refuse_the_wrong_password_in_their_own_words(
    name: str, reply: str, mechanism: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    report = checked(server, "submission", user=BOB.name, password="wrong", auth=mechanism)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, Stage.AUTH, 16)
    assert words(done(report, Stage.AUTH)) == reply


@pytest.mark.parametrize("mechanism", ["scram-sha-1-plus", "scram-sha-256-plus", "external", "anonymous"])
def test_a_mechanism_that_is_not_offered_is_declined_before_anything_is_sent(postfix: Server, mechanism: str) -> None:
    who = {} if mechanism in ("external", "anonymous") else {"user": ALICE.name, "password": ALICE.password}
    report = checked(postfix, "submission", auth=mechanism, **who)  # type: ignore[arg-type]  # both are text
    step, facts = login(report)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.DECLINED, Stage.AUTH, 16)
    assert step.reply is None
    assert facts.mechanism is None
    assert step.why is not None
    assert step.why.startswith(f"{mechanism.upper()} was asked for, and the server offers PLAIN, ")


@pytest.mark.parametrize(
    ("role", "secret", "chosen", "order"),
    [
        ("submission", "password", "PLAIN", "for a password"),
        ("no_plaintext", "password", "SCRAM-SHA-256", "for a password"),
        ("submission", "token", "OAUTHBEARER", "for a token"),
    ],
)
def test_auto_chooses_and_says_why(postfix: Server, role: str, secret: str, chosen: str, order: str) -> None:
    given = ALICE.password if secret == "password" else token(ALICE)
    report = checked(postfix, role, user=ALICE.name, until="auth", **{secret: given})  # type: ignore[arg-type]
    _, facts = login(report)
    assert report.passed
    assert facts.mechanism == chosen
    assert facts.why == f"{chosen}: the first in smtpcheck's order {order} that the server offers inside TLS"
    assert set(facts.offered) == {chosen, *facts.not_tried}
    assert len(facts.not_tried) == (7 if role == "submission" else 3)


def test_in_clear_auto_chooses_what_does_not_show_the_password(postfix: Server) -> None:
    """`clear` has no TLS, and lists its mechanisms in both spellings."""
    who = {"user": BOB.name, "password": BOB.password}
    declined = checked(postfix, "clear", tls="off", until="auth", **who)  # type: ignore[arg-type]
    assert (declined.outcome, declined.stage, declined.exit_code) == (Outcome.DECLINED, Stage.AUTH, 16)
    allowed = checked(postfix, "clear", tls="off", until="auth", allow_cleartext_auth=True, **who)  # type: ignore[arg-type]
    step, facts = login(allowed)
    assert allowed.passed, words(step)
    assert (facts.mechanism, facts.server_proven) == ("SCRAM-SHA-256", True)
    hello = done(allowed, Stage.EHLO).facts
    assert isinstance(hello, EhloFacts)
    assert len(hello.auth) == len(set(hello.auth)) == 8, "AUTH and AUTH= are the same list"


def test_a_login_without_tls_stops_before_the_login_where_there_is_none(postfix: Server) -> None:
    report = checked(postfix, "clear", user=ALICE.name, password=ALICE.password)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.DECLINED, Stage.STARTTLS, 14)
    assert done(report, Stage.AUTH).outcome is Outcome.SKIPPED


def test_a_password_where_tokens_alone_are_taken_is_declined(postfix: Server) -> None:
    report = checked(postfix, "oauth_only", user=ALICE.name, password=ALICE.password)
    step, _ = login(report)
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.DECLINED, Stage.AUTH, 16)
    assert step.why is not None
    assert "needs an OAuth token (--token-env)" in step.why
