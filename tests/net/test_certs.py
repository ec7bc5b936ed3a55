"""Certificates and chains as they were sent: every fault found, at any depth, and nothing hostile raises."""

import hashlib
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpcheck.net.certificate import describe
from smtpcheck.net.certs import end_point_hash
from smtpcheck.net.chain import ChainReading, read_chain
from smtpcheck.net.tls_names import name_fits, plain_name

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HOST = "mail.example.test"

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey
KEYS: dict[str, Key] = {
    name: ec.generate_private_key(ec.SECP256R1()) for name in ("root", "middle", "low", "leaf", "stranger")
}


def common(name: str, organisation: str | None = None) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, name)]
    return x509.Name([*parts, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation)] if organisation else parts)


def usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(not signs, False, False, False, False, signs, signs, False, False)


def make(
    name: str,
    key: str,
    issuer: str,
    issuer_key: str,
    *,
    ca: bool = False,
    names: Sequence[str] = (HOST,),
    days: tuple[int, int] = (-10, 10),
    leave_out: Sequence[type[x509.ExtensionType]] = (),
    more: Sequence[x509.ExtensionType] = (),
    organisation: str | None = None,
    issuer_organisation: str | None = None,
) -> bytes:
    """A certificate as DER. `leave_out` names extensions that a good one would have."""
    public = KEYS[key].public_key()
    extensions: list[x509.ExtensionType] = [
        x509.BasicConstraints(ca=ca, path_length=None),
        usage(signs=ca),
        x509.SubjectKeyIdentifier.from_public_key(public),
        x509.AuthorityKeyIdentifier.from_issuer_public_key(KEYS[issuer_key].public_key()),
        *([] if ca else [x509.SubjectAlternativeName([x509.DNSName(one) for one in names])]),
        *more,
    ]
    builder = (
        x509.CertificateBuilder()
        .subject_name(common(name, organisation))
        .issuer_name(common(issuer, issuer_organisation))
        .public_key(public)
        .serial_number(4711)
        .not_valid_before((NOW + days[0] * DAY).replace(tzinfo=None))
        .not_valid_after((NOW + days[1] * DAY).replace(tzinfo=None))
    )
    for one in extensions:
        if type(one) not in leave_out:
            builder = builder.add_extension(one, critical=isinstance(one, x509.BasicConstraints | x509.KeyUsage))
    signer = KEYS[issuer_key]
    algorithm = None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256()
    return builder.sign(signer, algorithm).public_bytes(Encoding.DER)


ROOT = make("root", "root", "root", "root", ca=True)
MIDDLE = make("middle", "middle", "root", "root", ca=True)
LEAF = make(HOST, "leaf", "middle", "middle")
CA_ISSUERS = x509.AuthorityInformationAccess(
    [
        x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier("http://o.test/")),
        x509.AccessDescription(
            AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier("http://ca.test/middle.crt")
        ),
    ]
)


def judged(*ders: bytes, anchors: Sequence[bytes] = (ROOT,), code: int | None = None, name: str = HOST) -> ChainReading:
    return read_chain(ders, expected=name, now=NOW, anchors=anchors, code=code)


def test_a_good_chain_has_no_fault_and_its_facts_are_told() -> None:
    found = judged(LEAF, MIDDLE)
    assert found.faults == ()
    assert found.missing_issuer is None
    leaf, middle = found.certificates
    assert (leaf.subject, leaf.issuer, leaf.dns_names, leaf.names) == (f"CN={HOST}", "CN=middle", (HOST,), 1)
    assert (leaf.key, leaf.key_bits, leaf.signature) == ("EC secp256r1", 256, "ecdsa-with-SHA256")
    assert (leaf.serial, leaf.fingerprint) == ("1267", hashlib.sha256(LEAF).hexdigest())
    assert (leaf.not_before, leaf.not_after) == (NOW - 10 * DAY, NOW + 10 * DAY)
    assert (leaf.is_ca, middle.is_ca, leaf.self_signed) == (False, True, False)
    assert found.anchor is not None
    assert (found.anchor.subject, found.anchor.self_signed) == ("CN=root", True)


