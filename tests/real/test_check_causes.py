"""What real servers do, and which cause it is: the first place of the diagnosis, for each way they have of saying no.

`tests/causes_table.py` reads ROWS: what is in it was produced by a real server.
"""

from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from smtpcheck import Stage
from smtpcheck.api import Wanted
from smtpcheck.model import Severity

from .checking import checked
from .servers.accounts import ALICE, CAROL, token
from .servers.client import client, last_reply
from .servers.process import Server

LOGIN: Wanted = {"user": ALICE.name, "password": ALICE.password}
WRONG: Wanted = {"user": ALICE.name, "password": "looking-glass"}
FROM: Wanted = {"sender": "somebody@client.example"}
LETTER: Wanted = {**FROM, "recipients": [ALICE.address], "send": True}
CLEAR: Wanted = {"tls": "off"}


def to(recipient: str) -> Wanted:
    """A letter's envelope, in clear."""
    return {**CLEAR, **FROM, "recipients": [recipient]}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One call, and the cause of its end. `times`: only the last of several calls meets it."""

    server: str
    role: str
    wanted: Wanted = field(default_factory=lambda: Wanted())
    stage: Stage
    cause: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.server}-{self.role}-{self.cause}"


def postfix(role: str, stage: Stage, cause: str, wanted: Wanted | None = None, *, times: int = 1) -> Row:
    return Row(server="postfix", role=role, stage=stage, cause=cause, wanted=wanted or {}, times=times)


def exim(role: str, stage: Stage, cause: str, wanted: Wanted | None = None) -> Row:
    return Row(server="exim", role=role, stage=stage, cause=cause, wanted=wanted or {})


def aiosmtpd(role: str, stage: Stage, cause: str, wanted: Wanted | None = None) -> Row:
    return Row(server="aiosmtpd", role=role, stage=stage, cause=cause, wanted=wanted or {})


ROWS = [
    # -- banner, EHLO
    postfix("refuses_client", Stage.BANNER, "ip-blocklisted", CLEAR),
    postfix("silent", Stage.BANNER, "banner-stalled", {**CLEAR, "timeout": 1.0}),
    postfix("submissions", Stage.BANNER, "implicit-tls-port-used-with-starttls", {"tls": "starttls", "timeout": 2.0}),
    postfix("connection_rate", Stage.BANNER, "too-many-connections", CLEAR, times=2),
    postfix("refuses_helo", Stage.EHLO, "helo-rejected", {**CLEAR, "helo": "box"}),
    postfix("refuses_helo", Stage.EHLO, "helo-rejected", {**CLEAR, "helo": "banned.example"}),
    exim("refuses_client", Stage.BANNER, "ip-blocklisted", CLEAR),
    exim("unavailable", Stage.BANNER, "server-tempfail", CLEAR),
    exim("submissions", Stage.BANNER, "implicit-tls-port-used-with-starttls", {"tls": "starttls", "timeout": 2.0}),
    exim("relay", Stage.EHLO, "helo-rejected", {**CLEAR, "helo": "a_b"}),
    exim("refuses_helo", Stage.EHLO, "helo-rejected", CLEAR),
    # -- STARTTLS, TLS, certificates
    postfix("clear", Stage.STARTTLS, "starttls-not-offered", {"tls": "starttls"}),
    postfix("tls_unavailable", Stage.STARTTLS, "starttls-unavailable"),
    postfix("submission", Stage.TLS, "starttls-port-used-with-implicit-tls", {"tls": "implicit"}),
    postfix("expired_certificate", Stage.TLS, "certificate-expired", LOGIN),
    postfix("other_name", Stage.TLS, "certificate-name-mismatch", LOGIN),
    postfix("old_tls", Stage.TLS, "tls-version-too-old"),
    postfix("no_certificate", Stage.TLS, "tls-handshake-failed"),
    postfix("client_certificate", Stage.EHLO, "client-certificate-required"),
    exim("tls_unavailable", Stage.STARTTLS, "starttls-unavailable"),
    exim("relay", Stage.TLS, "starttls-port-used-with-implicit-tls", {"tls": "implicit"}),
    exim("old_tls", Stage.TLS, "tls-version-too-old"),
    aiosmtpd("relay", Stage.STARTTLS, "starttls-not-offered", {"tls": "starttls"}),
    # -- AUTH
    postfix("submission", Stage.AUTH, "bad-credentials", WRONG),
    postfix("submissions", Stage.AUTH, "bad-credentials", WRONG),
    postfix("relay", Stage.AUTH, "auth-not-offered", LOGIN),
    postfix("clear", Stage.AUTH, "credentials-would-be-in-clear", {**CLEAR, **LOGIN}),
    postfix("submission", Stage.AUTH, "tls-required-first", {**CLEAR, **LOGIN, "allow_cleartext_auth": True}),
    postfix("oauth_only", Stage.AUTH, "auth-mechanism-unsupported", LOGIN),
    postfix("oauth_only", Stage.AUTH, "oauth-token-invalid", {"user": ALICE.name, "token": token(ALICE, lifetime=-60)}),
    postfix("no_plaintext", Stage.AUTH, "auth-mechanism-unsupported", {**LOGIN, "auth": "plain"}),
    postfix("no_plaintext", Stage.AUTH, "bad-credentials",
            {"user": CAROL.name, "password": CAROL.password, "auth": "cram-md5"}),
    postfix("auth_rate", Stage.AUTH, "rate-limited", LOGIN, times=2),
    postfix("lost_sasl", Stage.AUTH, "auth-backend-down", LOGIN),
    exim("submission", Stage.AUTH, "bad-credentials", WRONG),
    aiosmtpd("submission", Stage.AUTH, "bad-credentials", WRONG),
    # -- MAIL
    postfix("submission", Stage.SENDER, "tls-required-first", {**CLEAR, **FROM}),
    postfix("early", Stage.SENDER, "not-authenticated", {**CLEAR, **FROM}),
    postfix("early", Stage.SENDER, "not-authenticated", {**CLEAR, "sender": ALICE.address}),
    postfix("early", Stage.SENDER, "sender-not-owned-by-login", {**LOGIN, "sender": "bob@example.org"}),
    postfix("early", Stage.SENDER, "sender-is-the-username", {**LOGIN, "sender": ALICE.name}),
    postfix("early", Stage.SENDER, "sender-domain-not-found", {**CLEAR, "sender": "me@no-such-domain.example"}),
    postfix("message_rate", Stage.SENDER, "rate-limited", {**CLEAR, **FROM}, times=2),
    postfix("disk_full", Stage.SENDER, "server-tempfail", {**CLEAR, **FROM}),
    postfix("small", Stage.SENDER, "message-too-large", {**CLEAR, **LETTER}),
    exim("needs_tls", Stage.SENDER, "tls-required-first", {**CLEAR, **FROM}),
    exim("needs_auth", Stage.SENDER, "not-authenticated", {**CLEAR, **FROM}),
    exim("submission", Stage.SENDER, "sender-not-owned-by-login", {**LOGIN, "sender": "bob@example.org"}),
    exim("small", Stage.SENDER, "message-too-large", {**CLEAR, **LETTER}),
    aiosmtpd("submission", Stage.SENDER, "tls-required-first", {**CLEAR, **FROM}),
    aiosmtpd("submission", Stage.SENDER, "not-authenticated", FROM),
    # -- RCPT
    postfix("relay", Stage.RECIPIENT, "not-authenticated", to("somebody@elsewhere.example")),
    postfix("clear", Stage.RECIPIENT, "not-authenticated", to("somebody@elsewhere.example")),
    postfix("relay", Stage.RECIPIENT, "recipient-unknown", to("nobody@example.org")),
    postfix("relay", Stage.RECIPIENT, "greylisted", to("greylisted@example.org")),
    postfix("relay", Stage.RECIPIENT, "mailbox-full", to("full@example.org")),
    postfix("relay", Stage.RECIPIENT, "recipient-unknown", to("disabled@example.org")),
    postfix("refuses_client_late", Stage.RECIPIENT, "ip-blocklisted", to(ALICE.address)),
    postfix("few_recipients", Stage.RECIPIENT, "too-many-recipients",
            {**CLEAR, **FROM, "recipients": [ALICE.address, ALICE.address]}),
    postfix("recipient_rate", Stage.RECIPIENT, "rate-limited",
            {**CLEAR, **FROM, "recipients": [ALICE.address, ALICE.address]}),
    postfix("broken_filter", Stage.RECIPIENT, "server-tempfail", to(ALICE.address)),
    exim("relay", Stage.RECIPIENT, "not-authenticated", to("somebody@elsewhere.example")),
    exim("relay", Stage.RECIPIENT, "recipient-unknown", to("nobody@example.org")),
    exim("relay", Stage.RECIPIENT, "greylisted", to("greylisted@example.org")),
    aiosmtpd("relay", Stage.RECIPIENT, "greylisted", to("greylisted@example.org")),
    # -- DATA
    postfix("refuses_content", Stage.MESSAGE, "content-rejected", {**CLEAR, **LETTER}),
    postfix("defers_content", Stage.MESSAGE, "server-tempfail", {**CLEAR, **LETTER}),
    postfix("small_unannounced", Stage.MESSAGE, "message-too-large", {**CLEAR, **LETTER}),
    exim("refuses_content", Stage.MESSAGE, "content-rejected", {**CLEAR, **LETTER}),
]  # fmt: skip


BESIDE = ("unknown-ca", "too-many-connections", "banner-slow", "smtp-works-look-at-the-app")
"""What the tests below produce, for which a row would not do."""


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_cause_is_named_at_the_first_place(row: Row, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """With evidence, and no other error beside it."""
    server: Server = request.getfixturevalue(row.server)
    wanted = row.wanted
    if "small" in row.role:
        (tmp_path / "body.txt").write_text("a long line of the letter\r\n" * 60)
        wanted = {**wanted, "body_file": str(tmp_path / "body.txt")}
    for _ in range(row.times):
        report = checked(server, row.role, **wanted)
    assert report.cause is not None, (report.stage, report.outcome)
    assert (report.stage, report.cause.id) == (row.stage, row.cause), report.cause.title
    assert report.cause.evidence
    assert all(one.severity is not Severity.ERROR for one in report.also)


def test_an_authority_that_nobody_here_trusts(postfix: Server, tmp_path: Path) -> None:
    other = tmp_path / "other-ca.pem"
    trustme.CA(organization_name="Somebody Else").cert_pem.write_to_path(str(other))
    report = checked(postfix, "submissions", ca_file=str(other))
    assert report.cause is not None
    assert report.cause.id == "unknown-ca"


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_a_second_connection_at_the_same_time(name: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(name)
    with client(server, "one_connection"):
        report = checked(server, "one_connection", tls="off")
    assert report.cause is not None
    assert (report.stage, report.cause.id) == (Stage.BANNER, "too-many-connections")


def test_a_slow_greeting_is_a_warning(postfix: Server) -> None:
    report = checked(postfix, "slow", tls="off", timeout=3.0)
    assert report.passed
    assert "banner-slow" in {one.id for one in report.also}


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_what_works_is_said_to_work(name: str, request: pytest.FixtureRequest) -> None:
    """A login, a sender and a recipient were taken: no cause, and the application is where to look."""
    server: Server = request.getfixturevalue(name)
    wanted: Wanted = {**LOGIN, "sender": ALICE.address, "recipients": ["bob@example.org"]}
    report = checked(server, "submission", **wanted)
    assert report.passed
    assert report.cause is None
    assert report.also[0].id == "smtp-works-look-at-the-app"


def test_the_servers_are_what_the_table_says(postfix: Server) -> None:
    """Whoever reads the table may rely on it: the roles exist."""
    assert last_reply(postfix, "relay", "NOOP").startswith("250")
    assert {row.role for row in ROWS if row.server == "postfix"} <= set(postfix.ports)
