"""The client's TLS engine against real TLS servers in memory: each failure leaves facts that tell it from the others."""

import contextlib
import ssl
import struct
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpcheck.model import TlsFacts, UsageError
from smtpcheck.net import tls
from smtpcheck.net.authority import Authority, Issued
from smtpcheck.net.tls import HandshakeFailed, LateAlert, TlsClosed, TlsEngine, TlsError
from smtpcheck.net.tls_facts import facts, with_chain
from smtpcheck.net.tls_policy import TlsPolicy

HOST = "mail.example.test"
AUTHORITY = Authority.make()
NAMES = (HOST, "other.example.test")

type_of_wire = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tls")
    (folder / "ca.pem").write_bytes(AUTHORITY.anchor)
    return folder


@pytest.fixture(scope="module")
def policy(folder: Path) -> TlsPolicy:
    return TlsPolicy(ca_file=str(folder / "ca.pem"))


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


# ---- success


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_good_server_passes_and_everything_about_it_is_told(folder: Path, policy: TlsPolicy, version: str) -> None:
    wanted = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}[version]
    found, error = checked(policy, server(folder, maximum=wanted))
    assert error is None
    assert (found.version, found.failure, found.sni) == (f"TLSv{version}", None, HOST)
    assert found.cipher is not None
    assert found.verification is not None
    assert (found.verification.trusted, found.verification.code, found.verification.faults) == (True, 0, ())
    assert [one.is_ca for one in found.chain] == [False, True]
    assert found.chain[0].dns_names == NAMES
    assert found.verification.anchor is not None
    assert "root" in found.verification.anchor.subject
    assert found.hello_size > 200
    assert (found.alert, found.first_bytes, found.client_certificate_asked) == (None, b"", False)
    assert found.store is not None
    assert (found.store.source, found.store.certificates, found.store.empty) == ("ca-file", 1, False)


def test_data_goes_both_ways_and_the_end_is_told(folder: Path, policy: TlsPolicy) -> None:
    peer = server(folder)
    peer.say = b"220 hi\r\n"
    engine = TlsEngine(policy, HOST, HOST)
    assert run(engine, peer) is None
    assert engine.read() == b"220 hi\r\n"
    engine.write(b"x" * 40_000)
    peer.take(engine.outgoing())
    for _ in range(5):
        peer.take(b"")
    assert len(peer.heard) == 40_000
    peer.tls.write(b"221 bye\r\n")
    with contextlib.suppress(ssl.SSLWantReadError):
        peer.tls.unwrap()
    engine.feed(peer.outgoing.read())
    with pytest.raises(TlsClosed) as closed:
        engine.read()
    assert (closed.value.how, closed.value.rest) == ("close-notify", b"221 bye\r\n")
    with pytest.raises(TlsClosed) as again:
        engine.read()
    assert again.value.rest == b""
    engine.close_notify()
    assert engine.outgoing()


def test_an_end_without_close_notify_is_eof(folder: Path, policy: TlsPolicy) -> None:
    engine = TlsEngine(policy, HOST, HOST)
    assert run(engine, server(folder)) is None
    assert engine.read() == b""
    engine.feed_eof()
    with pytest.raises(TlsClosed) as closed:
        engine.read()
    assert closed.value.how == "eof"


def test_bytes_that_do_not_decrypt_after_data_end_the_session(folder: Path, policy: TlsPolicy) -> None:
    peer = server(folder)
    peer.say = b"220 hi\r\n"
    engine = TlsEngine(policy, HOST, HOST)
    run(engine, peer)
    engine.feed(b"\x17\x03\x03\x00\x20" + bytes(32))
    with pytest.raises(TlsClosed) as closed:
        engine.read()
    assert (closed.value.how, closed.value.rest) == ("broken", b"220 hi\r\n")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
@pytest.mark.parametrize("faults", [(), ("expired",), ("self-signed",)])
def test_byte_by_byte_gives_the_same_facts(
    folder: Path, policy: TlsPolicy, version: ssl.TLSVersion, faults: tuple[str, ...]
) -> None:
    found = []
    issued = AUTHORITY.issue(NAMES, faults)
    for size in (1, 1 << 16):
        engine = TlsEngine(policy, HOST, HOST)
        error = run(engine, server(folder, issued, maximum=version), size)
        one = facts(engine, "implicit", error)
        found.append((one.failure, one.last_message, one.verification, one.alert, one.cipher, engine.done))
    assert found[0] == found[1]


# ---- faults of the certificate


