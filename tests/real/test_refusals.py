"""The guard of the test bed: every refusal that the fixtures promise, in the server's own words.

What fails here is a fault of the servers or of their configuration, not of smtpcheck. Tests of smtpcheck may rely on
any row: role, what was said until then, and the reply to the last command (the banner if nothing was said).
"""

import pytest

from .servers.accounts import ALICE, User
from .servers.client import client, last_reply, plain
from .servers.process import Server

EHLO = "EHLO client.example.com"
MAIL = "MAIL FROM:<somebody@client.example>"
RCPT = "RCPT TO:<alice@example.org>"
ELSEWHERE = "RCPT TO:<somebody@elsewhere.example>"
MESSAGE = "Subject: hello\r\n\r\nhello\r\n."
LONG_MESSAGE = "Subject: hello\r\n\r\n" + "a long line of the letter\r\n" * 60 + "."
TLS = (EHLO, "STARTTLS", EHLO)
WRONG = User(ALICE.name, "looking-glass", ALICE.address)


POSTFIX_REFUSALS = [
    # -- banner, EHLO
    ("refuses_client", [], "554 5.7.1 <unknown[127.0.0.1]>: Client host rejected: Access denied"),
    ("unavailable", [], "421 4.3.2 <unknown[127.0.0.1]>: Client host rejected: No system resources, try again later"),
    ("refuses_helo", [MAIL], "503 5.5.1 Error: send HELO/EHLO first"),
    ("refuses_helo", ["EHLO box"], "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname"),
    ("refuses_helo", ["EHLO a..b"], "501 5.5.2 <a..b>: Helo command rejected: Invalid name"),
    (
        "refuses_helo",
        ["EHLO banned.example"],
        "554 5.7.1 <banned.example>: Helo command rejected: We do not talk to you",
    ),
    ("few_errors", [EHLO, "XYZZY", "NOOP"], "421 4.7.0 mail.example.org Error: too many errors"),
    # -- TLS
    ("submission", [EHLO, MAIL], "530 5.7.0 Must issue a STARTTLS command first"),
    ("clear", [EHLO, "STARTTLS"], "502 5.5.1 Error: command not implemented"),
    ("tls_unavailable", [EHLO, "STARTTLS"], "454 4.7.0 TLS not available due to local problem"),
    ("client_certificate", TLS, "421 4.7.1 mail.example.org Error: No client certificate presented"),
    # -- AUTH
    ("submission", [*TLS, plain(WRONG)], "535 5.7.8 Error: authentication failed: (reason unavailable)"),
    ("relay", [EHLO, plain(ALICE)], "503 5.5.1 Error: authentication not enabled"),
    (
        "no_plaintext",
        [*TLS, plain(ALICE)],
        "535 5.7.8 Error: authentication failed: Invalid authentication mechanism",
    ),
    ("auth_rate", [*TLS, plain(WRONG), plain(ALICE)], "450 4.7.1 Error: too many AUTH commands from 127.0.0.1"),
    (
        "lost_sasl",
        [*TLS, plain(ALICE)],
        "454 4.7.0 Temporary authentication failure: Connection lost to authentication server",
    ),
    # -- MAIL
    (
        "early",
        [EHLO, MAIL],
        "530 5.7.0 <somebody@client.example>: Sender address rejected: Authentication required",
    ),
    (
        "early",
        [EHLO, "MAIL FROM:<alice@example.org>"],
        "553 5.7.1 <alice@example.org>: Sender address rejected: not logged in",
    ),
    (
        "early",
        [*TLS, plain(ALICE), "MAIL FROM:<bob@example.org>"],
        "553 5.7.1 <bob@example.org>: Sender address rejected: not owned by user alice",
    ),
    ("early", [EHLO, "MAIL FROM:<me>"], "504 5.5.2 <me>: Sender address rejected: need fully-qualified address"),
    (
        "early",
        [EHLO, "MAIL FROM:<me@no-such-domain.example>"],
        "450 4.1.8 <me@no-such-domain.example>: Sender address rejected: Domain not found",
    ),
    (
        "early",
        [EHLO, "MAIL FROM:<spammer@example.net>"],
        "554 5.7.1 <spammer@example.net>: Sender address rejected: Sender is on our blocklist",
    ),
    ("message_rate", [EHLO, MAIL, "RSET", MAIL], "450 4.7.1 Error: too much mail from 127.0.0.1"),
    ("small", [EHLO, f"{MAIL} SIZE=400"], "552 5.3.4 Message size exceeds fixed limit"),
    ("disk_full", [EHLO, MAIL], "452 4.3.1 Insufficient system storage"),
    # -- RCPT
    (
        "submission",
        [*TLS, plain(ALICE), "MAIL FROM:<bob@example.org>", ELSEWHERE],
        "553 5.7.1 <bob@example.org>: Sender address rejected: not owned by user alice",
    ),
    (
        "relay",
        [EHLO, "MAIL FROM:<me@no-such-domain.example>", RCPT],
        "450 4.1.8 <me@no-such-domain.example>: Sender address rejected: Domain not found",
    ),
    (
        "refuses_client_late",
        [EHLO, MAIL, RCPT],
        "554 5.7.1 <unknown[127.0.0.1]>: Client host rejected: Access denied",
    ),
    ("relay", [EHLO, MAIL, ELSEWHERE], "554 5.7.1 <somebody@elsewhere.example>: Relay access denied"),
    ("clear", [EHLO, MAIL, ELSEWHERE], "454 4.7.1 <somebody@elsewhere.example>: Relay access denied"),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<nobody@example.org>"],
        "550 5.1.1 <nobody@example.org>: Recipient address rejected: User unknown in local recipient table",
    ),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<greylisted@example.org>"],
        "450 4.2.0 <greylisted@example.org>: Recipient address rejected: Greylisted, please try again in 300 seconds",
    ),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<full@example.org>"],
        "452 4.2.2 <full@example.org>: Recipient address rejected: Mailbox full",
    ),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<disabled@example.org>"],
        "550 5.2.1 <disabled@example.org>: Recipient address rejected: Mailbox disabled",
    ),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<closing@example.org>"],
        "421 4.3.2 <closing@example.org>: Recipient address rejected: Shutting down",
    ),
    ("few_recipients", [EHLO, MAIL, RCPT, RCPT], "452 4.5.3 Error: too many recipients"),
    ("recipient_rate", [EHLO, MAIL, RCPT, RCPT], "450 4.7.1 Error: too many recipients from 127.0.0.1"),
    ("broken_filter", [EHLO, MAIL, RCPT], "451 4.3.0 Error: queue file write error"),
    # -- DATA
    ("refuses_data", [EHLO, MAIL, RCPT, "DATA"], "554 5.7.1 <DATA>: Data command rejected: Access denied"),
    ("refuses_content", [EHLO, MAIL, RCPT, "DATA", MESSAGE], "550 5.7.1 We do not take this"),
    (
        "defers_content",
        [EHLO, MAIL, RCPT, "DATA", MESSAGE],
        "451 4.7.1 <unknown[127.0.0.1]>: Client host rejected: Content scanner unavailable",
    ),
    (
        "small_unannounced",
        [EHLO, MAIL, RCPT, "DATA", LONG_MESSAGE],
        "552 5.3.4 Error: message file too big",
    ),
]


