"""Causes that a session has only with its options: a provider by name, a token, a clock, a disturbed machine."""

import asyncio
import base64
import json
import sys
import time
from typing import Unpack

import pytest

from smtpcheck.api import Wanted, check, run
from smtpcheck.dialogue import parse
from smtpcheck.model import Progress, Report, Stage
from smtpcheck.serve import running
from smtpcheck.settings.build import build
from smtpcheck.settings.request import Request

from ..conftest import Play
from ..probe.lines import QUIT, clear, implicit
from .machines import Envelope, checked
from .told import CERTAIN, LIKELY, gives, notes

REFUSED = "C: AUTH *\nS: 535 5.7.8 Authentication failed\n"
TRANSACTION = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\nS: 354 go\nC: **\nC: .\n"
LETTER: Envelope = {"sender": "a@example.com", "recipients": ["b@example.net"]}


def at(host: str, text: str, ca_file: str, /, **wanted: Unpack[Wanted]) -> Report:
    """A check of this name, whatever it is, where `text` is played inside TLS."""
    with running(parse(text), names=[host]) as server:
        more: Wanted = {**wanted, "ca_file": ca_file, "address": "127.0.0.1", "tls": "implicit", "timeout": 2.0}
        return check(f"{host}:{server.port}", **more)


# --- what the provider's table knows --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("host", "user", "reply", "word"),
    [
        ("smtp.resend.com", "alice@example.com", "535 Invalid username", "resend"),
        ("smtp.resend.com", "alice@example.com", "535 5.7.8 Authentication failed", "resend"),
        ("smtp.sendgrid.net", "alice@example.com", "535 Authentication failed: Bad username / password", "apikey"),
    ],
)
def test_a_provider_that_fixes_the_username(host: str, user: str, reply: str, word: str, ca_file: str) -> None:
    """Its name is known, so its rule is: whatever words it refuses with."""
    text = implicit("AUTH PLAIN LOGIN") + f"C: AUTH *\nS: {reply}\n"
    report = at(host, text, ca_file, user=user, password="any-secret-at-all")
    assert report.cause is not None
    assert report.cause.id == "username-must-be-fixed-word"
    assert word in " ".join((report.cause.title, *report.cause.fix))


@gives("username-must-be-fixed-word", CERTAIN, Stage.AUTH)
def test_resend_and_an_address(ca_file: str) -> Report:
    """Its own words."""
    text = implicit("AUTH PLAIN LOGIN") + "C: AUTH *\nS: 535 Invalid username\n"
    return at("smtp.resend.com", text, ca_file, user="alice@example.com", password="re_123456789_abcdefghijk")


@gives("username-must-be-full-address", LIKELY, Stage.AUTH)
def test_a_mailbox_provider_and_half_an_address(ca_file: str) -> Report:
    """A host of many domains."""
    return at("smtp.fastmail.com", implicit("AUTH PLAIN") + REFUSED, ca_file, user="alice", password="abcdefghijklmnop")


@gives("username-must-be-provider-login", LIKELY, Stage.AUTH)
def test_brevo_and_ones_own_address(ca_file: str) -> Report:
    """Its logins are in a domain of its own."""
    return at(
        "smtp-relay.brevo.com", implicit("AUTH PLAIN") + REFUSED, ca_file,
        user="alice@example.com", password="xsmtpsib-0123456789abcdef",
    )  # fmt: skip


@gives("wrong-credential-type", LIKELY, Stage.AUTH)
def test_a_key_of_another_product(ca_file: str) -> Report:
    """The username is right; by its shape the secret is SendGrid's."""
    key = "SG.aaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
    report = at("smtp.resend.com", implicit("AUTH PLAIN") + REFUSED, ca_file, user="resend", password=key)
    assert key not in repr(report)
    return report


# --- tokens ---------------------------------------------------------------------------------------------------------


def jwt(**claims: object) -> str:
    """A token that says this of itself."""
    parts = ({"alg": "RS256", "typ": "JWT"}, claims)
    coded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join((*coded, "c2lnbmF0dXJl"))


@gives("oauth-token-invalid", CERTAIN, Stage.AUTH)
def test_a_token_that_the_server_explains(ca_file: str) -> Report:
    """The challenge holds the server's error as JSON; the 535 after it speaks of a password."""
    said = base64.b64encode(b'{"status":"401","schemes":"bearer","scope":"https://mail.google.com/"}').decode()
    text = (
        implicit("AUTH XOAUTH2") + f"C: AUTH *\nS: 334 {said}\nC: *\nS: 535 5.7.8 Username and Password not accepted\n"
    )
    report = at("smtp.gmail.com", text, ca_file, user="alice@gmail.com", token="ya29.any-token")
    assert report.cause is not None
    assert "401" in report.cause.why
    return report


