"""The login: what goes over the wire for each mechanism, when nothing goes, and that it is tried once."""

import hmac
import json
from base64 import b64encode
from collections.abc import Iterator

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import AuthFacts, Outcome, Report, Sent, Stage
from smtpcheck.serve import running

from ..conftest import Play
from .lines import QUIT, Login, clear, upgraded

USER = "alice@example.com"
PASSWORD = "pa ss\"'%$#wörd\\"
LOGIN: Login = {"user": USER, "password": PASSWORD}
REFUSED = (Stage.AUTH, Outcome.REFUSED, 16)
DECLINED = (Stage.AUTH, Outcome.DECLINED, 16)
BROKEN = (Stage.AUTH, Outcome.BROKEN, 16)
PASSED = (None, Outcome.PASSED, 0)


def coded(text: str | bytes) -> str:
    """Base64."""
    return b64encode(text.encode() if isinstance(text, str) else text).decode()


PLAIN = coded(f"\0{USER}\0{PASSWORD}")


def ended(report: Report) -> tuple[Stage | None, Outcome, int]:
    """Where and how, and the exit code."""
    return report.stage, report.outcome, report.exit_code


def auth_of(report: Report) -> AuthFacts:
    """The facts of the login."""
    step = report.step(Stage.AUTH)
    assert step is not None
    assert isinstance(step.facts, AuthFacts)
    return step.facts


def sent(report: Report) -> list[tuple[str, int]]:
    """What may be seen of each line, and how many octets it really had."""
    assert report.attempt is not None
    return [(event.shown, event.size) for event in report.attempt.events if isinstance(event, Sent)]


def auth_lines(play: Play) -> list[str]:
    """What the server was told from AUTH on."""
    lines = [line for session in play.sessions for line in session.lines]
    return lines[next((index for index, line in enumerate(lines) if line.startswith("AUTH")), len(lines)) :]


@pytest.fixture(autouse=True)
def _nothing_unexpected(play: Play) -> Iterator[None]:
    """Each dialogue names the bytes that are due: another line would be a failure there."""
    yield
    assert [session.failure for session in play.sessions if session.failure] == []


# ---- what goes over the wire


def test_plain_arrives_unchanged(play: Play) -> None:
    """Spaces, quotes, percent and dollar signs and umlauts: octet for octet (RFC 4616)."""
    report = play(upgraded("AUTH PLAIN LOGIN") + f"C: AUTH PLAIN {PLAIN}\nS: 235 2.7.0 welcome\n" + QUIT, **LOGIN)
    assert ended(report) == PASSED
    facts = auth_of(report)
    assert (facts.mechanism, facts.offered, facts.not_tried) == ("PLAIN", ("PLAIN", "LOGIN"), ("LOGIN",))
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.command == "AUTH PLAIN ***"


@pytest.mark.parametrize(
    "prompts", [("Username:", "Password:"), ("User Name\0", "Password\0"), ("", ""), ("Benutzer", "Kennwort")]
)
def test_login_answers_whatever_the_prompts_say(play: Play, prompts: tuple[str, str]) -> None:
    """The user first, then the password; the prompts are kept as facts."""
    text = f"C: AUTH LOGIN\nS: 334 {coded(prompts[0])}\nC: {coded(USER)}\nS: 334 {coded(prompts[1])}\n"
    report = play(upgraded("AUTH LOGIN") + text + f"C: {coded(PASSWORD)}\nS: 235 welcome\n" + QUIT, **LOGIN)
    assert ended(report) == PASSED
    assert len(auth_of(report).challenges) == 2
    if prompts[0] == "Username:":
        assert auth_of(report).challenges == ('prompt "Username:"', 'prompt "Password:"')


def test_cram_md5(play: Play) -> None:
    """The answer is the keyed digest of RFC 2195, and neither it nor the challenge is kept."""
    challenge = "<1896.697170952@mail.example.com>"
    digest = hmac.new(PASSWORD.encode(), challenge.encode(), "md5").hexdigest()
    text = f"C: AUTH CRAM-MD5\nS: 334 {coded(challenge)}\nC: {coded(f'{USER} {digest}')}\nS: 235 welcome\n"
    report = play(upgraded("AUTH CRAM-MD5") + text + QUIT, **LOGIN)
    assert ended(report) == PASSED
    for trace in (challenge, coded(challenge), digest, coded(f"{USER} {digest}")):
        assert trace not in repr(report)


def test_xoauth2_error_is_decoded_and_answered(play: Play) -> None:
    """The 334 with JSON needs one more, empty line before the 535 comes; its words are what helps."""
    token = "ya29.a0AfH6SMBx_not_a_real_token"
    error = json.dumps({"status": "400", "schemes": "Bearer", "scope": "https://mail.google.com/"})
    response = coded(f"user={USER}\x01auth=Bearer {token}\x01\x01")
    text = f"C: AUTH XOAUTH2 {response}\nS: 334 {coded(error)}\nC: \n"
    report = play(
        upgraded("AUTH PLAIN XOAUTH2")
        + text
        + "S: 535-5.7.8 Username and Password\nS: 535 5.7.8 not accepted\n"
        + QUIT,
        user=USER,
        token=token,
    )
    assert ended(report) == REFUSED
    assert auth_of(report).challenges == ("error status=400, schemes=Bearer, scope=https://mail.google.com/",)
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.reply is not None
    assert (step.reply.code, len(step.reply.lines)) == (535, 2)
    assert token not in repr(report)


