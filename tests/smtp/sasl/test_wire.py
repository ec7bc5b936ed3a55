"""Bytes on the lines of SMTP (RFC 4954 section 4)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.smtp.sasl import ChallengeMalformed, challenge_bytes, initial_text, response_text


def test_an_empty_initial_response_is_an_equals_sign() -> None:
    """And an empty response later is an empty line: servers tell the two apart."""
    assert initial_text(b"") == "="
    assert response_text(b"") == ""


@given(st.binary(max_size=400))
def test_whatever_is_sent_is_one_line_that_reads_back(data: bytes) -> None:
    """No length of token breaks the line."""
    line = response_text(data)
    assert "\n" not in line
    assert challenge_bytes(line) == data


@pytest.mark.parametrize("text", ["Username:", "VXNlcm5hbWU", "VXNl cm5hbWU6", "VXNlcm5hbWU6=", "=", "é", "VXNl\x00"])
def test_a_challenge_that_is_not_base64_is_malformed(text: str) -> None:
    """Words in clear, missing padding and junk are not guessed at, and not repeated in the reason."""
    with pytest.raises(ChallengeMalformed) as caught:
        challenge_bytes(text)
    assert caught.value.reason == "the challenge is not base64"


def test_an_empty_challenge_is_empty() -> None:
    """`334 ` with nothing behind it asks for the initial response."""
    assert challenge_bytes("") == b""
    assert challenge_bytes(" ") == b""
