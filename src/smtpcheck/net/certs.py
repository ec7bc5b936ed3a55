"""Reading one certificate with `cryptography`, whatever it holds: unreadable is a finding, never an exception.

It takes 25 to 80 ms to load, so it is imported inside the functions, and not at all where a chain passed and is of the
plain kind (`plain_certificate`). Calls may come from any thread.
"""

import hashlib
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from smtpcheck.model.record import brief_record
from smtpcheck.net.certificate import (
    NAMES_KEPT,
    TEXT_KEPT,
    WEAK_HASHES,
    Constraints,
    Fields,
    Usage,
    key_ids_agree,
)

if TYPE_CHECKING:
    from cryptography import x509

T = TypeVar("T")

_DER_LIMIT = 100_000  # as many bytes as OpenSSL takes for a whole chain


def make_ready() -> None:
    """Has cryptography loaded in a thread of its own, for the first certificate that is read later.

    Called when a chain has come that needs it: the server's next replies are waited for anyway.
    """
    threading.Thread(target=_load, name="smtpcheck cryptography", daemon=True).start()


def _load() -> None:
    from cryptography import x509  # noqa: F401  the certificates
    from cryptography.hazmat.backends import default_backend

    default_backend()  # what a signature is verified with


@brief_record
class Reading:
    """A certificate as cryptography sees it, its fields, and whether it signed itself."""

    der: bytes
    parsed: "x509.Certificate"
    fields: Fields
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
        fields = _fields(parsed)
        return Reading(der, parsed, fields, fields.names_itself and _signed(parsed, fields, parsed, fields))
    except Exception:  # a parser of hostile input has many, and none of them is ours to pass on
        return None


def subject(der: bytes) -> "x509.Name | None":
    """The subject alone, which is quicker than reading all of it; None if it cannot be read."""
    from cryptography import x509

    return _or(lambda: x509.load_der_x509_certificate(der).subject, None)


def signed_by(cert: Reading, issuer: Reading) -> bool:
    """Whether `issuer` is named as the issuer of `cert`, and its key made the signature.

    A signature that cannot be checked (cryptography no longer does SHA-1) counts if the key identifiers do not differ.
    """
    return cert.fields.issuer_der == issuer.fields.subject_der and _signed(
        cert.parsed, cert.fields, issuer.parsed, issuer.fields
    )


def _signed(cert: "x509.Certificate", fields: Fields, issuer: "x509.Certificate", issuer_fields: Fields) -> bool:
    from cryptography.exceptions import InvalidSignature

    try:
        cert.verify_directly_issued_by(issuer)
    except InvalidSignature:
        return False
    except Exception:  # the algorithm is unknown, or the key is of another kind
        return key_ids_agree(fields, issuer_fields)
    return True


def end_point_hash(der: bytes) -> bytes | None:
    """The channel binding `tls-server-end-point` of a certificate: its hash with the hash of its signature, SHA-256 in
    place of MD5 and SHA-1 (RFC 5929 section 4.1).

    None where the signature has no hash of its own (Ed25519), for which the RFC defines no binding.
    """
    with quiet():
        reading = read(der)
        name = reading.fields.hash_name if reading is not None else None
    if name is None:
        return None
    try:
        return hashlib.new("sha256" if name in WEAK_HASHES else name.replace("-", "_"), der).digest()
    except ValueError:
        return None


def _fields(cert: "x509.Certificate") -> Fields:
    from cryptography import x509

    kind, bits = _key(cert)
    chosen = _or(lambda: cert.signature_hash_algorithm, None)
    alternatives = _extension(cert, "SubjectAlternativeName")
    held, wanted = _extension(cert, "SubjectKeyIdentifier"), _extension(cert, "AuthorityKeyIdentifier")
    return Fields(
        subject=_or(lambda: cert.subject.rfc4514_string()[:TEXT_KEPT], ""),
        issuer=_or(lambda: cert.issuer.rfc4514_string()[:TEXT_KEPT], ""),
        subject_der=cert.subject.public_bytes(),
        issuer_der=cert.issuer.public_bytes(),
        common_names=_common_names(cert),
        dns_names=tuple(alternatives.value.get_values_for_type(x509.DNSName)) if alternatives is not None else (),
        ip_names=(
            tuple(str(name) for name in alternatives.value.get_values_for_type(x509.IPAddress))
            if alternatives is not None
            else ()
        ),
        not_before=_or(lambda: cert.not_valid_before_utc, None),
        not_after=_or(lambda: cert.not_valid_after_utc, None),
        key=kind,
        key_bits=bits,
        signature=_or(lambda: _signature(cert), ""),
        hash_name=chosen.name if chosen is not None else None,
        serial=_or(lambda: f"{cert.serial_number:x}", ""),
        authority_info=_or(lambda: _ca_issuers(cert), ()),
        first_version=cert.version is x509.Version.v1,
        constraints=_constraints(cert),
        usage=_usage(cert),
        extended=_or(lambda: _extended(cert), None),
        subject_key_id=held.value.digest if held is not None else None,
        authority_key_id=wanted.value.key_identifier if wanted is not None else None,
        alternatives_critical=alternatives.critical if alternatives is not None else None,
    )


def _extension(cert: "x509.Certificate", name: str) -> Any:
    """The extension of that class of cryptography, or None."""
    from cryptography import x509

    try:
        return cert.extensions.get_extension_for_class(getattr(x509, name))
    except (x509.ExtensionNotFound, ValueError):
        return None


def _or(read_it: Callable[[], T], instead: T) -> T:
    """The value, or `instead` where this part of the certificate is malformed: the rest is worth showing."""
    try:
        return read_it()
    except Exception:
        return instead


def _common_names(cert: "x509.Certificate") -> tuple[str, ...]:
    from cryptography.x509.oid import NameOID

    return tuple(str(attribute.value) for attribute in cert.subject.get_attributes_for_oid(NameOID.COMMON_NAME))


def _ca_issuers(cert: "x509.Certificate") -> tuple[str, ...]:
    """Where the issuer's certificate can be fetched (RFC 5280 section 4.2.2.1)."""
    from cryptography import x509
    from cryptography.x509.oid import AuthorityInformationAccessOID

    found = _extension(cert, "AuthorityInformationAccess")
    entries = [] if found is None else list(found.value)
    return tuple(
        str(entry.access_location.value)[:TEXT_KEPT]
        for entry in entries[:NAMES_KEPT]
        if entry.access_method == AuthorityInformationAccessOID.CA_ISSUERS
        and isinstance(entry.access_location, x509.UniformResourceIdentifier)
    )


def _constraints(cert: "x509.Certificate") -> Constraints | None:
    found = _extension(cert, "BasicConstraints")
    if found is None:
        return None
    return Constraints(ca=bool(found.value.ca), path_length=found.value.path_length, critical=found.critical)


def _usage(cert: "x509.Certificate") -> Usage | None:
    found = _extension(cert, "KeyUsage")
    if found is None:
        return None
    usage = found.value
    return Usage(
        signs=usage.key_cert_sign,
        serves=bool(usage.digital_signature or usage.key_encipherment or usage.key_agreement),
    )


def _extended(cert: "x509.Certificate") -> frozenset[str] | None:
    found = _extension(cert, "ExtendedKeyUsage")
    return None if found is None else frozenset(purpose.dotted_string for purpose in found.value)


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


def _signature(cert: "x509.Certificate") -> str:
    """The algorithm by its usual name (sha256WithRSAEncryption), or its number."""
    oid = cert.signature_algorithm_oid
    return str(getattr(oid, "_name", None) or oid.dotted_string)
