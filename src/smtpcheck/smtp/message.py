"""The test message (RFC 5322) and what a server's last word says about it.

It is small, says what it is, and holds what strict receivers ask for: From, To, Date, a unique Message-ID, Subject,
and MIME headers when its text is not ASCII (RFC 2045). Lines end with CRLF and stay under 998 octets.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from smtpcheck.model import Reply
from smtpcheck.model.record import record

DEFAULT_SUBJECT = "Test message from smtpcheck"
DEFAULT_BODY = "This is a test message that smtpcheck sent to find out whether mail is accepted.\nIt needs no answer.\n"

# Each with the server software that words it so: Postfix, Exim, sendmail, qmail, Exchange, Gmail, and "queued as" kin.
_QUEUE_IDS = (
    r"(?i)queued as ([0-9A-Za-z._-]{4,80})",
    r"\bid=([0-9A-Za-z-]{6,80})",
    r"^(?:2\.\d\.\d )?([0-9A-Za-z]{8,40}) Message accepted for delivery",
    r"\bqp ([0-9]{1,20})\b",
    r"<([^<>\s]{4,200})> \[InternalId=[0-9]+",
    r"(?i)^(?:2\.\d\.\d )?OK:? +(?:[0-9]{9,} +)?(?=\S*[0-9])([0-9A-Za-z._-]{8,100})(?: - gsmtp)?$",
)


_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@record
class Message:
    """A message ready for DATA: `content` ends with CRLF and is not dot-stuffed; `eight_bit` asks for BODY=8BITMIME."""

    message_id: str
    content: bytes
    eight_bit: bool
    utf8_headers: bool


def date_and_time(moment: datetime) -> str:
    """An aware time as the Date field has it (RFC 5322 section 3.3), in English whatever the locale is.

    As `email.utils.format_datetime`, whose import would take 4 ms before the first packet.
    """
    return f"{_DAYS[moment.weekday()]}, {moment.day:02} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S %z}"


def compose(
    *,
    author: str,
    recipients: Sequence[str],
    date: str,
    message_id: str,
    subject: str | None = None,
    body: str | None = None,
) -> Message:
    """The message. `date` is an RFC 5322 date-time, `message_id` without its angle brackets.

    A subject that is not ASCII is written as an encoded-word (RFC 2047); addresses that are not ASCII stay UTF-8, which
    needs SMTPUTF8 (RFC 6532).
    """
    text = DEFAULT_BODY if body is None else body
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n").split("\n")
    encoded = [line.encode("utf-8") for line in lines]
    eight_bit = any(max(line, default=0) > 127 for line in encoded)
    wrapped = any(len(line) > 990 for line in encoded)
    headers = [
        f"From: <{author}>",
        "To: " + ",\r\n ".join(f"<{address}>" for address in recipients),
        f"Subject: {_header_text(DEFAULT_SUBJECT if subject is None else subject)}",
        f"Date: {date}",
        f"Message-ID: <{message_id}>",
        "Auto-Submitted: auto-generated",
    ]
    if eight_bit or wrapped:
        encoding = "base64" if wrapped else "8bit"
        headers += [
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            f"Content-Transfer-Encoding: {encoding}",
        ]
    content = b"\r\n".join(encoded)
    if wrapped:
        content = _in_base64(content)
    head = "\r\n".join(headers).encode("utf-8")
    return Message(
        message_id=message_id,
        content=head + b"\r\n\r\n" + content + b"\r\n",
        eight_bit=eight_bit and not wrapped,
        utf8_headers=any(byte > 127 for byte in head),
    )


def seven_bit(message: Message) -> Message:
    """The same message for a server without 8BITMIME: such a one may cut the eighth bit off (RFC 6152)."""
    if not message.eight_bit:
        return message
    head, _, body = message.content.partition(b"\r\n\r\n")
    head = head.replace(b"\r\nContent-Transfer-Encoding: 8bit", b"\r\nContent-Transfer-Encoding: base64")
    content = head + b"\r\n\r\n" + _in_base64(body.removesuffix(b"\r\n")) + b"\r\n"
    return replace(message, content=content, eight_bit=False)


def _in_base64(body: bytes) -> bytes:
    import base64

    return base64.encodebytes(body + b"\r\n").rstrip(b"\n").replace(b"\n", b"\r\n")


def _header_text(text: str) -> str:
    if text.isascii():
        return text
    import base64

    # An encoded-word holds 75 characters at most (RFC 2047 section 2); 30 characters of UTF-8 are at most 120 bytes,
    # so that they are cut by bytes, never within a character.
    words, chunk = [], b""
    for character in text:
        encoded = character.encode("utf-8")
        if len(chunk) + len(encoded) > 42:
            words.append(chunk)
            chunk = b""
        chunk += encoded
    words.append(chunk)
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(word).decode()}?=" for word in words)


def dot_stuffed(content: bytes) -> bytes:
    """The content with transparency and the final dot (RFC 5321 section 4.5.2)."""
    stuffed = re.sub(rb"(?m)^\.", b"..", content)
    return stuffed + b".\r\n"


def queue_id(reply: Reply) -> str | None:
    """The identifier under which the server queued the message, if its reply names one in a known form."""
    for line in reply.lines:
        for pattern in _QUEUE_IDS:
            if match := re.search(pattern, line):
                return match.group(1)
    return None
