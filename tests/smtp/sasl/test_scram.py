"""SCRAM: the RFCs' own numbers, channel binding, and servers that lie, stall us or end it."""

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model.secret import Secret
from smtpcheck.smtp.sasl import (
    ChallengeMalformed,
    ChannelBinding,
    Credentials,
    CredentialsUnusable,
    MechanismUnavailable,
    SaslError,
    ServerNotProven,
    start,
)
from smtpcheck.smtp.sasl.mechanism import Mechanism

PENCIL = Credentials(user="user", secret=Secret("pencil"))
SHA1_NONCE = "fyko+d2lbbFgONRv9qkxdawL"
SHA1_FIRST = b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"


def sha1() -> Mechanism:
    return start("SCRAM-SHA-1", PENCIL, lambda: SHA1_NONCE)


def server_signature(name: str, password: str, first_bare: bytes, server_first: bytes, final: bytes) -> bytes:
    """What an honest server answers, written down from RFC 5802 section 3 and not from our code."""
    _, salt, count = server_first.split(b",")[:3]
    salted = hashlib.pbkdf2_hmac(name, password.encode(), b64decode(salt[2:]), int(count[2:]))
    without_proof = final[: final.index(b",p=")]
    signed = b",".join([first_bare, server_first, without_proof])
    return b"v=" + b64encode(hmac.digest(hmac.digest(salted, b"Server Key", name), signed, name))


def test_scram_sha_1_as_in_rfc_5802() -> None:
    """The exchange of section 5."""
    scram = sha1()
    assert scram.initial == b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL"
    assert scram.respond(SHA1_FIRST) == (
        b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
    )
    assert scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=") == b""
    assert scram.finished().proven is True


