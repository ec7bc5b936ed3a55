"""Mechanisms that send what they are given: PLAIN (RFC 4616), LOGIN, EXTERNAL (RFC 4422 appendix A), ANONYMOUS (4505).

Nothing is prepared or normalised here. RFC 4616 section 2 leaves SASLprep to the server, which knows what it stored; a
client that normalises sends a password other than the one that the user was given, and most clients send it as it is.
"""

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


class OneResponse:
    """A mechanism whose initial response is all that it says."""

    blocking: ClassVar[bool] = False

    def __init__(self, name: str, initial: bytes) -> None:
        self.name = name
        self.initial: bytes | None = initial

    def respond(self, challenge: bytes) -> bytes:
        raise ChallengeMalformed(f"{self.name} has one response, and the server asks for another")

    def finished(self) -> Proof:
        return NO_PROOF


def plain(credentials: Credentials) -> OneResponse:
    """PLAIN: identity to act as, user and password, with NUL between them."""
    fields = {
        "authorization identity": credentials.authzid or "",
        "user name": credentials.user,
        "password": secret_text(credentials, "PLAIN"),
    }
    for what, text in fields.items():
        if "\0" in text:
            raise CredentialsUnusable(f"the {what} holds a NUL, which ends a field in PLAIN (RFC 4616 section 2)")
    return OneResponse("PLAIN", b"\0".join(octets(text, what) for what, text in fields.items()))


def external(credentials: Credentials) -> OneResponse:
    """EXTERNAL: the TLS client certificate is the credential, the response only names whom to act as."""
    identity = credentials.user if credentials.authzid is None else credentials.authzid
    if "\0" in identity:
        raise CredentialsUnusable("the user name holds a NUL, which EXTERNAL cannot carry (RFC 4422 appendix A)")
    return OneResponse("EXTERNAL", octets(identity, "user name"))


def anonymous(credentials: Credentials) -> OneResponse:
    """ANONYMOUS: the user, if any, is trace information of at most 255 characters (RFC 4505 section 2)."""
    if len(credentials.user) > 255:
        raise CredentialsUnusable("the user name is longer than the 255 characters of ANONYMOUS (RFC 4505 section 2)")
    return OneResponse("ANONYMOUS", octets(credentials.user, "user name"))


class Login:
    """LOGIN: never a standard; two prompts, of which nobody agreed on the words.

    So the place of a prompt decides what is sent, as in every client that works; the words are a fact for the report.
    """

    blocking: ClassVar[bool] = False

    def __init__(self, credentials: Credentials) -> None:
        self.name = "LOGIN"
        self.initial: bytes | None = None
        password = octets(secret_text(credentials, "LOGIN"), "password")
        self._answers = [password, octets(credentials.user, "user name")]

    def respond(self, challenge: bytes) -> bytes:
        if not self._answers:
            raise ChallengeMalformed("LOGIN has two prompts, and the server sent a third")
        return self._answers.pop()

    def finished(self) -> Proof:
        return NO_PROOF
