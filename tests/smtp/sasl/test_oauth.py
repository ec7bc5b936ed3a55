"""OAUTHBEARER and XOAUTH2: the token, and the answer to its refusal."""

from base64 import b64decode

import pytest

from smtpcheck.model.secret import Secret, SecretKind
from smtpcheck.smtp.sasl import ChallengeMalformed, Credentials, CredentialsUnusable, initial_text, start

RFC_TOKEN = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
RFC_7628 = (
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbG"
    "NrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
)
GOOGLE = (
    "dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cB"
    "AQ=="
)


def credentials(user: str, token: str, host: str = "", port: int = 0) -> Credentials:
    return Credentials(user=user, secret=Secret(token, SecretKind.TOKEN), host=host, port=port)


def test_oauthbearer_as_in_rfc_7628() -> None:
    """Section 4.4, the SMTP example, and its error: one %x01."""
    bearer = start("OAUTHBEARER", credentials("user@example.com", RFC_TOKEN, "server.example.com", 587))
    assert initial_text(bearer.initial or b"") == RFC_7628
    assert bearer.respond(b'{"status":"invalid_token"}') == b"\x01"


def test_oauthbearer_with_little_to_say() -> None:
    """Host, port and user are left out where they are not known; names are escaped for GS2."""
    assert start("OAUTHBEARER", credentials("", "tok")).initial == b"n,,\x01auth=Bearer tok\x01\x01"
    assert start("OAUTHBEARER", credentials("a=b,c", "tok")).initial == b"n,a=a=3Db=2Cc,\x01auth=Bearer tok\x01\x01"


def test_xoauth2_as_google_documents_it() -> None:
    """The example of Google's page, and its error: an empty line."""
    token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg"
    xoauth2 = start("XOAUTH2", credentials("someuser@example.com", token))
    assert xoauth2.initial == b64decode(GOOGLE)
    assert xoauth2.respond(b'{"status":"400"}') == b""


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
def test_only_one_error_is_answered(name: str) -> None:
    """A server that goes on is cut off."""
    mechanism = start(name, credentials("u", "tok"))
    mechanism.respond(b"{}")
    with pytest.raises(ChallengeMalformed):
        mechanism.respond(b"{}")


@pytest.mark.parametrize("name", ["OAUTHBEARER", "XOAUTH2"])
@pytest.mark.parametrize(("user", "token"), [("u", "swordfish\n"), ("u\x01", "swordfish"), ("u", "sword\x01fish")])
def test_control_characters_would_end_a_field(name: str, user: str, token: str) -> None:
    """A token file with a line break in it is a finding, not a request."""
    with pytest.raises(CredentialsUnusable, match="control character") as caught:
        start(name, credentials(user, token))
    assert "sword" not in str(caught.value)
