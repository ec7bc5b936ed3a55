"""A secret is taken out of whatever a server sends, in every form in which it may come back."""

import html
import json
import quopri
import re
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from random import Random
from string import ascii_letters, digits
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpcheck.model import Secret
from smtpcheck.probe.redact import FRAGMENT, Redactor

_SECRETS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=6, max_size=60)
_FORMS: dict[str, Callable[[str], bytes]] = {
    "plain": str.encode,
    "upper case": lambda text: text.encode().upper() if text.isascii() else text.encode(),
    "base64": lambda text: b64encode(text.encode()),
    "base64 without padding": lambda text: b64encode(text.encode()).rstrip(b"="),
    "base64 of LOGIN's bytes and more": lambda text: b64encode(b"ab" + text.encode() + b"\r\n"),
    "base64 for URLs": lambda text: urlsafe_b64encode(text.encode()),
    "base64 of UTF-16": lambda text: b64encode(text.encode("utf-16-le")),
    "hex": lambda text: text.encode().hex().encode(),
    "HEX": lambda text: text.encode().hex().upper().encode(),
    "URL": lambda text: quote(text).encode(),
    "URL, all of it": lambda text: "".join(f"%{byte:02x}" for byte in text.encode()).encode(),
    "form": lambda text: quote_plus(text).encode(),
    "JSON": lambda text: json.dumps(text)[1:-1].encode(),
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False)[1:-1].encode(),
    "HTML": lambda text: html.escape(text).encode(),
    "Python": lambda text: repr(text)[1:-1].encode(),
    "Python bytes": lambda text: repr(text.encode())[2:-1].encode(),
    "quoted-printable": lambda text: "".join(f"={byte:02X}" for byte in text.encode()).encode(),
    "quoted-printable, as usual": lambda text: quopri.encodestring(text.encode(), quotetabs=True),
}


def clean(secret: str, raw: bytes) -> bytes:
    """What a redactor of this secret leaves."""
    return Redactor(Secret(secret)).clean(raw)


@pytest.mark.parametrize("form", _FORMS)
@given(secret=_SECRETS)
def test_every_form_is_removed(form: str, secret: str) -> None:
    """And what stands around it stays."""
    coded = _FORMS[form](secret)
    left = clean(secret, b"535 <" + coded + b"> no")
    assert coded not in left
    assert b"***" in left
    assert left.startswith(b"535 ")
    assert left.endswith(b" no")


@given(_SECRETS, st.binary(max_size=6), st.binary(max_size=6))
def test_base64_at_every_alignment(secret: str, before: bytes, after: bytes) -> None:
    """Of a secret inside of something else, at least what would give more than its first and last character away."""
    coded = b64encode(before + secret.encode() + after)
    left = clean(secret, b"501 cannot decode " + coded)
    whole = secret.encode()
    begin, end = len(before) * 4 // 3 + 2, (len(before) + len(whole)) * 4 // 3 - 2
    assert all(coded[at : at + 4] not in left.split(b" ")[-1] for at in range(begin, end - 4))


@given(_SECRETS)
def test_what_does_not_hold_the_secret_stays_as_it_is(secret: str) -> None:
    """Byte for byte."""
    raw = b"\x00\x01\xff\r\n"
    assert clean(secret, raw) == raw


def test_latin_1_and_utf_16() -> None:
    """Servers of another time echo what they stored."""
    assert clean("pässwörd", "nein pässwörd".encode("latin-1")) == b"nein ***"
    assert clean("pässwörd", b"x" + "pässwörd".encode("utf-16-le")) == b"x***"
    # The text of a reply is decoded first: bytes that are no UTF-8 stand escaped in it.
    text = "nein pässwörd".encode("latin-1").decode("utf-8", "backslashreplace")
    assert Redactor(Secret("pässwörd")).clean_text(text) == "nein ***"
    text = "pässwörd".encode("utf-16-be").decode("utf-8", "backslashreplace")
    assert Redactor(Secret("pässwörd")).clean_text(text) == "***"


def test_a_secret_that_is_no_utf8() -> None:
    """It is sent as it came (PEP 383), and comes back so."""
    redactor = Redactor(Secret(b"p\xe4ssw\xf6rd"))
    assert redactor.clean(b"no p\xe4ssw\xf6rd") == b"no ***"
    assert redactor.clean(b64encode(b"\0u\0p\xe4ssw\xf6rd")).startswith(b"AHUA***")
    assert redactor.clean_text("no p\udce4ssw\udcf6rd") in ("no ***", "no p\udce4ssw\udcf6rd")


