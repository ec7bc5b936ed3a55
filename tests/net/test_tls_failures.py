"""Handshakes that fail: each failure leaves facts that tell it from the others."""

import ssl
from pathlib import Path

import pytest

from smtpcheck.net.tls import HandshakeFailed, TlsEngine, TlsError
from smtpcheck.net.tls_facts import facts
from smtpcheck.net.tls_policy import TlsPolicy

from .tls_peer import AUTHORITY, DH_1024, HOST, NAMES, Server, alert, answered, checked, pieces, run, server

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


def test_a_server_that_wants_another_key_share_is_seen(folder: Path, policy: TlsPolicy) -> None:
    peer = server(folder)
    peer.context.set_ecdh_curve("secp384r1")
    engine = TlsEngine(policy, HOST, HOST)
    assert run(engine, Server(peer.context)) is None
    assert [one.name for one in engine.messages][:4] == [
        "ClientHello",
        "HelloRetryRequest",
        "ClientHello",
        "ServerHello",
    ]


def test_a_protocol_is_negotiated_only_when_asked_for(folder: Path, policy: TlsPolicy) -> None:
    for asked, chosen in ((("smtp",), "smtp"), ((), None)):
        peer = server(folder)
        peer.context.set_alpn_protocols(["smtp"])
        found, _ = checked(TlsPolicy(ca_file=policy.ca_file, alpn=asked), Server(peer.context))
        assert found.alpn == chosen


def test_a_small_hello_is_small(folder: Path, policy: TlsPolicy) -> None:
    engine = TlsEngine(TlsPolicy(ca_file=policy.ca_file, small_hello=True), HOST, HOST)
    engine.handshake()
    engine.outgoing()
    assert 0 < engine.hello_size <= 600
    _, error = checked(engine.policy, server(folder))
    assert error is None


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