@gives("oauth-token-invalid", LIKELY, Stage.AUTH)
def test_a_token_whose_time_is_over(ca_file: str) -> Report:
    """A JWT says so itself, before a packet is sent; the server only says no."""
    token = jwt(exp=int(time.time()) - 3600, aud="https://outlook.office.com")
    report = at("mail.example.com", implicit("AUTH XOAUTH2") + REFUSED, ca_file, user="a@example.com", token=token)
    assert report.target.secret is not None
    assert "token-expired" in report.target.secret.hygiene
    return report


def test_a_token_that_is_still_good_is_not_blamed(ca_file: str) -> None:
    """The look-alike."""
    token = jwt(exp=int(time.time()) + 3600)
    report = at("mail.example.com", implicit("AUTH XOAUTH2") + REFUSED, ca_file, user="a@example.com", token=token)
    assert report.target.secret is not None
    assert "token-expired" not in report.target.secret.hygiene


# --- silence --------------------------------------------------------------------------------------------------------


@gives("auth-stalled", LIKELY, Stage.AUTH)
def test_silence_after_the_password(play: Play) -> Report:
    """The server asked for it, and says nothing more."""
    text = implicit("AUTH LOGIN") + "C: AUTH LOGIN\nS: 334 VXNlcm5hbWU6\nC: *\nS: 334 UGFzc3dvcmQ6\nC: *\n! stall\n"
    return play(text, tls="implicit", user="a@example.com", password="any old one", timeout=0.6)


@pytest.mark.parametrize("end", ["! stall", "! close"])
@gives("delivery-unknown", CERTAIN, Stage.MESSAGE)
def test_the_end_after_the_final_dot(end: str, play: Play) -> Report:
    """The message may have been taken: its Message-ID is what to look for before it is sent again."""
    report = play(clear() + TRANSACTION + end + "\n", timeout=0.8, send=True, **LETTER)
    step = report.step(Stage.MESSAGE)
    assert step is not None
    assert report.cause is not None
    message_id = getattr(step.facts, "message_id", "")
    assert message_id
    assert message_id in " ".join((report.cause.title, report.cause.why, *report.cause.fix))
    return report


@gives("message-stalled", LIKELY, Stage.MESSAGE)
def test_silence_before_the_message(play: Play) -> Report:
    """After DATA nothing was handed over yet."""
    text = clear() + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: DATA\n! stall\n"
    return play(text, timeout=0.6, send=True, **LETTER)


@notes("banner-slow")
def test_a_late_greeting(play: Play) -> Report:
    """A pass, with a warning that names the time."""
    report = play("! sleep 0.7\n" + clear() + QUIT + "---\n! close\n", timeout=1.0)
    assert report.passed
    return report


@notes("measurement-disturbed")
def test_a_machine_that_was_busy(play: Play) -> Report:
    """Our own event loop stood still for half a second: the server is not to blame, and is not called slow."""

    def hold_up(happened: Progress) -> None:
        if happened.stage is Stage.BANNER and happened.kind == "began":
            asyncio.get_running_loop().call_later(0.05, time.sleep, 0.6)

    async def disturbed(target: str) -> Report:
        built, options = build(Request(target=target, address="127.0.0.1", timeout=1.0))
        return await run(built, options, progress=hold_up)

    with running(parse("! sleep 0.3\n" + clear() + QUIT), names=["mail.example.com"]) as server:
        report = asyncio.run(disturbed(f"mail.example.com:{server.port}"))
    assert report.passed
    assert "banner-slow" not in {one.id for one in report.also}
    return report


# --- our own decisions ----------------------------------------------------------------------------------------------


@gives("credentials-would-be-in-clear", CERTAIN, Stage.AUTH)
def test_a_password_that_is_not_sent_in_clear() -> Report:
    """The fix names the option that would allow it."""
    with running(parse(clear("AUTH PLAIN LOGIN") + QUIT)) as server:
        report = checked(f"127.0.0.1:{server.port}", tls="off", user="alice", password="any old one")
    assert not any("AUTH" in line for session in server.sessions for line in session.lines)
    assert report.cause is not None
    assert "--allow-cleartext-auth" in " ".join(report.cause.fix)
    return report


@gives("client-sasl-module-missing", LIKELY, Stage.AUTH)
def test_a_mechanism_whose_library_is_missing(play: Play, monkeypatch: pytest.MonkeyPatch) -> Report:
    """GSSAPI is offered, and this installation cannot do it."""
    monkeypatch.setitem(sys.modules, "gssapi", None)
    text = implicit("AUTH GSSAPI PLAIN")
    return play(text, tls="implicit", user="alice@EXAMPLE.COM", auth="gssapi")