@pytest.mark.parametrize("secret", ["a", "ab", "1234", "pässä", "C:/x"])
def test_a_short_secret_goes_where_it_stands_alone(secret: str) -> None:
    """And not out of the middle of words: "a" must not take every letter a."""
    assert clean(secret, f"bad password {secret}.".encode()) == b"bad password ***."
    assert clean(secret, f"bad password '{secret}'".encode()) == b"bad password '***'"
    inside = f"x{secret}x".encode()
    assert clean(secret, inside) == inside
    alone = b64encode(secret.encode())
    assert clean(secret, b"334 " + alone) == b"334 ***"


def test_what_was_sent_goes_too() -> None:
    """The whole line, of which a short secret is only a part."""
    redactor = Redactor(Secret("abc"))
    line = b64encode(b"\0alice\0abc")
    assert redactor.clean(b"501 what is " + line) == b"501 what is " + line
    redactor.add(line)
    assert redactor.clean(b"501 what is " + line) == b"501 what is ***"


def test_no_secret_and_an_empty_one_remove_nothing() -> None:
    """Text passes untouched."""
    for redactor in (Redactor(), Redactor(None), Redactor(Secret(""))):
        assert redactor.clean(b"250 ok") == b"250 ok"
        assert redactor.clean_text("250 ok \udce4") == "250 ok \udce4"


@settings(max_examples=50, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(200, 2000), st.data())
def test_a_piece_of_a_long_token_goes_too(random: Random, length: int, data: st.DataObject) -> None:
    """Servers cut what they echo, at both ends: each piece of FRAGMENT characters is found, plain and in base64."""
    token = "".join(random.choices(ascii_letters + digits + "-_.", k=length))
    coded = data.draw(st.sampled_from([token.encode(), b64encode(b"user=a\1auth=Bearer " + token.encode() + b"\1\1")]))
    redactor = Redactor(Secret(token))
    redactor.add(b64encode(b"user=a\1auth=Bearer " + token.encode() + b"\1\1"))
    size = data.draw(st.integers(FRAGMENT, 200))
    start = data.draw(st.integers(0, len(coded) - size))
    left = redactor.clean(b"500 [" + coded[start : start + size] + b"]")
    assert re.fullmatch(rb"500 \[(\*{3})+\]", left)


def test_no_end_of_a_piece_stays() -> None:
    """Forms of one secret overlap in a line: what one of them leaves at the end of a piece, another one covers."""
    for seed in range(40):
        random = Random(seed)
        token = "".join(random.choices(ascii_letters + digits + "-_.", k=200 + seed))
        sent = b64encode(b"user=a\1auth=Bearer " + token.encode() + b"\1\1")
        redactor = Redactor(Secret(token))
        redactor.add(sent)
        for coded in (token.encode(), sent):
            for _ in range(10):
                size = random.randint(FRAGMENT, 100)
                start = random.randint(0, len(coded) - size)
                left = redactor.clean(b"500 [" + coded[start : start + size] + b"]")
                assert re.fullmatch(rb"500 \[(\*{3})+\]", left), (seed, start, size)


def test_an_echo_over_two_lines() -> None:
    """What a server breaks, it breaks into pieces that are still long."""
    token = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg"
    left = clean(token, f"535-5.7.8 bad {token[:40]}\r\n535 5.7.8 {token[40:]}\r\n".encode())
    assert left == b"535-5.7.8 bad ***\r\n535 5.7.8 ***\r\n"


def test_a_megabyte_is_cleaned_in_reasonable_time() -> None:
    """The largest reply that is read, with the largest token: linear, so that no server can make us late by it."""
    redactor = Redactor(Secret("x1y2z3" * 600))

    def seconds(size: int) -> float:
        raw = (b"250-" + b"the quick brown fox " * 4 + b"\r\n") * (size // 86)
        began = time.process_time()
        redactor.clean(raw)
        return time.process_time() - began

    seconds(1000)
    small, large = seconds(128 * 1024), seconds(1024 * 1024)
    assert large < 16 * small + 0.1
