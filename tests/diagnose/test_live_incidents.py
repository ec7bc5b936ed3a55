"""The incidents that this tool was made for, each as the server played it, and what somebody in that place must read.

Most are from the trackers of WGDashboard and Checkmate: the number of the report stands in the docstring.
"""

import time
from typing import Any, Unpack

import pytest

from smtpcheck.api import Wanted, check
from smtpcheck.diagnose.pages import page
from smtpcheck.dialogue import parse
from smtpcheck.model import Finding, Outcome, Report, Stage
from smtpcheck.net.authority import Authority
from smtpcheck.serve import running

from ..conftest import Play
from ..net.fake_dns import FakeDns, Says
from ..probe.lines import QUIT, clear, implicit, upgraded
from .machines import Envelope, Login, checked, closed_port, machine
from .told import CERTAIN, LIKELY, assert_shown, gives, notes

HOST = "mail.example.com"
STARTTLS = clear("STARTTLS") + "C: STARTTLS\nS: 220 2.0.0 Ready to start TLS\n"
LOGIN: Login = {"user": "alice@example.com", "password": "any old password"}
LETTER: Envelope = {"sender": "alice@example.com", "recipients": ["bob@example.net"]}
ACCEPTED = "C: AUTH *\nS: 235 2.7.0 ok\n"


def words(cause: Finding | None) -> str:
    """Everything that is read of it."""
    assert cause is not None
    return " ".join((cause.title, cause.why, *cause.fix))


def at_resend(text: str, ca_file: str, /, **wanted: Unpack[Wanted]) -> Report:
    """A check of the provider by its name."""
    host = "smtp.resend.com"
    with running(parse(text), names=[host]) as server:
        more: Wanted = {**wanted, "ca_file": ca_file, "address": "127.0.0.1", "timeout": 1.0}
        return check(f"{host}:{server.port}", **more)


# --- the handshake that stalls, and freezes the caller --------------------------------------------------------------


@pytest.mark.parametrize("mode", ["starttls", "implicit"])
@gives("tls-handshake-stalled", LIKELY, Stage.TLS)
def test_a_handshake_that_never_ends(mode: str, play: Play) -> Report:
    """WGDashboard 702: the panel never responds. The stage, the seconds, and that its library would wait for ever."""
    stall = "stall=server-hello\n"
    text = f"! implicit {stall}---\n! stall\n" if mode == "implicit" else f"{STARTTLS}! tls {stall}"
    began = time.monotonic()
    report = play(text, tls=mode, timeout=1.0, **LOGIN)
    assert time.monotonic() - began < 3.5
    assert report.outcome is Outcome.STALLED
    read = words(report.cause)
    assert "1.0 s" in read
    for client in ("smtplib", "Go", "Java"):
        assert client in read
    assert "for ever" in read
    assert not any("AUTH" in line for session in play.sessions for line in session.lines)
    return report


@pytest.mark.parametrize("id", ["banner-stalled", "implicit-tls-port-used-with-starttls", "tls-handshake-stalled",
                                "starttls-stalled", "auth-stalled", "sender-stalled", "recipient-stalled"])  # fmt: skip
def test_a_page_about_silence_tells_whose_library_waits_for_ever(id: str) -> None:
    """Whoever sees an application freeze reads one of these pages."""
    one = page(id)
    assert "smtplib" in " ".join((one.why, *one.fix, one.body))


# --- Resend: the username is a word, and no sender ------------------------------------------------------------------


@gives("username-must-be-fixed-word", CERTAIN, Stage.AUTH)
def test_an_api_key_with_ones_own_address_as_username(ca_file: str) -> Report:
    """donetick 680: `535 Invalid username`."""
    text = implicit("AUTH PLAIN LOGIN") + "C: AUTH *\nS: 535 Invalid username\n"
    key = "re_123456789_abcdefghijklmnopqrstu"
    report = at_resend(text, ca_file, tls="implicit", user="alice@example.com", password=key)
    assert "resend" in words(report.cause)
    assert key not in repr(report)
    return report


