"""The error that a server sends as a challenge when it refuses a token: JSON in base64 (RFC 7628 section 3.2.2).

Clients log it undecoded, as `334 eyJ...`, or decoded. It says what the 535 after it leaves out.
"""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64

from smtpcheck.smtp.sasl.challenge import describe_challenge

_ENCODED = re.compile(r"\beyJ[A-Za-z0-9+/]{12,1000}={0,2}(?![A-Za-z0-9+/=.])")
_DECODED = re.compile(r"\{\\?\"status\\?\" ?: ?\\?\"?[0-9a-z_]{3,30}\\?\"?[^{}]{0,300}\}")


def error_in(line: str) -> str | None:
    """The error of an OAuth challenge that stands in a line, in one readable line, or None."""
    for found in _ENCODED.finditer(line[:8_192]):
        try:
            challenge = a2b_base64(found.group())
        except NotBase64:
            continue
        facts = describe_challenge("XOAUTH2", challenge)
        if "status" in facts.error or "schemes" in facts.error:
            return facts.text
    decoded = _DECODED.search(line[:8_192])
    if decoded is not None and "scope" in decoded.group():
        facts = describe_challenge("XOAUTH2", decoded.group().replace("\\", "").encode())
        return facts.text if facts.error else None
    return None