def test_a_long_initial_response_waits_for_the_servers_leave(play: Play) -> None:
    """A command line holds 512 octets, CRLF counted (RFC 4954 section 4): a JWT goes as the answer to an empty 334."""
    token = "eyJ" + "x" * 2000
    response = coded(f"user={USER}\x01auth=Bearer {token}\x01\x01")
    text = f"C: AUTH XOAUTH2\nS: 334 \nC: {response}\nS: 235 welcome\n"
    report = play(upgraded("AUTH XOAUTH2") + text + QUIT, user=USER, token=token)
    assert ended(report) == PASSED
    assert ("AUTH XOAUTH2", len("AUTH XOAUTH2\r\n")) in sent(report)
    assert ("***", len(response) + 2) in sent(report)


@pytest.mark.parametrize(("more", "held"), [(0, False), (1, True)])
def test_the_longest_initial_response_that_goes_with_the_command(play: Play, more: int, held: bool) -> None:
    """512 octets may be sent, CRLF counted; base64 comes in fours, so the next length is 516."""
    octets = (512 - len("AUTH PLAIN \r\n")) // 4 * 3 + more
    password = "x" * (octets - len(f"\0{USER}\0"))
    response = coded(f"\0{USER}\0{password}")
    assert (len(f"AUTH PLAIN {response}\r\n") > 512) is held
    text = f"C: AUTH PLAIN\nS: 334\nC: {response}\n" if held else f"C: AUTH PLAIN {response}\n"
    report = play(upgraded("AUTH PLAIN") + text + "S: 235 welcome\n" + QUIT, user=USER, password=password)
    assert ended(report) == PASSED


def test_external_and_anonymous_need_no_secret(play: Play) -> None:
    """An empty initial response is an equals sign."""
    report = play(upgraded("AUTH EXTERNAL") + "C: AUTH EXTERNAL =\nS: 235 ok\n" + QUIT, auth="external")
    assert ended(report) == PASSED
    with running(parse(clear("AUTH ANONYMOUS") + "C: AUTH ANONYMOUS =\nS: 235 ok\n" + QUIT)) as server:
        report = check(f"127.0.0.1:{server.port}", tls="off", auth="anonymous", timeout=5.0)
    assert ended(report) == PASSED
    assert server.failures == ()


# ---- when nothing goes


def test_a_mechanism_that_is_not_offered(play: Play) -> None:
    """Asked for by name: no other is taken instead."""
    report = play(upgraded("AUTH PLAIN LOGIN") + QUIT, auth="cram-md5", **LOGIN)
    assert ended(report) == DECLINED
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.why == "CRAM-MD5 was asked for, and the server offers PLAIN, LOGIN inside TLS"
    assert auth_lines(play) == []


def test_nothing_that_a_password_can_be_used_with(play: Play) -> None:
    """The report says what each of the offered ones needs."""
    report = play(upgraded("AUTH XOAUTH2 GSSAPI") + QUIT, **LOGIN)
    assert ended(report) == DECLINED
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.why is not None
    assert "XOAUTH2 needs an OAuth token" in step.why


def test_credentials_stay_here_when_the_line_is_in_clear(play: Play) -> None:
    """Also with a mechanism that hides the password, and although TLS was ruled out by the user."""
    for mechanism in ("PLAIN", "CRAM-MD5", "SCRAM-SHA-256"):
        with running(parse(clear(f"AUTH {mechanism}") + QUIT)) as server:
            report = check(f"127.0.0.1:{server.port}", tls="off", timeout=5.0, **LOGIN)
        assert ended(report) == DECLINED
        assert not any(line.startswith("AUTH") for line in server.sessions[0].lines)


def test_credentials_in_clear_when_the_user_asks_for_exactly_that(play: Play) -> None:
    """`--allow-cleartext-auth`; what does not show the password goes first."""
    text = clear("AUTH PLAIN LOGIN") + f"C: AUTH PLAIN {PLAIN}\nS: 235 welcome\n" + QUIT
    report = play(text, allow_cleartext_auth=True, **LOGIN)
    assert ended(report) == PASSED
    assert "without TLS" in (auth_of(report).why or "")
    assert auth_of(report).mechanism == "PLAIN"
    refused = clear("AUTH PLAIN CRAM-MD5") + f"C: AUTH CRAM-MD5\nS: 334 {coded('<1@b>')}\nC: *\nS: 535 no\n" + QUIT
    assert auth_of(play(refused, allow_cleartext_auth=True, **LOGIN)).mechanism == "CRAM-MD5"


