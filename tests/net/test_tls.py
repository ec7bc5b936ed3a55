"""The client's TLS engine against real TLS servers in memory: data, names, stalls, and what is kept of it all."""

import contextlib
import ssl
import struct
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpcheck.model import UsageError
from smtpcheck.net import tls
from smtpcheck.net.tls import HandshakeFailed, LateAlert, TlsClosed, TlsEngine
from smtpcheck.net.tls_facts import facts, with_chain
from smtpcheck.net.tls_policy import TlsPolicy

from .tls_peer import AUTHORITY, HOST, NAMES, alert, answered, checked, common_name_only, pieces, run, server

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
    assert bad.verification.message == ("Hostname mismatch, certificate is not valid for 'wrong.example.test'.")
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


@pytest.mark.parametrize("sni", [HOST, None])
def test_a_name_only_as_common_name_follows_openssl(folder: Path, sni: str | None) -> None:
    """OpenSSL accepts it when there is no DNS name; so does our own comparison."""
    issued = common_name_only(HOST)
    (folder / "pinned.pem").write_bytes(issued.chain)
    found, error = checked(TlsPolicy(ca_file=str(folder / "pinned.pem")), server(folder, issued), HOST, sni)
    assert error is None
    assert found.verification is not None
    assert found.verification.trusted
    assert "name-mismatch" not in found.verification.faults


@pytest.mark.parametrize("name", ["", "a..b", "x" * 64 + ".test", ".test", "a\0b"])
def test_a_name_that_cannot_be_sent_is_a_usage_error(policy: TlsPolicy, name: str) -> None:
    with pytest.raises(UsageError, match="server's name"):
        TlsEngine(policy, name, name)


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