@pytest.mark.parametrize(
    "reply",
    ["501 5.1.7 Bad sender address syntax", "553 5.1.7 Sender address is not valid", "550 Invalid `from` field"],
)
@gives("sender-is-the-username", CERTAIN, Stage.SENDER)
def test_a_username_in_the_place_of_the_sender(reply: str, ca_file: str) -> Report:
    """WGDashboard 702 again: `MAIL FROM:<resend>`."""
    text = implicit("AUTH PLAIN") + ACCEPTED + f"C: MAIL FROM:<resend>\nS: {reply}\n"
    return at_resend(text, ca_file, tls="implicit", user="resend", password="re_123456789_abcdefgh", sender="resend")


@gives("sender-is-the-username", LIKELY, Stage.SENDER)
def test_a_server_that_is_struck_dumb_by_it(ca_file: str) -> Report:
    """Silence instead of a refusal, and an application without a timeout hangs."""
    text = implicit("AUTH PLAIN") + ACCEPTED + "C: MAIL FROM:<resend>\n! stall\n"
    return at_resend(text, ca_file, tls="implicit", user="resend", password="re_123456789_abcdefgh", sender="resend")


@gives("envelope-sender-empty", LIKELY, Stage.SENDER)
def test_a_sender_that_a_library_dropped(ca_file: str) -> Report:
    """What nodemailer makes of the same mistake: `MAIL FROM:<>`."""
    text = implicit("AUTH PLAIN") + ACCEPTED + "C: MAIL FROM:<>\nS: 553 5.1.7 Sender not allowed\n"
    return at_resend(text, ca_file, tls="implicit", user="resend", password="re_123456789_abcdefgh", sender="<>")


# --- this machine instead of the server -----------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["127.0.0.1:587", "0.0.0.0:587"])
@gives("app-calls-localhost", LIKELY, Stage.CONNECT)
def test_an_application_that_calls_this_machine(target: str) -> Report:
    """Checkmate 2334: configured otherwise, and `connect ECONNREFUSED 127.0.0.1:587`."""
    report = checked(target)
    assert "nodemailer given no host" in words(report.cause)
    return report


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
@gives("resolves-to-loopback", CERTAIN, Stage.CONNECT)
def test_a_nameserver_that_says_this_machine(address: str) -> Report:
    """A sinkhole, or a placeholder."""
    with FakeDns({HOST: Says(a=(address,))}) as dns, machine(system=[address], dns=dns.address):
        report = checked(f"{HOST}:{closed_port()}")
    assert address in words(report.cause)
    return report


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
@gives("hosts-file-override", CERTAIN, Stage.CONNECT)
def test_a_hosts_file_that_says_this_machine(address: str) -> Report:
    """The line, its file, and what DNS says instead."""
    with (
        FakeDns({HOST: Says(a=("127.8.8.8",))}) as dns,
        machine(system=[address], hosts=f"::1 ip6-localhost\n{address} {HOST} # test\n", dns=dns.address),
    ):
        report = checked(f"{HOST}:{closed_port()}")
    read = words(report.cause)
    for word in ("line 2", "hosts", address, "127.8.8.8", HOST):
        assert word in read.lower()
    return report


# --- port and TLS mode that disagree --------------------------------------------------------------------------------


@gives("implicit-tls-port-used-with-starttls", CERTAIN, Stage.BANNER)
def test_starttls_on_a_port_that_speaks_tls_first(play: Play) -> Report:
    """WGDashboard 1074: mutual silence, which every library tells otherwise."""
    report = play(implicit() + QUIT, timeout=1.0, **LOGIN)
    assert HOST in words(report.cause)
    return report


@gives("starttls-port-used-with-implicit-tls", CERTAIN, Stage.TLS)
def test_tls_on_a_port_that_greets(play: Play) -> Report:
    """`wrong version number`."""
    report = play(clear("STARTTLS"), tls="implicit", **LOGIN)
    assert "220 mail.example.com ESMTP" in words(report.cause)
    return report


