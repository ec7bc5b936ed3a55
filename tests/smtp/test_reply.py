"""Replies mean the same however the network splits them, and what is none is told from one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.smtp.reply import (
    KEPT,
    LINE_LIMIT,
    REPLY_LIMIT,
    Parsed,
    ReplyMalformed,
    ReplyParser,
    foreign_protocol,
    parse_whole,
)

_TEXTS = st.binary(max_size=40).map(lambda raw: raw.replace(b"\n", b"").rstrip(b"\r"))
_CODES = st.integers(200, 599).map(lambda code: b"%d" % code)
_LINE_ENDS = st.sampled_from([b"\r\n", b"\n"])


@st.composite
def replies(draw: st.DrawFn) -> bytes:
    """One well-formed reply, as servers write it or nearly so."""
    code = draw(_CODES)
    before = [code + b"-" + draw(_TEXTS) + draw(_LINE_ENDS) for _ in range(draw(st.integers(0, 4)))]
    last = draw(st.sampled_from([b"", b" ", b" " + draw(_TEXTS)]))
    return b"".join(before) + code + last + draw(_LINE_ENDS)


def parsed(pieces: list[bytes]) -> list[Parsed]:
    """What a parser makes of these pieces."""
    parser = ReplyParser()
    found = []
    for piece in pieces:
        parser.feed(piece)
        while (one := parser.next()) is not None:
            found.append(one)
    return found


def malformed(raw: bytes) -> ReplyMalformed:
    """What the parser says of bytes that are no reply."""
    parser = ReplyParser()
    parser.feed(raw)
    with pytest.raises(ReplyMalformed) as caught:
        parser.next()
    return caught.value


@given(st.lists(replies(), min_size=1, max_size=3))
def test_every_split_of_every_reply_parses_alike(stream: list[bytes]) -> None:
    """Byte by byte, cut at each place, or all at once: the same replies, and no byte of them lost."""
    raw = b"".join(stream)
    whole = parsed([raw])
    assert [one.raw for one in whole] == stream
    assert parsed([raw[i : i + 1] for i in range(len(raw))]) == whole
    assert all(parsed([raw[:cut], raw[cut:]]) == whole for cut in range(len(raw) + 1))


@given(st.binary(max_size=200), st.integers(0, 200))
def test_bytes_of_any_kind_give_the_same_result_split_or_not(raw: bytes, cut: int) -> None:
    """Also what is no reply: the same reason, whenever it is noticed."""

    def result(pieces: list[bytes]) -> object:
        try:
            return parsed(pieces)
        except ReplyMalformed as error:
            return error.reason

    assert result([raw]) == result([raw[:cut], raw[cut:]])


def test_lines_and_enhanced_code_of_a_long_reply() -> None:
    """The texts stand without code, separator and line end; the enhanced status code is read once (RFC 2034)."""
    [one] = parsed([b"550-5.7.1 Relaying denied\r\n550-\r\n550 5.7.1 Ask your administrator\r\n"])
    assert (one.reply.code, one.reply.enhanced) == (550, "5.7.1")
    assert one.reply.lines == ("5.7.1 Relaying denied", "", "5.7.1 Ask your administrator")


@pytest.mark.parametrize(
    ("text", "enhanced"),
    [("5.7.1 no", "5.7.1"), ("5.7.1", "5.7.1"), ("5.7.1234 no", None), ("see 5.7.1", None), ("6.0.0 no", None)],
)
def test_enhanced_code_is_read_only_where_it_stands_first(text: str, enhanced: str | None) -> None:
    """RFC 2034: the text begins with it, and a space follows."""
    reply = parse_whole(f"550 {text}".encode())
    assert reply is not None
    assert reply.enhanced == enhanced


def test_bytes_that_are_no_utf8_stay_visible() -> None:
    """GBK, Latin-1 and garbage are the server's words too."""
    reply = parse_whole(b"550 caf\xe9 \xc4\xe3")
    assert reply is not None
    assert reply.lines == ("caf\\xe9 \\xc4\\xe3",)


