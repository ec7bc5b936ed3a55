"""TLS handshakes that go wrong on purpose: where each one stops, as a client sees it."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.net.authority import Authority
from smtpcheck.serve import Ended, Running, anchor, running

HELLO, CHANGE_CIPHER, ENCRYPTED = 22, 20, 23  # record types
SERVER_HELLO, CERTIFICATE, HELLO_DONE = 2, 11, 14  # handshake messages


def trusting(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """A client's context that trusts the server's authority."""
    context = ssl.create_default_context(cadata=anchor().decode())
    if version:
        context.maximum_version = version
    return context


@contextmanager
def shaken(options: str) -> Iterator[tuple[Running, socket.socket]]:
    """A server with these TLS options, and a TCP connection to it."""
    with (
        running(parse(f"! implicit {options}")) as server,
        socket.create_connection((server.host, server.port), timeout=5) as plain,
    ):
        yield server, plain


def attempt(options: str, version: ssl.TLSVersion | None = None, timeout: float = 5) -> OSError:
    """The error in which a handshake with this server ends."""
    with shaken(options) as (_, plain):
        plain.settimeout(timeout)
        with pytest.raises(OSError) as caught:  # noqa: PT011  the callers look at the class
            trusting(version).wrap_socket(plain, server_hostname="localhost")
    return caught.value


def flight(options: str, version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3) -> list[int]:
    """What the server sends after a ClientHello, until it is silent: record types, or in clear the message types."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting(version).wrap_bio(incoming, outgoing, server_hostname="localhost")
    data = b""
    with shaken(options) as (_, plain):
        plain.settimeout(0.2)
        for _ in range(4):
            try:
                client.do_handshake()
            except ssl.SSLWantReadError:
                plain.sendall(outgoing.read())
            try:
                received = plain.recv(65536)
            except TimeoutError:
                break
            data += received
            incoming.write(received)
    kinds = []
    while data:
        size = 5 + int.from_bytes(data[3:5])
        assert len(data) >= size, "a record was cut"
        kinds.append(data[5] if data[0] == HELLO else data[0])
        data = data[size:]
    return kinds


TLS12 = ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("before", ["client-hello", "server-hello"])
@pytest.mark.parametrize("version", [TLS12, ssl.TLSVersion.TLSv1_3])
def test_a_stall_before_the_server_hello_sends_nothing(before: str, version: ssl.TLSVersion) -> None:
    """Not one byte."""
    assert flight(f"stall={before}", version) == []


def test_a_stall_before_the_certificate_sends_the_server_hello() -> None:
    """And, in TLS 1.3, the change_cipher_spec that belongs to it."""
    assert flight("stall=certificate") == [SERVER_HELLO, CHANGE_CIPHER]
    assert flight("stall=certificate", TLS12) == [SERVER_HELLO]


def test_a_stall_before_finished_sends_all_but_that() -> None:
    """TLS 1.3: EncryptedExtensions, Certificate, CertificateVerify. TLS 1.2: up to the ServerHelloDone."""
    assert flight("stall=finished") == [SERVER_HELLO, CHANGE_CIPHER, ENCRYPTED, ENCRYPTED, ENCRYPTED]
    twelve = flight("stall=finished", TLS12)
    assert (twelve[:2], twelve[-1]) == ([SERVER_HELLO, CERTIFICATE], HELLO_DONE)
    assert CHANGE_CIPHER not in twelve


@pytest.mark.parametrize("before", ["server-hello", "certificate", "finished"])
@pytest.mark.parametrize("version", [TLS12, None])
def test_a_close_is_an_eof_and_a_reset_a_reset(before: str, version: ssl.TLSVersion | None) -> None:
    """At each point of the handshake."""
    assert isinstance(attempt(f"close={before}", version), ssl.SSLEOFError | ssl.SSLZeroReturnError)
    assert isinstance(attempt(f"reset={before}", version), ConnectionResetError)


def test_a_stalled_handshake_leaves_the_client_waiting() -> None:
    """Until its own patience ends."""
    assert isinstance(attempt("stall=finished", timeout=0.2), TimeoutError)


