"""What the scripted server saw one client do: a plain record, which judges nothing.

It is made so that no secret can be in it. Of AUTH only the mechanism is kept (RFC 4954 section 4), of a message only
its size, and a line that does not begin with a command of SMTP is not kept at all, since it may be AUTH data that came
at the wrong moment.
"""

from enum import StrEnum

from smtpcheck.model.record import brief_record, record
from smtpcheck.net.listen import Secured

HIDDEN = "***"
CLIENT_HELLO = "(TLS ClientHello)"

_COMMANDS = b"EHLO HELO LHLO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY EXPN HELP ETRN XCLIENT ."
_MECHANISMS = (
    "PLAIN LOGIN CRAM-MD5 DIGEST-MD5 SCRAM-SHA-1 SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-256-PLUS SCRAM-SHA-512 "
    "SCRAM-SHA-512-PLUS XOAUTH2 OAUTHBEARER EXTERNAL ANONYMOUS NTLM GSSAPI GS2-KRB5 GSS-SPNEGO"
)
_LONGEST = 500


class Ended(StrEnum):
    """How a connection ended."""

    PLAYED = "played"  # the dialogue was played to its end
    LEFT = "left"  # the client closed or reset before that
    UNEXPECTED = "unexpected"  # the client said something else than the dialogue wants
    TLS_FAILED = "tls-failed"  # the handshake failed, or the client sent a TLS alert
    STOPPED = "stopped"  # the server was stopped


@brief_record
class Said:
    """One thing that the client said, `at` seconds after it connected, in TLS or not."""

    at: float
    text: str
    in_tls: bool


@brief_record
class Failure:
    """The client said something else than line `line` of the dialogue wants."""

    line: int
    expected: str
    said: str


@record
class Observation:
    """One connection. `mechanism` is the one of the last AUTH; `tls_failure` is OpenSSL's word for what went wrong."""

    client: str
    said: tuple[Said, ...]
    ended: Ended
    mechanism: str | None = None
    secured: Secured | None = None
    tls_failure: str | None = None
    failure: Failure | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        """What the client said, without the times."""
        return tuple(said.text for said in self.said)


def shown(line: bytes, *, in_auth: bool) -> str:
    """A client's line as it may be kept. `in_auth`: the server has just asked for AUTH data."""
    if line.startswith(b"\x16\x03"):
        return CLIENT_HELLO
    words = line.split(None, 2)
    verb = words[0].upper() if words else b""
    if in_auth or (words and verb not in _COMMANDS.split()):
        return HIDDEN
    if verb == b"AUTH":
        return " ".join(["AUTH", mechanism(line) or HIDDEN, *(HIDDEN for _ in words[2:])])
    return line[:_LONGEST].decode("ascii", "backslashreplace")


def mechanism(line: bytes) -> str | None:
    """The SASL mechanism that an AUTH command names, if it is a known one."""
    words = line.decode("ascii", "replace").upper().split()
    return words[1] if words[:1] == ["AUTH"] and len(words) > 1 and words[1] in _MECHANISMS.split() else None