def test_no_byte_of_a_begun_reply_is_lost_when_the_connection_ends() -> None:
    """`partial` holds whole lines and the unfinished one."""
    parser = ReplyParser()
    parser.feed(b"250-mail.example.com\r\n250-SI")
    assert parser.next() is None
    assert parser.partial == b"250-mail.example.com\r\n250-SI"
    assert parser.take() == b"250-mail.example.com\r\n250-SI"
    assert not parser.pending


def test_two_replies_in_one_packet_are_two() -> None:
    """What came with the first one is pending until it is asked for."""
    parser = ReplyParser()
    parser.feed(b"250 one\r\n550 two\r\n")
    first = parser.next()
    assert first is not None
    assert first.reply.code == 250
    assert parser.pending
    second = parser.next()
    assert second is not None
    assert second.reply.code == 550
    assert not parser.pending


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"hello\r\n", "a line does not begin with a reply code"),
        (b"\r\n", "a line does not begin with a reply code"),
        (b"2500 x\r\n", "a line does not begin with a reply code"),
        (b"99 x\r\n", "a line does not begin with a reply code"),
        (b"150 x\r\n", "a line does not begin with a reply code"),
        (b"650 x\r\n", "a line does not begin with a reply code"),
        (b"250x\r\n", "a line does not begin with a reply code"),
        (b"250-a\r\nb\r\n", "a line does not begin with a reply code"),
        (b"250-a\r\n550 b\r\n", "one reply mixes the codes 250 and 550"),
    ],
)
def test_what_is_no_reply_is_named(raw: bytes, reason: str) -> None:
    """And its bytes are kept."""
    error = malformed(raw)
    assert error.reason == reason
    assert error.raw == raw


@pytest.mark.parametrize("raw", [b"2" * (LINE_LIMIT + 1), b"250 " + b"x" * LINE_LIMIT + b"\r\n"])
def test_an_endless_line_ends_at_its_limit(raw: bytes) -> None:
    """With or without a line end; only its beginning is kept."""
    error = malformed(raw)
    assert error.reason == "a line of more than 64 KiB"
    assert error.raw == raw[:KEPT]


def test_an_endless_reply_ends_at_its_limit() -> None:
    """Ten thousand lines are a reply; more than a mebibyte of them is not."""
    line = b"250-" + b"x" * 96 + b"\r\n"
    [one] = parsed([line * 10_000 + b"250 end\r\n"])
    assert len(one.reply.lines) == 10_001
    assert malformed(line * (REPLY_LIMIT // len(line) + 2)).reason == "a reply of more than 1 MiB"


@pytest.mark.parametrize(
    ("first", "protocol"),
    [
        (b"SSH-2.0-OpenSSH_9.6\r\n", "ssh"),
        (b"HTTP/1.1 400 Bad Request\r\n", "http"),
        (b"<!DOCTYPE html>", "http"),
        (b"* OK IMAP4rev1 ready\r\n", "imap"),
        (b"* BYE too many connections\r\n", "imap"),
        (b"+OK POP3 ready\r\n", "pop3"),
        (b"220 ProFTPD FTP server ready\r\n", "ftp"),
        (b"220-Welcome\r\n", None),
        (b"220 ftp.example.com ESMTP FTP gateway\r\n", None),
        (b"220 ftp.example.com SMTP\r\n", None),
        (bytes.fromhex("15030300020228"), "tls-alert"),
        (bytes.fromhex("160303004a02"), "tls"),
        (b"220 mail.example.com ESMTP\r\n", None),
        (b"", None),
    ],
)
def test_other_protocols_are_told_by_their_first_bytes(first: bytes, protocol: str | None) -> None:
    """What a wrong port greets with; a mail server that is called ftp is still one."""
    assert foreign_protocol(first) == protocol
