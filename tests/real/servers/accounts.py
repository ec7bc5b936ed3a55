"""The people who may log in to the real servers, and the tokens that OAuth would have given them.

Each has what another lacks: a login that is no address, a password that breaks careless quoting, a password stored as a
hash, so that PLAIN works and the mechanisms which need the password itself, CRAM-MD5 and DIGEST-MD5, cannot, and one
with letters that ISO 8859-1 has too, which DIGEST-MD5 would have hashed otherwise than Dovecot does.
"""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

OAUTH_KEY = secrets.token_bytes(32)


@dataclass(frozen=True, slots=True)
class User:
    """One login: its name, its password, and the only sender address that it owns."""

    name: str
    password: str = field(repr=False)
    address: str
    stored_hashed: bool = False


ALICE = User("alice", "wonderland", "alice@example.org")
BOB = User("bob@example.org", ' p@ss: "word" it\'s 100% $HOME `#1` \\ ü€ ', "bob@example.org")
CAROL = User("carol", "christmas carol", "carol@example.org", stored_hashed=True)
DAVE = User("dave", "Grüße von Dave", "dave@example.org")

USERS = (ALICE, BOB, CAROL, DAVE)


def token(user: User, *, lifetime: float = 3600) -> str:
    """A JWT (RFC 7519, HS256) that Dovecot accepts for `user` during `lifetime` seconds; a negative one has expired."""
    now = int(time.time())
    issued = now + min(0, int(lifetime)) - 60
    claims = {"sub": user.name, "iat": issued, "nbf": issued, "exp": now + int(lifetime), "scope": "mail"}
    signed = b".".join(_segment(part) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
    signature = hmac.new(OAUTH_KEY, signed, hashlib.sha256).digest()
    return b".".join((signed, _base64url(signature))).decode()


def expired_token(user: User) -> str:
    """A JWT with a good signature that expired an hour ago."""
    return token(user, lifetime=-3600)


def _segment(part: Mapping[str, object]) -> bytes:
    return _base64url(json.dumps(part).encode())


def _base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
