"""A secret stays one, and its shape says what went wrong on its way."""

import copy
import dataclasses
import json
import pickle
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model.secret import Secret, SecretKind, describe_secret

AWS_44 = "BHo0rYd9cAhp3tPzT0a1U6mFz2YxkqWc8nEv5sLgJbRd"  # base64 of 33 bytes that begin with 0x04


@dataclasses.dataclass(frozen=True)
class Holder:
    secret: Secret


@given(st.text(min_size=1).map(lambda text: f"zQ7§{text}"))
def test_no_way_of_showing_a_secret_shows_it(text: str) -> None:
    """Printing, formatting, asdict, and the facts all stay silent about the value."""
    secret = Secret(text)
    holder = Holder(secret)
    facts = describe_secret(secret, "prompt")
    shown = [
        repr(secret),
        str(secret),
        f"{secret}",
        f"{secret!r:>99}",
        format(secret, ">9"),
        repr(holder),
        repr(dataclasses.asdict(holder)),
        repr(facts),
    ]
    assert [one for one in shown if text in one] == []
    assert repr(secret) == "***"


def test_a_secret_cannot_be_written_away() -> None:
    """Neither pickle nor JSON gets it, and a copy is the same guarded object."""
    secret = Secret("swordfish")
    with pytest.raises(TypeError, match="pickled"):
        pickle.dumps(secret)
    with pytest.raises(TypeError):
        json.dumps(dataclasses.asdict(Holder(secret)))
    assert copy.deepcopy(secret) is secret
    assert copy.copy(secret) is secret
    assert not hasattr(secret, "__dict__")


def test_secrets_are_equal_by_value_and_kind() -> None:
    """Two readings of one source compare equal; a token is never a password."""
    assert Secret("pÄ$$") == Secret("pÄ$$".encode())
    assert Secret("one") != Secret("two")
    assert Secret("one") != Secret("one", SecretKind.TOKEN)
    assert Secret("one") != "one"
    assert hash(Secret("one")) == hash(Secret("two"))
    assert Secret("\ud800") == Secret("\ud800")


def test_bytes_that_are_not_utf_8_are_kept() -> None:
    """A Latin-1 password file reaches the server byte for byte."""
    assert Secret(b"caf\xe9").reveal().encode("utf-8", "surrogateescape") == b"caf\xe9"


@pytest.mark.parametrize(
    ("text", "hygiene"),
    [
        ("correct horse battery", ()),
        ("", ("empty",)),
        ("abc", ("short",)),
        (" padded in front", ("leading-space",)),
        ("padded behind ", ("trailing-space",)),
        ("line at the end\n", ("trailing-space", "control-character")),
        ('"in quotes"', ("quoted",)),
        ("'in quotes'", ("quoted",)),
        ('"', ("short",)),
        ("p%40ssword", ("url-encoded",)),
        ("100% sure", ()),
        ("${SMTP_PASSWORD}", ("unexpanded-variable",)),
        ("$SMTP_PASSWORD", ("unexpanded-variable",)),
        ("pa$$word", ()),
        ("Bearer abc.def", ("bearer-prefix",)),
        ("\ufeffpassword", ("byte-order-mark",)),
        ("pässword", ("non-ascii",)),
        ("cGFzc3dvcmQxMjM=", ("looks-base64",)),
        ("sunflowerfields1", ()),
    ],
)
def test_hygiene_names_what_a_parser_may_have_done(text: str, hygiene: tuple[str, ...]) -> None:
    """Each finding stands for one way in which a configuration changes a password."""
    assert hygiene == describe_secret(Secret(text), "file").hygiene


def test_latin_1_bytes_are_named() -> None:
    """Bytes that are not UTF-8 are another password for most servers."""
    assert describe_secret(Secret(b"caf\xe9-au-lait"), "file").hygiene == ("non-ascii", "not-utf-8")


def test_what_the_reader_saw_comes_first_and_once() -> None:
    """A newline that was stripped cannot be seen in what is left."""
    facts = describe_secret(Secret("password "), "file", ["trailing-newline-stripped", "trailing-space"])
    assert facts.hygiene == ("trailing-newline-stripped", "trailing-space")
    assert (facts.kind, facts.source, facts.length) == (SecretKind.PASSWORD, "file", 9)


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("abcdefghijklmnop", "sixteen-letters"),
        ("abcd efgh ijkl mnop", "sixteen-letters"),
        ("abcd-efgh-ijkl-mnop", "sixteen-letters"),
        ("re_123abc_DEF", "resend-key"),
        ("SG.abc-def.ghi_jkl", "sendgrid-key"),
        ('"SG.abc-def.ghi_jkl"', "sendgrid-key"),
        ("xsmtpsib-0a1b-2c", "brevo-smtp-key"),
        ("xkeysib-0a1b-2c", "brevo-api-key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln", "jwt"),
        ("ya29.a0Af_xyz", "google-access-token"),
        ("123e4567-e89b-12d3-a456-426614174000", "uuid"),
        ("AKIAIOSFODNN7EXAMPLE", "aws-key-id"),
        ("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "base64-40"),
        (AWS_44, "aws-44"),
        ("q" * 43 + "=", "base64-44"),
        ("0123456789abcdef0123456789abcdef", "hex-32"),
        ("correct horse", None),
    ],
)
def test_shape_is_the_kind_of_key(text: str, shape: str | None) -> None:
    """A key of the wrong product can be told without knowing its value."""
    assert shape == describe_secret(Secret(text), "env SMTPCHECK_PASSWORD").shape


def b64url(text: str) -> str:
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(("claims", "expired"), [({"exp": 1}, True), ({"exp": 4_000_000_000}, False), ({}, False)])
def test_a_token_that_has_ended_is_named(claims: dict[str, int], expired: bool) -> None:
    """Its own end is read, and nothing else of it."""
    payload = b64url(json.dumps({**claims, "upn": "alice@example.com"}))
    facts = describe_secret(Secret(f"{b64url(json.dumps({'alg': 'RS256'}))}.{payload}.c2lnbmF0dXJl"), "file")
    assert ("token-expired" in facts.hygiene) is expired
    assert "alice" not in repr(facts)


@pytest.mark.parametrize("payload", ["", "e30", "W10", "bm90IGpzb24", "A" * 50_000, "W1tb" * 5000])
def test_a_hostile_token_is_no_error(payload: str) -> None:
    """Whatever stands in its middle."""
    assert "token-expired" not in describe_secret(Secret(f"eyJhbGciOiJub25lIn0.{payload}.x"), "file").hygiene
