"""CRAM-MD5, and a machine on which MD5 is forbidden."""

import hashlib

import pytest

from smtpcheck.model.secret import Secret
from smtpcheck.smtp.sasl import ChallengeMalformed, Credentials, MechanismUnavailable, start

TIM = Credentials(user="tim", secret=Secret("tanstaaftanstaaf"))


def test_cram_md5_as_in_rfc_2195() -> None:
    """The example of section 2; the server has no way to prove itself."""
    cram = start("CRAM-MD5", TIM)
    assert cram.initial is None
    challenge = b"<1896.697170952@postoffice.reston.mci.net>"
    assert cram.respond(challenge) == b"tim b913a602c7eda7a495b4e6e7334d3890"
    assert cram.finished().proven is None


def test_a_long_password_is_hashed_first() -> None:
    """RFC 2104: a key longer than the block of 64 bytes; the digest is that of Python's own HMAC."""
    password = "x" * 65
    answer = start("CRAM-MD5", Credentials(user="u", secret=Secret(password))).respond(b"<c>")
    inner = hashlib.md5(password.encode()).digest().ljust(64, b"\0")
    ipad, opad = (bytes(byte ^ pad for byte in inner) for pad in (0x36, 0x5C))
    assert answer == b"u " + hashlib.md5(opad + hashlib.md5(ipad + b"<c>").digest()).hexdigest().encode()


def test_hostile_challenges_are_not_answered() -> None:
    """One signature is given, and none for a challenge that is the same each time."""
    cram = start("CRAM-MD5", TIM)
    with pytest.raises(ChallengeMalformed, match="empty"):
        cram.respond(b"")
    cram.respond(b"<1@x>")
    with pytest.raises(ChallengeMalformed, match="another"):
        cram.respond(b"<2@x>")


@pytest.mark.parametrize("name", ["CRAM-MD5", "DIGEST-MD5"])
def test_where_md5_is_forbidden_nothing_is_sent(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A FIPS build raises ValueError: the reason is our machine, and not the server."""

    def forbidden(*args: object, **kwargs: object) -> None:
        raise ValueError("[digital envelope routines] unsupported")

    monkeypatch.setattr(hashlib, "md5", forbidden)
    with pytest.raises(MechanismUnavailable, match="forbids MD5"):
        start(name, TIM)