@pytest.mark.parametrize(
    ("faults", "code", "expected"),
    [
        (("expired",), 10, {"expired"}),
        (("expired-intermediate",), 10, {"expired"}),
        (("not-yet",), 9, {"not-yet-valid"}),
        (("self-signed",), 18, {"self-signed"}),
        (("unknown-ca",), 20, {"unknown-ca"}),
        (("unknown-ca", "root-sent"), 19, {"unknown-ca"}),
        (("no-intermediate",), 20, {"missing-intermediate"}),
        (("wrong-name",), 62, {"name-mismatch"}),
        (("weak-key",), 66, {"weak-key"}),
        (("weak-hash",), 68, {"weak-hash"}),
        (("wrong-purpose",), 26, {"wrong-purpose"}),
        (("expired", "wrong-name"), 62, {"expired", "name-mismatch"}),
        (("expired", "wrong-name", "self-signed"), 18, {"expired", "name-mismatch", "self-signed"}),
    ],
)
def test_every_fault_of_a_certificate_is_found_at_once(
    folder: Path, policy: TlsPolicy, faults: tuple[str, ...], code: int, expected: set[str]
) -> None:
    found, error = checked(policy, server(folder, AUTHORITY.issue(NAMES, faults)))
    assert isinstance(error, HandshakeFailed)
    assert found.failure == "untrusted"
    assert found.reason == "CERTIFICATE_VERIFY_FAILED"
    assert found.last_message == "Certificate"
    assert found.version is None
    assert found.verification is not None
    assert found.verification.trusted is False
    assert found.verification.code == code
    assert expected <= set(found.verification.faults) <= expected | {"strict-rule"}
    assert found.alert_from == "smtpcheck"
    assert found.chain


def test_which_certificate_is_expired_is_told(folder: Path, policy: TlsPolicy) -> None:
    found, _ = checked(policy, server(folder, AUTHORITY.issue(NAMES, ("expired-intermediate",))))
    assert ["expired" in one.problems for one in found.chain] == [False, True]


def test_a_missing_intermediate_is_named(folder: Path, policy: TlsPolicy) -> None:
    found, _ = checked(policy, server(folder, AUTHORITY.issue(NAMES, ("no-intermediate",))))
    assert found.verification is not None
    assert found.verification.missing_issuer is not None
    assert "intermediate" in found.verification.missing_issuer


def test_insecure_goes_on_and_still_lists_every_fault(folder: Path, policy: TlsPolicy) -> None:
    lax = TlsPolicy(verify=False, ca_file=policy.ca_file)
    found, error = checked(lax, server(folder, AUTHORITY.issue(NAMES, ("expired", "wrong-name", "unknown-ca"))))
    assert error is None
    assert (found.failure, found.version) == (None, "TLSv1.3")
    assert found.verification is not None
    assert (found.verification.performed, found.verification.trusted) == (False, False)
    assert {"expired", "name-mismatch", "unknown-ca"} <= set(found.verification.faults)
    assert found.store is not None
    assert found.store.source == "ca-file"


def test_insecure_with_a_good_chain_lists_no_fault(folder: Path, policy: TlsPolicy) -> None:
    found, _ = checked(TlsPolicy(verify=False, ca_file=policy.ca_file), server(folder))
    assert found.verification is not None
    assert set(found.verification.faults) <= {"strict-rule"}


