"""Replies (RFC 5321 section 4.2), parsed from bytes as they come, however they are split.

The parser is tolerant where servers differ and nothing is lost (a bare LF ends a line, a code may stand alone), and
strict where a client could be misled: a line without a code, codes that differ within one reply, an endless line. It
never holds more than one reply's limit, whatever a server sends.
"""

import re

from smtpcheck.model import Reply
from smtpcheck.model.record import brief_record

LINE_LIMIT = 64 * 1024
REPLY_LIMIT = 1024 * 1024
KEPT = 4096

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)
_ENHANCED = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3})(?:\s|$)")


class ReplyMalformed(Exception):
    """What came is no SMTP reply. `reason` is a few plain words, `raw` the first bytes (at most `KEPT`)."""

    def __init__(self, reason: str, raw: bytes) -> None:
        super().__init__(reason)
        self.reason = reason
        self.raw = raw[:KEPT]


@brief_record
class Parsed:
    """A reply with the bytes that it was read from."""

    reply: Reply
    raw: bytes


class ReplyParser:
    """Takes bytes, gives replies: `feed`, then `next` until it is None."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._scanned = 0
        self._raw = bytearray()
        self._lines: list[bytes] = []
        self._code: bytes | None = None

    def feed(self, data: bytes) -> None:
        """Adds bytes that came from the server."""
        self._buffer += data

    @property
    def partial(self) -> bytes:
        """The beginning of a reply that is not complete yet, or bytes that nobody asked for (at most `KEPT`)."""
        return bytes(self._raw[:KEPT] + self._buffer[:KEPT])[:KEPT]

    @property
    def pending(self) -> bool:
        """True when bytes have come that no reply has used yet."""
        return bool(self._raw or self._buffer)

    def take(self) -> bytes:
        """Removes and gives everything that was not used (at most `KEPT` of it)."""
        partial = self.partial
        self._buffer.clear()
        self._raw.clear()
        self._lines.clear()
        self._scanned = 0
        self._code = None
        return partial

    def next(self) -> Parsed | None:
        """The next whole reply, or None while it is incomplete. Raises ReplyMalformed."""
        while (line := self._line()) is not None:
            match = _LINE.fullmatch(line.rstrip(b"\r\n"))
            self._raw += line
            if match is None:
                raise ReplyMalformed("a line does not begin with a reply code", bytes(self._raw))
            code, separator, text = match.groups()
            if self._code is not None and code != self._code:
                raise ReplyMalformed(
                    f"one reply mixes the codes {self._code.decode()} and {code.decode()}", bytes(self._raw)
                )
            self._code = code
            self._lines.append(text or b"")
            if separator != b"-":
                return self._finish()
            if len(self._raw) > REPLY_LIMIT:
                raise ReplyMalformed("a reply of more than 1 MiB", bytes(self._raw))
        return None

    def _line(self) -> bytes | None:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            self._scanned = len(self._buffer)
            if self._scanned > LINE_LIMIT:
                raise ReplyMalformed("a line of more than 64 KiB", bytes(self._raw[:KEPT] + self._buffer[:KEPT]))
            return None
        if end > LINE_LIMIT:
            raise ReplyMalformed("a line of more than 64 KiB", bytes(self._raw[:KEPT] + self._buffer[:KEPT]))
        line = bytes(self._buffer[: end + 1])
        del self._buffer[: end + 1]
        self._scanned = 0
        return line

    def _finish(self) -> Parsed:
        assert self._code is not None
        parsed = Parsed(make_reply(int(self._code), self._lines), bytes(self._raw))
        self._raw.clear()
        self._lines = []
        self._code = None
        return parsed


def make_reply(code: int, lines: list[bytes]) -> Reply:
    """A Reply from the code and the raw texts of its lines; the enhanced status code is that of the first line."""
    texts = tuple(line.decode("utf-8", "backslashreplace") for line in lines)
    match = _ENHANCED.match(texts[0]) if texts else None
    return Reply(code=code, lines=texts, enhanced=match.group(1) if match else None)


def parse_whole(raw: bytes) -> Reply | None:
    """The reply that `raw` holds, or None when it is none: for bytes that are already complete."""
    parser = ReplyParser()
    parser.feed(raw if raw.endswith(b"\n") else raw + b"\r\n")
    try:
        parsed = parser.next()
    except ReplyMalformed:
        return None
    return parsed.reply if parsed else None


def foreign_protocol(first_bytes: bytes) -> str | None:
    """Which other protocol greets with these bytes: ssh, http, imap, pop3, ftp, tls-alert, tls, or None.

    FTP greets with 220 as SMTP does, and is told by its text (RFC 959 names no form for it).
    """
    signatures = ((b"SSH-", "ssh"), (b"HTTP/", "http"), (b"* OK", "imap"), (b"* BYE", "imap"), (b"+OK", "pop3"))
    for beginning, name in signatures:
        if first_bytes.startswith(beginning):
            return name
    if re.match(rb"\x15\x03[\x00-\x04]\x00\x02", first_bytes):
        return "tls-alert"
    if re.match(rb"\x16\x03[\x00-\x04]", first_bytes):
        return "tls"
    if re.match(rb"\s*<(?:!doctype|html|\?xml)", first_bytes, re.IGNORECASE):
        return "http"
    if re.match(rb"220[ -](?![^\r\n]*\bE?SMTP\b)[^\r\n]*\bFTP\b", first_bytes, re.IGNORECASE):
        return "ftp"
    return None