# --- AUTH that was never sent ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "reply",
    ["554 5.7.1 <bob@example.net>: Relay access denied", "550 relay not permitted", "530 5.7.0 Authentication required",
     "550 5.7.1 Relaying denied"],
)  # fmt: skip
def test_a_relay_that_is_denied_because_nobody_logged_in(reply: str, play: Play) -> None:
    """Checkmate 2368: the server offers AUTH, and the application sent none."""
    text = upgraded("AUTH PLAIN LOGIN") + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: " + reply + "\n"
    report = play(text, **LETTER)
    assert report.cause is not None
    assert (report.cause.id, report.stage) == ("not-authenticated", Stage.RECIPIENT)
    assert_shown(report)


@gives("not-authenticated", LIKELY, Stage.RECIPIENT)
def test_a_relay_that_is_denied(play: Play) -> Report:
    """In Postfix's words: it could be a recipient that this server is not for, so it is not certain."""
    text = (
        upgraded("AUTH PLAIN LOGIN") + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 554 5.7.1 <b@x.net>: Relay access denied\n"
    )
    return play(text, **LETTER)


def test_the_same_with_a_login_is_another_matter(play: Play) -> None:
    """The look-alike: whoever is logged in needs no login."""
    text = upgraded("AUTH PLAIN") + ACCEPTED + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 554 5.7.1 Relay access denied\n"
    report = play(text, **LOGIN, **LETTER)
    assert report.cause is not None
    assert report.cause.id != "not-authenticated"


@gives("auth-not-offered", CERTAIN, Stage.AUTH)
def test_a_relay_that_knows_its_clients_by_address(play: Play) -> Report:
    """WGDashboard 839, Checkmate 3866: a login is demanded by the application, and not known to the server."""
    report = play(upgraded("SIZE 1000") + QUIT, **LOGIN)
    assert report.outcome is Outcome.DECLINED
    return report


# --- SMTP works -----------------------------------------------------------------------------------------------------


@notes("smtp-works-look-at-the-app")
def test_everything_works_with_exactly_these_settings(play: Play) -> Report:
    """WGDashboard 877, 1058, 699 and Checkmate 3345: the fault is the application's. It stands first."""
    text = upgraded("AUTH PLAIN") + ACCEPTED + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: RSET\nS: 250 ok\n" + QUIT
    report = play(text, **LOGIN, **LETTER)
    assert report.passed
    assert report.cause is None
    assert report.also[0].id == "smtp-works-look-at-the-app"
    read = words(report.also[0])
    for word in ("EMAIL_BACKEND", "MAIL_MAILER=log", "look at the application"):
        assert word in read
    return report


# --- the rest of the catalogue --------------------------------------------------------------------------------------

LATER = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nC: **\nC: .\n"
MASKED = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250-mail.example.com\nS: 250-XXXXXXXA\nS: 250 8BITMIME\n"

