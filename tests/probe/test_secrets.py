"""No secret leaves: any secret, echoed in any form, at any place where a server can echo one, through every renderer.

What is searched for is made here, from the secret alone, and not by the code that removes it. Base64 is looked for the
other way round: every run of its alphabet in the output is decoded, at each alignment.
"""

import html
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterator
from functools import cache
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from smtpcheck.api import Wanted, check
from smtpcheck.dialogue import parse
from smtpcheck.model import Report
from smtpcheck.report import FORMATS, render
from smtpcheck.serve import running

from .lines import QUIT, clear

USER = "alice@example.com"
MARK = "MARKED"  # stands beside each echo, so that an echo which was never read can be told


# ---- what a server can make of a secret


def login_line(secret: str) -> bytes:
    """What LOGIN sends."""
    return b64encode(secret.encode())


def plain_line(secret: str) -> bytes:
    """What PLAIN sends."""
    return b64encode(f"\0{USER}\0{secret}".encode())


def bearer_line(secret: str) -> bytes:
    """What XOAUTH2 sends."""
    return b64encode(f"user={USER}\1auth=Bearer {secret}\1\1".encode())


ECHOES: dict[str, Callable[[str], bytes]] = {
    "clear": str.encode,
    "latin-1": lambda secret: secret.encode("latin-1", "replace"),
    "login": login_line,
    "plain": plain_line,
    "bearer": bearer_line,
    "command": lambda secret: b"AUTH PLAIN " + plain_line(secret),
    "base64 of another thing with it": lambda secret: b64encode(b"xy" + secret.encode() + b"\n"),
    "base64 for URLs": lambda secret: urlsafe_b64encode(secret.encode()).rstrip(b"="),
    "hex": lambda secret: secret.encode().hex().encode(),
    "HEX": lambda secret: secret.encode().hex().upper().encode(),
    "URL": lambda secret: quote(secret, safe="").encode(),
    "form": lambda secret: quote_plus(secret).encode(),
    "JSON": lambda secret: json.dumps(secret).encode(),
    "HTML": lambda secret: html.escape(secret).encode(),
    "repr": lambda secret: repr(secret).encode(),
    "backslashes": lambda secret: secret.encode("unicode_escape"),
    "user and secret": lambda secret: f"{USER}:{secret}".encode(),
}


# ---- where it can put it


def raw(data: bytes) -> str:
    """These bytes, said by the server."""
    return f"! raw {data.hex()}\n"


def line(code: int, echo: bytes) -> str:
    """A reply with the echo in it."""
    return raw(b"%d 5.7.8 %s <" % (code, MARK.encode()) + echo + b"> bad\r\n")


LOGIN = "C: AUTH *\nS: 235 ok\n"
ENVELOPE = "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\n"
PLACES: dict[str, Callable[[bytes], str]] = {
    "the refusal": lambda echo: clear("AUTH PLAIN LOGIN XOAUTH2") + "C: AUTH *\n" + line(535, echo) + QUIT,
    "a refusal of two lines": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2") + "C: AUTH *\nS: 535-no\n" + line(535, echo) + QUIT
    ),
    "the welcome": lambda echo: clear("AUTH PLAIN LOGIN XOAUTH2") + "C: AUTH *\n" + line(235, echo) + QUIT,
    "a challenge": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2")
        + "C: AUTH *\n"
        + raw(b"334 " + b64encode(MARK.encode() + b" " + echo) + b"\r\n")
        + "C: *\nS: 535 MARKED\nC? *\n"
    ),
    "an error of OAuth": lambda echo: (
        clear("AUTH XOAUTH2")
        + "C: AUTH *\n"
        + raw(b"334 " + b64encode(json.dumps({"status": MARK, "token": echo.decode("latin-1")}).encode()) + b"\r\n")
        + "C: *\nS: 535 no\n"
        + QUIT
    ),
    "a challenge that is none": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2")
        + "C: AUTH *\n"
        + raw(b"334 " + MARK.encode() + b" <" + echo + b">\r\n")
        + "C: *\n"
        + line(501, echo)
        + "C? *\n"
    ),
    "what is no reply": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2") + "C: AUTH *\n" + raw(MARK.encode() + b" <" + echo + b">\r\n") + "C? *\n"
    ),
    "a line that never ends": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2") + "C: AUTH *\n" + raw(b"535 MARKED <" + echo + b"> and") + "! stall\n"
    ),
    "its last words": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2") + "C: AUTH *\n" + raw(b"535-MARKED <" + echo + b">") + "! close\n"
    ),
    "the greeting": lambda echo: raw(b"220 " + echo + b" MARKED\r\n") + "C: EHLO *\nS: 250 mail\n" + QUIT,
    "after the greeting": lambda echo: (
        raw(b"220 hi\r\n250 MARKED " + echo + b"\r\n") + "C: EHLO *\nS: 250 mail\n" + QUIT
    ),
    "another protocol": lambda echo: raw(b"* OK MARKED " + echo + b"\r\n") + "C? *\n",
    "the refused sender": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2") + LOGIN + "C: MAIL *\n" + line(550, echo) + "C? RSET\nS: 250 ok\n" + QUIT
    ),
    "the refused recipient": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2", "PIPELINING")
        + LOGIN
        + "C: MAIL *\nS: 250 ok\nC: RCPT *\n"
        + line(550, echo)
        + "C? RSET\nS: 250 ok\n"
        + QUIT
    ),
    "the queue id": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2")
        + LOGIN
        + ENVELOPE
        + "C: DATA\nS: 354 go\nC: **\nC: .\n"
        + raw(b"250 2.0.0 MARKED Ok: queued as " + echo + b"\r\n")
        + QUIT
    ),
    "the goodbye": lambda echo: (
        clear("AUTH PLAIN LOGIN XOAUTH2", "PIPELINING")
        + LOGIN
        + "C: MAIL *\nS: 250 ok\nC: RCPT *\nS: 250 ok\nC: RSET\n"
        + line(250, echo)
        + "C: QUIT\n"
        + line(221, echo)
    ),
}


