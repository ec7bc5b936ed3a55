"""What every SASL mechanism is to the rest of smtpcheck (RFC 4422, in SMTP RFC 4954).

A mechanism turns challenges into responses and knows nothing of sockets, base64 or reply codes. It is used once: one
attempt is all that smtpcheck makes. Its exceptions are sentences for the report, so they never hold a secret, nor
anything that a server sent.
"""

from dataclasses import field
from typing import ClassVar, Protocol

from smtpcheck.model.record import brief_record, record
from smtpcheck.model.secret import Secret


class SaslError(Exception):
    """The exchange cannot go on. `reason` is one sentence without a full stop, and holds no secret."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class ChallengeMalformed(SaslError):
    """What the server sent cannot be answered: cancel with `*` (RFC 4954 section 4)."""


class ServerNotProven(SaslError):
    """The server's proof that it knows the secret is wrong: cancel with `*`, and trust no 235."""


class MechanismUnavailable(SaslError):
    """This machine, or this connection, cannot do the mechanism. Nothing was sent."""


class CredentialsUnusable(SaslError):
    """The mechanism cannot carry this user, token or password. Nothing of it was sent."""


@brief_record
class ChannelBinding:
    """Data that ties a login to its TLS connection (RFC 5056); `name` is "tls-server-end-point" or "tls-unique"."""

    name: str
    data: bytes = field(repr=False)


@record
class Credentials:
    """Who logs in where. `authzid` is the identity to act as, None where it is the user's own."""

    user: str = ""
    secret: Secret | None = None
    authzid: str | None = None
    host: str = ""
    port: int = 0
    channel_binding: ChannelBinding | None = None


@brief_record
class Proof:
    """Whether the server proved that it knows the secret; None where the mechanism has no such proof."""

    proven: bool | None
    why: str


NO_PROOF = Proof(None, "the mechanism has no proof by the server")


class Mechanism(Protocol):
    """One exchange, from the first response to the last.

    `initial` is the initial response: None means that the server speaks first, `b""` is sent as "=". It may be left out
    of a long AUTH command (RFC 4954 section 4); it is then the answer to the server's first, empty challenge.
    `blocking`: `start` and `respond` may take long, so they belong in a thread of their own.
    """

    blocking: ClassVar[bool]
    name: str
    initial: bytes | None

    def respond(self, challenge: bytes) -> bytes:
        """The response to a decoded challenge; raises `SaslError`."""
        ...

    def finished(self) -> Proof:
        """Asked after the 235: whether the server proved itself."""
        ...


def octets(text: str, what: str) -> bytes:
    """The text as UTF-8, byte for byte as it came to us; raises `CredentialsUnusable` for half a character."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        pass  # raised outside of the handler: the error holds the whole text
    raise CredentialsUnusable(f"the {what} holds half of a surrogate pair, which no encoding can carry")


def secret_text(credentials: Credentials, mechanism: str) -> str:
    """The password or token; raises `CredentialsUnusable` if there is none."""
    if credentials.secret is None:
        raise CredentialsUnusable(f"{mechanism} needs a password or token, and none was given")
    return credentials.secret.reveal()
