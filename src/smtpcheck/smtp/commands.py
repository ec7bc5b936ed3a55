"""Commands as lines without their CRLF (RFC 5321 section 4.1, RFC 2033, RFC 3207, RFC 4954).

Every value is checked for line ends and NUL before it comes here (`settings`); `line` checks once more, because a
command line with a second line in it would be command injection.
"""

from collections.abc import Sequence

from smtpcheck.model import Protocol


def line(text: str) -> bytes:
    """The command on the wire, CRLF included, UTF-8 (RFC 6531). Raises ValueError for a line end or NUL in it."""
    if any(character in text for character in "\r\n\0"):
        raise ValueError("a command cannot hold a line end or NUL")
    return text.encode("utf-8", "surrogateescape") + b"\r\n"


def hello_verb(protocol: Protocol) -> str:
    """EHLO, or LHLO for LMTP (RFC 2033 section 4.1)."""
    return "LHLO" if protocol is Protocol.LMTP else "EHLO"


def mail_from(address: str, parameters: Sequence[str] = ()) -> str:
    """MAIL with its reverse-path (empty: the null one) and parameters (RFC 5321 section 4.1.1.2)."""
    return " ".join((f"MAIL FROM:<{address}>", *parameters))


def rcpt_to(address: str) -> str:
    """RCPT with its forward-path (RFC 5321 section 4.1.1.3)."""
    return f"RCPT TO:<{address}>"


def auth(mechanism: str, initial: str | None = None) -> str:
    """AUTH with its initial response in base64, `=` for an empty one (RFC 4954 section 4)."""
    return f"AUTH {mechanism}" if initial is None else f"AUTH {mechanism} {initial or '='}"