# ---- where it would be seen


def checked(text: str, **wanted: object) -> Report:
    """A check of a server that plays this, with nothing to protect the line: the login is what matters here."""
    told: Wanted = {"tls": "off", "timeout": 5.0, "allow_cleartext_auth": True}
    told.update(wanted)  # type: ignore[typeddict-item]  # the names of Wanted
    with running(parse(text)) as server:
        return check(f"127.0.0.1:{server.port}", **told)


def outputs(report: Report) -> Iterator[str]:
    """Every way in which a report gets out."""
    yield repr(report)
    yield repr(report.options)
    yield from (render(report, format) for format in FORMATS)
    yield from (render(report, verbose=True, width=width, ascii=ascii) for width, ascii in ((60, False), (2000, True)))


_CODED = re.compile(r"[A-Za-z0-9+/_-]{8,}")


def decoded(output: str) -> Iterator[bytes]:
    """What every run of base64 characters in the output stands for, from each place where it might begin."""
    for found in _CODED.findall(output):
        text = found.replace("-", "+").replace("_", "/")
        for shift in range(4):
            part = text[shift:]
            yield b64decode(part + "A" * (-len(part) % 4))


def traces(secret: str) -> set[str]:
    """What must not be found: the secret as it is, and as renderers and servers would write it."""
    raw = secret.encode()
    texts = {
        secret,
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
        html.escape(secret),
        repr(secret)[1:-1],
        repr(raw)[2:-1],
        raw.hex(),
        "".join(f"={byte:02X}" for byte in raw),
        secret.encode("latin-1", "replace").decode("utf-8", "backslashreplace"),
        raw.decode("latin-1"),
    }
    texts |= {make(secret).decode() for make in (login_line, plain_line, bearer_line)}
    return {text.lower() for text in texts | {json.dumps(text)[1:-1] for text in texts}}


def leaks(secret: str, report: Report) -> list[str]:
    """Where the secret can be read out of a report; nothing, if all is well."""
    found = []
    wanted, raw = traces(secret), secret.encode()
    for output in outputs(report):
        text = output.lower()
        found += [
            f"{trace!r} in {output[max(0, text.find(trace) - 60) :][:160]!r}" for trace in wanted if trace in text
        ]
        if any(raw in data or secret.encode("utf-16-le") in data for data in decoded(output)):
            found.append(f"base64 of it in {output[:200]!r}")
    return found


_ALPHABET = st.sampled_from(" \"'%$#&<>\\/=+;:@,.!?{}[]()*^~`|-_aZ09äß€漢😀")
_SECRETS = st.one_of(
    st.text(_ALPHABET, min_size=6, max_size=40),
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=6, max_size=60),
    st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12, max_size=24),
    st.text("ABCDEFabcdef0123456789-_.", min_size=100, max_size=1500),
)


def usual(secret: str) -> bool:
    """Whether the secret has something of its own: a run of zeros or a word of ours stands in every report."""
    return len(set(secret)) > 4 and secret.lower() not in _without_echo()


@cache
def _without_echo() -> str:
    """What reports say when nobody echoes anything."""
    reports = (checked(place(b"nothing"), **_wanted("Qv7#kZ!x", "token"), timeout=0.2) for place in PLACES.values())
    return "".join(output.lower() for report in reports for output in outputs(report))


def _wanted(secret: str, kind: str) -> dict[str, object]:
    wanted: dict[str, object] = {"user": USER, "sender": "a@example.com", "recipients": ["b@example.net"]}
    return {**wanted, kind: secret}


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@pytest.mark.parametrize("place", PLACES)
@given(secret=_SECRETS, echo=st.sampled_from(sorted(ECHOES)), mechanism=st.sampled_from(["plain", "login", "xoauth2"]))
def test_no_echo_of_a_secret_gets_out(place: str, secret: str, echo: str, mechanism: str) -> None:
    """The property: every place, every form, every renderer."""
    assume(usual(secret))
    if place == "an error of OAuth":
        mechanism = "xoauth2"
    wanted = _wanted(secret, "token" if mechanism == "xoauth2" else "password")
    if place == "a line that never ends":
        wanted["timeout"] = 0.2
    report = checked(PLACES[place](ECHOES[echo](secret)), auth=mechanism, send=place == "the queue id", **wanted)
    assert leaks(secret, report) == []
    if place not in ("a challenge", "an error of OAuth"):
        assert MARK in repr(report), "the echo was never read"