def test_an_empty_store_is_not_an_unknown_ca(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "nowhere.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    found, _ = checked(TlsPolicy(), server(folder))
    assert found.verification is not None
    assert (found.verification.code, found.verification.faults[:1]) == (20, ("empty-store",))
    assert found.store is not None
    assert found.store.empty
    assert found.store.source == "environment"
    assert found.store.file == str(tmp_path / "nowhere.pem")


def test_the_environment_chooses_the_store(folder: Path, policy: TlsPolicy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(policy.ca_file))
    found, error = checked(TlsPolicy(), server(folder))
    assert error is None
    assert found.store is not None
    assert (found.store.source, found.store.file) == ("environment", policy.ca_file)


# ---- names


@pytest.mark.parametrize("sni", [HOST, None, "other.example.test"])
def test_the_name_is_checked_whatever_sni_says(folder: Path, policy: TlsPolicy, sni: str | None) -> None:
    peer = server(folder)
    found, error = checked(policy, peer, HOST, sni)
    assert error is None
    assert peer.names == [sni]
    assert found.sni == sni
    bad, error = checked(policy, server(folder), "wrong.example.test", sni)
    assert isinstance(error, HandshakeFailed)
    assert bad.verification is not None
    assert (bad.failure, bad.verification.code, bad.verification.trusted) == ("untrusted", 62, False)
    assert bad.verification.message == (
        "Hostname mismatch, certificate is not valid for 'wrong.example.test'."
    )
    assert "name-mismatch" in bad.verification.faults


@pytest.mark.parametrize(("sni", "listed"), [("127.0.0.1", True), (HOST, True), ("127.0.0.1", False), (HOST, False)])
def test_an_address_is_compared_with_addresses_and_never_sent_as_sni(
    folder: Path, policy: TlsPolicy, sni: str, listed: bool
) -> None:
    peer = server(folder, AUTHORITY.issue([*NAMES, *["127.0.0.1"] * listed]))
    found, error = checked(policy, peer, "127.0.0.1", sni)
    assert peer.names == [None if sni == "127.0.0.1" else sni]
    assert (error is None) is listed
    assert found.verification is not None
    assert found.verification.code == (0 if listed else 64)


@pytest.mark.parametrize("name", [f"{HOST}.", "[::1]", "::1", "MAIL.example.test"])
def test_names_are_compared_as_certificates_hold_them(folder: Path, policy: TlsPolicy, name: str) -> None:
    _, error = checked(policy, server(folder, AUTHORITY.issue([*NAMES, "::1"])), name, name)
    assert error is None


def test_a_name_only_as_common_name_follows_openssl(folder: Path, policy: TlsPolicy) -> None:
    """OpenSSL accepts it when there is no DNS name; so does our own comparison."""
    engine = TlsEngine(policy, HOST, None)
    assert engine.sni is None


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".test", ".test", "a\0b"])
def test_a_name_that_cannot_be_sent_is_a_usage_error(policy: TlsPolicy, name: str) -> None:
    with pytest.raises(UsageError, match="server's name"):
        TlsEngine(policy, name, name)


# ---- versions and ciphers


def test_a_server_with_old_versions_alone_answers_protocol_version(folder: Path, policy: TlsPolicy) -> None:
    peer = server(folder, minimum=ssl.TLSVersion.TLSv1, maximum=ssl.TLSVersion.TLSv1)
    found, _ = checked(policy, peer)
    assert (found.failure, found.alert, found.alert_name) == ("protocol-version", 70, "protocol_version")
    assert (found.alert_from, found.alert_level, found.last_message) == ("server", "fatal", "ClientHello")
    assert found.verification is None


def test_a_server_hello_of_an_old_version_is_refused_by_us(policy: TlsPolicy) -> None:
    body = b"\x03\x01" + bytes(32) + b"\x00" + b"\xc0\x13" + b"\x00"
    hello = b"\x02" + len(body).to_bytes(3, "big") + body
    found = answered(policy, b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
    assert (found.failure, found.reason) == ("protocol-version", "UNSUPPORTED_PROTOCOL")
    assert (found.alert, found.alert_from, found.last_message) == (70, "smtpcheck", "ServerHello")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_old_versions_connect_when_asked_for(folder: Path, policy: TlsPolicy, version: str) -> None:
    wanted = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1}[version]
    old = TlsPolicy(ca_file=policy.ca_file, min_version="1.0")
    found, error = checked(old, server(folder, minimum=wanted, maximum=wanted))
    assert error is None
    assert (found.version, found.min_version) == ("TLSv1" if version == "1.0" else "TLSv1.1", "TLSv1.0")


def test_a_minimum_above_the_server_is_a_version_failure(folder: Path, policy: TlsPolicy) -> None:
    modern = TlsPolicy(ca_file=policy.ca_file, min_version="1.3")
    found, _ = checked(modern, server(folder, maximum=ssl.TLSVersion.TLSv1_2))
    assert (found.failure, found.alert, found.alert_from) == ("protocol-version", 70, "server")


def test_no_shared_cipher_is_told_and_a_legacy_look_finds_the_cipher(folder: Path, policy: TlsPolicy) -> None:
    def old() -> Server:
        return server(
            folder, AUTHORITY.issue(NAMES, key="rsa"), ciphers="AES128-SHA:@SECLEVEL=0", maximum=ssl.TLSVersion.TLSv1_2
        )

    found, _ = checked(policy, old())
    assert (found.failure, found.alert, found.last_message) == ("no-shared-cipher", 40, "ClientHello")
    assert found.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"
    look, error = checked(TlsPolicy(verify=False, legacy=True), old())
    assert error is None
    assert look.cipher == "AES128-SHA"


