"""SASL for an SMTP client (RFC 4422, RFC 4954): pure code, from decoded challenge to response.

`choose` picks a mechanism from what the server offers, `start` begins its exchange, `describe_challenge` says what a
report may show of a challenge, and `wire` puts bytes on lines. Reading order: mechanism, wire, clear, oauth, cram,
digest, prep, scram, spnego, start, choose, challenge.
"""

from smtpcheck.smtp.sasl.challenge import ChallengeFacts, describe_challenge
from smtpcheck.smtp.sasl.choose import Choice, choose
from smtpcheck.smtp.sasl.mechanism import (
    ChallengeMalformed,
    ChannelBinding,
    Credentials,
    CredentialsUnusable,
    Mechanism,
    MechanismUnavailable,
    Proof,
    SaslError,
    ServerNotProven,
)
from smtpcheck.smtp.sasl.spnego import key_server
from smtpcheck.smtp.sasl.start import MECHANISMS, blocks, start
from smtpcheck.smtp.sasl.wire import CANCEL, challenge_bytes, initial_text, response_text

__all__ = [
    "CANCEL",
    "MECHANISMS",
    "ChallengeFacts",
    "ChallengeMalformed",
    "ChannelBinding",
    "Choice",
    "Credentials",
    "CredentialsUnusable",
    "Mechanism",
    "MechanismUnavailable",
    "Proof",
    "SaslError",
    "ServerNotProven",
    "blocks",
    "challenge_bytes",
    "choose",
    "describe_challenge",
    "initial_text",
    "key_server",
    "response_text",
    "start",
]
