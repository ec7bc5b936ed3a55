"""Causes in the handshake that the notation of dialogues cannot say, and what the second looks make of them."""

import json
import os
import ssl
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from smtpcheck.diagnose import tls
from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Report, Stage, TlsFacts
from smtpcheck.net.authority import Authority
from smtpcheck.net.tls import TlsEngine
from smtpcheck.net.tls_policy import TlsPolicy
from smtpcheck.report.codec import from_json
from smtpcheck.serve import running

from ..conftest import Play
from ..probe.lines import GREETING, QUIT, clear, implicit, upgraded
from .machines import checked, path_that_drops, tls_server
from .told import CERTAIN, LIKELY, gives, notes

HOST = "mail.example.com"
STARTTLS = clear("STARTTLS") + "C: STARTTLS\nS: 220 go\n"

# RFC 2409 section 6.2: a prime of 1024 bits, which OpenSSL's security level 2 refuses.
SECOND_OAKLEY_GROUP = bytes.fromhex(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE65381FFFFFFFFFFFFFFFF"
)


@pytest.mark.parametrize("mode", ["implicit", "starttls"])
@gives("tls-path-drops-large-hello", CERTAIN, Stage.TLS)
def test_a_path_that_loses_a_large_client_hello(mode: str, ca_file: str, monkeypatch: pytest.MonkeyPatch) -> Report:
    """The same server answers a small one. A segment is smaller here than on any network, as is our ClientHello
    without a post-quantum key.
    """
    text = implicit() + QUIT if mode == "implicit" else upgraded() + QUIT
    with running(parse(text), names=[HOST]) as server:
        size = (hello_size() + hello_size(small=True)) // 2
        monkeypatch.setattr(tls, "_ONE_SEGMENT", size)
        with path_that_drops(("127.0.0.1", server.port), size) as port:
            report = checked(f"{HOST}:{port}", address="127.0.0.1", tls=mode, ca_file=ca_file)
    assert report.outcome is Outcome.STALLED
    assert "small-hello" in [asked.look for asked in report.asked]
    return report


def hello_size(*, small: bool = False) -> int:
    """How large our ClientHello is."""
    engine = TlsEngine(TlsPolicy(verify=False, small_hello=small, max_version="1.2" if small else None), HOST, HOST)
    engine.handshake()
    return len(engine.outgoing())


@gives("trust-store-empty", CERTAIN, Stage.TLS)
def test_a_machine_without_certificate_authorities(tmp_path: Path) -> Report:
    """A container without ca-certificates: in a process of its own, since OpenSSL reads the variables once."""
    (tmp_path / "empty.pem").write_text("")
    (tmp_path / "empty").mkdir()
    nothing = {"SSL_CERT_FILE": str(tmp_path / "empty.pem"), "SSL_CERT_DIR": str(tmp_path / "empty")}
    with running(parse(implicit() + QUIT), names=[HOST]) as server:
        command = (sys.executable, "-m", "smtpcheck", "check", f"{HOST}:{server.port}", "--address", "127.0.0.1")
        options = ("--tls", "implicit", "--timeout", "5", "--json")
        done = subprocess.run((*command, *options), capture_output=True, text=True, env=os.environ | nothing)
    assert done.returncode == 15, done.stderr
    report = from_json(json.loads(done.stdout))
    assert report.cause is not None
    assert "ca-certificates" in " ".join((report.cause.why, *report.cause.fix))
    return report


@gives("weak-dh-key", CERTAIN, Stage.TLS)
def test_a_diffie_hellman_group_that_is_too_small(tmp_path: Path) -> Report:
    """1024 bits, as old appliances have them."""
    # PKCS #3: SEQUENCE { INTEGER prime, INTEGER 2 }
    der = bytes.fromhex("308187 028181 00") + SECOND_OAKLEY_GROUP + bytes.fromhex("020102")
    (tmp_path / "dh.pem").write_text(ssl.DER_cert_to_PEM_cert(der).replace("CERTIFICATE", "DH PARAMETERS"))
    authority = trustme.CA(key_type=trustme.KeyType.RSA)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(HOST, key_type=trustme.KeyType.RSA).configure_cert(context)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE-RSA-AES256-GCM-SHA384:@SECLEVEL=0")
    context.load_dh_params(str(tmp_path / "dh.pem"))
    with tls_server(context) as port:
        return checked(f"{HOST}:{port}", address="127.0.0.1", tls="implicit", insecure=True)