def test_a_cipher_that_was_not_offered_is_no_lack_of_a_shared_one(policy: TlsPolicy) -> None:
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\x00\x2f" + b"\x00" + b"\x00\x05\xff\x01\x00\x01\x00"
    hello = b"\x02" + len(body).to_bytes(3, "big") + body
    found = answered(policy, b"\x16\x03\x03" + len(hello).to_bytes(2, "big") + hello)
    assert (found.failure, found.alert_from) == ("other", "smtpcheck")
    assert found.reason in ("UNKNOWN_CIPHER_RETURNED", "WRONG_CIPHER_RETURNED")


def test_a_server_without_secure_renegotiation_is_told(policy: TlsPolicy) -> None:
    body = b"\x03\x03" + bytes(32) + b"\x00" + b"\xc0\x2f" + b"\x00"
    hello = b"\x02" + len(body).to_bytes(3, "big") + body
    found = answered(policy, b"\x16\x03\x03" + len(hello).to_bytes(2, "big") + hello)
    assert (found.failure, found.alert, found.last_message) == ("legacy-renegotiation", 40, "ServerHello")


def test_a_weak_diffie_hellman_group_is_told(folder: Path, policy: TlsPolicy) -> None:
    parameters = folder / "dh.pem"
    parameters.write_text(DH_1024)
    peer_context = server(
        folder,
        AUTHORITY.issue(NAMES, key="rsa"),
        ciphers="DHE-RSA-AES128-GCM-SHA256:@SECLEVEL=0",
        maximum=ssl.TLSVersion.TLSv1_2,
    ).context
    peer_context.load_dh_params(str(parameters))
    found, _ = checked(policy, Server(peer_context))
    assert (found.failure, found.reason) == ("weak-dh", "DH_KEY_TOO_SMALL")
    assert found.last_message == "ServerKeyExchange"
    assert found.verification is not None
    assert (found.verification.trusted, found.verification.faults) == (True, ())


def test_a_small_hello_is_small(policy: TlsPolicy) -> None:
    engine = TlsEngine(TlsPolicy(ca_file=policy.ca_file, small_hello=True), HOST, HOST)
    engine.handshake()
    engine.outgoing()
    assert 0 < engine.hello_size <= 600


# ---- client certificates


def with_client_certificate(folder: Path, issuer: Authority) -> TlsPolicy:
    issued = issuer.issue_client("client.example.test")
    (folder / "client.pem").write_bytes(issued.chain)
    (folder / "client.key").write_bytes(issued.key)
    return TlsPolicy(
        ca_file=str(folder / "ca.pem"),
        client_cert=str(folder / "client.pem"),
        client_key=str(folder / "client.key"),
    )


def test_a_client_certificate_required_by_tls_1_2_is_no_lack_of_ciphers(folder: Path, policy: TlsPolicy) -> None:
    found, _ = checked(policy, server(folder, client_ca=True, maximum=ssl.TLSVersion.TLSv1_2))
    assert (found.failure, found.alert, found.alert_from) == ("client-certificate-required", 40, "server")
    assert (found.client_certificate_asked, found.client_certificate_sent) == (True, False)
    assert found.last_message == "Finished"
    assert found.verification is not None
    assert found.verification.trusted
    assert len(found.chain) == 2


def test_a_client_certificate_required_by_tls_1_3_comes_with_the_first_read(folder: Path, policy: TlsPolicy) -> None:
    engine = TlsEngine(policy, HOST, HOST)
    assert run(engine, server(folder, client_ca=True)) is None
    assert engine.done
    with pytest.raises(LateAlert) as late:
        engine.read()
    assert late.value.after_handshake
    assert (late.value.failure, late.value.alert) == ("client-certificate-required", 116)
    found = facts(engine, "starttls", late.value)
    assert (found.failure, found.alert, found.alert_from) == ("client-certificate-required", 116, "server")
    assert (found.version, found.client_certificate_asked, found.client_certificate_sent) == ("TLSv1.3", True, False)
    assert found.verification is not None
    assert found.verification.trusted
    with pytest.raises(LateAlert):
        engine.read()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_is_sent(folder: Path, version: ssl.TLSVersion) -> None:
    peer = server(folder, client_ca=True, maximum=version)
    found, error = checked(with_client_certificate(folder, AUTHORITY), peer)
    assert error is None
    assert peer.done
    assert (found.client_certificate_asked, found.client_certificate_sent) == (True, True)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate_that_the_server_refuses(folder: Path, version: ssl.TLSVersion) -> None:
    stranger = with_client_certificate(folder, Authority("stranger"))
    engine = TlsEngine(stranger, HOST, HOST)
    error = run(engine, server(folder, client_ca=True, maximum=version))
    if error is None:
        with pytest.raises(LateAlert):
            engine.read()
    found = facts(engine, "implicit", error)
    assert (found.failure, found.alert_from) == ("certificate-refused-by-server", "server")
    assert found.alert in (42, 48)
    assert found.client_certificate_sent