@pytest.mark.parametrize(("role", "commands", "reply"), POSTFIX_REFUSALS)
def test_postfix_refuses(postfix: Server, role: str, commands: list[str], reply: str) -> None:
    assert reply == last_reply(postfix, role, *commands)


EXIM_REFUSALS = [
    ("refuses_client", [], "550 Your address is on our blocklist"),
    ("drops_client", [], "550 Go away"),
    ("unavailable", [], "451 Too busy, try again later"),
    ("refuses_helo", [EHLO], "550 Your name is not welcome"),
    ("relay", ["EHLO a_b"], "501 Syntactically invalid EHLO argument(s)"),
    ("relay", [EHLO, "FOO", "BAR"], "500 Too many unrecognized commands"),
    ("tls_unavailable", [EHLO, "STARTTLS"], "454 TLS currently unavailable"),
    ("submission", [EHLO, plain(ALICE)], "503 AUTH command used when not advertised"),
    ("submission", [*TLS, plain(WRONG)], "535 Incorrect authentication data"),
    ("needs_tls", [EHLO, MAIL], "550 Encryption required"),
    ("needs_auth", [EHLO, MAIL], "550 Authentication required"),
    (
        "submission",
        [*TLS, plain(ALICE), "MAIL FROM:<bob@example.org>"],
        "550 alice may not send as bob@example.org",
    ),
    ("small", [EHLO, f"{MAIL} SIZE=400"], "552 Message size exceeds maximum permitted"),
    ("relay", [EHLO, MAIL, ELSEWHERE], "550 relay not permitted"),
    ("relay", [EHLO, MAIL, "RCPT TO:<nobody@example.org>"], "550 Unrouteable address"),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<greylisted@example.org>"],
        "451 Greylisted, please try again in 300 seconds",
    ),
    ("relay", [EHLO, MAIL, "RCPT TO:<closing@example.org>"], "550 That is enough"),
    ("refuses_data", [EHLO, MAIL, RCPT, "DATA"], "550 Not today"),
    ("refuses_content", [EHLO, MAIL, RCPT, "DATA", MESSAGE], "550 This message looks like spam"),
    ("small", [EHLO, MAIL, RCPT, "DATA", LONG_MESSAGE], "552 Message size exceeds maximum permitted"),
]


