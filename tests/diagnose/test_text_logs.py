"""Logs, transcripts and stacks: grouped, bounded, and never a word that a client sent in secret."""

import json
import tracemalloc
from base64 import b64encode
from time import process_time

import pytest

from smtpcheck.diagnose.text import explain
from smtpcheck.diagnose.text.shown import shown
from smtpcheck.model import Stage, UsageError

UNKNOWN_USER = (
    "Nov 22 10:{:02}:00 mx postfix/smtp[{}]: {:X}: to=<user{}@example.net>, dsn=5.1.1, status=bounced "
    "(host mx.example.net[192.0.2.1] said: 550 5.1.1 <user{}@example.net>: Recipient address rejected: User unknown "
    "(in reply to RCPT TO command))"
)
NO_LOGIN = (
    "Nov 22 11:{:02}:00 mx postfix/smtp[{}]: {:X}: to=<bob{}@example.org>, dsn=5.7.1, status=bounced "
    "(host relay.example.org[192.0.2.2] said: 554 5.7.1 <bob{}@example.org>: Relay access denied "
    "(in reply to RCPT TO command))"
)
REMOVED = "Nov 22 10:{:02}:30 mx postfix/qmgr[1]: {:X}: removed after {} bytes"


def bounced(line: str, number: int) -> str:
    return line.format(number % 60, number, number * 7919, number, number)


def log(lines: int) -> str:
    out = []
    for number in range(lines):
        out.append(bounced(UNKNOWN_USER, number) if number % 10 == 0 else REMOVED.format(number % 60, number, number))
    return "\n".join([*out, bounced(NO_LOGIN, 1), REMOVED.format(1, 1, 550)])


def test_a_log_is_grouped_by_cause_and_the_last_failure_is_the_cause() -> None:
    """With how many there were, and where the first and the last stand."""
    told = explain(log(200))
    assert told.cause is not None
    assert (told.cause.id, told.cause.count, told.cause.first_line) == ("not-authenticated", 1, 201)
    assert [(one.id, one.count, one.first_line, one.last_line) for one in told.also] == [
        ("recipient-unknown", 20, 1, 191)
    ]
    assert told.count == 21
    assert told.cause.client == "Postfix"
    assert told.cause.evidence[0]["line"] == 201


def test_lines_of_a_log_that_are_not_about_mail_mean_nothing() -> None:
    """A database refuses connections, too."""
    lines = [f"2026-11-22 10:00:0{n} ERROR db: connection refused by 127.0.0.1:5432" for n in range(5)]
    assert explain("\n".join(lines)).cause is None


def test_ten_megabytes_take_a_moment_and_little_memory() -> None:
    """CPU time, so that a busy machine does not fail it; the log itself is not counted."""
    text = log(120_000)
    assert len(text) > 9_000_000
    explain("550 5.1.1 no such user")  # the tables are read once
    began = process_time()
    told = explain(text)
    assert process_time() - began < 2
    assert told.count == 12_001
    tracemalloc.start()
    explain(text)
    assert tracemalloc.get_traced_memory()[1] < 5_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "text", ["x" * 3_000_000, "550 " * 500_000, "535 5.7.8 a\n" * 100_000, "(" * 500_000, "\n" * 10**6]
)
def test_hostile_text_ends(text: str) -> None:
    """No line ends, nothing but codes, nothing but brackets."""
    began = process_time()
    explain(text)
    assert process_time() - began < 3


SESSION = """\
=== Trying mail.example.org:587...
=== Connected to mail.example.org.
<-  220 mail.example.org ESMTP Postfix
 -> EHLO laptop.example.net
<-  250-mail.example.org
<-  250-STARTTLS
<-  250 AUTH PLAIN
 -> {auth}
<{mark} {said}
 -> MAIL FROM:<alice@example.org>
<-  250 2.1.0 Ok
 -> RCPT TO:<bob@example.net>
<** 554 5.7.1 <bob@example.net>: Relay access denied
 -> DATA
<** 554 5.5.1 Error: no valid recipients
 -> QUIT
<-  221 2.0.0 Bye
"""


def test_the_first_refusal_of_a_dialogue_is_the_cause() -> None:
    """What comes after it is an echo."""
    told = explain(SESSION.format(auth="NOOP", mark="- ", said="250 2.0.0 Ok"))
    assert told.cause is not None
    assert (told.cause.id, told.stage) == ("not-authenticated", Stage.RECIPIENT)
    assert "Relay access denied" in str(told.cause.evidence[0]["text"])


def test_a_dialogue_shows_whether_somebody_logged_in() -> None:
    """The same refusal after a 235 is not for want of a login."""
    told = explain(SESSION.format(auth="AUTH PLAIN ***", mark="- ", said="235 2.7.0 Authentication successful"))
    assert told.cause is not None
    assert told.cause.id == "recipient-rejected-by-policy"


