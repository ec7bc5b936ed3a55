"""CRAM-MD5 (RFC 2195), and MD5 itself as a means of the mechanisms that have it.

MD5 is broken as a signature and not as a keyed hash, and no server asks us: so it is marked as not being used for
security, and a build of Python that forbids it even then (FIPS) is told apart from a server that refuses.
"""

import hashlib
import hmac
from typing import TYPE_CHECKING, ClassVar

from smtpcheck.smtp.sasl.mechanism import (
    NO_PROOF,
    ChallengeMalformed,
    Credentials,
    MechanismUnavailable,
    Proof,
    octets,
    secret_text,
)

if TYPE_CHECKING:
    from hashlib import _Hash


def md5(data: bytes = b"") -> "_Hash":
    """MD5 over the data; raises `MechanismUnavailable` where the cryptography of this machine forbids it."""
    try:
        return hashlib.md5(data, usedforsecurity=False)
    except (ValueError, AttributeError):
        pass
    raise MechanismUnavailable("this Python's OpenSSL forbids MD5 (FIPS mode), which the mechanism is made of")


class CramMd5:
    """The server sends a text that it uses once, the client signs it with the password."""

    blocking: ClassVar[bool] = False

    def __init__(self, credentials: Credentials) -> None:
        md5()  # before anything is sent
        self.name = "CRAM-MD5"
        self.initial: bytes | None = None
        self._user = octets(credentials.user, "user name")
        self._password: bytes | None = octets(secret_text(credentials, self.name), "password")

    def respond(self, challenge: bytes) -> bytes:
        if self._password is None:
            raise ChallengeMalformed("CRAM-MD5 has one challenge, and the server sent another")
        if not challenge:
            raise ChallengeMalformed("the challenge is empty, so that its answer would serve for every login")
        signed = hmac.new(self._password, challenge, md5).hexdigest()
        self._password = None
        return self._user + b" " + signed.encode("ascii")

    def finished(self) -> Proof:
        return NO_PROOF
