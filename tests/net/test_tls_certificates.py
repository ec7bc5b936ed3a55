"""Certificates in a real handshake: every fault of one, and the client's own."""

import ssl
from pathlib import Path

import pytest

from smtpcheck.net.authority import Authority
from smtpcheck.net.tls import HandshakeFailed, LateAlert, TlsEngine
from smtpcheck.net.tls_facts import facts
from smtpcheck.net.tls_policy import TlsPolicy

from .tls_peer import AUTHORITY, HOST, NAMES, checked, lax_chain, run, server

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


def test_an_empty_store_is_not_an_unknown_ca(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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


# ---- what strict clients alone refuse
def test_what_python_3_13_alone_refuses_is_a_fault_and_no_failure(folder: Path) -> None:
    issued, ca_file = lax_chain(folder, HOST)
    found, error = checked(TlsPolicy(ca_file=str(ca_file)), server(folder, issued))
    assert error is None
    assert found.verification is not None
    assert (found.verification.trusted, found.verification.faults) == (True, ("strict-rule",))
    assert found.chain[0].problems == ("no-authority-key-id",)
    assert found.verification.anchor is not None
    assert "no-key-usage" in found.verification.anchor.problems


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