def test_an_alert_is_that_alert() -> None:
    """112 is unrecognized_name (RFC 6066 section 3)."""
    error = attempt("alert=112")
    assert isinstance(error, ssl.SSLError)
    assert error.reason == "TLSV1_UNRECOGNIZED_NAME"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("1.0", "TLSV1_ALERT_PROTOCOL_VERSION"),
        ("1.1", "TLSV1_ALERT_PROTOCOL_VERSION"),
        ("no-shared-cipher", "SSLV3_ALERT_HANDSHAKE_FAILURE"),
    ],
)
def test_nothing_in_common(options: str, reason: str) -> None:
    """The server says so with an alert, as real ones do."""
    context = trusting()
    context.minimum_version = TLS12
    with shaken(options) as (_, plain), pytest.raises(ssl.SSLError) as caught:
        context.wrap_socket(plain, server_hostname="localhost")
    assert caught.value.reason == reason


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
@pytest.mark.parametrize(
    ("option", "name"), [("1.0", "TLSv1"), ("1.1", "TLSv1.1"), ("1.2", "TLSv1.2"), ("1.3", "TLSv1.3")]
)
def test_each_version_can_be_had(option: str, name: str) -> None:
    """By a client that allows it: a look with TLS 1.0 has to find a server that speaks it."""
    context = trusting()
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    with shaken(option) as (_, plain), context.wrap_socket(plain, server_hostname="localhost") as tls:
        assert tls.version() == name


def test_a_required_client_certificate() -> None:
    """Without one: TLS 1.2 says so in the handshake, TLS 1.3 on the first read."""
    error = attempt("client-cert=required", TLS12)
    assert isinstance(error, ssl.SSLError)
    assert error.reason == "SSLV3_ALERT_HANDSHAKE_FAILURE"
    with (
        shaken("client-cert=required") as (server, plain),
        trusting().wrap_socket(plain, server_hostname="localhost") as tls,
        pytest.raises(ssl.SSLError) as caught,
    ):
        tls.recv(1)
    assert caught.value.reason == "TLSV13_ALERT_CERTIFICATE_REQUIRED"
    assert server.sessions[0].ended is Ended.TLS_FAILED


@pytest.mark.parametrize("option", ["client-cert", "client-cert=required"])
def test_a_client_certificate_is_accepted_and_recorded(option: str, tmp_path: Path) -> None:
    """One of the same authority."""
    issued = Authority.make().issue_client("alice")
    (tmp_path / "client.pem").write_bytes(issued.key + issued.chain)
    context = trusting()
    context.load_cert_chain(tmp_path / "client.pem")
    with (
        running(parse(f"! implicit {option}\nS: 220 hi\n")) as server,
        socket.create_connection((server.host, server.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        assert tls.recv(100) == b"220 hi\r\n"
    (session,) = server.sessions
    assert session.secured is not None
    assert session.secured.client_certificate == ssl.PEM_cert_to_DER_cert(issued.certificates[0].decode())


def test_a_certificate_that_is_asked_for_need_not_be_shown() -> None:
    """It is optional."""
    with shaken("client-cert") as (_, plain), trusting().wrap_socket(plain, server_hostname="localhost") as tls:
        assert tls.recv(100) == b""


def test_why_a_client_refused_the_certificate_is_recorded() -> None:
    """The client's alert says it."""
    with (
        running(parse("! implicit unknown-ca\nS: 220 hi\nC: EHLO *\n")) as server,
        socket.create_connection((server.host, server.port), timeout=5) as plain,
        pytest.raises(ssl.SSLCertVerificationError),
    ):
        trusting().wrap_socket(plain, server_hostname="localhost")
    (session,) = server.sessions
    assert (session.ended, session.tls_failure) == (Ended.TLS_FAILED, "TLSV1_ALERT_UNKNOWN_CA")


def test_a_close_in_tls_is_announced_and_a_half_close_is_not() -> None:
    """close_notify tells an end from a cut (RFC 8446 section 6.1)."""
    for ending, announced in [("close", True), ("half-close", False)]:
        with (
            running(parse(f"! implicit\nS: 220 hi\n! {ending}")) as server,
            socket.create_connection((server.host, server.port), timeout=5) as plain,
            trusting().wrap_socket(plain, server_hostname="localhost", suppress_ragged_eofs=False) as tls,
        ):
            assert tls.recv(100) == b"220 hi\r\n"
            if announced:
                assert tls.recv(100) == b""
            else:
                with pytest.raises(ssl.SSLEOFError):
                    tls.recv(100)


def test_a_client_without_tls_on_a_tls_port() -> None:
    """Silence while it waits for a greeting; once it speaks, the end."""
    with shaken("") as (server, plain):
        plain.settimeout(0.15)
        with pytest.raises(TimeoutError):
            plain.recv(1)
        plain.settimeout(5)
        plain.sendall(b"EHLO me\r\n")
        assert plain.recv(100)[:1] in (b"", b"\x15")  # whether an alert comes first is OpenSSL's choice
    assert server.sessions[0].ended is Ended.TLS_FAILED
