"""The test message is one that strict receivers take, and what a server says of it is read right."""

import email
import email.policy
import re
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.utils import format_datetime, getaddresses, parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model import Reply
from smtpcheck.smtp.message import DEFAULT_BODY, Message, compose, date_and_time, dot_stuffed, queue_id, seven_bit

_DATE = "Sun, 22 Nov 2026 17:30:00 +0100"
_LINES = st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0")), max_size=5)
_SUBJECTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), max_size=80)


def made(
    *,
    body: str | None = None,
    subject: str | None = None,
    author: str = "a@example.com",
    recipients: tuple[str, ...] = ("b@example.net",),
) -> Message:
    """A message with these parts."""
    return compose(
        author=author, recipients=recipients, date=_DATE, message_id="1.2@example.com", subject=subject, body=body
    )


def read(message: Message) -> EmailMessage:
    """The message as Python's email package reads it, without a defect."""
    parsed = email.message_from_bytes(message.content, policy=email.policy.SMTPUTF8)
    assert isinstance(parsed, EmailMessage)
    assert parsed.defects == []
    return parsed


def text_of(message: Message) -> str:
    """The text that a reader gets to see."""
    content = read(message).get_content()
    assert isinstance(content, str)
    return content.replace("\r\n", "\n")


def wire_lines(content: bytes) -> list[bytes]:
    """The lines, which all end with CRLF."""
    assert content.endswith(b"\r\n")
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    assert not any(b"\r" in line or b"\n" in line for line in lines)
    return lines


def test_it_has_the_headers_that_strict_receivers_ask_for() -> None:
    """And the mark that keeps answering machines silent (RFC 3834)."""
    parsed = read(made(recipients=("b@example.net", "c@example.net")))
    assert parseaddr(parsed["From"])[1] == "a@example.com"
    assert [address for _, address in getaddresses([parsed["To"]])] == ["b@example.net", "c@example.net"]
    assert parsed["Date"] == _DATE
    assert parsed["Message-ID"] == "<1.2@example.com>"
    assert parsed["Subject"] == "Test message from smtpcheck"
    assert parsed["Auto-Submitted"] == "auto-generated"
    assert text_of(made()).splitlines() == DEFAULT_BODY.splitlines()


def test_it_says_what_it_is() -> None:
    """Whoever finds it in a mailbox must understand where it comes from."""
    assert b"smtpcheck" in made().content.split(b"\r\n\r\n", 1)[1]


def test_plain_text_needs_no_mime_and_no_extension() -> None:
    """A server that speaks RFC 821 alone can take it."""
    message = made()
    assert b"MIME-Version" not in message.content
    assert (message.eight_bit, message.utf8_headers) == (False, False)


@given(_SUBJECTS)
def test_every_subject_arrives_as_it_was_given(subject: str) -> None:
    """Encoded-words of at most 75 characters, no character cut in two (RFC 2047 section 2)."""
    message = made(subject=f"s{subject}s")
    head = message.content.split(b"\r\n\r\n", 1)[0]
    assert head.isascii()
    assert all(len(word) <= 75 for word in re.findall(rb"=\?utf-8\?B\?[^?]*\?=", head))
    if not subject.isascii():
        assert read(message)["Subject"] == f"s{subject}s"


@given(_LINES)
def test_every_body_arrives_as_it_was_given(lines: list[str]) -> None:
    """Whatever line ends it had; no line is over 998 octets (RFC 5322 section 2.1.1)."""
    body = "\n".join(lines) + "\n"
    message = made(body=body)
    assert all(len(line) <= 998 for line in wire_lines(message.content))
    assert text_of(message) == body
    assert made(body="\r\n".join(lines) + "\r\n").content == message.content


@pytest.mark.parametrize("body", ["x" * 5000, "ä" * 5000, "short\n" + "ü" * 996 + "\nend"])
def test_a_line_that_is_too_long_is_encoded(body: str) -> None:
    """In base64, so that no server has to break it."""
    message = made(body=body)
    assert all(len(line) <= 78 for line in wire_lines(message.content))
    assert message.content.isascii()
    assert not message.eight_bit
    assert text_of(message).removesuffix("\n") == body


