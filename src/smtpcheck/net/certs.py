"""Reading one certificate (RFC 5280), whatever it holds: unreadable is a finding, never an exception.

`cryptography` is imported here, inside the functions (it takes 80 ms), so that a session that needs no more than
OpenSSL's verdict does not wait for it. Calls may come from any thread.
"""

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from smtpcheck.model import Certificate
from smtpcheck.model.record import brief_record

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

_NAMES_KEPT = 100
_DER_LIMIT = 100_000  # as many bytes as OpenSSL takes for a whole chain
_TEXT_KEPT = 1024
_WEAK_HASHES = frozenset({"md5", "sha1"})
_SERVER_GATED = "2.16.840.1.113730.4.1"  # Netscape's precursor of serverAuth, which OpenSSL takes as well


def make_ready() -> None:
    """Has cryptography loaded in a thread of its own, for the first certificate that is read later.

    Called when a chain has come: the server's next replies are waited for anyway.
    """
    threading.Thread(target=_load, name="smtpcheck cryptography", daemon=True).start()


def _load() -> None:
    from cryptography import x509  # noqa: F401  the certificates
    from cryptography.hazmat.backends import default_backend

    default_backend()  # what a signature is verified with


@brief_record
class Reading:
    """A certificate as cryptography sees it, and what is compared: every name, however many there are."""

    der: bytes
    parsed: "x509.Certificate"
    dns_names: tuple[str, ...]
    ip_names: tuple[str, ...]
    common_names: tuple[str, ...]
    is_ca: bool
    self_signed: bool


@contextmanager
def quiet() -> Iterator[None]:
    """Without cryptography's warnings of certificates that it will refuse one day (a serial number below 1)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def read(der: bytes) -> Reading | None:
    """The certificate, or None if it cannot be read."""
    from cryptography import x509

    if len(der) > _DER_LIMIT:
        return None
    try:
        parsed = x509.load_der_x509_certificate(der)
        same = parsed.issuer.public_bytes() == parsed.subject.public_bytes()
        return Reading(
            der=der,
            parsed=parsed,
            dns_names=_dns_names(parsed),
            ip_names=_ip_names(parsed),
            common_names=_common_names(parsed),
            is_ca=_is_ca(parsed),
            self_signed=same and signed_by(parsed, parsed),
        )
    except Exception:  # a parser of hostile input has many, and none of them is ours to pass on
        return None


def subject(der: bytes) -> "x509.Name | None":
    """The subject alone, which is quicker than reading all of it; None if it cannot be read."""
    from cryptography import x509

    return _or(lambda: x509.load_der_x509_certificate(der).subject, None)


def signed_by(cert: "x509.Certificate", issuer: "x509.Certificate") -> bool:
    """Whether `issuer` is named as the issuer of `cert`, and its key made the signature.

    A signature that cannot be checked (cryptography no longer does SHA-1) counts if the key identifiers do not differ.
    """
    from cryptography.exceptions import InvalidSignature

    if cert.issuer.public_bytes() != issuer.subject.public_bytes():
        return False
    try:
        cert.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except Exception:  # the algorithm is unknown, or the key is of another kind
        return _key_ids_agree(cert, issuer)
    return True


def _key_ids_agree(cert: "x509.Certificate", issuer: "x509.Certificate") -> bool:
    wanted, held = extension(cert, "AuthorityKeyIdentifier"), extension(issuer, "SubjectKeyIdentifier")
    named = wanted.value.key_identifier if wanted is not None else None
    return named is None or held is None or named == held.value.digest


def describe(der: bytes, reading: Reading | None, now: datetime) -> Certificate:
    """The facts of one certificate with its own problems, at the time `now` (UTC)."""
    fingerprint = hashlib.sha256(der).hexdigest()
    if reading is None:
        return Certificate(subject="", issuer="", fingerprint=fingerprint, problems=("unreadable",))
    cert = reading.parsed
    kind, bits = _key(cert)
    names = len(reading.dns_names) + len(reading.ip_names)
    return Certificate(
        subject=_or(lambda: cert.subject.rfc4514_string()[:_TEXT_KEPT], ""),
        issuer=_or(lambda: cert.issuer.rfc4514_string()[:_TEXT_KEPT], ""),
        dns_names=tuple(name[:_TEXT_KEPT] for name in reading.dns_names[:_NAMES_KEPT]),
        ip_names=reading.ip_names[:_NAMES_KEPT],
        names=names,
        not_before=_or(lambda: cert.not_valid_before_utc, None),
        not_after=_or(lambda: cert.not_valid_after_utc, None),
        key=kind,
        key_bits=bits,
        signature=_or(lambda: _signature(cert), ""),
        serial=_or(lambda: f"{cert.serial_number:x}", ""),
        fingerprint=fingerprint,
        is_ca=reading.is_ca,
        self_signed=reading.self_signed,
        authority_info=_or(lambda: ca_issuers(cert), ()),
        problems=problems(reading, now),
    )


def problems(reading: Reading, now: datetime) -> tuple[str, ...]:
    """What is wrong with this certificate alone, apart from its place in a chain: words of `Certificate.problems`."""
    cert = reading.parsed
    kind, bits = _key(cert)
    found = {
        "expired": _or(lambda: cert.not_valid_after_utc < now, False),
        "not-yet-valid": _or(lambda: cert.not_valid_before_utc > now, False),
        "weak-key": bits is not None and bits < (224 if kind.startswith("EC") else 2048),
        "weak-hash": not reading.self_signed and _hash_name(cert) in _WEAK_HASHES,
        "wrong-purpose": _or(lambda: not _serves(reading), False),
    }
    return tuple(word for word, applies in found.items() if applies)


def strict_problems(reading: Reading, *, top: bool) -> tuple[str, ...]:
    """What OpenSSL refuses under VERIFY_X509_STRICT, Python's default since 3.13 (RFC 5280 section 4.2.1).

    `top` stands for the last certificate of the path, which needs no authority key identifier.
    """
    cert = reading.parsed
    key_usage = extension(cert, "KeyUsage")
    basic = extension(cert, "BasicConstraints")
    authority = extension(cert, "AuthorityKeyIdentifier")
    alternatives = extension(cert, "SubjectAlternativeName")
    signs = key_usage is not None and key_usage.value.key_cert_sign
    nameless = not list(cert.subject)
    found = {
        "no-authority-key-id": not top and (authority is None or authority.value.key_identifier is None),
        "no-subject-key-id": reading.is_ca and extension(cert, "SubjectKeyIdentifier") is None,
        "no-key-usage": reading.is_ca and key_usage is None,
        "ca-not-critical": reading.is_ca and basic is not None and not basic.critical,
        "signs-without-ca": signs and not reading.is_ca,
        "path-length-without-ca": basic is not None and basic.value.path_length is not None and not signs,
        "no-subject": nameless and (reading.is_ca or alternatives is None or not alternatives.critical),
    }
    return tuple(word for word, applies in found.items() if applies)


def extension(cert: "x509.Certificate", name: str) -> Any:
    """The extension of that class of cryptography, or None."""
    from cryptography import x509

    try:
        return cert.extensions.get_extension_for_class(getattr(x509, name))
    except (x509.ExtensionNotFound, ValueError):
        return None


def end_point_hash(der: bytes) -> bytes | None:
    """The channel binding `tls-server-end-point` of a certificate: its hash with the hash of its signature, SHA-256 in
    place of MD5 and SHA-1 (RFC 5929 section 4.1).

    None where the signature has no hash of its own (Ed25519), for which the RFC defines no binding.
    """
    with quiet():
        reading = read(der)
        name = _hash_name(reading.parsed) if reading is not None else None
    if name is None:
        return None
    try:
        return hashlib.new("sha256" if name in _WEAK_HASHES else name.replace("-", "_"), der).digest()
    except ValueError:
        return None


def _or(read_it: Callable[[], T], instead: T) -> T:
    """The value, or `instead` where this part of the certificate is malformed: the rest is worth showing."""
    try:
        return read_it()
    except Exception:
        return instead


def _dns_names(cert: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    found = extension(cert, "SubjectAlternativeName")
    return () if found is None else tuple(found.value.get_values_for_type(x509.DNSName))


def _ip_names(cert: "x509.Certificate") -> tuple[str, ...]:
    from cryptography import x509

    found = extension(cert, "SubjectAlternativeName")
    return () if found is None else tuple(str(name) for name in found.value.get_values_for_type(x509.IPAddress))


def _common_names(cert: "x509.Certificate") -> tuple[str, ...]:
    from cryptography.x509.oid import NameOID

    return tuple(str(attribute.value) for attribute in cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def ca_issuers(cert: "x509.Certificate") -> tuple[str, ...]:
    """Where the issuer's certificate can be fetched (RFC 5280 section 4.2.2.1)."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    found = extension(cert, "AuthorityInformationAccess")
    entries = [] if found is None else list(found.value)
    return tuple(
        str(entry.access_location.value)[:_TEXT_KEPT]
        for entry in entries[:_NAMES_KEPT]
        if entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(entry.access_location, x509.UniformResourceIdentifier)
    )


