"""The steps of a dialogue as values. What each of them means stands in the package's docstring.

Every step knows the line that it came from, so that a failure can be shown where it was written.
"""

import re
from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from types import MappingProxyType

from smtpcheck.model.record import brief_record, record

CERTIFICATE_FAULTS = frozenset(
    {
        "expired",
        "not-yet",
        "self-signed",
        "unknown-ca",
        "root-sent",
        "no-intermediate",
        "expired-intermediate",
        "wrong-name",
        "weak-key",
        "weak-hash",
        "wrong-purpose",
    }
)


class Ending(StrEnum):
    """How the server leaves the conversation."""

    STALL = "stall"
    CLOSE = "close"
    RESET = "reset"
    HALF_CLOSE = "half-close"


class Flight(StrEnum):
    """What the server does in a TLS handshake, in this order (RFC 8446 section 2, RFC 5246 section 7.3)."""

    CLIENT_HELLO = "client-hello"  # reads the ClientHello
    SERVER_HELLO = "server-hello"  # sends its ServerHello
    CERTIFICATE = "certificate"  # sends what follows the ServerHello
    FINISHED = "finished"  # sends its Finished


@record
class Tls:
    """How the server behaves in the handshake. `stop` is an ending and the flight before which it comes."""

    certificate: frozenset[str] = frozenset()
    key: str = "ec"
    version: str | None = None
    no_shared_cipher: bool = False
    client_certificate: str | None = None  # "asked" or "required"
    stop: tuple[Ending, Flight] | None = None
    alert: int | None = None


@brief_record
class Says:
    """The server sends `data`, `times` over."""

    line: int
    data: bytes
    times: int = 1


@brief_record
class Expects:
    """The client must (or, if `optional`, may) say a line of this pattern."""

    line: int
    pattern: str
    optional: bool = False

    def matches(self, said: bytes) -> bool:
        """Whether `said`, a line without its CRLF, is what is wanted."""
        return re.fullmatch(_expression(self.pattern), said, re.DOTALL) is not None


@brief_record
class Message:
    """The client says any number of lines, up to the one that the next step wants."""

    line: int


@brief_record
class Sleep:
    """The server does nothing for `seconds`."""

    line: int
    seconds: float


@brief_record
class Drip:
    """From here on one byte every `seconds`; 0 ends it."""

    line: int
    seconds: float


@brief_record
class StartTls:
    """The server's side of a TLS handshake."""

    line: int
    tls: Tls


@brief_record
class End:
    """The server leaves: here, or after that many bytes of what it says next."""

    line: int
    ending: Ending
    after: int | None = None


Step = Says | Expects | Message | Sleep | Drip | StartTls | End


@brief_record
class Session:
    """What happens on one connection."""

    steps: tuple[Step, ...]


@brief_record
class Dialogue:
    """One session for each connection, in the order of arrival; the last one is played for all that come later."""

    sessions: tuple[Session, ...]
    header: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def session(self, connection: int) -> Session:
        """The session of the connection that came as number `connection`, counted from 0."""
        return self.sessions[min(connection, len(self.sessions) - 1)]


def _expression(pattern: str) -> bytes:
    """A regular expression for a pattern. Each `*` is settled where it first can be, so matching never backtracks."""
    separator = ":" if ":" in pattern else " "
    head, found, _ = pattern.partition(separator)
    first, *rest = _pieces(pattern, ignore_case=len(head + found))
    if not rest:
        return first.encode()
    *middle, last = rest
    return (first + "".join(f"(?>.*?{piece})" for piece in middle) + ".*" + last).encode()


def _pieces(pattern: str, *, ignore_case: int) -> list[str]:
    """What stands between the stars; in the first `ignore_case` characters of the pattern case does not count."""
    pieces = []
    start = 0
    for text in pattern.split("*"):
        bound = max(0, ignore_case - start)
        pieces.append(f"(?i:{re.escape(text[:bound])}){re.escape(text[bound:])}")
        start += len(text) + 1
    return pieces
