"""PLAIN, LOGIN, EXTERNAL and ANONYMOUS say what they were given, unchanged."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model.secret import Secret
from smtpcheck.smtp.sasl import ChallengeMalformed, Credentials, CredentialsUnusable, start

HARD = [" lead and trail ", "a\"b'c", "100%40", "pa$$word$HOME", "#hash;semi", "grün😀Ⅸ", "e\u0301\u00ad", "a\\nb\tc"]


def test_plain_as_in_rfc_4616() -> None:
    """The two examples of section 4."""
    assert start("PLAIN", Credentials(user="tim", secret=Secret("tanstaaftanstaaf"))).initial == (
        b"\0tim\0tanstaaftanstaaf"
    )
    kurt = Credentials(user="Kurt", secret=Secret("xipj3plmq"), authzid="Ursel")
    assert start("plain", kurt).initial == b"Ursel\0Kurt\0xipj3plmq"


@pytest.mark.parametrize("password", HARD)
def test_hard_passwords_arrive_unchanged(password: str) -> None:
    """Spaces, quotes, %, $, # and other scripts are neither cut, nor decoded, nor normalised."""
    credentials = Credentials(user="ü ser", secret=Secret(password))
    assert start("PLAIN", credentials).initial == b"\0" + "ü ser".encode() + b"\0" + password.encode()
    login = start("LOGIN", credentials)
    assert login.initial is None
    assert [login.respond(b"Username:"), login.respond(b"Password:")] == ["ü ser".encode(), password.encode()]


@given(st.binary(min_size=1).filter(lambda password: 0 not in password))
def test_every_password_file_arrives_byte_for_byte(password: bytes) -> None:
    """Also one that is not UTF-8."""
    credentials = Credentials(user="u", secret=Secret(password))
    assert start("PLAIN", credentials).initial == b"\0u\0" + password


@pytest.mark.parametrize(
    "credentials",
    [
        Credentials(user="a\0b", secret=Secret("swordfish")),
        Credentials(user="a", secret=Secret("sword\0fish")),
        Credentials(user="a", secret=Secret("swordfish"), authzid="\0"),
        Credentials(user="a", secret=Secret("swordfish\ud800")),
        Credentials(user="a"),
    ],
)
def test_plain_refuses_what_it_cannot_carry(credentials: Credentials) -> None:
    """A NUL would move the fields, and silently sending another password would burn the one attempt."""
    with pytest.raises(CredentialsUnusable):
        start("PLAIN", credentials)


def test_plain_answers_no_second_question() -> None:
    """A server that goes on asking after everything was said is malformed."""
    with pytest.raises(ChallengeMalformed, match="PLAIN has one response"):
        start("PLAIN", Credentials(user="u", secret=Secret("p"))).respond(b"more")


@pytest.mark.parametrize(("first", "second"), [(b"", b""), (b"Login please", b"\xff\x1b[2J"), (b"Password:", b"User:")])
def test_login_goes_by_place_not_by_words(first: bytes, second: bytes) -> None:
    """Nobody agreed on the prompts."""
    login = start("LOGIN", Credentials(user="u", secret=Secret("swordfish")))
    assert [login.respond(first), login.respond(second)] == [b"u", b"swordfish"]


def test_login_has_two_prompts() -> None:
    """A third would ask for something that we do not have."""
    login = start("LOGIN", Credentials(user="u", secret=Secret("swordfish")))
    login.respond(b"Username:")
    login.respond(b"Password:")
    with pytest.raises(ChallengeMalformed, match="third"):
        login.respond(b"Password:")


def test_external_names_whom_to_act_as() -> None:
    """With nobody named the response is there and empty."""
    assert start("EXTERNAL", Credentials()).initial == b""
    assert start("EXTERNAL", Credentials(user="alice")).initial == b"alice"
    assert start("EXTERNAL", Credentials(user="alice", authzid="")).initial == b""
    with pytest.raises(CredentialsUnusable):
        start("EXTERNAL", Credentials(user="a\0b"))


def test_anonymous_leaves_a_trace_if_asked() -> None:
    """At most 255 characters of it (RFC 4505)."""
    assert start("ANONYMOUS", Credentials()).initial == b""
    assert start("ANONYMOUS", Credentials(user="sirhc")).initial == b"sirhc"
    with pytest.raises(CredentialsUnusable):
        start("ANONYMOUS", Credentials(user="x" * 256))


@pytest.mark.parametrize("name", ["PLAIN", "LOGIN", "EXTERNAL", "ANONYMOUS"])
def test_the_server_has_no_way_to_prove_itself(name: str) -> None:
    """So the report says neither yes nor no."""
    assert start(name, Credentials(user="u", secret=Secret("p"))).finished().proven is None
