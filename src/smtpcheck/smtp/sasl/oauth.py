"""OAuth access tokens: OAUTHBEARER (RFC 7628) and XOAUTH2, its forerunner at Google and Microsoft.

A refused token is answered by a 334 with JSON that says why. The client has to answer that once more, with nothing to
say, before the server sends its 535.
"""

import re
from typing import ClassVar

from smtpcheck.smtp.sasl.mechanism import (
    NO_PROOF,
    ChallengeMalformed,
    Credentials,
    CredentialsUnusable,
    Proof,
    octets,
    secret_text,
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Bearer:
    """A token sent at once, and the empty answer to an error."""

    blocking: ClassVar[bool] = False

    def __init__(self, name: str, initial: bytes, after_error: bytes) -> None:
        self.name = name
        self.initial: bytes | None = initial
        self._after_error: bytes | None = after_error

    def respond(self, challenge: bytes) -> bytes:
        if self._after_error is None:
            raise ChallengeMalformed(f"{self.name} has one error answer, and the server asks for another")
        answer, self._after_error = self._after_error, None
        return answer

    def finished(self) -> Proof:
        return NO_PROOF


def xoauth2(credentials: Credentials) -> Bearer:
    """XOAUTH2: user and token; an error is answered by an empty line."""
    pairs = [f"user={_field(credentials.user, 'user name')}", _authorization(credentials, "XOAUTH2")]
    return Bearer("XOAUTH2", _joined(pairs), b"")


def oauthbearer(credentials: Credentials) -> Bearer:
    """OAUTHBEARER (RFC 7628 section 3.1): host and port are named; an error is answered by one %x01 (section 3.2.3)."""
    user = gs2_name(_field(credentials.user, "user name"))
    pairs = [f"n,a={user}," if user else "n,,"]
    if credentials.host:
        pairs.append(f"host={credentials.host}")
    if credentials.port:
        pairs.append(f"port={credentials.port}")
    pairs.append(_authorization(credentials, "OAUTHBEARER"))
    return Bearer("OAUTHBEARER", _joined(pairs), b"\x01")


def gs2_name(text: str) -> str:
    """A name in a GS2 header, where a comma and an equals sign mean something (RFC 5801 section 4)."""
    return text.replace("=", "=3D").replace(",", "=2C")


def _authorization(credentials: Credentials, mechanism: str) -> str:
    return f"auth=Bearer {_field(secret_text(credentials, mechanism), 'token')}"


def _field(text: str, what: str) -> str:
    if _CONTROL.search(text):
        raise CredentialsUnusable(f"the {what} holds a control character, which ends a field in OAuth's mechanisms")
    return text


def _joined(pairs: list[str]) -> bytes:
    return octets("".join(f"{pair}\x01" for pair in pairs) + "\x01", "token or user name")