def test_scram_sha_256_as_in_rfc_7677() -> None:
    """The exchange of section 3."""
    scram = start("SCRAM-SHA-256", PENCIL, lambda: "rOprNGfwEbeRWgbNEkqO")
    assert scram.initial == b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    first = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert scram.respond(first) == (
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert scram.respond(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=") == b""
    assert scram.finished().proven is True


@pytest.mark.parametrize(("name", "algorithm"), [("SCRAM-SHA-1-PLUS", "sha1"), ("SCRAM-SHA-256-PLUS", "sha256")])
@pytest.mark.parametrize("binding", ["tls-server-end-point", "tls-unique"])
def test_plus_ties_the_login_to_the_connection(name: str, algorithm: str, binding: str) -> None:
    """The binding's data stands in `c=`, and the server's signature covers it."""
    data = bytes(range(200, 232))
    credentials = Credentials(user="user", secret=Secret("pencil"), channel_binding=ChannelBinding(binding, data))
    scram = start(name, credentials, lambda: "abc")
    header = f"p={binding},,".encode()
    assert scram.initial == header + b"n=user,r=abc"
    first = b"r=abcdef,s=c2FsdA==,i=1"
    final = scram.respond(first)
    assert final.startswith(b"c=" + b64encode(header + data) + b",r=abcdef,p=")
    scram.respond(server_signature(algorithm, "pencil", b"n=user,r=abc", first, final))
    assert scram.finished().proven is True


def test_plus_without_tls_sends_nothing() -> None:
    """There is nothing to tie the login to."""
    with pytest.raises(MechanismUnavailable, match="TLS"):
        start("SCRAM-SHA-256-PLUS", PENCIL)


def test_without_plus_we_never_claim_that_the_server_cannot() -> None:
    """The flag is `n` with channel binding at hand as well: `y` would look like an attack to a server that can."""
    credentials = Credentials(user="u", secret=Secret("p"), channel_binding=ChannelBinding("tls-unique", b"x"))
    assert (start("SCRAM-SHA-256", credentials).initial or b"").startswith(b"n,,n=u,r=")


def test_names_are_escaped_and_prepared() -> None:
    """A comma or equals sign in a name cannot begin another field; SASLprep spells both sides alike."""
    credentials = Credentials(user="a=b,c\u00add", secret=Secret("\u2168"), authzid="x,y")
    scram = start("SCRAM-SHA-1", credentials, lambda: "abc")
    bare = b"n=a=3Db=2Ccd,r=abc"
    assert scram.initial == b"n,a=x=2Cy," + bare
    first = b"r=abcdef,s=c2FsdA==,i=2,future=ignored"
    scram.respond(server_signature("sha1", "IX", bare, first, scram.respond(first)))
    assert scram.finished().proven is True


def test_each_exchange_has_its_own_nonce() -> None:
    """A nonce that repeats would let an old answer serve again."""
    assert len({start("SCRAM-SHA-1", PENCIL).initial for _ in range(20)}) == 20


@pytest.mark.parametrize("password", ["trout\x00fish", "trout\ue000fish", b"troutfish\xff"])
def test_a_password_that_saslprep_prohibits_is_not_sent(password: str | bytes) -> None:
    """Another spelling would burn the one attempt."""
    with pytest.raises(CredentialsUnusable, match="SASLprep") as caught:
        start("SCRAM-SHA-1", Credentials(user="u", secret=Secret(password)))
    assert "trout" not in str(caught.value)


@pytest.mark.parametrize(
    ("challenge", "reason"),
    [
        (b"", "nonce, salt and iteration count"),
        (b"\xff\xfe,,", "nonce, salt and iteration count"),
        (b"s=QSXCR+Q6sek8bf92,r=fyko+d2lbbFgONRv9qkxdawL3,i=1", "nonce, salt and iteration count"),
        (b"r=another,s=QSXCR+Q6sek8bf92,i=4096", "does not continue ours"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL,s=QSXCR+Q6sek8bf92,i=4096", "does not continue ours"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL\x1b,s=QSXCR+Q6sek8bf92,i=4096", "printable"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=,i=4096", "salt"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf9,i=4096", "salt"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXC\nR+Q6sek8bf92,i=4096", "salt"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=0", "positive"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=-1", "positive"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=" + b"9" * 5000, "positive"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=1000001", "stops at 1000000"),
        (b"r=fyko+d2lbbFgONRv9qkxdawL3,s=QSXCR+Q6sek8bf92,i=2147483648", "stops at 1000000"),
        (b"m=must," + SHA1_FIRST, "extension"),
        (b"e=unknown-user", "unknown-user"),
        (b"e=\x1b[2Jswordfish", "other-error"),
    ],
)
def test_hostile_first_messages(challenge: bytes, reason: str) -> None:
    """Each is refused with what is wrong in it; none makes us compute, and none is quoted."""
    with pytest.raises(ChallengeMalformed, match=reason) as caught:
        sha1().respond(challenge)
    assert caught.value.reason.isprintable()
    assert "swordfish" not in caught.value.reason


@pytest.mark.parametrize("challenge", [b"", b"v=AAA", b"v=AAAA====", b"x=1", b"rmF9pqV8S7suAoZWja4dJRkFsKQ="])
def test_hostile_last_messages(challenge: bytes) -> None:
    """A signature that cannot be read is no signature."""
    scram = sha1()
    scram.respond(SHA1_FIRST)
    with pytest.raises(ChallengeMalformed):
        scram.respond(challenge)
    assert scram.finished().proven is False


@pytest.mark.parametrize("signature", [b"v=rmF9pqV8S7suAoZWja4dJRkFsKU=", b"v=cm1G", b"v="])
def test_a_wrong_signature_is_another_server(signature: bytes) -> None:
    """One bit off, or too short."""
    scram = sha1()
    scram.respond(SHA1_FIRST)
    with pytest.raises(ServerNotProven):
        scram.respond(signature)
    assert scram.finished().proven is False


def test_a_yes_without_a_signature_proves_nothing() -> None:
    """Neither straight away nor after our proof."""
    scram = sha1()
    assert scram.finished().proven is False
    scram.respond(SHA1_FIRST)
    proof = scram.finished()
    assert proof.proven is False
    assert "without the signature" in proof.why


@pytest.mark.parametrize(("sent", "said"), [(b"e=invalid-proof", "invalid-proof"), (b"e=\x1b]0;x,y", "other-error")])
def test_the_error_of_a_server_is_a_fact(sent: bytes, said: str) -> None:
    """It is acknowledged, so that the 535 comes; unknown words count as other-error."""
    scram = sha1()
    scram.respond(SHA1_FIRST)
    assert scram.respond(sent) == b""
    proof = scram.finished()
    assert proof.proven is False
    assert proof.why.endswith(said)
    with pytest.raises(ChallengeMalformed, match="over"):
        scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")


def test_after_the_proof_nothing_follows() -> None:
    """The exchange has an end."""
    scram = sha1()
    scram.respond(SHA1_FIRST)
    scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")
    with pytest.raises(ChallengeMalformed, match="over"):
        scram.respond(b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=")


def test_a_build_that_forbids_the_hash_is_our_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """A strict policy may forbid SHA-1 too."""

    def forbidden(*args: object) -> None:
        raise ValueError("unsupported hash type")

    monkeypatch.setattr(hashlib, "pbkdf2_hmac", forbidden)
    with pytest.raises(MechanismUnavailable, match="PBKDF2"):
        sha1().respond(SHA1_FIRST)


@given(st.lists(st.binary(max_size=60) | st.text("rsive=,0", max_size=40).map(str.encode), max_size=3))
def test_any_challenges_end_in_an_answer_or_a_reason(challenges: list[bytes]) -> None:
    """No other exception, and never a proof."""
    scram = sha1()
    try:
        for challenge in challenges:
            scram.respond(challenge)
    except SaslError:
        pass
    assert scram.finished().proven is False