def test_the_flag_does_not_give_up_tls_that_is_offered(play: Play) -> None:
    """It only lets a login go on where there is none."""
    text = upgraded("AUTH PLAIN", before=("AUTH PLAIN",)) + f"C: AUTH PLAIN {PLAIN}\nS: 235 welcome\n" + QUIT
    report = play(text, allow_cleartext_auth=True, **LOGIN)
    assert ended(report) == PASSED
    assert [said.in_tls for said in play.sessions[0].said if said.text.startswith("AUTH")] == [True]


def test_a_user_that_the_mechanism_cannot_carry(play: Play) -> None:
    """OAuth's fields end at a control character: declined, and nothing was sent."""
    report = play(upgraded("AUTH XOAUTH2") + QUIT, user="a\x01b", token="ya29.token-token")
    assert ended(report) == DECLINED
    assert auth_lines(play) == []


# ---- refusals and nonsense


@pytest.mark.parametrize(("code", "exit_code"), [("535", 16), ("454", 36), ("534", 16), ("421", 36), ("503", 16)])
def test_refused(play: Play, code: str, exit_code: int) -> None:
    """The code and the words are the server's; 4yz is temporary."""
    report = play(upgraded("AUTH PLAIN") + f"C: AUTH PLAIN *\nS: {code} 5.7.8 no such luck\n" + QUIT, **LOGIN)
    assert ended(report) == (Stage.AUTH, Outcome.REFUSED, exit_code)
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.reply is not None
    assert step.reply.text == "5.7.8 no such luck"


@pytest.mark.parametrize("code", ["250", "220", "354"])
def test_an_answer_that_is_no_235(play: Play, code: str) -> None:
    """Whatever else is positive has not logged anybody in."""
    report = play(upgraded("AUTH PLAIN") + f"C: AUTH PLAIN *\nS: {code} sure\nC? QUIT\n", **LOGIN)
    assert ended(report) == BROKEN


@pytest.mark.parametrize("challenge", ["not base64!", "VXNlcm5hbWU", "VXNlcm5hbWU6=", "*"])
def test_a_malformed_challenge_is_cancelled(play: Play, challenge: str) -> None:
    """With the star of RFC 4954 section 4, and nothing of the credentials."""
    text = f"C: AUTH LOGIN\nS: 334 {challenge}\nC: *\nS: 501 cancelled\n"
    report = play(upgraded("AUTH LOGIN") + text + QUIT, **LOGIN)
    assert ended(report) == BROKEN
    assert auth_of(report).problem == "the challenge is not base64"
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.reply is not None
    assert step.reply.code == 501
    assert sent(report)[-1] == ("*", 3)


def test_a_challenge_too_many_is_cancelled(play: Play) -> None:
    """PLAIN has said all it has to say; a challenge in answer to the star is not kept either."""
    riddle = coded("a riddle for the client")
    text = f"C: AUTH PLAIN {PLAIN}\nS: 334 {riddle}\nC: *\nS: 334 {riddle}\nC? QUIT\n"
    report = play(upgraded("AUTH PLAIN") + text, **LOGIN)
    assert ended(report) == BROKEN
    assert riddle not in repr(report)
    assert "riddle" not in repr(report)


@pytest.mark.parametrize("ending", ["stall", "close"])
def test_a_challenge_that_was_cut_off(play: Play, ending: str) -> None:
    """What came of it is not kept either."""
    text = f"C: AUTH CRAM-MD5\n! {ending} after 20\nS: 334 {coded('<1896.697170952@mail.example.com>')}\n"
    report = play(upgraded("AUTH CRAM-MD5") + text, timeout=0.3, **LOGIN)
    assert report.exit_code == 16
    assert "334 ***" in repr(report)
    assert coded("<1896")[:6] not in repr(report)


def test_prompts_without_end(play: Play) -> None:
    """LOGIN has two; the third is cancelled, whatever it asks for."""
    text = f"C: AUTH LOGIN\nS: 334\nC: {coded(USER)}\nS: 334\nC: {coded(PASSWORD)}\nS: 334\nC: *\nS: 501 ok\n"
    report = play(upgraded("AUTH LOGIN") + text + QUIT, **LOGIN)
    assert ended(report) == BROKEN
    assert sent(report)[-1] == ("*", 3)


def test_a_short_secret_is_said_to_be_short(play: Play) -> None:
    """It cannot be told from a word in a reply."""
    report = play(upgraded("AUTH PLAIN") + "C: AUTH PLAIN *\nS: 535 no\n" + QUIT, user=USER, password="abc")
    assert auth_of(report).short_secret
    assert not auth_of(play(upgraded("AUTH PLAIN") + "C: AUTH PLAIN *\nS: 535 no\n" + QUIT, **LOGIN)).short_secret


# ---- once


def test_a_refused_login_is_not_tried_again(play: Play) -> None:
    """Not with another mechanism, not on another connection: accounts get locked that way."""
    report = play(upgraded("AUTH PLAIN LOGIN CRAM-MD5") + "C: AUTH PLAIN *\nS: 535 no\n" + QUIT, **LOGIN)
    assert ended(report) == REFUSED
    assert auth_lines(play) == ["AUTH PLAIN ***", "QUIT"]
    assert len(play.sessions) == 1