def test_a_root_that_was_sent_is_harmless() -> None:
    assert judged(LEAF, MIDDLE, ROOT).faults == ()
    assert judged(LEAF, MIDDLE, ROOT, code=0).faults == ()


@pytest.mark.parametrize(
    ("chain", "faults", "missing"),
    [
        ((LEAF,), {"unknown-ca"}, "CN=middle"),
        ((make(HOST, "leaf", "middle", "middle", more=[CA_ISSUERS]),), {"missing-intermediate"}, "CN=middle"),
        ((LEAF, make("middle", "stranger", "root", "root", ca=True)), {"unknown-ca", "chain-disorder"}, "CN=middle"),
        ((make(HOST, "leaf", HOST, "leaf"),), {"self-signed"}, None),
        ((LEAF, make("middle", "middle", "far", "stranger", ca=True)), {"unknown-ca"}, "CN=far"),
        (
            (
                LEAF,
                make("middle", "middle", "far", "stranger", ca=True),
                make("far", "stranger", "far", "stranger", ca=True),
            ),
            {"unknown-ca"},
            None,
        ),
    ],
)
@pytest.mark.parametrize("code", [20, None])
def test_what_is_missing_below_the_store(
    chain: tuple[bytes, ...], faults: set[str], missing: str | None, code: int | None
) -> None:
    found = judged(*chain, code=code)
    assert (set(found.faults), found.missing_issuer) == (faults, missing)


def test_an_issuer_of_an_organisation_in_the_store_is_a_missing_intermediate() -> None:
    root = make("root", "root", "root", "root", ca=True, organisation="Good CA", issuer_organisation="Good CA")
    leaf = make(HOST, "leaf", "middle", "middle", issuer_organisation="Good CA")
    assert judged(leaf, anchors=(root,), code=20).faults == ("missing-intermediate",)
    assert judged(leaf, anchors=(ROOT,), code=20).faults == ("unknown-ca",)


def test_an_intermediate_in_the_store_is_no_anchor_by_itself() -> None:
    """OpenSSL's default (no partial chain): the path has to end at a self-signed certificate of the store."""
    found = judged(LEAF, anchors=(MIDDLE,), code=2)
    assert (found.faults, found.missing_issuer) == (("unknown-ca",), "CN=root")
    assert judged(LEAF, anchors=(MIDDLE, ROOT)).faults == ()


def test_an_empty_store_says_so_and_accuses_nobody() -> None:
    found = read_chain([LEAF, MIDDLE], expected=HOST, now=NOW, code=20, store_empty=True)
    assert found.faults == ("empty-store",)


def test_a_chain_in_disorder_is_a_note() -> None:
    low = make("low", "low", "middle", "middle", ca=True)
    leaf = make(HOST, "leaf", "low", "low")
    assert judged(leaf, MIDDLE, low, code=0).faults == ("chain-disorder",)


def test_an_expired_certificate_beside_the_path_is_no_fault_of_it() -> None:
    """Servers go on sending the cross-signature of a root that is in everybody's store by now."""
    crossed = make("root", "root", "old root", "stranger", ca=True, days=(-100, -1))
    found = judged(LEAF, MIDDLE, crossed, code=0)
    assert found.faults == ()
    assert found.certificates[2].problems == ("expired",)


@pytest.mark.parametrize(
    ("days", "word"), [((-10, -1), "expired"), ((1, 10), "not-yet-valid"), ((-10, 0), None), ((0, 10), None)]
)
@pytest.mark.parametrize("depth", [0, 1])
def test_dates_are_read_at_any_depth(days: tuple[int, int], word: str | None, depth: int) -> None:
    chain = [
        make(HOST, "leaf", "middle", "middle", days=days if depth == 0 else (-10, 10)),
        make("middle", "middle", "root", "root", ca=True, days=days if depth == 1 else (-10, 10)),
    ]
    found = judged(*chain)
    expected = (word,) if word else ()
    assert (found.faults, found.certificates[depth].problems) == (expected, expected)