def _is_ca(cert: "x509.Certificate") -> bool:
    """As OpenSSL counts: basicConstraints say so, keyUsage does not deny it; version 1 has neither and may if it signed
    itself.
    """
    from cryptography import x509

    basic, usage = extension(cert, "BasicConstraints"), extension(cert, "KeyUsage")
    if usage is not None and not usage.value.key_cert_sign:
        return False
    if basic is not None:
        return bool(basic.value.ca)
    return cert.version is x509.Version.v1 and cert.issuer == cert.subject


def _serves(reading: Reading) -> bool:
    """Whether key usage and extended key usage allow a TLS server, or a CA above one (RFC 5280 section 4.2.1.12)."""
    from cryptography.x509.oid import ExtendedKeyUsageOID

    extended, usage = extension(reading.parsed, "ExtendedKeyUsage"), extension(reading.parsed, "KeyUsage")
    if extended is not None:
        listed = {purpose.dotted_string for purpose in extended.value}
        if not listed & {ExtendedKeyUsageOID.SERVER_AUTH.dotted_string, _SERVER_GATED}:
            return False
    if reading.is_ca or usage is None:
        return True
    return bool(usage.value.digital_signature or usage.value.key_encipherment or usage.value.key_agreement)


def _key(cert: "x509.Certificate") -> tuple[str, int | None]:
    """The public key's kind and size in bits."""
    from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa

    key: Any = _or(cert.public_key, None)
    if isinstance(key, rsa.RSAPublicKey):
        return "RSA", key.key_size
    if isinstance(key, dsa.DSAPublicKey):
        return "DSA", key.key_size
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"EC {key.curve.name}", key.key_size
    return type(key).__name__.removesuffix("PublicKey").lstrip("_") if key is not None else "", None


def _hash_name(cert: "x509.Certificate") -> str | None:
    chosen = _or(lambda: cert.signature_hash_algorithm, None)
    return chosen.name if chosen is not None else None


def _signature(cert: "x509.Certificate") -> str:
    """The algorithm by its usual name (sha256WithRSAEncryption), or its number."""
    oid = cert.signature_algorithm_oid
    return str(getattr(oid, "_name", None) or oid.dotted_string)
