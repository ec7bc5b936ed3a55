"""What each stage found out, as plain values: the evidence that a diagnosis reads.

A fact is what was seen, never what it means. Every type holds only numbers, text, bytes, dates, None, and tuples or
types of the same kind, so that a report can be written and read back by one generic function.
"""

from datetime import datetime

from smtpcheck.model.dns import DnsFacts
from smtpcheck.model.record import record


@record
class ConfigFacts:
    """`problem` is the one value that cannot be used; `notes` are worth knowing and stop nothing. `cause` names the
    finding of the target (by its id) that says why it cannot.
    """

    problem: str | None = None
    cause: str | None = None
    notes: tuple[str, ...] = ()


@record
class ProxyFacts:
    """A proxy: its kind (socks5, http), where it stands, and its refusal in its own words."""

    kind: str
    host: str
    port: int
    address: str | None = None
    refusal: str | None = None
    code: int | None = None


@record
class ConnectFacts:
    """`failure` is one of refused, timed-out, no-answer, unreachable, prohibited, reset, no-common-family,
    source-unusable, proxy-unreachable, proxy-refused, path-missing, other. `seconds` is the time of the TCP
    handshake.
    """

    family: str
    port: int | None
    local: str | None = None
    failure: str | None = None
    errno: int | None = None
    errno_name: str | None = None
    detail: str | None = None
    seconds: float | None = None
    proxy: ProxyFacts | None = None


@record
class BannerFacts:
    """`protocol` is what speaks if it is not SMTP: ssh, http, imap, pop3, ftp, tls-alert, tls, unknown."""

    server_name: str | None = None
    esmtp: bool = False
    protocol: str | None = None
    first_byte: float | None = None
    surplus: bytes = b""
    malformed: str | None = None


@record
class Keyword:
    """An EHLO keyword with its parameters (RFC 5321 section 4.1.1.1); `line` as the server wrote it."""

    name: str
    parameters: tuple[str, ...] = ()
    line: str = ""


@record
class EhloFacts:
    """What was said and what the server listed. `auth` holds the mechanisms of both spellings, upper-cased."""

    verb: str
    name: str
    name_origin: str
    tls: bool
    server_name: str | None = None
    keywords: tuple[Keyword, ...] = ()
    auth: tuple[str, ...] = ()
    size: int | None = None
    malformed: str | None = None

    def offers(self, keyword: str) -> bool:
        """True when the keyword is in the list, in any case."""
        return any(entry.name == keyword.upper() for entry in self.keywords)


@record
class StarttlsFacts:
    """`surplus` holds bytes that came in clear after the reply to STARTTLS (RFC 3207 section 6)."""

    offered: bool = True
    surplus: bytes = b""
    malformed: str | None = None


@record
class Certificate:
    """A certificate as it was sent. Names are RFC 4514 text; `fingerprint` is SHA-256 of the DER, lower-case hex.

    `names` counts all DNS and IP names, of which at most 100 of each are kept. `problems` are what our own reading
    found wrong with this one: expired, not-yet-valid, weak-key, weak-hash, wrong-purpose, not-a-ca, unreadable; and
    what strict clients alone refuse: no-authority-key-id, no-subject-key-id, no-key-usage, ca-not-critical,
    signs-without-ca, path-length-without-ca, no-subject.
    """

    subject: str
    issuer: str
    dns_names: tuple[str, ...] = ()
    ip_names: tuple[str, ...] = ()
    names: int = 0
    not_before: datetime | None = None
    not_after: datetime | None = None
    key: str = ""
    key_bits: int | None = None
    signature: str = ""
    serial: str = ""
    fingerprint: str = ""
    is_ca: bool = False
    self_signed: bool = False
    authority_info: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


@record
class TrustStore:
    """What was verified against. `certificates` counts what OpenSSL loaded (a directory is loaded on demand and
    not counted); `empty` only if the file is absent or has none and the directory has no hashed entry.
    """

    source: str
    file: str | None = None
    directory: str | None = None
    certificates: int = 0
    empty: bool = False


