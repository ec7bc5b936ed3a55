"""DIGEST-MD5: RFC 2831's own numbers, a server that must prove itself, and challenges that nobody should answer."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model.secret import Secret
from smtpcheck.smtp.sasl import ChallengeMalformed, Credentials, CredentialsUnusable, ServerNotProven, start
from smtpcheck.smtp.sasl.digest import DigestMd5, directives

CHRIS = Credentials(user="chris", secret=Secret("secret"), host="elwood.innosoft.com")
IMAP = b'realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",qop="auth",algorithm=md5-sess,charset=utf-8'  # section 4
NEAR = b'nonce="n",algorithm=md5-sess'


def chris() -> DigestMd5:
    return DigestMd5(CHRIS, lambda: "OA6MHXh6VqTrRk", "imap")


def test_digest_md5_as_in_rfc_2831() -> None:
    """The IMAP example of section 4, byte for byte, and its rspauth."""
    digest = chris()
    assert digest.initial is None
    assert digest.respond(IMAP) == (
        b'charset=utf-8,username="chris",realm="elwood.innosoft.com",nonce="OA6MG9tEQGm2hh",nc=00000001,'
        b'cnonce="OA6MHXh6VqTrRk",digest-uri="imap/elwood.innosoft.com",response=d388dad90d4bbd760a152321f2143af7,qop=auth'
    )
    assert digest.respond(b"rspauth=ea40f60335c427b5527b84dbabcdfffd") == b""
    assert digest.finished().proven is True


def test_the_second_example_of_rfc_2831() -> None:
    """The same user at an ACAP server."""
    digest = DigestMd5(CHRIS, lambda: "OA9BSuZWMSpW8m", "acap")
    challenge = b'realm="elwood.innosoft.com",nonce="OA9BSXrbuRhWay",qop="auth",algorithm=md5-sess,charset=utf-8'
    assert b"response=6084c6db3fede7352c551284490fd0fc" in digest.respond(challenge)
    digest.respond(b"rspauth=2f0b3d7c3c2e486600ef710726aa2eae")
    assert digest.finished().proven is True


def test_a_wrong_rspauth_is_another_server() -> None:
    """It is not enough that it looks like one."""
    digest = chris()
    digest.respond(IMAP)
    with pytest.raises(ServerNotProven):
        digest.respond(b"rspauth=ea40f60335c427b5527b84dbabcdfffe")
    assert digest.finished().proven is False


def test_a_yes_without_rspauth_proves_nothing() -> None:
    """A 235 straight after the response is what an impostor would say."""
    digest = chris()
    digest.respond(IMAP)
    assert digest.finished().proven is False


def test_smtp_is_the_service_of_the_address() -> None:
    """`digest-uri` is part of what is hashed."""
    assert b'digest-uri="smtp/elwood.innosoft.com"' in start("DIGEST-MD5", CHRIS).respond(IMAP)


@pytest.mark.parametrize(
    ("user", "realms", "chosen"),
    [
        ("chris", b"", None),
        ("chris", b'realm="",', b'realm=""'),
        ("chris", b'realm="a",realm="b",', b'realm="a"'),
        ("chris@B", b'realm="a",realm="b",', b'realm="b"'),
        ("chris@c", b'realm="a",realm="b",', b'realm="a"'),
        ("chris", rb'realm="a\"b\\c",', rb'realm="a\"b\\c"'),
    ],
)
def test_the_realm_is_one_of_the_offered(user: str, realms: bytes, chosen: bytes | None) -> None:
    """The one that the user name ends in, else the first; none where none is offered."""
    answer = start("DIGEST-MD5", Credentials(user=user, secret=Secret("secret"))).respond(realms + NEAR)
    assert (chosen in answer) if chosen else (b"realm=" not in answer)


def test_quotes_in_names_cannot_end_a_value() -> None:
    """A user name with a quote stays one value."""
    answer = start("DIGEST-MD5", Credentials(user='a"b\\', secret=Secret("secret"))).respond(NEAR)
    assert rb'username="a\"b\\"' in answer


def test_utf_8_is_hashed_as_it_travels() -> None:
    """Not ISO 8859-1, as RFC 2831 section 2.1.2.1 has it: Dovecot takes UTF-8 alone, Cyrus SASL takes both."""
    umlaut = Credentials(user="jürgen", secret=Secret("grün"), host="h")
    answer = DigestMd5(umlaut, lambda: "c").respond(NEAR + b",charset=utf-8")

    def md5(data: bytes) -> bytes:
        return hashlib.md5(data).digest()

    a1 = md5("jürgen::grün".encode()) + b":n:c"
    a2 = md5(b"AUTHENTICATE:smtp/h").hex().encode()
    expected = md5(b":".join([md5(a1).hex().encode(), b"n:00000001:c:auth", a2])).hex()
    assert f"response={expected}".encode() in answer
    assert 'username="jürgen"'.encode() in answer


def test_without_utf_8_the_password_must_fit_latin_1() -> None:
    """The server could not have meant it."""
    credentials = Credentials(user="u", secret=Secret("swordfish€"))
    with pytest.raises(CredentialsUnusable, match="ISO 8859-1") as caught:
        start("DIGEST-MD5", credentials).respond(NEAR)
    assert caught.value.__context__ is None
    assert "swordfish" not in str(caught.value)


@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        (b"", "no nonce"),
        (b'nonce="n"', "md5-sess"),
        (b'nonce="n",algorithm=sha-256', "md5-sess"),
        (b'nonce="",algorithm=md5-sess', "no nonce"),
        (b'nonce="a",nonce="b",algorithm=md5-sess', "more than once"),
        (NEAR + b',qop="auth-int,auth-conf"', "qop"),
        (NEAR + b",charset=latin-1", "charset"),
        (b'nonce="open', "directives"),
        (b"nonce", "directives"),
        (b"\xff\x00", "directives"),
        (NEAR + b',x="' + b"a" * 2048 + b'"', "2048"),
    ],
)
def test_hostile_first_challenges(challenge: bytes, reason: str) -> None:
    """Each is refused with what is wrong in it, before anything is computed from the password."""
    with pytest.raises(ChallengeMalformed, match=reason):
        chris().respond(challenge)


def test_the_exchange_ends() -> None:
    """A second challenge must be the proof, and a third has no meaning."""
    digest = chris()
    digest.respond(IMAP)
    with pytest.raises(ChallengeMalformed, match="rspauth"):
        digest.respond(IMAP)
    digest.respond(b"rspauth=ea40f60335c427b5527b84dbabcdfffd")
    with pytest.raises(ChallengeMalformed, match="over"):
        digest.respond(b"")


@given(st.binary(max_size=300) | st.text('=",\\ \tab', max_size=300).map(str.encode))
def test_any_challenge_is_a_list_or_malformed(challenge: bytes) -> None:
    """Nothing else ever comes out of the parser."""
    with suppress(ChallengeMalformed):
        assert all(name == name.lower() for name, _ in directives(challenge))


def test_empty_elements_and_blanks_are_allowed() -> None:
    """RFC 2831 section 7.1: lists may have holes."""
    assert directives(b' ,, a = 1 ,\r\n\tB="x\\"y" , ') == [("a", b"1"), ("b", b'x"y')]
