"""The files and the settings of a TLS policy: each that cannot be used is one sentence, before a packet is sent."""

import os
import ssl
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from smtpcheck.model import UsageError
from smtpcheck.model.secret import Secret
from smtpcheck.net.authority import Authority
from smtpcheck.net.tls_policy import TlsPolicy, anchors, check_policy_files, context, trust_store

AUTHORITY = Authority.make()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """A folder with ca.pem, client.pem, client.key, encrypted.key (password `open`), other.key and text.txt."""
    issued, other = AUTHORITY.issue_client("client.example.test"), AUTHORITY.issue(["a.test"], key="rsa")
    key = load_pem_private_key(issued.key, None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"open"))
    for name, content in {
        "ca.pem": AUTHORITY.anchor,
        "client.pem": issued.chain,
        "client.key": issued.key,
        "both.pem": issued.key + issued.chain,
        "encrypted.key": encrypted,
        "other.key": other.key,
        "text.txt": b"hello\n",
        "broken.pem": b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "broken.key": b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
        "der.crt": b"\x30\x82\x01\x00",
    }.items():
        (tmp_path / name).write_bytes(content)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge.pem").open("wb") as huge:
        huge.truncate(32 * 1024 * 1024)
    return tmp_path


def policy(files: Path, **names: str) -> TlsPolicy:
    return TlsPolicy(**{option: str(files / name) for option, name in names.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("option", "name", "says"),
    [
        ("ca_file", "missing.pem", "No such file"),
        ("ca_file", "folder", "is a directory"),
        ("ca_file", "pipe", "pipe or a device"),
        ("ca_file", "huge.pem", "at most"),
        ("ca_file", "text.txt", "holds no PEM certificate"),
        ("ca_file", "client.key", "holds no PEM certificate"),
        ("ca_file", "der.crt", "DER"),
        ("ca_file", "broken.pem", "cannot be read"),
        ("ca_file", "nul\0.pem", "cannot be opened"),
        ("client_cert", "missing.pem", "No such file"),
        ("client_cert", "pipe", "pipe or a device"),
        ("client_cert", "client.pem", "holds no private key"),
        ("client_cert", "text.txt", "holds no PEM certificate"),
        ("client_key", "client.key", "without a client certificate"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(files: Path, option: str, name: str, says: str) -> None:
    with pytest.raises(UsageError) as wrong:
        check_policy_files(policy(files, **{option: name}))
    assert says in str(wrong.value)
    assert name in str(wrong.value) or "\0" in name
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(
    ("cert", "key", "says"),
    [
        ("client.pem", "missing.key", "No such file"),
        ("client.pem", "folder", "is a directory"),
        ("client.pem", "text.txt", "holds no PEM private key"),
        ("client.pem", "client.pem", "holds no PEM private key"),
        ("client.pem", "broken.key", "cannot be read"),
        ("broken.pem", "client.key", "the client certificate"),
        ("client.pem", "other.key", "does not belong"),
        ("client.pem", "encrypted.key", "is encrypted, and no password"),
    ],
)
def test_a_client_key_that_cannot_be_used_is_named(files: Path, cert: str, key: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        check_policy_files(policy(files, client_cert=cert, client_key=key))


def test_a_file_that_may_not_be_read_is_named(files: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("root reads everything")
    (files / "ca.pem").chmod(0)
    with pytest.raises(UsageError, match="Permission denied"):
        check_policy_files(policy(files, ca_file="ca.pem"))


@pytest.mark.parametrize("wrong", ["shut", "", "x" * 2000, "pässword"])
def test_a_wrong_key_password_is_told_and_not_shown(files: Path, wrong: str) -> None:
    """Also after the right one opened the same file."""
    names = {"client_cert": str(files / "client.pem"), "client_key": str(files / "encrypted.key")}
    check_policy_files(TlsPolicy(**names, client_key_password=Secret("open")))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="does not open it") as refused:
        check_policy_files(TlsPolicy(**names, client_key_password=Secret(wrong)))  # type: ignore[arg-type]
    assert not wrong or wrong not in str(refused.value)


def test_nothing_is_asked_on_the_terminal(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """OpenSSL reads a password from /dev/tty or standard input: a pipe that stays silent would hold us for ever."""
    read, write = os.pipe()
    saved = os.dup(0)
    os.dup2(read, 0)
    try:
        done = threading.Event()

        def check() -> None:
            with pytest.raises(UsageError):
                check_policy_files(policy(files, client_cert="client.pem", client_key="encrypted.key"))
            done.set()

        threading.Thread(target=check, daemon=True).start()
        assert done.wait(10)
    finally:
        os.dup2(saved, 0)
        for descriptor in (read, write, saved):
            os.close(descriptor)


@pytest.mark.parametrize(
    "names", [{"client_cert": "client.pem", "client_key": "client.key"}, {"client_cert": "both.pem"}]
)
def test_good_files_are_taken(files: Path, names: dict[str, str]) -> None:
    check_policy_files(policy(files, **names))


def test_one_context_for_one_policy_until_a_file_changes(files: Path) -> None:
    first = context(policy(files, ca_file="ca.pem"))
    assert context(policy(files, ca_file="ca.pem")) is first
    assert context(TlsPolicy(ca_file=str(files / "ca.pem"), min_version="1.3")) is not first
    (files / "ca.pem").write_bytes(AUTHORITY.anchor + AUTHORITY.issue(["a.test"]).certificates[1])
    again = policy(files, ca_file="ca.pem")
    assert context(again) is not first
    store = trust_store(again)
    assert store is not None
    assert store.certificates == 2


def test_a_policy_says_nothing_of_its_password() -> None:
    one, two = (TlsPolicy(client_key_password=Secret(text)) for text in ("one", "two"))
    assert (one, hash(one)) == (two, hash(two))
    assert "Secret" not in repr(one)
    assert "***" not in repr(one)


def test_the_settings_do_not_depend_on_python_or_the_distribution() -> None:
    made = context(TlsPolicy())
    assert (made.minimum_version, made.maximum_version) == (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)
    assert made.verify_flags == ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    assert made.verify_mode is ssl.CERT_REQUIRED
    assert made.check_hostname
    assert not made.options & 0x4, "OP_LEGACY_SERVER_CONNECT"
    assert not made.options & getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)
    assert not [one["name"] for one in made.get_ciphers() if one["name"].endswith("-SHA")]


@pytest.mark.parametrize("version", ["1.4", "", "tls1.2", "1.2 "])
def test_an_unknown_version_is_told_with_the_known_ones(version: str) -> None:
    with pytest.raises(UsageError, match=r"1\.0, 1\.1, 1\.2, 1\.3"):
        check_policy_files(TlsPolicy(min_version=version))


def test_the_system_store_is_loaded_only_where_it_is_used(monkeypatch: pytest.MonkeyPatch, files: Path) -> None:
    def forbidden(*args: object) -> None:
        raise AssertionError("loaded")

    monkeypatch.setattr(ssl.SSLContext, "load_default_certs", forbidden)
    context(TlsPolicy(verify=False, min_version="1.1"))
    context(policy(files, ca_file="ca.pem"))
    with pytest.raises(AssertionError, match="loaded"):
        context(TlsPolicy(min_version="1.1"))


def test_a_directory_of_hashed_certificates_is_no_empty_store(files: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(files / "missing.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(files / "folder"))
    empty = trust_store(TlsPolicy(alpn=("empty",)))
    assert empty is not None
    assert (empty.certificates, empty.empty, empty.source) == (0, True, "environment")
    (files / "folder" / "0123abcd.0").write_bytes(AUTHORITY.anchor)
    full = trust_store(TlsPolicy(alpn=("full",)))
    assert full is not None
    assert (full.certificates, full.empty, full.directory) == (0, False, str(files / "folder"))
    assert len(anchors(TlsPolicy(alpn=("full",)))) == 1


def test_a_ca_file_that_vanishes_leaves_no_anchors_and_no_error(files: Path) -> None:
    lax = TlsPolicy(verify=False, ca_file=str(files / "ca.pem"))
    assert len(anchors(lax)) == 1
    (files / "ca.pem").unlink()
    assert anchors(lax) == ()
    assert trust_store(lax) is None


def test_a_certificate_file_full_of_beginnings_is_read_in_linear_time(files: Path) -> None:
    """The store's own reader, on a file in which no block ever ends."""
    from smtpcheck.net.trust import anchors_of

    (files / "ca.pem").write_bytes(b"-----BEGIN CERTIFICATE-----\n" * 200_000)
    assert anchors_of(str(files / "ca.pem"), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) == ()
