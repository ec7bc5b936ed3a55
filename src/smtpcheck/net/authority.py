"""A throw-away certificate authority: a root, an intermediate, and certificates with exactly the faults asked for.

The certificates follow RFC 5280 closely enough for strict verification (authority and subject key identifiers, key
usage; Python 3.13 insists on them), so a fault that was not asked for is never the one that a client stumbles over.
Keys are made once per process. None of this protects anything: the private keys belong to the scripted server.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from smtpcheck.model.record import brief_record

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

_DAY = timedelta(days=1)
_OTHER_NAME = "other.example.net"

# AlgorithmIdentifier contents of sha256WithRSAEncryption and sha1WithRSAEncryption (RFC 4055 section 5, RFC 3279)
_SHA256_WITH_RSA = bytes.fromhex("06092a864886f70d01010b0500")
_SHA1_WITH_RSA = bytes.fromhex("06092a864886f70d0101050500")


class Fault(StrEnum):
    """What can be wrong with a certificate, or with the chain that it is sent in."""

    EXPIRED = "expired"
    NOT_YET = "not-yet"
    SELF_SIGNED = "self-signed"
    UNKNOWN_CA = "unknown-ca"
    ROOT_SENT = "root-sent"
    NO_INTERMEDIATE = "no-intermediate"
    EXPIRED_INTERMEDIATE = "expired-intermediate"
    WRONG_NAME = "wrong-name"
    WEAK_KEY = "weak-key"
    WEAK_HASH = "weak-hash"
    WRONG_PURPOSE = "wrong-purpose"


@brief_record
class Issued:
    """A chain as a server sends it, leaf first, and the leaf's private key, all PEM."""

    certificates: tuple[bytes, ...]
    key: bytes

    @property
    def chain(self) -> bytes:
        """The certificates in one piece."""
        return b"".join(self.certificates)


@brief_record
class _Signer:
    """A CA certificate and the key that signs with it."""

    certificate: x509.Certificate
    key: Key