@pytest.mark.parametrize("word", ["", "undefined", "null", "None"])
def test_a_client_that_sent_no_password_is_found_out(word: str) -> None:
    """Compared in memory with what applications send when they have none."""
    sent = b64encode(f"\0{word}\0{word}".encode()).decode()
    told = explain(SESSION.format(auth=f"AUTH PLAIN {sent}", mark="**", said="535 5.7.8 Error: authentication failed"))
    assert told.cause is not None
    assert (told.cause.id, told.stage) == ("credentials-missing-in-client", Stage.AUTH)
    assert sent not in repr(told)


def test_what_a_client_sent_is_never_shown() -> None:
    """Not the password, in no encoding, whatever else the text is about."""
    sent = b64encode(b"\0alice@example.org\0correct horse battery").decode()
    text = SESSION.format(auth=f"AUTH PLAIN {sent}", mark="**", said=f"535 5.7.8 Error: failed, AUTH PLAIN {sent}")
    told = explain(text)
    assert told.cause is not None
    assert told.cause.id == "bad-credentials"
    for secret in (sent, "correct horse", "battery"):
        assert secret not in repr(told)


@pytest.mark.parametrize(
    ("line", "gone"),
    [
        ("535 failed for smtp://alice:s3cr3tword@mail.example.org", "s3cr3tword"),
        ('{"user": "alice", "password": "s3cr3tword", "error": "535 no"}', "s3cr3tword"),
        ("AUTH XOAUTH2 dXNlcj1hbGljZQFhdXRoPUJlYXJlciB5YTI5", "dXNlcj1hbGljZQ"),
        ("Authorization: s3cr3tword", "s3cr3tword"),
        ("a\x1b[31mred\x07", "\x1b"),
    ],
)
def test_a_line_is_shown_without_secrets_and_control_characters(line: str, gone: str) -> None:
    assert gone not in shown(line)


def test_the_error_of_a_token_is_decoded() -> None:
    """RFC 7628 section 3.2.2: the JSON stands in the challenge, and the 535 after it says nothing."""
    error = b64encode(json.dumps({"status": "401", "schemes": "bearer", "scope": "https://mail.example.com/"}).encode())
    told = explain(f"AUTH failed: 334 {error.decode()}\n535-5.7.8 Username and Password not accepted.")
    assert told.cause is not None
    assert told.cause.id == "oauth-token-invalid"
    assert "401" in str(told.cause.evidence[0]["text"])


def test_the_inner_error_wins() -> None:
    """Exchange quotes why the login failed in the refusal of MAIL."""
    told = explain(
        "530 5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 Authentication unsuccessful, "
        "basic authentication is disabled. [PR0P264CA0001.example.com]"
    )
    assert told.cause is not None
    assert (told.cause.id, told.stage) == ("basic-auth-disabled", Stage.SENDER)


STACK = """\
Thread 1 (idle): "MainThread"
    recv_into (socket.py:706)
    readinto (socket.py:706)
    getreply (smtplib.py:405)
    {frame} (smtplib.py:500)
    send_mail (app/mail.py:12)
"""


@pytest.mark.parametrize(
    ("frame", "port", "cause", "stage"),
    [
        ("connect", 587, "banner-stalled", Stage.BANNER),
        ("connect", 465, "implicit-tls-port-used-with-starttls", Stage.BANNER),
        ("ehlo", 587, "ehlo-stalled", Stage.EHLO),
        ("login", 587, "auth-stalled", Stage.AUTH),
        ("rcpt", 587, "recipient-stalled", Stage.RECIPIENT),
        ("data", 587, "message-stalled", Stage.MESSAGE),
    ],
)
def test_a_stack_that_stands_in_a_read_tells_the_stage(frame: str, port: int, cause: str, stage: Stage) -> None:
    """smtplib waits for ever by default; the function on the stack names the command that had no answer."""
    told = explain(STACK.format(frame=frame), port=port)
    assert told.cause is not None
    assert (told.cause.id, told.stage) == (cause, stage)


def test_gbk_that_was_read_as_latin_1_is_understood() -> None:
    """Older gateways send GBK, and clients show what their own charset makes of it."""
    words = "535 登录失败,请使用授权码".encode("gb18030").decode("latin-1")
    told = explain(words)
    assert told.cause is not None
    assert told.cause.id == "app-password-required"


def test_hints_decide_what_the_text_leaves_open() -> None:
    """The same refusal of a connection, with and without a host that was meant."""
    refused = "connect ECONNREFUSED 127.0.0.1:587"
    meant = explain(refused).cause
    local = explain(refused, host="127.0.0.1").cause
    assert meant is not None
    assert local is not None
    assert (meant.id, local.id) == ("app-calls-localhost", "nothing-listens")


def test_a_stage_that_is_none_is_misuse() -> None:
    with pytest.raises(UsageError, match="'mail' is no stage"):
        explain("550 no", stage="mail")


def test_two_dialogues_are_two_failures() -> None:
    one = SESSION.format(auth="NOOP", mark="- ", said="250 2.0.0 Ok")
    other = one.replace("554 5.7.1 <bob@example.net>: Relay access denied", "550 5.1.1 <bob@example.net>: User unknown")
    told = explain(one + other)
    assert told.cause is not None
    assert (told.cause.id, [also.id for also in told.also]) == ("recipient-unknown", ["not-authenticated"])
