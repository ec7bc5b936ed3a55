"""What was said in a TLS handshake: messages and alerts (RFC 8446 sections 4 and 6, RFC 5246 sections 7.2 and 7.4).

CPython tells them through `SSLContext._msg_callback`, which is private: it sees the encrypted ones, too. Where that
hook is missing, the records that travel in clear are read here (RFC 8446 section 5.1); they end at ServerHello with TLS
1.3, and before Finished with TLS 1.2. Nothing but the choice of words depends on either.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from smtpcheck.model.record import record

MESSAGES = {
    0: "HelloRequest",
    1: "ClientHello",
    2: "ServerHello",
    4: "NewSessionTicket",
    5: "EndOfEarlyData",
    8: "EncryptedExtensions",
    11: "Certificate",
    12: "ServerKeyExchange",
    13: "CertificateRequest",
    14: "ServerHelloDone",
    15: "CertificateVerify",
    16: "ClientKeyExchange",
    20: "Finished",
    22: "CertificateStatus",
    24: "KeyUpdate",
    25: "CompressedCertificate",
}

ALERTS = {
    0: "close_notify",
    10: "unexpected_message",
    20: "bad_record_mac",
    21: "decryption_failed",
    22: "record_overflow",
    30: "decompression_failure",
    40: "handshake_failure",
    41: "no_certificate",
    42: "bad_certificate",
    43: "unsupported_certificate",
    44: "certificate_revoked",
    45: "certificate_expired",
    46: "certificate_unknown",
    47: "illegal_parameter",
    48: "unknown_ca",
    49: "access_denied",
    50: "decode_error",
    51: "decrypt_error",
    60: "export_restriction",
    70: "protocol_version",
    71: "insufficient_security",
    80: "internal_error",
    86: "inappropriate_fallback",
    90: "user_canceled",
    100: "no_renegotiation",
    109: "missing_extension",
    110: "unsupported_extension",
    111: "certificate_unobtainable",
    112: "unrecognized_name",
    113: "bad_certificate_status_response",
    114: "bad_certificate_hash_value",
    115: "unknown_psk_identity",
    116: "certificate_required",
    120: "no_application_protocol",
}

_NUMBERS = {name: number for number, name in ALERTS.items()} | {"user_cancelled": 90}

# The ServerHello that asks for another ClientHello carries this random (RFC 8446 section 4.1.3).
_RETRY = bytes.fromhex("cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c")

ALERT, HANDSHAKE = 21, 22
_CHANGE_CIPHER_SPEC = 20
_TLS13_CHOSEN = bytes.fromhex("002b00020304")  # the extension supported_versions of a TLS 1.3 ServerHello
_KEPT = 64
_ALERTS_KEPT = 16


@record
class Message:
    """A handshake message or an alert: `size` in bytes with its header; `alert` and `level` (1 warning, 2 fatal)
    stand for alerts alone.
    """

    sent: bool
    name: str
    size: int
    alert: int | None = None
    level: int | None = None

    @property
    def holds_certificate(self) -> bool:
        """Whether a Certificate message carries one: an empty list makes 7 bytes (TLS 1.2), or 8 (TLS 1.3)."""
        return self.name == "Certificate" and self.size > 8


@dataclass(slots=True, eq=False, repr=False)
class Transcript:
    """The messages in their order, at most 64 and 16 alerts: a server may send key updates without end."""

    messages: list[Message] = field(default_factory=list)
    _tls13: bool = False

    def add(self, sent: bool, content: int, data: bytes) -> None:
        """Keeps a whole handshake message or alert, as OpenSSL hands it over; other content is passed by."""
        room = len(self.messages) < _KEPT
        if content == ALERT and len(data) == 2 and len(self.messages) < _KEPT + _ALERTS_KEPT:
            name = ALERTS.get(data[1], str(data[1]))
            self.messages.append(Message(sent=sent, name=f"Alert {name}", size=2, alert=data[1], level=data[0]))
        elif content == HANDSHAKE and data and room:
            name = MESSAGES.get(data[0], f"message {data[0]}")
            if name == "ServerHello" and data[6:38] == _RETRY:
                name = "HelloRetryRequest"
            elif name == "ServerHello":
                self._tls13 = _TLS13_CHOSEN in data
            self.messages.append(Message(sent=sent, name=name, size=len(data)))

    @property
    def last_handshake(self) -> Message | None:
        return next((message for message in reversed(self.messages) if message.alert is None), None)

    def seen(self, name: str, *, sent: bool) -> Message | None:
        """The first message of that name in that direction."""
        return next((message for message in self.messages if message.name == name and message.sent is sent), None)

    @property
    def alert(self) -> Message | None:
        """The alert that matters: the server's fatal one, then its warning, then our own."""
        alerts = [message for message in self.messages if message.alert is not None]
        return min(alerts, key=lambda one: (one.sent, one.level != 2, one.alert == 0), default=None)

    @property
    def waiting_for(self) -> str:
        """The message that the server owes, as far as the ones before it tell."""
        last = self.last_handshake
        received = [message.name for message in self.messages if message.alert is None and not message.sent]
        if last is None or last.name == "ClientHello" or not received:
            return "ServerHello"
        if last.sent and last.name == "Finished":
            return "Finished"  # TLS 1.2: ours goes first
        return (_AFTER_13 if self._tls13 else _AFTER_12).get(received[-1], "Finished")


