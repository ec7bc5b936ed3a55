"""A TLS server in memory, and what carries bytes between it and the engine under test."""

import contextlib
import ssl
import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from smtpcheck.model import TlsFacts
from smtpcheck.net.authority import Authority, Issued
from smtpcheck.net.tls import HandshakeFailed, TlsEngine, TlsError
from smtpcheck.net.tls_facts import facts, with_chain
from smtpcheck.net.tls_policy import TlsPolicy

HOST = "mail.example.test"
AUTHORITY = Authority.make()
NAMES = (HOST, "other.example.test")


@dataclass
class Server:
    """The other side, a plain OpenSSL server between two memory BIOs."""

    context: ssl.SSLContext
    say: bytes = b""
    heard: bytes = b""
    error: ssl.SSLError | None = None
    names: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.context.sni_callback = lambda tls, name, context: self.names.append(name)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = self.context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        self.done = False

    def take(self, data: bytes) -> bytes:
        """The bytes that go back."""
        self.incoming.write(data)
        try:
            if not self.done:
                self.tls.do_handshake()
                self.done = True
                if self.say:
                    self.tls.write(self.say)
            with contextlib.suppress(ssl.SSLWantReadError):
                self.heard += self.tls.read(65536)
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLError as error:
            self.error = error
        return self.outgoing.read()


def server(folder: Path, issued: Issued | None = None, **wanted: object) -> Server:
    """A server with this certificate. `minimum`, `maximum` (versions), `ciphers`, `client_ca` change what it asks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = wanted.get("minimum", ssl.TLSVersion.TLSv1_2)  # type: ignore[assignment]
        context.maximum_version = wanted.get("maximum", ssl.TLSVersion.TLSv1_3)  # type: ignore[assignment]
    context.set_ciphers(str(wanted.get("ciphers", "ALL:@SECLEVEL=0")))
    chosen = issued if issued is not None else AUTHORITY.issue(NAMES)
    pem = folder / "server.pem"
    pem.write_bytes(chosen.key + chosen.chain)
    context.load_cert_chain(pem)
    if wanted.get("client_ca"):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=AUTHORITY.anchor.decode())
    return Server(context)


def pieces(data: bytes, size: int) -> Iterable[bytes]:
    return (data[at : at + size] for at in range(0, len(data), size))


def run(engine: TlsEngine, peer: Server, size: int = 1 << 16) -> TlsError | None:
    """Carries bytes until the handshake is over and nobody has anything to say; the error that the engine raised."""
    try:
        for _ in range(10):
            engine.handshake()
            back = peer.take(engine.outgoing())
            for piece in pieces(back, size):
                engine.feed(piece)
                engine.handshake()
            if engine.done and not back:
                break
    except HandshakeFailed as error:
        peer.take(engine.outgoing())
        return error
    return None


def checked(
    policy: TlsPolicy, peer: Server, name: str = HOST, sni: str | None = HOST
) -> tuple[TlsFacts, TlsError | None]:
    """The facts of a whole handshake, with the chain."""
    engine = TlsEngine(policy, name, sni)
    error = run(engine, peer)
    return with_chain(facts(engine, "implicit", error), engine.peer_chain(), policy, datetime.now(UTC)), error


def answered(policy: TlsPolicy, *answers: bytes, end: str | None = None) -> TlsFacts:
    """The facts when a ClientHello gets raw bytes, and then perhaps an end (eof)."""
    engine = TlsEngine(policy, HOST, HOST)
    error: TlsError | None = None
    assert not engine.handshake()
    engine.outgoing()
    try:
        for answer in answers:
            engine.feed(answer)
            engine.handshake()
        if end == "eof":
            engine.feed_eof()
            engine.handshake()
    except HandshakeFailed as failed:
        error = failed
    return facts(engine, "implicit", error)


def alert(number: int, level: int = 2) -> bytes:
    return bytes((21, 3, 3, 0, 2, level, number))


def common_name_only(name: str) -> Issued:
    """A self-signed certificate of the old kind."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Issued((made.public_bytes(Encoding.PEM),), pem)


def lax_chain(folder: Path, name: str) -> tuple[Issued, Path]:
    """A chain as home-made CAs issue it: a root without key usage, a leaf without authority key identifier."""
    now, keys = datetime.now(UTC), [ec.generate_private_key(ec.SECP256R1()) for _ in range(2)]
    subjects = [x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, one)]) for one in ("home-made", name)]
    extensions: list[x509.ExtensionType] = [
        x509.BasicConstraints(ca=True, path_length=None),
        x509.SubjectAlternativeName([x509.DNSName(name)]),
    ]
    root, leaf = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subjects[0])
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(extension, critical=True)
        .sign(keys[0], hashes.SHA256())
        for serial, (subject, key, extension) in enumerate(zip(subjects, keys, extensions, strict=True), 1)
    )
    (folder / "lax.pem").write_bytes(root.public_bytes(Encoding.PEM))
    pem = keys[1].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Issued((leaf.public_bytes(Encoding.PEM),), pem), folder / "lax.pem"


DH_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBANFRJf5ZNRxXtnjlR+F7MTGG4ZDdX2b+oohVyOnO3oOyOfTL6moH8KUH
rf/bPz5Bk7zQbA312+UfhNuIP3Dik9sybznpV4qNbUCmBs94FiukeAoUPHUtf9NY
WEkpjff/gZqHvnBOpTEhGC5K1DJHPhnTiIdlT02tMDTFQkx3uGDPAgEC
-----END DH PARAMETERS-----
"""