@record
class Verification:
    """OpenSSL's verdict (`code` 0 is trusted; it stops at the first fault) and every fault that our own reading
    of the chain found.

    `faults` are of: expired, not-yet-valid, self-signed, unknown-ca, missing-intermediate, name-mismatch,
    weak-key, weak-hash, wrong-purpose, not-a-ca, strict-rule, chain-disorder, empty-store, other. Where `trusted`
    is true, what is left in it does not stop OpenSSL (strict-rule, chain-disorder). `expected` is the name that was
    asked for, `missing_issuer` the name of the certificate that is neither sent nor in the store, `anchor` the one
    of the store that the chain leads to.
    """

    performed: bool
    trusted: bool
    expected: str
    code: int | None = None
    message: str | None = None
    faults: tuple[str, ...] = ()
    missing_issuer: str | None = None
    anchor: Certificate | None = None


@record
class TlsFacts:
    """The handshake. `failure` is None on success, else one of untrusted, not-tls, alert, protocol-version,
    no-shared-cipher, weak-dh, legacy-renegotiation, eof, reset, stalled, client-certificate-required,
    certificate-refused-by-server, other.

    `last_message` is the last handshake message that was exchanged, `first_bytes` what came instead of a
    ServerHello, `alert`, `alert_from` and `alert_level` the alert's number (RFC 8446 section 6), its
    sender (server, smtpcheck) and level (warning, fatal); `hello_size` is in bytes.
    """

    mode: str
    sni: str | None = None
    version: str | None = None
    cipher: str | None = None
    alpn: str | None = None
    min_version: str = "TLSv1.2"
    hello_size: int = 0
    received: int = 0
    last_message: str | None = None
    first_bytes: bytes = b""
    alert: int | None = None
    alert_name: str | None = None
    alert_from: str | None = None
    alert_level: str | None = None
    failure: str | None = None
    reason: str | None = None
    client_certificate_asked: bool = False
    client_certificate_sent: bool = False
    chain: tuple[Certificate, ...] = ()
    verification: Verification | None = None
    store: TrustStore | None = None
    openssl: str = ""


@record
class AuthFacts:
    """Which mechanism and why; what was offered and not tried; the server's challenges as far as they may be shown.

    `server_proven` is True or False where the mechanism lets the server prove that it knows the secret (SCRAM,
    DIGEST-MD5).
    """

    mechanism: str | None = None
    why: str | None = None
    offered: tuple[str, ...] = ()
    not_tried: tuple[str, ...] = ()
    challenges: tuple[str, ...] = ()
    server_proven: bool | None = None
    problem: str | None = None
    short_secret: bool = False
    key_server: str | None = None


@record
class EnvelopeFacts:
    """MAIL or RCPT: the address, the parameters that were sent with it, and whether commands shared a flight (RFC
    2920).
    """

    address: str
    parameters: tuple[str, ...] = ()
    pipelined: bool = False
    malformed: str | None = None


@record
class MessageFacts:
    """`phase` is where the message got: data (the command), body (being sent), dot (everything sent, the final
    reply due).

    `lmtp` holds one reply text for each recipient (RFC 2033 section 4.2)."""

    message_id: str
    size: int
    phase: str
    queue_id: str | None = None
    lmtp: tuple[str, ...] = ()
    malformed: str | None = None


@record
class QuitFacts:
    """What ended the session: the code of the reply to RSET where one was sent, and whether QUIT was answered in
    time.
    """

    rset: int | None = None
    answered: bool = False


Facts = (
    ConfigFacts
    | DnsFacts
    | ConnectFacts
    | BannerFacts
    | EhloFacts
    | StarttlsFacts
    | TlsFacts
    | AuthFacts
    | EnvelopeFacts
    | MessageFacts
    | QuitFacts
)
