"""A command is one line, whatever the values in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model import Protocol
from smtpcheck.smtp.commands import auth, hello_verb, line, mail_from, rcpt_to


def test_commands_as_rfc_5321_writes_them() -> None:
    """No space after the colon; parameters after the path."""
    assert mail_from("") == "MAIL FROM:<>"
    assert mail_from("a@example.com", ["SIZE=10", "SMTPUTF8"]) == "MAIL FROM:<a@example.com> SIZE=10 SMTPUTF8"
    assert rcpt_to("b@example.com") == "RCPT TO:<b@example.com>"


def test_auth_with_and_without_initial_response() -> None:
    """An empty one is an equals sign (RFC 4954 section 4)."""
    assert auth("LOGIN") == "AUTH LOGIN"
    assert auth("PLAIN", "AGEAYg==") == "AUTH PLAIN AGEAYg=="
    assert auth("EXTERNAL", "") == "AUTH EXTERNAL ="


def test_lmtp_greets_with_a_verb_of_its_own() -> None:
    """RFC 2033 section 4.1."""
    assert hello_verb(Protocol.SMTP) == "EHLO"
    assert hello_verb(Protocol.LMTP) == "LHLO"


def test_a_line_is_utf8_and_ends_with_crlf() -> None:
    """Bytes that came as surrogate escapes leave as they came."""
    assert line("RCPT TO:<jürgen@example.com>") == "RCPT TO:<jürgen@example.com>\r\n".encode()
    assert line("X \udce9") == b"X \xe9\r\n"


@given(st.text(), st.sampled_from("\r\n\0"), st.text())
def test_a_second_command_cannot_hide_in_a_value(before: str, separator: str, after: str) -> None:
    """The last gate before the wire."""
    with pytest.raises(ValueError, match="line end or NUL"):
        line(rcpt_to(before + separator + after))