_AFTER_13 = {
    "ServerHello": "EncryptedExtensions",
    "EncryptedExtensions": "Certificate",
    "CertificateRequest": "Certificate",
    "Certificate": "CertificateVerify",
    "CompressedCertificate": "CertificateVerify",
    "CertificateVerify": "Finished",
}

_AFTER_12 = {
    "HelloRetryRequest": "ServerHello",
    "ServerHello": "Certificate",
    "Certificate": "ServerKeyExchange",
    "CertificateStatus": "ServerKeyExchange",
    "ServerKeyExchange": "ServerHelloDone",
    "CertificateRequest": "ServerHelloDone",
    "ServerHelloDone": "Finished",
}


def alert_of_reason(reason: str | None) -> int | None:
    """The number of a received alert from OpenSSL's reason word, where nothing better tells it.

    The prefixes are history, not the version in use: `SSLV3_ALERT_HANDSHAKE_FAILURE` comes with TLS 1.3 as well.
    """
    for prefix in ("SSLV3_ALERT_", "TLSV1_ALERT_", "TLSV13_ALERT_", "TLSV1_"):
        if reason is not None and reason.startswith(prefix):
            return _NUMBERS.get(reason.removeprefix(prefix).lower())
    return None


def looks_like_tls(data: bytes) -> bool:
    """Whether bytes can begin a TLS record: content type 20 to 23, then major version 3 (RFC 8446 section 5.1)."""
    return not data or (20 <= data[0] <= 23 and data[1:2] in (b"", b"\x03"))


class ClearRecords:
    """Cuts one direction's bytes into handshake messages and alerts, until they are encrypted or no TLS."""

    def __init__(self) -> None:
        self._bytes = b""
        self._handshake = b""
        self._clear = True

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Content type and whole message, for all that is complete now."""
        if not self._clear:
            return
        self._bytes += data
        while self._clear and len(self._bytes) >= 5:
            content, size = self._bytes[0], int.from_bytes(self._bytes[3:5], "big")
            if content not in (ALERT, HANDSHAKE, _CHANGE_CIPHER_SPEC) or not looks_like_tls(self._bytes):
                self._clear = False
            if len(self._bytes) < 5 + size or not self._clear:
                break
            body, self._bytes = self._bytes[5 : 5 + size], self._bytes[5 + size :]
            if content == _CHANGE_CIPHER_SPEC:
                self._clear = False
            elif content == ALERT:
                yield ALERT, body
            else:
                yield from self._messages(body)

    def _messages(self, body: bytes) -> Iterator[tuple[int, bytes]]:
        self._handshake += body
        while len(self._handshake) >= 4:
            end = 4 + int.from_bytes(self._handshake[1:4], "big")
            if end > 1 << 17:
                self._clear = False
            if len(self._handshake) < end or not self._clear:
                return
            message, self._handshake = self._handshake[:end], self._handshake[end:]
            yield HANDSHAKE, message