def test_a_body_that_is_not_ascii_asks_for_8bitmime() -> None:
    """And can be had in seven bits, for a server that does not offer it."""
    message = made(body="Grüße\n.\nEnde\n")
    assert message.eight_bit
    assert text_of(message) == "Grüße\n.\nEnde\n"
    narrow = seven_bit(message)
    assert narrow.content.isascii()
    assert not narrow.eight_bit
    assert text_of(narrow) == "Grüße\n.\nEnde\n"
    assert narrow.message_id == message.message_id


def test_seven_bits_change_nothing_where_nothing_needs_it() -> None:
    """The plain message stays the plain message."""
    assert seven_bit(made()) == made()


def test_an_address_that_is_not_ascii_needs_smtputf8() -> None:
    """It stays UTF-8 in the header (RFC 6532): there is no other spelling of it."""
    message = made(author="jürgen@example.com")
    assert message.utf8_headers
    assert "jürgen@example.com" in str(read(message)["From"])


@given(st.lists(st.sampled_from([b"", b".", b"..", b".x", b"x.", b"x"]), max_size=6))
def test_dots_arrive_as_they_were(lines: list[bytes]) -> None:
    """Transparency (RFC 5321 section 4.5.2), undone as a server does it; the end is nowhere but at the end."""
    content = b"".join(line + b"\r\n" for line in lines)
    stuffed = dot_stuffed(content)
    *sent, final, rest = stuffed.split(b"\r\n")
    assert (final, rest) == (b".", b"")
    assert b"." not in sent
    assert [line.removeprefix(b".") for line in sent] == lines


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("2.0.0 Ok: queued as 4XyZab1c2dz3pQ", "4XyZab1c2dz3pQ"),  # Postfix
        ("2.0.0 Ok: queued as 9A1B2C3D4E", "9A1B2C3D4E"),
        ("OK id=1tEXaM-0000000Abcd-2xYz", "1tEXaM-0000000Abcd-2xYz"),  # Exim
        ("2.0.0 4AMGU2x1012345 Message accepted for delivery", "4AMGU2x1012345"),  # sendmail
        ("2.0.0 OK  1732298400 ffacd0b85a97d-382si12f8f.12 - gsmtp", "ffacd0b85a97d-382si12f8f.12"),  # Gmail
        (
            "2.6.0 <smtpcheck.1@example.com> [InternalId=1234567890, Hostname=A.example.com] 9876 bytes in 0.1, "
            "9.6 KB/sec Queued mail for delivery",
            "smtpcheck.1@example.com",
        ),  # Exchange
        ("Ok 0100019353a1b2c3-0a1b2c3d-4e5f-000000", "0100019353a1b2c3-0a1b2c3d-4e5f-000000"),  # Amazon SES
        ("ok 1732298400 qp 12345", "12345"),  # qmail
        ("Ok: queued as q1aBcDeFgH_iJkLmNoPq-R", "q1aBcDeFgH_iJkLmNoPq-R"),  # SendGrid
        ("2.0.0 OK", None),
        ("OK accepted", None),
        ("2.0.0 Message accepted", None),
        ("Great, thank you", None),
    ],
)
def test_the_queue_id_is_found_where_servers_put_it(line: str, found: str | None) -> None:
    """And nothing is called one that is none."""
    assert queue_id(Reply(code=250, lines=(line,))) == found


def test_the_queue_id_may_stand_in_any_line() -> None:
    """Exchange and some gateways answer in several."""
    assert queue_id(Reply(code=250, lines=("2.0.0 Thanks", "2.0.0 Ok: queued as ABC123"))) == "ABC123"


@given(
    moment=st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 30)),
    minutes=st.integers(-12 * 60, 14 * 60),
)
def test_the_date_is_written_as_the_standard_library_writes_it(moment: datetime, minutes: int) -> None:
    """In every time zone."""
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert date_and_time(aware) == format_datetime(aware)
    assert date_and_time(moment.replace(tzinfo=UTC)).endswith(" +0000")
