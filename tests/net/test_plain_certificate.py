"""The small reader of certificates says what the full parser says, or nothing."""

import ssl
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from hypothesis import example, given, settings
from hypothesis import strategies as st

from smtpcheck.net.certificate import Fields
from smtpcheck.net.certs import quiet, read
from smtpcheck.net.chain import read_chain, read_trusted
from smtpcheck.net.plain_certificate import read_plain

from .test_certs import CA_ISSUERS, HOST, KEYS, LEAF, MIDDLE, NOW, ROOT, make

RSA_2048 = rsa.generate_private_key(65537, 2048)
HOST_NAME = (x509.NameAttribute(NameOID.COMMON_NAME, HOST),)
STORE = Path(ssl.get_default_verify_paths().openssl_cafile)


def full(der: bytes) -> Fields | None:
    with quiet():
        reading = read(der)
    return None if reading is None else reading.fields


def signed(
    *,
    name: "Sequence[x509.NameAttribute[str]]" = HOST_NAME,
    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey = RSA_2048,
    algorithm: hashes.SHA256 | hashes.SHA384 | hashes.SHA512 | None = None,
    more: Sequence[tuple[x509.ExtensionType, bool]] = (),
    pss: bool = False,
) -> bytes:
    builder = x509.CertificateBuilder().subject_name(x509.Name(name)).issuer_name(x509.Name(name))
    builder = builder.public_key(key.public_key()).serial_number(0xFEDCBA9876543210FE)
    builder = builder.not_valid_before(datetime(2049, 12, 31)).not_valid_after(datetime(2051, 1, 1, 1, 2, 3))
    for extension, critical in (*more, (x509.BasicConstraints(ca=False, path_length=None), True)):
        builder = builder.add_extension(extension, critical)
    chosen = None if isinstance(key, ed25519.Ed25519PrivateKey) else algorithm or hashes.SHA256()
    if pss:
        how = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
        return builder.sign(key, chosen, rsa_padding=how).public_bytes(Encoding.DER)
    return builder.sign(key, chosen).public_bytes(Encoding.DER)


def attribute(kind: x509.ObjectIdentifier, value: str) -> "x509.NameAttribute[str]":
    return x509.NameAttribute(kind, value)


NAMES = x509.SubjectAlternativeName(
    [x509.DNSName(HOST), x509.DNSName("*.example.test"), x509.IPAddress(ip_address("::1"))]
)
PLAIN = {
    "leaf": LEAF,
    "middle": MIDDLE,
    "root": ROOT,
    "authority information": make(HOST, "leaf", "middle", "middle", more=[CA_ISSUERS]),
    "expired": make(HOST, "leaf", "middle", "middle", days=(-20, -10)),
    "no key identifiers": make(HOST, "leaf", "middle", "middle", leave_out=[x509.AuthorityKeyIdentifier]),
    "RSA": signed(),
    "RSA with SHA-384": signed(algorithm=hashes.SHA384()),
    "RSA with SHA-512": signed(algorithm=hashes.SHA512()),
    "RSA of 1024 bits": signed(key=rsa.generate_private_key(65537, 1024)),
    "RSA of an odd size": signed(key=rsa.generate_private_key(65537, 2050)),
    "P-384": signed(key=ec.generate_private_key(ec.SECP384R1()), algorithm=hashes.SHA384()),
    "P-521": signed(key=ec.generate_private_key(ec.SECP521R1()), algorithm=hashes.SHA512()),
    "Ed25519": signed(key=ed25519.Ed25519PrivateKey.generate()),
    "names": signed(more=[(NAMES, False)]),
    "critical names and no subject": signed(name=(), more=[(NAMES, True)]),
    "purpose": signed(more=[(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False)]),
    "a whole name": signed(
        name=[
            attribute(NameOID.COUNTRY_NAME, "DE"),
            attribute(NameOID.STATE_OR_PROVINCE_NAME, "Baden-Württemberg"),
            attribute(NameOID.ORGANIZATION_NAME, 'Müller, "Söhne" + Co. <x>; \\'),
            attribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "#1 "),
            attribute(NameOID.DOMAIN_COMPONENT, "example"),
            attribute(NameOID.USER_ID, " a"),
            attribute(NameOID.EMAIL_ADDRESS, "a@example.com"),
            attribute(NameOID.COMMON_NAME, HOST),
        ]
    ),
}
LESS_USUAL = {
    "RSASSA-PSS": signed(pss=True),
    "a mail address as name": signed(more=[(x509.SubjectAlternativeName([x509.RFC822Name("a@example.com")]), False)]),
    "secp256k1": signed(key=ec.generate_private_key(ec.SECP256K1())),
}