@notes("certificate-expires-soon")
def test_a_certificate_that_ends_in_ten_days(tmp_path: Path) -> Report:
    """A pass, with a warning that names the days."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "root.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    until = datetime.now(UTC) + timedelta(days=10, hours=1)
    authority.issue_cert(HOST, not_after=until).configure_cert(context)
    with tls_server(context) as port:
        report = checked(f"{HOST}:{port}", address="127.0.0.1", tls="implicit", ca_file=str(tmp_path / "root.pem"))
    assert report.passed
    assert "10 days" in next(one.title + one.why for one in report.also if one.id == "certificate-expires-soon")
    return report


@gives("proxy-or-antivirus-intercept", LIKELY, Stage.TLS)
def test_an_antivirus_that_signs_for_every_host(monkeypatch: pytest.MonkeyPatch, ca_file: str) -> Report:
    """Its private root is the issuer."""
    interceptor = Authority("Avast Web/Mail Shield")
    monkeypatch.setattr(Authority, "make", classmethod(lambda cls: interceptor))
    with running(parse(implicit()), names=[HOST]) as server:
        return checked(f"{HOST}:{server.port}", address="127.0.0.1", tls="implicit", ca_file=ca_file)


@gives("sni-not-recognized", CERTAIN, Stage.TLS)
def test_a_server_that_does_not_know_this_name(tmp_path: Path) -> Report:
    """Without a name the same server shakes hands: a look told so."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("other.example.net").configure_cert(context)
    refused = ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    def judge(sock: ssl.SSLSocket | ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
        return None if name is None else refused

    context.sni_callback = judge
    with tls_server(context) as port:
        report = checked(f"{HOST}:{port}", address="127.0.0.1", tls="implicit", insecure=True)
    assert [asked.look for asked in report.asked] == ["no-sni"]
    look = next(attempt for attempt in report.attempts if attempt.look == "no-sni")
    step = look.step(Stage.TLS)
    assert step is not None
    assert step.passed
    return report


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("opening", ["! implicit", STARTTLS + "! tls"], ids=["implicit", "starttls"])
@gives("client-certificate-required", CERTAIN, Stage.TLS)
def test_a_client_certificate_that_is_missing(opening: str, version: str, play: Play) -> Report:
    """In TLS 1.3 the refusal comes after the handshake, on the first read; it belongs to `tls` all the same."""
    text = f"{opening} {version} client-cert=required\n" + (
        clear() if "implicit" in opening else "C: EHLO *\nS: 250 x\n"
    )
    return play(text, tls="implicit" if "implicit" in opening else "starttls")


@gives("tls-version-too-old", CERTAIN, Stage.TLS)
def test_a_server_that_speaks_an_old_version_alone(play: Play) -> Report:
    """A look that takes anything tells which, and no credential is at stake."""
    report = play(STARTTLS + "! tls 1.0\n", user="alice", password="any old one")
    assert [asked.look for asked in report.asked] == ["legacy-tls"]
    assert report.cause is not None
    assert "TLSv1" in " ".join((report.cause.title, report.cause.why, *report.cause.fix)).split("TLSv1.")[0]
    assert not any("AUTH" in line for session in play.sessions for line in session.lines)
    return report


def test_every_fault_of_a_chain_is_known_at_once(play: Play) -> None:
    """Expired, of the wrong name, and of somebody else's authority: one cause, the others beside it."""
    report = play("! implicit expired wrong-name unknown-ca\n", tls="implicit")
    assert report.cause is not None
    told = [report.cause.id, *(one.id for one in report.also)]
    assert told[0] == "unknown-ca"
    assert {"certificate-expired", "certificate-name-mismatch"} <= set(told)


@gives("tls-handshake-stalled", LIKELY, Stage.TLS)
def test_a_handshake_that_stops_after_the_server_hello(play: Play) -> Report:
    """Bytes came back, so no look has a question."""
    report = play(STARTTLS + "! tls stall=certificate\n", timeout=0.8)
    step = report.step(Stage.TLS)
    assert step is not None
    assert isinstance(step.facts, TlsFacts)
    assert report.asked == ()
    return report


@gives("starttls-port-used-with-implicit-tls", CERTAIN, Stage.TLS)
def test_a_clear_port_that_swallows_a_client_hello(play: Play) -> Report:
    """It greets only when it was connected to in peace: a look reads in clear."""
    report = play("! stall\n---\n" + GREETING, tls="implicit", timeout=0.8)
    assert [asked.look for asked in report.asked] == ["clear-first"]
    return report
