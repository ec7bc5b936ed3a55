"""SCRAM (RFC 5802, with SHA-256 RFC 7677): neither side learns the password, and both prove that they know it.

With -PLUS the proof is tied to the TLS connection. Without it the header says `n`, "no channel binding", also where the
-PLUS twin is listed: `y` would claim that the server cannot do it, which a server that can takes for an attack.
"""

import hashlib
import hmac
import re
from binascii import b2a_base64
from collections.abc import Callable
from typing import ClassVar

from smtpcheck.smtp.sasl.mechanism import (
    ChallengeMalformed,
    ChannelBinding,
    Credentials,
    MechanismUnavailable,
    Proof,
    ServerNotProven,
    secret_text,
)
from smtpcheck.smtp.sasl.oauth import gs2_name
from smtpcheck.smtp.sasl.prep import saslprep
from smtpcheck.smtp.sasl.wire import from_base64

MOST_ITERATIONS = 1_000_000
"""About half a second of work. Servers ask for 4,096 to some 100,000; a hostile one could ask for an hour."""

ERRORS = frozenset(
    {
        "invalid-encoding",
        "extensions-not-supported",
        "invalid-proof",
        "channel-bindings-dont-match",
        "server-does-support-channel-binding",
        "channel-binding-not-supported",
        "unsupported-channel-binding-type",
        "unknown-user",
        "invalid-username-encoding",
        "no-resources",
        "other-error",
    }
)
"""The values of `e=` (RFC 5802 section 7); any other counts as other-error."""

_NONCE = re.compile(rb"[!-+\x2d-~]+")
_ITERATIONS = re.compile(rb"[1-9][0-9]{0,9}")


class Scram:
    """One exchange of two challenges: the server's salt and nonce, then its signature."""

    blocking: ClassVar[bool] = True  # a million iterations are half a second of CPU

    def __init__(self, name: str, credentials: Credentials, nonce: Callable[[], str]) -> None:
        self.name = name
        self._hash = "sha256" if "SHA-256" in name else "sha1"
        self._password = saslprep(secret_text(credentials, name), "password").encode()
        self._nonce = nonce().encode("ascii")
        user = gs2_name(saslprep(credentials.user, "user name")).encode()
        binding = _binding(name, credentials)
        header = _gs2_header(binding, credentials.authzid)
        self._bound = header + (binding.data if binding else b"")
        self._first_bare = b"n=" + user + b",r=" + self._nonce
        self.initial: bytes | None = header + self._first_bare
        self._signature: bytes | None = None
        self._error: str | None = None
        self._proven = False

    def respond(self, challenge: bytes) -> bytes:
        if self._proven or self._error:
            raise ChallengeMalformed("the exchange was over, and the server sent another challenge")
        if self._signature is None:
            return self._prove(challenge)
        return self._verify(challenge)

    def finished(self) -> Proof:
        if self._proven:
            return Proof(True, "the server's signature is the one that only the password gives")
        if self._error:
            return Proof(False, f"the server ended the exchange with the error {self._error}")
        return Proof(False, "the server said yes without the signature that proves it (RFC 5802 section 3)")

    def _prove(self, challenge: bytes) -> bytes:
        nonce, salt, iterations = _server_first(challenge)
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise ChallengeMalformed("the server's nonce does not continue ours, so the answer is to another login")
        salted = self._salted(salt, iterations)
        client_key = self._keyed(salted, b"Client Key")
        stored_key = hashlib.new(self._hash, client_key).digest()
        final = b"c=" + _base64(self._bound) + b",r=" + nonce
        signed = b",".join([self._first_bare, challenge, final])
        proof = bytes(a ^ b for a, b in zip(client_key, self._keyed(stored_key, signed), strict=True))
        self._signature = self._keyed(self._keyed(salted, b"Server Key"), signed)
        return final + b",p=" + _base64(proof)

    def _verify(self, challenge: bytes) -> bytes:
        kind, _, value = challenge.split(b",", 1)[0].partition(b"=")
        if kind == b"e":
            self._error = error_name(value)
            return b""
        if kind != b"v":
            raise ChallengeMalformed("the server's last message has neither a signature nor an error")
        if not hmac.compare_digest(from_base64(value, "signature"), self._signature or b""):
            raise ServerNotProven(
                "the server's signature is wrong: it does not know the password, or is another server"
            )
        self._proven = True
        return b""

    def _salted(self, salt: bytes, iterations: int) -> bytes:
        try:
            return hashlib.pbkdf2_hmac(self._hash, self._password, salt, iterations)
        except ValueError:
            pass
        raise MechanismUnavailable(f"this Python's OpenSSL forbids PBKDF2 with {self._hash}, which {self.name} needs")

    def _keyed(self, key: bytes, data: bytes) -> bytes:
        return hmac.digest(key, data, self._hash)


def error_name(value: bytes) -> str:
    """The error of a server's last message, only if RFC 5802 knows it: a hostile server could say anything here."""
    name = value.decode("ascii", "replace")
    return name if name in ERRORS else "other-error"


def _binding(name: str, credentials: Credentials) -> ChannelBinding | None:
    if not name.endswith("-PLUS"):
        return None
    if credentials.channel_binding is None:
        raise MechanismUnavailable(f"{name} ties the login to a TLS connection, and there is none to tie it to")
    return credentials.channel_binding


def _gs2_header(binding: ChannelBinding | None, authzid: str | None) -> bytes:
    flag = f"p={binding.name}" if binding else "n"
    identity = "" if authzid is None else "a=" + gs2_name(saslprep(authzid, "authorization identity"))
    return f"{flag},{identity},".encode()


def _server_first(challenge: bytes) -> tuple[bytes, bytes, int]:
    """Nonce, salt and iteration count; extensions behind them are optional and ignored (RFC 5802 section 7)."""
    fields = challenge.split(b",")
    if fields[0].startswith(b"m="):
        raise ChallengeMalformed("the server demands an extension (m=) that RFC 5802 does not define")
    if fields[0].startswith(b"e="):
        raise ChallengeMalformed(f"the server began with the error {error_name(fields[0][2:])}")
    values = [field[2:] for field, name in zip(fields, (b"r=", b"s=", b"i="), strict=False) if field.startswith(name)]
    if len(values) != 3:
        raise ChallengeMalformed("the server's first message is not nonce, salt and iteration count (r=, s=, i=)")
    nonce, salt, iterations = values
    if not _NONCE.fullmatch(nonce):
        raise ChallengeMalformed("the server's nonce holds something that is not printable ASCII")
    if not _ITERATIONS.fullmatch(iterations):
        raise ChallengeMalformed("the iteration count is not a positive number")
    if int(iterations) > MOST_ITERATIONS:
        raise ChallengeMalformed(
            f"the server asks for {int(iterations)} iterations; smtpcheck stops at {MOST_ITERATIONS}"
        )
    if not salt:
        raise ChallengeMalformed("the salt is empty")
    return nonce, from_base64(salt, "salt"), int(iterations)


def _base64(data: bytes) -> bytes:
    return b2a_base64(data, newline=False)