# ---- what is not TLS, and what ends too early


@pytest.mark.parametrize(
    "text",
    [
        b"220 hi\r\n",
        b"421 4.7.0 Too many connections\r\n",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"500 5.5.1 unknown command\r\n",
        bytes(64),
    ],
)
@pytest.mark.parametrize("size", [1, 1 << 16])
def test_text_in_place_of_a_server_hello_is_kept(policy: TlsPolicy, text: bytes, size: int) -> None:
    engine = TlsEngine(policy, HOST, HOST)
    engine.handshake()
    engine.outgoing()
    error: TlsError | None = None
    for piece in pieces(text, size):
        engine.feed(piece)
        try:
            engine.handshake()
        except HandshakeFailed as failed:
            error = failed
    found = facts(engine, "implicit", error)
    assert (found.failure, found.first_bytes, found.alert) == ("not-tls", text, None)
    assert found.last_message == "ClientHello"
    assert found.received == len(text)


def test_an_endless_text_is_kept_to_its_beginning(policy: TlsPolicy) -> None:
    found = answered(policy, b"220 " + b"x" * 100_000)
    assert len(found.first_bytes) == 512
    assert found.received == 100_004


@pytest.mark.parametrize("answers", [(), (b"\x16\x03\x03",), (b"\x16\x03\x03\x00\x40\x02",)])
def test_an_end_after_the_client_hello_is_eof(policy: TlsPolicy, answers: tuple[bytes, ...]) -> None:
    found = answered(policy, *answers, end="eof")
    assert (found.failure, found.first_bytes, found.last_message) == ("eof", b"", "ClientHello")
    assert found.alert_from in (None, "smtpcheck")


def test_a_text_that_is_cut_off_is_no_tls(policy: TlsPolicy) -> None:
    found = answered(policy, b"22", end="eof")
    assert (found.failure, found.first_bytes) == ("not-tls", b"22")


@pytest.mark.parametrize("failure", ["reset", "stalled", "eof"])
def test_what_only_the_caller_sees_is_taken_from_it(policy: TlsPolicy, failure: str) -> None:
    engine = TlsEngine(policy, HOST, HOST)
    engine.handshake()
    engine.outgoing()
    found = facts(engine, "implicit", failure)
    assert (found.failure, found.last_message, found.received) == (failure, "ClientHello", 0)


def test_a_warning_about_the_name_before_the_end_is_seen(policy: TlsPolicy) -> None:
    found = answered(policy, alert(112, level=1), end="eof")
    assert (found.failure, found.alert, found.alert_name) == ("eof", 112, "unrecognized_name")
    assert (found.alert_from, found.alert_level) == ("server", "warning")


@pytest.mark.parametrize(
    ("number", "failure"),
    [
        (40, "no-shared-cipher"),
        (71, "no-shared-cipher"),
        (70, "protocol-version"),
        (112, "alert"),
        (80, "alert"),
        (48, "alert"),
        (115, "alert"),
        (120, "alert"),
        (99, "alert"),
        (200, "alert"),
    ],
)
def test_a_fatal_alert_is_known_by_its_number(policy: TlsPolicy, number: int, failure: str) -> None:
    found = answered(policy, alert(number))
    assert (found.failure, found.alert, found.alert_from, found.alert_level) == (failure, number, "server", "fatal")


def test_the_same_failure_is_raised_again(policy: TlsPolicy) -> None:
    engine = TlsEngine(policy, HOST, HOST)
    engine.handshake()
    engine.feed(b"220 hi\r\n")
    for _ in range(2):
        with pytest.raises(HandshakeFailed) as failed:
            engine.handshake()
        assert failed.value.failure == "not-tls"


# ---- stalls