@pytest.mark.parametrize(("role", "commands", "reply"), EXIM_REFUSALS)
def test_exim_refuses(exim: Server, role: str, commands: list[str], reply: str) -> None:
    assert reply == last_reply(exim, role, *commands)


AIOSMTPD_REFUSALS = [
    ("submission", [EHLO, MAIL], "530 Must issue a STARTTLS command first"),
    ("relay", [EHLO, "STARTTLS"], "454 TLS not available"),
    ("relay", [EHLO, plain(ALICE)], "538 5.7.11 Encryption required for requested authentication mechanism"),
    ("submission", [*TLS, plain(WRONG)], "535 5.7.8 Authentication credentials invalid"),
    ("submission", [*TLS, MAIL], "530 5.7.0 Authentication required"),
    (
        "relay",
        [EHLO, f"{MAIL} SIZE=99999"],
        "552 Error: message size exceeds fixed maximum message size",
    ),
    (
        "relay",
        [EHLO, MAIL, "RCPT TO:<greylisted@example.org>"],
        "451 4.7.1 Greylisted, please try again in 300 seconds",
    ),
    ("relay", [EHLO, MAIL, RCPT, "DATA", LONG_MESSAGE], "552 Error: Too much mail data"),
]


@pytest.mark.parametrize(("role", "commands", "reply"), AIOSMTPD_REFUSALS)
def test_aiosmtpd_refuses(aiosmtpd: Server, role: str, commands: list[str], reply: str) -> None:
    assert reply == last_reply(aiosmtpd, role, *commands)


@pytest.mark.parametrize(
    ("role", "commands", "reply"),
    [
        ("connection_rate", [], "421 4.7.0 mail.example.org Error: too many connections from 127.0.0.1"),
        ("tls_rate", TLS, "421 4.7.0 mail.example.org Error: too many new TLS sessions from unknown[127.0.0.1]"),
    ],
)
def test_postfix_refuses_the_second_session(postfix: Server, role: str, commands: list[str], reply: str) -> None:
    last_reply(postfix, role, *commands)
    assert reply == last_reply(postfix, role, *commands)


@pytest.mark.parametrize(
    ("name", "reply"),
    [
        ("postfix", "421 4.7.0 mail.example.org Error: too many connections from 127.0.0.1"),
        ("exim", "421 Too many concurrent SMTP connections from this IP address; please try again later."),
    ],
)
def test_a_second_connection_at_the_same_time_is_refused(name: str, reply: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(name)
    with client(server, "one_connection"):
        assert reply == last_reply(server, "one_connection")