IN: dict[str, Any] = {**LOGIN}
TO: dict[str, Any] = {**LETTER}
CATALOGUE: list[tuple[str, str, dict[str, Any], str]] = [
    ("8 silence, and no TLS either", "! stall\n", {"timeout": 0.6}, "banner-stalled"),
    ("9 a block list at the door", "S: 554 5.7.1 Service unavailable; client [127.0.0.1] blocked using zen.example\n",
     {}, "ip-blocklisted"),
    ("9 a web server", "S: HTTP/1.1 400 Bad Request\n", {}, "not-smtp"),
    ("9 a secure shell", "S: SSH-2.0-OpenSSH_9.2p1\n", {}, "not-smtp"),
    ("9 too busy", "S: 421 4.3.2 Service not available, try again later\n", {}, "server-tempfail"),
    ("10 no STARTTLS", clear("SIZE 1000") + QUIT, IN, "starttls-not-offered"),
    ("10 STARTTLS masked", MASKED + QUIT, IN, "starttls-stripped"),
    ("11 silence after the command", clear("STARTTLS") + "C: STARTTLS\n! stall\n", {"timeout": 0.6, **IN},
     "starttls-stalled"),
    ("12 bytes before the handshake", clear("STARTTLS") + "C: STARTTLS\nS: 220 go\nS: 250 injected\n! tls\n", {},
     "cleartext-injected-before-tls"),
    ("13 the wrong name", STARTTLS + "! tls wrong-name\n", {}, "certificate-name-mismatch"),
    ("13 expired", STARTTLS + "! tls expired\n", {}, "certificate-expired"),
    ("14 an old version", STARTTLS + "! tls 1.0\n", {}, "tls-version-too-old"),
    ("17 wrong", upgraded("AUTH PLAIN") + "C: AUTH *\nS: 535 5.7.8 Error: authentication failed\n", IN,
     "bad-credentials"),
    ("18 an app password", upgraded("AUTH PLAIN") +
     "C: AUTH *\nS: 534-5.7.9 Application-specific password required.\nS: 534 5.7.9 see https://example.com\n", IN,
     "app-password-required"),
    ("18 later", upgraded("AUTH PLAIN") + "C: AUTH *\nS: 454 4.7.0 Temporary authentication failure\n", IN,
     "auth-backend-down"),
    ("18 no such mechanism", upgraded("AUTH PLAIN") + "C: AUTH *\nS: 504 5.5.4 Unrecognized authentication type\n",
     IN, "auth-mechanism-unsupported"),
    ("19 silence after the password", upgraded("AUTH PLAIN") + "C: AUTH *\n! stall\n", {"timeout": 0.6, **IN},
     "auth-stalled"),
    ("20 another's sender", upgraded("AUTH PLAIN") + ACCEPTED +
     "C: MAIL *\nS: 553 5.7.1 <alice@example.com>: Sender address rejected: not owned by user bob\n",
     {**IN, "user": "bob@example.com", "sender": "alice@example.com"}, "sender-not-owned-by-login"),
    ("21 only after the message", upgraded("AUTH PLAIN") + ACCEPTED + LATER +
     "S: 550 The example.com domain is not verified. Please, add and verify your domain\n",
     {**IN, **TO, "send": True}, "sender-domain-not-verified"),
    ("27 a host in quotes", "", {}, "host-value-malformed"),
]  # fmt: skip


@pytest.mark.parametrize(("row", "text", "wanted", "cause"), CATALOGUE, ids=[row[0] for row in CATALOGUE])
def test_the_catalogue_of_symptoms(row: str, text: str, wanted: dict[str, Any], cause: str, play: Play) -> None:
    """What is to be said of each."""
    report = play(text, **wanted) if text else checked('"mail.example.com":587')
    assert report.cause is not None, (report.stage, report.outcome)
    assert report.cause.id == cause
    assert_shown(report)


@notes("test-catcher")
def test_a_catcher_of_test_mail_lets_nothing_leave(play: Play) -> Report:
    """Row 26: everything passes, and nothing arrives."""
    text = "S: 220 mailhog.example ESMTP MailHog\n" + clear().partition("\n")[2]
    return play(text + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: RSET\nS: 250 ok\n" + QUIT, **LETTER)


def test_an_antivirus_in_the_way(monkeypatch: pytest.MonkeyPatch, ca_file: str) -> None:
    """Row 13, where the trust store is not what is wrong."""
    monkeypatch.setattr(Authority, "make", classmethod(lambda cls: Authority("Kaspersky Anti-Virus Personal")))
    with running(parse(implicit()), names=[HOST]) as server:
        report = check(f"{HOST}:{server.port}", address="127.0.0.1", tls="implicit", ca_file=ca_file)
    assert report.cause is not None
    assert report.cause.id == "proxy-or-antivirus-intercept"