def test_an_expired_root_of_the_store_counts() -> None:
    root = make("root", "root", "root", "root", ca=True, days=(-100, -1))
    found = judged(LEAF, MIDDLE, anchors=(root,), code=10)
    assert found.faults == ("expired",)
    assert found.anchor is not None
    assert found.anchor.problems == ("expired",)


@pytest.mark.parametrize(
    ("more", "left_out", "faults"),
    [
        ([x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])], [], {"wrong-purpose"}),
        ([x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])], [], set()),
        ([x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])], [], {"wrong-purpose"}),
        ([], [x509.AuthorityKeyIdentifier], {"strict-rule"}),
        ([], [x509.SubjectKeyIdentifier], set()),
        ([], [x509.KeyUsage], set()),
    ],
)
def test_extensions_of_the_leaf(
    more: list[x509.ExtensionType], left_out: list[type[x509.ExtensionType]], faults: set[str]
) -> None:
    leaf = make(HOST, "leaf", "middle", "middle", more=more, leave_out=left_out)
    assert set(judged(leaf, MIDDLE).faults) == faults


@pytest.mark.parametrize(
    ("left_out", "word"),
    [
        (x509.KeyUsage, "no-key-usage"),
        (x509.SubjectKeyIdentifier, "no-subject-key-id"),
        (x509.AuthorityKeyIdentifier, "no-authority-key-id"),
        (x509.BasicConstraints, "not-a-ca"),
    ],
)
def test_extensions_of_a_ca(left_out: type[x509.ExtensionType], word: str) -> None:
    middle = make("middle", "middle", "root", "root", ca=True, leave_out=[left_out])
    found = judged(LEAF, middle)
    assert word in found.certificates[1].problems
    assert ("not-a-ca" if word == "not-a-ca" else "strict-rule") in found.faults


def test_a_root_of_the_store_that_strict_clients_refuse_is_told() -> None:
    root = make("root", "root", "root", "root", ca=True, leave_out=[x509.KeyUsage])
    found = judged(LEAF, MIDDLE, anchors=(root,), code=0)
    assert found.faults == ("strict-rule",)
    assert found.anchor is not None
    assert found.anchor.problems == ("no-key-usage",)


def test_a_leaf_cannot_issue() -> None:
    low = make("low", "low", "middle", "middle", names=("low.test",))
    found = judged(make(HOST, "leaf", "low", "low"), low, MIDDLE)
    assert found.faults == ("not-a-ca",)
    assert found.certificates[1].problems == ("not-a-ca",)


def test_weak_keys() -> None:
    KEYS["rsa-1024"] = rsa.generate_private_key(65537, 1024)
    KEYS["ec-192"] = ec.generate_private_key(ec.SECP192R1())
    for key, kind, bits in (("rsa-1024", "RSA", 1024), ("ec-192", "EC secp192r1", 192)):
        found = judged(make(HOST, key, "middle", "middle"), MIDDLE)
        assert found.faults == ("weak-key",)
        assert (found.certificates[0].key, found.certificates[0].key_bits) == (kind, bits)


def test_a_verdict_that_our_reading_does_not_explain_is_other() -> None:
    assert judged(LEAF, MIDDLE, code=25).faults == ("other",)


def test_the_channel_binding_hash() -> None:
    KEYS["ed25519"] = ed25519.Ed25519PrivateKey.generate()
    assert end_point_hash(LEAF) == hashlib.sha256(LEAF).digest()
    assert end_point_hash(make(HOST, "ed25519", HOST, "ed25519")) is None
    assert end_point_hash(b"junk") is None


# ---- hostile


def test_a_certificate_that_cannot_be_read_is_a_finding() -> None:
    found = judged(b"junk", b"", LEAF, b"\x30" * 1000, bytes(10_000_000))
    assert [one.problems for one in found.certificates][:2] == [("unreadable",), ("unreadable",)]
    assert found.certificates[4].problems == ("unreadable",)
    assert found.faults == ("other",)
    assert judged(LEAF, b"junk", MIDDLE).faults == ("chain-disorder",)


