"""How SASL travels in SMTP: base64 on lines of their own (RFC 4954 section 4).

"=" stands for an initial response that is there and empty; a later empty response is an empty line.
"""

import re
from binascii import a2b_base64, b2a_base64

from smtpcheck.smtp.sasl.mechanism import ChallengeMalformed

_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}")

CANCEL = "*"
"""The line that ends an exchange; the server has to answer it with 501."""


def initial_text(response: bytes) -> str:
    """The last word of the AUTH command."""
    return response_text(response) or "="


def response_text(response: bytes) -> str:
    """The line that answers a 334."""
    return b2a_base64(response, newline=False).decode("ascii")


def challenge_bytes(text: str) -> bytes:
    """The challenge in the text of a 334; raises `ChallengeMalformed` if it is not base64."""
    return from_base64(text.strip(" ").encode("utf-8", "replace"), "challenge")


def from_base64(value: bytes, what: str) -> bytes:
    """The bytes that the value stands for; raises `ChallengeMalformed`, which names `what`.

    `binascii` drops what does not belong, and its strict mode lets surplus padding through: the form is checked here.
    """
    if len(value) % 4 or not _BASE64.fullmatch(value):
        raise ChallengeMalformed(f"the {what} is not base64")
    return a2b_base64(value)