def test_the_search_finds_what_it_looks_for() -> None:
    """An echo of something that is no secret is found in each form: the test above can fail."""
    secret, other = 'pä ss"w%rd#1', "correct horse battery"
    for name, echo in ECHOES.items():
        report = checked(PLACES["the refusal"](echo(secret)), user="bob", password=other)
        assert leaks(secret, report), name
        assert leaks(other, report) == []


def test_a_mechanism_that_is_called_like_the_secret() -> None:
    """Masked where it is shown; what is decided is decided on the server's own words."""
    for secret in ("s3cret-token-0815", "plain", "starttls"):
        text = clear(f"AUTH {secret} PLAIN", "SIZE") + "C: AUTH PLAIN *\nS: 235 MARKED\n" + QUIT
        report = checked(text, user=USER, password=secret)
        assert report.exit_code == 0
        if secret.startswith("s3cret"):
            assert leaks(secret, report) == []


# ---- the secret stands where the user put it


@pytest.mark.parametrize("secret", ["8f7d2c31-token-of-postmark", "Pa$$ w%rd"])
def test_a_user_that_is_the_secret(secret: str) -> None:
    """Postmark takes its token as both: it is masked in the target, too."""
    text = clear("AUTH PLAIN") + "C: AUTH *\n" + line(535, secret.encode()) + QUIT
    report = checked(text, user=secret, password=secret)
    assert report.target.user == "***"
    assert leaks(secret, report) == []


def test_a_secret_in_the_envelope() -> None:
    """A sender, a recipient or a subject with the token in it: masked in every step, and sent as it is."""
    secret = "s3cret-token-0815"
    text = clear("AUTH PLAIN", "PIPELINING") + LOGIN
    text += f"C: MAIL FROM:<{secret}@example.com>*\nS: 250 ok\nC: RCPT TO:<{secret}@example.net>\nS: 550 no {secret}\n"
    text += "C: RSET\nS: 250 ok\n" + QUIT
    report = checked(
        text, user=USER, password=secret, sender=f"{secret}@example.com", recipients=[f"{secret}@example.net"]
    )
    assert report.exit_code == 18
    assert leaks(secret, report) == []
    text = (
        clear("AUTH PLAIN") + LOGIN + ENVELOPE + f"C: DATA\nS: 354 go\nC: **\nC: .\nS: 250 queued as {secret}\n" + QUIT
    )
    report = checked(
        text,
        user=USER,
        password=secret,
        sender=f"{secret}@{secret}.example.com",
        recipients=["b@example.net"],
        send=True,
        subject=f"for {secret}",
        header_from=f"{secret}@example.com",
        helo=f"{secret}.example.com",
    )
    assert report.exit_code == 0
    assert leaks(secret, report) == []


# ---- short ones


@pytest.mark.parametrize("secret", ["a", "ab1", "p#%1", "päß"])
@pytest.mark.parametrize("place", ["the refusal", "what is no reply", "the refused recipient", "its last words"])
def test_a_short_secret_goes_where_it_stands_alone(secret: str, place: str) -> None:
    """As a token of its own, in clear and in base64; inside of words it cannot be told from them."""
    for echo in (secret.encode(), login_line(secret), plain_line(secret)):
        report = checked(PLACES[place](echo), **_wanted(secret, "password"))
        for output in outputs(report):
            assert f"<{secret}>" not in output
            assert f"<{login_line(secret).decode()}>" not in output
            assert plain_line(secret).decode() not in output


# ---- what is never a reply


def test_a_secret_that_cannot_be_sent_is_not_told_either() -> None:
    """The sentence that says why names the field."""
    for auth, password in (("plain", "s3cr\0et-value"), ("login", "s3cret-\ud800-value"), ("plain", "s3cret-\ud800")):
        report = checked(clear("AUTH PLAIN LOGIN") + QUIT, user=USER, password=password, auth=auth)
        assert report.exit_code == 16
        assert "s3c" not in "".join(outputs(report))


def test_a_fault_of_our_own_tells_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """The traceback passes the same redactor."""
    secret = "correct-horse-battery"

    def fail(name: str, credentials: object) -> object:
        raise RuntimeError(f"cannot handle {secret} nor {b64encode(secret.encode())!r} of {credentials!r}")

    monkeypatch.setattr("smtpcheck.smtp.sasl.start", fail)
    report = checked(clear("AUTH PLAIN") + QUIT, user=USER, password=secret)
    assert report.exit_code == 3
    assert "RuntimeError" in "".join(outputs(report))
    assert leaks(secret, report) == []