class Authority:
    """A certificate authority that nobody trusts unless told to."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._root = _make_ca(f"{name} root", _key(f"{name} root"), signer=None)

    @classmethod
    def make(cls) -> "Authority":
        """The authority of this process."""
        return _authority("smtpcheck demo")

    @property
    def anchor(self) -> bytes:
        """The root certificate, PEM: what a client has to trust."""
        return self._root.certificate.public_bytes(Encoding.PEM)

    def issue(self, names: Iterable[str], faults: Iterable[str] = (), *, key: str = "ec") -> Issued:
        """A server certificate for these DNS names (A-labels) and IP addresses, with these faults (see Fault).

        `key` is ec (P-256) or rsa (2048 bits). Raises ValueError for a fault that does not exist.
        """
        wanted = frozenset(Fault(fault) for fault in faults)
        purpose = ExtendedKeyUsageOID.SERVER_AUTH
        if Fault.WRONG_PURPOSE in wanted:
            purpose = ExtendedKeyUsageOID.CLIENT_AUTH
        return self._issue([_OTHER_NAME] if Fault.WRONG_NAME in wanted else [*names], wanted, purpose, key)

    def issue_client(self, name: str) -> Issued:
        """A client certificate for this name."""
        return self._issue([name], frozenset(), ExtendedKeyUsageOID.CLIENT_AUTH, "ec")

    def _issue(self, names: list[str], faults: frozenset[Fault], purpose: x509.ObjectIdentifier, kind: str) -> Issued:
        if Fault.UNKNOWN_CA in faults:
            stranger = _authority("smtpcheck demo unknown")
            return stranger._issue(names, faults - {Fault.UNKNOWN_CA}, purpose, kind)
        self_signed = Fault.SELF_SIGNED in faults
        if Fault.WEAK_KEY in faults:
            kind = "rsa-1024"
        elif self_signed and Fault.WEAK_HASH in faults:
            kind = "rsa"  # SHA-1 is signed by RSA here, see _with_sha1
        key = _key("leaf", kind)
        subject = _name(names[0])
        intermediate = self._intermediate(faults)
        now = datetime.now(UTC)
        begin, end = now - _DAY, now + 90 * _DAY
        if Fault.EXPIRED in faults:
            begin, end = now - 93 * _DAY, now - 3 * _DAY
        elif Fault.NOT_YET in faults:
            begin, end = now + 3 * _DAY, now + 93 * _DAY
        signer = key if self_signed else intermediate.key
        builder = (
            _builder(subject, key, begin, end)
            .issuer_name(subject if self_signed else intermediate.certificate.subject)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(ca=False, encipherment=isinstance(key, rsa.RSAPrivateKey)), critical=True)
            .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
            .add_extension(x509.SubjectAlternativeName([_general(name) for name in names]), critical=False)
            .add_extension(_authority_key(signer), critical=False)
        )
        leaf = builder.sign(signer, hashes.SHA256())
        if Fault.WEAK_HASH in faults:
            leaf = _with_sha1(leaf, signer)
        chain = [leaf]
        if not self_signed:
            chain += [] if Fault.NO_INTERMEDIATE in faults else [intermediate.certificate]
            chain += [self._root.certificate] if Fault.ROOT_SENT in faults else []
        return Issued(tuple(certificate.public_bytes(Encoding.PEM) for certificate in chain), _pem(key))

    def _intermediate(self, faults: frozenset[Fault]) -> _Signer:
        kind = "rsa" if Fault.WEAK_HASH in faults else "ec"
        name = f"{self._name} intermediate"
        expired = Fault.EXPIRED_INTERMEDIATE in faults
        return _make_ca(name, _key(name, kind), signer=self._root, expired=expired)


@cache
def _authority(name: str) -> Authority:
    return Authority(name)


@cache
def _key(owner: str, kind: str = "ec") -> Key:
    """The key of this owner; one owner may have one of each kind."""
    match kind:
        case "ec":
            return ec.generate_private_key(ec.SECP256R1())
        case "rsa":
            return rsa.generate_private_key(65537, 2048)
        case "rsa-1024":
            return rsa.generate_private_key(65537, 1024)  # noqa: S505  the weak key is what was asked for
    raise ValueError(f"no such kind of key: {kind!r}; ec and rsa exist")


def _make_ca(name: str, key: Key, *, signer: _Signer | None, expired: bool = False) -> _Signer:
    """A CA certificate: a root if nobody else signs it."""
    subject = _name(name)
    issuer = subject if signer is None else signer.certificate.subject
    issuer_key = key if signer is None else signer.key
    now = datetime.now(UTC)
    end = now - 2 * _DAY if expired else now + 3650 * _DAY
    certificate = (
        _builder(subject, key, now - 3650 * _DAY, end)
        .issuer_name(issuer)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None if signer is None else 0), critical=True)
        .add_extension(_usage(ca=True, encipherment=False), critical=True)
        .add_extension(_authority_key(issuer_key), critical=False)
        .sign(issuer_key, hashes.SHA256())
    )
    return _Signer(certificate, key)


def _builder(subject: x509.Name, key: Key, begin: datetime, end: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(end)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _authority_key(key: Key) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*, ca: bool, encipherment: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=False,
        key_encipherment=encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def _name(common_name: str) -> x509.Name:
    organization = x509.NameAttribute(NameOID.ORGANIZATION_NAME, "smtpcheck demo")
    return x509.Name([organization, x509.NameAttribute(NameOID.COMMON_NAME, common_name[:64])])


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(key: Key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _with_sha1(certificate: x509.Certificate, signer: Key) -> x509.Certificate:
    """The same certificate signed with SHA-1, which `cryptography` itself refuses to make.

    Both algorithm identifiers have the same length, and so have both signatures.
    """
    assert isinstance(signer, rsa.RSAPrivateKey)
    signed_part = certificate.tbs_certificate_bytes.replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    signature = signer.sign(signed_part, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  as asked for
    der = certificate.public_bytes(Encoding.DER)
    der = der.replace(certificate.tbs_certificate_bytes, signed_part).replace(_SHA256_WITH_RSA, _SHA1_WITH_RSA)
    return x509.load_der_x509_certificate(der.replace(certificate.signature, signature))