@pytest.mark.parametrize("name", PLAIN)
def test_the_small_reader_says_what_the_full_parser_says(name: str) -> None:
    assert read_plain(PLAIN[name]) == full(PLAIN[name]) is not None


@pytest.mark.parametrize("name", LESS_USUAL)
def test_what_is_less_usual_is_left_to_the_full_parser(name: str) -> None:
    assert read_plain(LESS_USUAL[name]) is None
    assert full(LESS_USUAL[name]) is not None


def stored() -> Iterator[bytes]:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    for part in STORE.read_text("ascii", errors="replace").split(begin)[1:]:
        yield ssl.PEM_cert_to_DER_cert(begin + part.partition(end)[0] + end)


@pytest.mark.skipif(not STORE.is_file(), reason="this system keeps its CA certificates in no single file")
def test_of_the_real_authorities_most_are_read_and_none_differently() -> None:
    """The system's own store: certificates that many different programs have made."""
    ders = list(stored())
    told = [(read_plain(der), full(der)) for der in ders]
    assert [pair for pair in told if pair[0] is not None and pair[0] != pair[1]] == []
    assert sum(small is not None for small, _ in told) > 0.8 * len(ders)


@settings(max_examples=1500, deadline=None)
@given(which=st.sampled_from(sorted(PLAIN)), at=st.integers(0, 2000), byte=st.integers(0, 255))
@example(which="leaf", at=1, byte=0x80)
def test_a_changed_byte_never_raises_and_is_never_read_differently(which: str, at: int, byte: int) -> None:
    der = PLAIN[which]
    at %= len(der)
    changed = der[:at] + bytes([byte]) + der[at + 1 :]
    small, whole = read_plain(changed), full(changed)
    if small is not None and whole is not None and whole.key == "":
        # A point that is not on its curve, or an even modulus: OpenSSL would not have trusted a chain with such a key.
        small = replace(small, key="", key_bits=None)
    assert small is None or whole is None or small == whole


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"\x30",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80" * 5000,
        b"\x30\x82\x27\x10" + b"\x30" * 10_000,
        LEAF[:-1],
        LEAF + b"\0",
    ],
)
def test_what_is_no_certificate_is_left_to_the_full_parser(hostile: bytes) -> None:
    assert read_plain(hostile) is None


@pytest.mark.parametrize("sent", [(LEAF, MIDDLE), (LEAF, MIDDLE, ROOT)], ids=["as it should be", "with the root"])
def test_a_trusted_chain_reads_the_same_either_way(sent: tuple[bytes, ...]) -> None:
    slow = read_chain(sent, expected=HOST, now=NOW, anchors=(ROOT,), code=0)
    assert read_trusted(sent, (LEAF, MIDDLE, ROOT), NOW) == slow


@pytest.mark.parametrize("leaf", ["weak", "old", "purpose"])
def test_faults_that_openssl_let_pass_are_told_either_way(leaf: str) -> None:
    KEYS["weak"] = KEYS.get("weak") or rsa.generate_private_key(65537, 1024)
    der = {
        "weak": make(HOST, "weak", "middle", "middle"),
        "old": make(HOST, "leaf", "middle", "middle", days=(-20, -10)),
        "purpose": make(
            HOST, "leaf", "middle", "middle", more=[x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])]
        ),
    }[leaf]
    slow = read_chain((der, MIDDLE), expected=HOST, now=NOW, anchors=(ROOT,), code=0)
    assert slow.faults
    assert read_trusted((der, MIDDLE), (der, MIDDLE, ROOT), NOW) == slow


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ((LEAF, ROOT, MIDDLE), (LEAF, MIDDLE, ROOT)),
        ((LEAF, MIDDLE, MIDDLE), (LEAF, MIDDLE, ROOT)),
        ((LEAF, MIDDLE), (LEAF, MIDDLE)),
        ((LEAF, MIDDLE), ()),
        ((), (LEAF, MIDDLE, ROOT)),
    ],
    ids=["out of order", "twice", "no anchor", "no path", "nothing sent"],
)
def test_a_chain_that_is_not_plainly_its_path_is_left_to_the_full_reading(
    sent: tuple[bytes, ...], path: tuple[bytes, ...]
) -> None:
    assert read_trusted(sent, path, datetime(2026, 6, 1, tzinfo=UTC)) is None
