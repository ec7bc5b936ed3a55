"""One certificate (RFC 5280) as plain values, and what is wrong with it by itself.

`Fields` come from one of two readers: `plain_certificate`, which is small and quick and knows what certificates of our
time hold, and `certs`, which is `cryptography` and knows everything. What is judged, is judged here, for both.
"""

import hashlib
from datetime import datetime

from smtpcheck.model import Certificate
from smtpcheck.model.record import record

NAMES_KEPT = 100
TEXT_KEPT = 1024
WEAK_HASHES = frozenset({"md5", "sha1"})

_SERVER_AUTH = frozenset(
    {"1.3.6.1.5.5.7.3.1", "2.16.840.1.113730.4.1"}
)  # the second is Netscape's, which counts as well


@record
class Constraints:
    """basicConstraints (RFC 5280 section 4.2.1.9)."""

    ca: bool
    path_length: int | None
    critical: bool


@record
class Usage:
    """keyUsage (RFC 5280 section 4.2.1.3): whether the key may sign certificates, and whether it may serve TLS."""

    signs: bool
    serves: bool


@record
class Fields:
    """What a certificate says. Names are RFC 4514 text, `subject_der` and `issuer_der` their octets.

    `extended` lists extendedKeyUsage as numbers in dots. The key identifiers are None where there are none;
    `alternatives_critical` is None where there are no alternative names.
    """

    subject: str
    issuer: str
    subject_der: bytes
    issuer_der: bytes
    common_names: tuple[str, ...]
    dns_names: tuple[str, ...]
    ip_names: tuple[str, ...]
    not_before: datetime | None
    not_after: datetime | None
    key: str
    key_bits: int | None
    signature: str
    hash_name: str | None
    serial: str
    authority_info: tuple[str, ...] = ()
    first_version: bool = False
    constraints: Constraints | None = None
    usage: Usage | None = None
    extended: frozenset[str] | None = None
    subject_key_id: bytes | None = None
    authority_key_id: bytes | None = None
    alternatives_critical: bool | None = None

    @property
    def nameless(self) -> bool:
        """Whether the subject is empty."""
        return self.subject_der in (b"", b"0\0")

    @property
    def names_itself(self) -> bool:
        """Whether issuer and subject are one name. Only the signature tells whether it also signed itself."""
        return self.subject_der == self.issuer_der

    @property
    def is_ca(self) -> bool:
        """As OpenSSL counts: basicConstraints say so, keyUsage does not deny it; version 1 has neither and may if it
        signed itself.
        """
        if self.usage is not None and not self.usage.signs:
            return False
        if self.constraints is not None:
            return self.constraints.ca
        return self.first_version and self.names_itself

    @property
    def serves(self) -> bool:
        """Whether key usage and extended key usage allow a TLS server, or a CA above one (RFC 5280 section
        4.2.1.12).
        """
        if self.extended is not None and not self.extended & _SERVER_AUTH:
            return False
        return self.is_ca or self.usage is None or self.usage.serves


def key_ids_agree(cert: Fields, issuer: Fields) -> bool:
    """Whether the key identifiers do not deny that one issued the other."""
    wanted, held = cert.authority_key_id, issuer.subject_key_id
    return wanted is None or held is None or wanted == held


def describe(der: bytes, fields: Fields | None, now: datetime, *, self_signed: bool = False) -> Certificate:
    """The facts of one certificate with its own problems, at the time `now` (UTC)."""
    fingerprint = hashlib.sha256(der).hexdigest()
    if fields is None:
        return Certificate(subject="", issuer="", fingerprint=fingerprint, problems=("unreadable",))
    return Certificate(
        subject=fields.subject[:TEXT_KEPT],
        issuer=fields.issuer[:TEXT_KEPT],
        dns_names=tuple(name[:TEXT_KEPT] for name in fields.dns_names[:NAMES_KEPT]),
        ip_names=fields.ip_names[:NAMES_KEPT],
        names=len(fields.dns_names) + len(fields.ip_names),
        not_before=fields.not_before,
        not_after=fields.not_after,
        key=fields.key,
        key_bits=fields.key_bits,
        signature=fields.signature,
        serial=fields.serial,
        fingerprint=fingerprint,
        is_ca=fields.is_ca,
        self_signed=self_signed,
        authority_info=tuple(place[:TEXT_KEPT] for place in fields.authority_info[:NAMES_KEPT]),
        problems=problems(fields, now, self_signed=self_signed),
    )


def problems(fields: Fields, now: datetime, *, self_signed: bool) -> tuple[str, ...]:
    """What is wrong with this certificate alone, apart from its place in a chain: words of `Certificate.problems`."""
    bits = fields.key_bits
    found = {
        "expired": fields.not_after is not None and fields.not_after < now,
        "not-yet-valid": fields.not_before is not None and fields.not_before > now,
        "weak-key": bits is not None and bits < (224 if fields.key.startswith("EC") else 2048),
        "weak-hash": not self_signed and fields.hash_name in WEAK_HASHES,
        "wrong-purpose": not fields.serves,
    }
    return tuple(word for word, applies in found.items() if applies)


def placed_problems(fields: Fields, *, leaf: bool, top: bool) -> tuple[str, ...]:
    """What is wrong with a certificate at its place in a path: `leaf` at its begin, `top` at its end and self-signed.

    Beside not-a-ca these are what OpenSSL refuses under VERIFY_X509_STRICT, Python's default since 3.13 (RFC 5280
    section 4.2.1). The top needs no authority key identifier.
    """
    basic, signs = fields.constraints, fields.usage is not None and fields.usage.signs
    found = {
        "not-a-ca": not leaf and not fields.is_ca,
        "no-authority-key-id": not top and fields.authority_key_id is None,
        "no-subject-key-id": fields.is_ca and fields.subject_key_id is None,
        "no-key-usage": fields.is_ca and fields.usage is None,
        "ca-not-critical": fields.is_ca and basic is not None and not basic.critical,
        "signs-without-ca": signs and not fields.is_ca,
        "path-length-without-ca": basic is not None and basic.path_length is not None and not signs,
        "no-subject": fields.nameless and (fields.is_ca or not fields.alternatives_critical),
    }
    return tuple(word for word, applies in found.items() if applies)
