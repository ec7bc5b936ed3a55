"""Which word of `TlsFacts.failure` an error of OpenSSL is.

The same reason stands for opposite things: `SSLV3_ALERT_HANDSHAKE_FAILURE` is "no shared cipher" before the server's
certificate came, and "client certificate required" after it (TLS 1.2 has no alert of its own for that); a certificate
alert that we receive is about our certificate, not the server's.
"""

import ssl

from smtpcheck.model.record import record
from smtpcheck.net.tls_messages import Transcript, alert_of_reason
from smtpcheck.net.tls_names import is_ip

_REASONS = {
    "UNSUPPORTED_PROTOCOL": "protocol-version",
    "WRONG_SSL_VERSION": "protocol-version",
    "UNSUPPORTED_SSL_VERSION": "protocol-version",
    "DH_KEY_TOO_SMALL": "weak-dh",
    "UNSAFE_LEGACY_RENEGOTIATION_DISABLED": "legacy-renegotiation",
    "UNEXPECTED_EOF_WHILE_READING": "eof",
}

_CERTIFICATE_ALERTS = frozenset({41, 42, 43, 44, 45, 46, 48, 49, 51})
"""What a server says of a client's certificate; missing ones included, in TLS libraries that have no better word."""


@record
class Failure:
    """`failure` is a word of `TlsFacts.failure`, `reason` OpenSSL's, `verify_code` its verdict on the chain.

    `alert` is the number of a fatal alert that the server sent.
    """

    failure: str
    reason: str | None = None
    alert: int | None = None
    verify_code: int | None = None
    verify_message: str | None = None


def name_mismatch(expected: str) -> Failure:
    """What OpenSSL says of a certificate that does not hold this plain name, where the comparison was ours."""
    what, code = ("IP address", 64) if is_ip(expected) else ("Hostname", 62)
    message = f"{what} mismatch, certificate is not valid for {expected!r}."
    return Failure(failure="untrusted", reason="CERTIFICATE_VERIFY_FAILED", verify_code=code, verify_message=message)


def classify(error: ssl.SSLError, transcript: Transcript, *, not_tls: bool) -> Failure:
    """The failure behind an error of the handshake, or of the first read after it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(
            failure="untrusted",
            reason=error.reason,
            verify_code=error.verify_code,
            verify_message=error.verify_message,
        )
    if not_tls:
        return Failure(failure="not-tls", reason=error.reason)
    alert = _received_alert(error, transcript)
    if alert is not None:
        return Failure(failure=_of_alert(alert, transcript), reason=error.reason, alert=alert)
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return Failure(failure="eof", reason=error.reason)
    return Failure(failure=_REASONS.get(error.reason or "", "other"), reason=error.reason)


def _received_alert(error: ssl.SSLError, transcript: Transcript) -> int | None:
    alert = transcript.alert
    if alert is not None and not alert.sent and alert.level == 2:
        return alert.alert
    return alert_of_reason(error.reason)


def _of_alert(alert: int, transcript: Transcript) -> str:
    asked = transcript.seen("CertificateRequest", sent=False) is not None
    ours = transcript.seen("Certificate", sent=True)
    gave = ours is not None and ours.holds_certificate
    if alert == 116:
        return "client-certificate-required"
    if alert == 70:
        return "protocol-version"
    if (asked or gave) and alert in _CERTIFICATE_ALERTS | {40}:
        return "certificate-refused-by-server" if gave else "client-certificate-required"
    if alert in (40, 71) and transcript.seen("ServerHello", sent=False) is None:
        return "no-shared-cipher"
    return "alert"