def test_a_thousand_names_are_compared_and_a_hundred_kept() -> None:
    names = [f"n{number}.example.test" for number in range(1000)]
    leaf = make(HOST, "leaf", "middle", "middle", names=names)
    found = judged(leaf, MIDDLE, name="n999.example.test")
    assert found.faults == ()
    assert (len(found.certificates[0].dns_names), found.certificates[0].names) == (100, 1000)


def test_an_endless_chain_is_read_to_its_beginning() -> None:
    assert len(judged(LEAF, *[MIDDLE] * 10_000).certificates) == 32


def test_two_cas_that_sign_each_other_do_not_hold_us() -> None:
    one = make("middle", "middle", "far", "stranger", ca=True)
    two = make("far", "stranger", "middle", "middle", ca=True)
    assert "unknown-ca" in judged(LEAF, one, two).faults


def test_nul_and_markup_in_names_are_only_text() -> None:
    leaf = make("a\0b\x1b[31m", "leaf", "middle", "middle", names=(f"{HOST}\0.evil.test", "[red]x[/red]"))
    found = judged(leaf, MIDDLE)
    assert found.faults == ("name-mismatch",)
    assert found.certificates[0].names == 2


def test_no_chain_is_no_fault() -> None:
    assert judged().faults == ()


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(LEAF) - 1), byte=st.integers(0, 255))
def test_a_changed_byte_never_raises(at: int, byte: int) -> None:
    changed = LEAF[:at] + bytes([byte]) + LEAF[at + 1 :]
    described = judged(changed, MIDDLE).certificates[0]
    assert described.fingerprint == hashlib.sha256(changed).hexdigest()


def test_another_thread_may_read() -> None:
    results: list[ChainReading] = []
    thread = threading.Thread(target=lambda: results.append(judged(LEAF, MIDDLE)))
    thread.start()
    thread.join(10)
    assert results[0].faults == ()


def test_describe_without_a_reading_keeps_the_fingerprint() -> None:
    assert describe(b"junk", None, NOW).fingerprint == hashlib.sha256(b"junk").hexdigest()


# ---- names


@pytest.mark.parametrize(
    ("expected", "names", "fits"),
    [
        ("mail.example.test", ["mail.example.test"], True),
        ("mail.example.test", ["MAIL.Example.Test"], True),
        ("mail.example.test", ["*.example.test"], True),
        ("mail.example.test", ["*.test"], False),
        ("a.mail.example.test", ["*.example.test"], False),
        ("example.test", ["*.example.test"], False),
        ("mail.example.test", ["m*.example.test"], False),
        ("mail.example.test", ["mail.*.test"], False),
        ("mail.example.test", ["*"], False),
        ("mail.example.test", ["*.*.test"], False),
        ("mail.example.test", [""], False),
        (".example.test", ["*.example.test"], False),
        ("_mail.example.test", ["*.example.test"], False),
        ("xn--mller-kva.example.test", ["*.example.test"], True),
        ("192.0.2.1", ["192.0.2.1"], False),
    ],
)
def test_dns_names(expected: str, names: list[str], fits: bool) -> None:
    assert name_fits(expected, names, []) is fits


def test_addresses_and_common_names() -> None:
    assert name_fits("192.0.2.1", [], ["192.0.2.1"])
    assert name_fits("2001:db8::1", [], ["2001:DB8:0:0:0:0:0:1"])
    assert not name_fits("192.0.2.1", [], ["192.0.2.2"], ["192.0.2.1"])
    assert name_fits("mail.example.test", [], [], ["mail.example.test"])
    assert not name_fits("mail.example.test", ["other.example.test"], [], ["mail.example.test"])


@pytest.mark.parametrize(
    ("given", "plain"),
    [("a.test.", "a.test"), ("[::1]", "::1"), ("fe80::1%eth0", "fe80::1"), ("2001:DB8::0:1", "2001:db8::1")],
)
def test_plain_names(given: str, plain: str) -> None:
    assert plain_name(given) == plain
