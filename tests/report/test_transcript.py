"""The transcript of `-v`: who said what, when, and whether it was inside TLS."""

from smtpcheck.model import Attempt, Closed, Handshake, Note, Replied, Sent, Silent, Surplus, TlsFailed
from smtpcheck.report.layout import lay_out
from smtpcheck.report.transcript import transcript

from .builders import passed


def lines(*events: object, ascii: bool = False) -> list[str]:
    attempt = Attempt(look="first", address=None, steps=(), events=events)  # type: ignore[arg-type]
    return lay_out(transcript(attempt, ascii), 100, color=False).splitlines()


def test_a_session_reads_as_a_dialogue() -> None:
    spoken = lay_out(transcript(passed().attempts[0], ascii=False), 80, color=False).splitlines()
    assert "  0.130     S: 220 mx.example.com ESMTP Postfix" in spoken
    assert "  0.270 tls C: EHLO client.example.org" in spoken
    assert "  0.290 tls C: AUTH PLAIN ***" in spoken
    assert "  0.170     -- sent ClientHello, 517 bytes" in spoken


def test_commands_that_shared_a_flight_have_a_line_each() -> None:
    flight = Sent(at=1.0, shown="MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nQUIT", size=50, tls=True)
    assert lines(flight) == [
        "  1.000 tls C: MAIL FROM:<a@b>",
        "  1.000 tls C: RCPT TO:<c@d>",
        "  1.000 tls C: RSET",
        "  1.000 tls C: QUIT",
    ]


def test_lines_end_where_the_server_ended_them() -> None:
    """At LF, not at a lone CR and not at a line separator of Unicode, which are shown."""
    said = Replied(at=2.0, raw=b"250-a\rb\r\n250-c\xe2\x80\xa8d\n250 \xff\r\n", first=2.0, tls=False)
    assert lines(said) == [
        r"  2.000     S: 250-a\rb",
        r"  2.000     S: 250-c\u2028d",
        r"  2.000     S: 250 \xff",
    ]


def test_everything_else_is_a_note() -> None:
    spoken = lines(
        Handshake(at=0.0, sent=False, message="alert handshake_failure", size=2),
        TlsFailed(at=0.0, reason="NO_SHARED\x1b_CIPHER", alert=40, first_bytes=b"\x15\x03"),
        Surplus(at=0.0, raw=b"SSH-2.0\n", tls=False),
        Silent(at=0.0, waiting_for="the banner", partial=b"22", tcp=None),
        Closed(at=0.0, how="eof"),
        Note(at=0.0, text="the machine\nwas busy"),
    )
    assert [line.removeprefix("  0.000     ") for line in spoken] == [
        "-- received alert handshake_failure, 2 bytes",
        r'-- TLS failed: NO_SHARED\x1b_CIPHER, alert 40, instead of a ServerHello came "\x15\x03"',
        "-- 8 bytes that belong to no reply:",
        "S: SSH-2.0",
        "-- silence: waited for the banner, 2 bytes of it had come",
        "-- closed from the other side",
        r"-- the machine\nwas busy",
    ]