@pytest.mark.parametrize(
    ("version", "stages"),
    [
        (ssl.TLSVersion.TLSv1_2, ["ServerHello", "Certificate", "ServerKeyExchange", "ServerHelloDone", "Finished"]),
        (
            ssl.TLSVersion.TLSv1_3,
            ["ServerHello", "EncryptedExtensions", "Certificate", "CertificateVerify", "Finished"],
        ),
    ],
)
def test_what_is_waited_for_is_known_at_every_byte(
    folder: Path, policy: TlsPolicy, version: ssl.TLSVersion, stages: list[str]
) -> None:
    engine, peer = TlsEngine(policy, HOST, HOST), server(folder, maximum=version)
    seen = []
    while not engine.done:
        engine.handshake()
        for piece in pieces(peer.take(engine.outgoing()), 1):
            if not engine.done:
                seen.append(engine.waiting_for)
            engine.feed(piece)
            engine.handshake()
    assert list(dict.fromkeys(seen)) == stages


def test_a_stall_after_the_certificate_still_shows_it(folder: Path, policy: TlsPolicy) -> None:
    engine, peer = TlsEngine(policy, HOST, HOST), server(folder, maximum=ssl.TLSVersion.TLSv1_2)
    engine.handshake()
    flight = peer.take(engine.outgoing())
    for piece in pieces(flight, 1):
        engine.feed(piece)
        engine.handshake()
        if engine.last_message == "Certificate":
            break
    found = with_chain(facts(engine, "implicit", "stalled"), engine.peer_chain(), policy, datetime.now(UTC))
    assert (found.failure, len(found.chain)) == ("stalled", 2)
    assert found.verification is not None
    assert found.verification.trusted


# ---- without the private hook


@pytest.fixture
def no_hook(monkeypatch: pytest.MonkeyPatch) -> None:
    def unhooked(context: ssl.SSLContext) -> bool:
        context._msg_callback = None  # type: ignore[attr-defined]
        return False

    monkeypatch.setattr(tls, "_watch", unhooked)


@pytest.mark.usefixtures("no_hook")
def test_without_the_hook_clear_messages_are_read_from_the_records(folder: Path, policy: TlsPolicy) -> None:
    found, error = checked(policy, server(folder))
    assert error is None
    assert found.last_message == "ServerHello"
    found, _ = checked(policy, server(folder, client_ca=True, maximum=ssl.TLSVersion.TLSv1_2))
    assert (found.failure, found.alert, found.client_certificate_asked) == ("client-certificate-required", 40, True)
    assert answered(policy, alert(200)).alert == 200
    assert answered(policy, alert(112, level=1), end="eof").alert == 112
    engine = TlsEngine(policy, HOST, HOST)
    run(engine, server(folder, client_ca=True))
    with pytest.raises(LateAlert) as late:
        engine.read()
    assert (late.value.failure, late.value.alert) == ("client-certificate-required", 116)


@settings(max_examples=200, deadline=None)
@given(answers=st.lists(st.binary(max_size=80), max_size=4), tls_like=st.booleans())
def test_no_answer_makes_the_engine_raise_anything_else(answers: list[bytes], tls_like: bool) -> None:
    lax = TlsPolicy(verify=False)
    shaped = [struct.pack("!BHH", 22, 0x303, len(one)) + one if tls_like else one for one in answers]
    found = answered(lax, *shaped, end="eof")
    assert found.failure is not None


# ---- channel bindings


def test_channel_bindings(folder: Path, policy: TlsPolicy) -> None:
    import hashlib

    peer = server(folder, maximum=ssl.TLSVersion.TLSv1_2)
    engine = TlsEngine(policy, HOST, HOST)
    run(engine, peer)
    assert engine.channel_binding("tls-server-end-point") == hashlib.sha256(engine.peer_chain()[0]).digest()
    assert engine.channel_binding("tls-unique") == peer.tls.get_channel_binding("tls-unique")
    assert engine.channel_binding("tls-exporter") is None
    modern = TlsEngine(policy, HOST, HOST)
    run(modern, server(folder))
    assert modern.channel_binding("tls-unique") is None


DH_1024 = """-----BEGIN DH PARAMETERS-----
MIGHAoGBANFRJf5ZNRxXtnjlR+F7MTGG4ZDdX2b+oohVyOnO3oOyOfTL6moH8KUH
rf/bPz5Bk7zQbA312+UfhNuIP3Dik9sybznpV4qNbUCmBs94FiukeAoUPHUtf9NY
WEkpjff/gZqHvnBOpTEhGC5K1DJHPhnTiIdlT02tMDTFQkx3uGDPAgEC
-----END DH PARAMETERS-----
"""
