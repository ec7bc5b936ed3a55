"""When TLS begins, when a session goes on without it, and who is trusted."""

from pathlib import Path

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Report, Stage, StarttlsFacts, TlsFacts
from smtpcheck.net.authority import Authority
from smtpcheck.serve import running

from ..conftest import HOST, Play
from .lines import GREETING, QUIT, Login, clear, implicit, listed, upgraded

LOGIN = "C: AUTH PLAIN AGFsaWNlAHMzY3JldHM=\nS: 235 welcome\n"
USER: Login = {"user": "alice", "password": "s3crets"}
PASSED = (None, Outcome.PASSED, 0)


def ended(report: Report) -> tuple[Stage | None, Outcome, int]:
    """Where and how, and the exit code."""
    return report.stage, report.outcome, report.exit_code


def tls_of(report: Report) -> TlsFacts:
    """The facts of the handshake."""
    step = report.step(Stage.TLS)
    assert step is not None
    assert isinstance(step.facts, TlsFacts)
    return step.facts


@pytest.fixture(scope="module")
def client_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A client certificate that the scripted server takes, as files."""
    folder: Path = tmp_path_factory.mktemp("client")
    issued = Authority.make().issue_client("client.example.org")
    (folder / "cert.pem").write_bytes(issued.chain)
    (folder / "key.pem").write_bytes(issued.key)
    return {"client_cert": str(folder / "cert.pem"), "client_key": str(folder / "key.pem")}


# ---- when


def test_implicit_tls(play: Play) -> None:
    """From the first byte; the stage starttls is skipped, and says why."""
    report = play(implicit("AUTH PLAIN") + LOGIN + QUIT, tls="implicit", **USER)
    assert ended(report) == PASSED
    assert report.attempt is not None
    stages = [step.stage for step in report.attempt.steps if step.passed]
    assert stages.index(Stage.TLS) < stages.index(Stage.BANNER)
    starttls = report.step(Stage.STARTTLS)
    assert starttls is not None
    assert (starttls.outcome, starttls.why) == (Outcome.SKIPPED, "TLS comes first on this port")
    assert all(said.in_tls for said in play.sessions[0].said)
    assert tls_of(report).mode == "implicit"


def test_starttls(play: Play) -> None:
    """Nothing of the login is said before TLS."""
    report = play(upgraded("AUTH PLAIN") + LOGIN + QUIT, tls="starttls", **USER)
    assert ended(report) == PASSED
    facts = tls_of(report)
    assert (facts.mode, facts.sni, facts.failure, facts.version) == ("starttls", HOST, None, "TLSv1.3")
    assert facts.verification is not None
    assert facts.verification.trusted
    assert len(facts.chain) == 2
    said = [(one.text.split()[0], one.in_tls) for one in play.sessions[0].said if "ClientHello" not in one.text]
    assert said == [("EHLO", False), ("STARTTLS", False), ("EHLO", True), ("AUTH", True), ("QUIT", True)]


@pytest.mark.parametrize("tls", ["auto", "opportunistic"])
def test_without_a_credential_tls_is_used_when_it_is_offered(play: Play, tls: str) -> None:
    """And the session goes on without it when it is not."""
    report = play(upgraded() + QUIT, tls=tls)
    assert ended(report) == PASSED
    assert tls_of(report).failure is None

    report = play(clear() + QUIT, tls=tls)
    assert ended(report) == PASSED
    starttls = report.step(Stage.STARTTLS)
    assert starttls is not None
    assert starttls.outcome is Outcome.SKIPPED
    assert starttls.why is not None
    assert "does not offer it" in starttls.why


@pytest.mark.parametrize("tls", ["auto", "opportunistic", "starttls"])
def test_a_credential_needs_starttls(play: Play, tls: str) -> None:
    """Where it is not offered the session ends there, before AUTH."""
    report = play(clear("AUTH PLAIN") + QUIT, tls=tls, **USER)
    assert ended(report) == (Stage.STARTTLS, Outcome.DECLINED, 14)
    step = report.step(Stage.STARTTLS)
    assert step is not None
    assert step.facts == StarttlsFacts(offered=False)
    assert not any(line.startswith("AUTH") for line in play.sessions[0].lines)


def test_starttls_asked_for_and_not_offered(play: Play) -> None:
    """Also where there is no credential: it was asked for."""
    assert ended(play(clear() + QUIT, tls="starttls")) == (Stage.STARTTLS, Outcome.DECLINED, 14)


def test_tls_off_says_no_starttls() -> None:
    """Although it is offered."""
    with running(parse(clear("STARTTLS") + QUIT)) as server:
        report = check(f"127.0.0.1:{server.port}", tls="off", timeout=5.0)
    assert ended(report) == PASSED
    step = report.step(Stage.STARTTLS)
    assert step is not None
    assert (step.outcome, step.why) == (Outcome.SKIPPED, "--tls off")


@pytest.mark.parametrize(("code", "exit_code"), [("454", 34), ("502", 14)])
def test_starttls_refused(play: Play, code: str, exit_code: int) -> None:
    """Offered, and then refused: no login follows in clear."""
    report = play(clear("STARTTLS", "AUTH PLAIN") + f"C: STARTTLS\nS: {code} not now\n" + QUIT, **USER)
    assert ended(report) == (Stage.STARTTLS, Outcome.REFUSED, exit_code)


@pytest.mark.parametrize("code", ["250", "235", "354"])
def test_starttls_answered_by_something_else(play: Play, code: str) -> None:
    """No 220, so no ClientHello."""
    report = play(clear("STARTTLS") + f"C: STARTTLS\nS: {code} ok\nC? QUIT\n")
    assert ended(report) == (Stage.STARTTLS, Outcome.BROKEN, 14)


def test_bytes_that_came_in_clear_after_220_end_the_session(play: Play) -> None:
    """They would be read as the server's answers inside TLS (CVE-2011-0411 the other way round)."""
    report = play(clear("STARTTLS") + "C: STARTTLS\nS: 220 go\nS: 250-evil\nS: 250 AUTH PLAIN\n! stall\n", **USER)
    assert ended(report) == (Stage.STARTTLS, Outcome.BROKEN, 14)
    step = report.step(Stage.STARTTLS)
    assert step is not None
    assert isinstance(step.facts, StarttlsFacts)
    assert step.facts.surplus == b"250-evil\r\n250 AUTH PLAIN\r\n"
    assert not any("ClientHello" in line for line in play.sessions[0].lines)


def test_what_was_listed_in_clear_is_forgotten(play: Play) -> None:
    """A login that is offered in clear alone is none (RFC 3207 section 4.2)."""
    report = play(upgraded("SIZE", before=("AUTH PLAIN",)) + QUIT, **USER)
    assert ended(report) == (Stage.AUTH, Outcome.DECLINED, 16)
    step = report.step(Stage.AUTH)
    assert step is not None
    assert step.why == "a login was asked for, and the server offers no AUTH inside TLS"


# ---- who is trusted


@pytest.mark.parametrize("fault", ["expired", "self-signed", "unknown-ca", "wrong-name", "no-intermediate"])
def test_an_untrusted_certificate_gets_nothing(play: Play, fault: str) -> None:
    """Not even an EHLO."""
    report = play(upgraded("AUTH PLAIN", tls=f"! tls {fault}") + LOGIN + QUIT, **USER)
    assert ended(report) == (Stage.TLS, Outcome.DECLINED, 15)
    assert not any(said.in_tls for said in play.sessions[0].said)
    facts = tls_of(report)
    assert facts.failure == "untrusted"
    assert facts.verification is not None
    assert facts.verification.faults


def test_insecure_goes_on_and_says_what_is_wrong() -> None:
    """The user asked for exactly that."""
    with running(parse(upgraded("AUTH PLAIN", tls="! tls expired wrong-name") + LOGIN + QUIT)) as server:
        report = check(f"localhost:{server.port}", address="127.0.0.1", insecure=True, timeout=5.0, **USER)
    assert ended(report) == PASSED
    verification = tls_of(report).verification
    assert verification is not None
    assert not verification.trusted
    assert {"expired", "name-mismatch"} <= set(verification.faults)


def test_another_name_is_verified_than_the_one_that_is_dialled(play: Play) -> None:
    """--verify-name decides; SNI stays the host's unless --sni names another."""
    text = upgraded() + QUIT
    assert ended(play(text, verify_name="other.example.org")) == (Stage.TLS, Outcome.DECLINED, 15)
    report = play(text, sni="other.example.org", verify_name=HOST)
    assert ended(report) == PASSED
    assert tls_of(report).sni == "other.example.org"
    assert play.sessions[0].secured is not None
    assert play.sessions[0].secured.server_name == "other.example.org"


def test_an_address_is_verified_as_an_address(ca_file: str) -> None:
    """And never sent as SNI (RFC 6066 section 3)."""
    with running(parse(upgraded() + QUIT), names=["127.0.0.1"]) as server:
        report = check(f"127.0.0.1:{server.port}", ca_file=ca_file, timeout=5.0)
    assert ended(report) == PASSED
    assert tls_of(report).sni is None
    with running(parse(upgraded() + QUIT), names=["127.0.0.2"]) as server:
        report = check(f"127.0.0.1:{server.port}", ca_file=ca_file, timeout=5.0)
    assert ended(report) == (Stage.TLS, Outcome.DECLINED, 15)


def test_a_version_below_the_minimum(play: Play) -> None:
    """--min-tls 1.3 refuses a server that stops at 1.2."""
    report = play(upgraded(tls="! tls 1.2") + QUIT, min_tls="1.3")
    assert ended(report) == (Stage.TLS, Outcome.BROKEN, 15)
    assert ended(play(upgraded(tls="! tls 1.2") + QUIT)) == PASSED
    assert tls_of(play(upgraded(tls="! tls 1.2") + QUIT)).version == "TLSv1.2"


def test_a_server_that_speaks_on_in_clear(play: Play) -> None:
    """Its words instead of a ServerHello are kept."""
    report = play(clear("STARTTLS") + "C: STARTTLS\nS: 220 go\nC: *\nS: 500 what was that\n! stall\n")
    assert ended(report) == (Stage.TLS, Outcome.BROKEN, 15)
    facts = tls_of(report)
    assert (facts.failure, facts.first_bytes) == ("not-tls", b"500 what was that\r\n")


def test_a_clear_server_on_a_port_of_implicit_tls(play: Play) -> None:
    """The classic: 587 spoken to as if it were 465."""
    report = play("S: 220 mail.example.com ESMTP\n! stall\n", tls="implicit")
    assert ended(report) == (Stage.TLS, Outcome.BROKEN, 15)
    assert tls_of(report).first_bytes == b"220 mail.example.com ESMTP\r\n"


# ---- client certificates


@pytest.mark.parametrize("version", ["1.2", "1.3"])
@pytest.mark.parametrize("mode", ["starttls", "implicit"])
class TestClientCertificate:
    """In TLS 1.2 the handshake fails without one, in 1.3 the server says so when our side is done: both is `tls`."""

    @staticmethod
    def text(mode: str, option: str) -> str:
        """A session with this handshake."""
        return implicit(tls=f"! implicit {option}") if mode == "implicit" else upgraded(tls=f"! tls {option}")

    def test_given(self, play: Play, client_files: dict[str, str], mode: str, version: str) -> None:
        """Asked for, and sent."""
        report = play(
            self.text(mode, f"{version} client-cert=required") + QUIT,
            tls=mode,
            client_cert=client_files["client_cert"],
            client_key=client_files["client_key"],
        )
        assert ended(report) == PASSED
        facts = tls_of(report)
        assert (facts.client_certificate_asked, facts.client_certificate_sent) == (True, True)

    def test_asked_for_and_not_needed(self, play: Play, mode: str, version: str) -> None:
        """Without one the session goes on."""
        report = play(self.text(mode, f"{version} client-cert") + QUIT, tls=mode)
        assert ended(report) == PASSED
        facts = tls_of(report)
        assert (facts.client_certificate_asked, facts.client_certificate_sent) == (True, False)

    def test_required_and_missing(self, play: Play, mode: str, version: str) -> None:
        """It belongs to the stage tls, whenever the server says so."""
        report = play(self.text(mode, f"{version} client-cert=required") + QUIT, tls=mode)
        assert ended(report) == (Stage.TLS, Outcome.BROKEN, 15)
        assert tls_of(report).failure == "client-certificate-required"
        assert tls_of(report).alert_from == "server"

    def test_until_tls_does_not_pass_before_the_server_has_judged(self, play: Play, mode: str, version: str) -> None:
        """`--until tls` is no promise that our side alone can keep."""
        report = play(self.text(mode, f"{version} client-cert=required") + QUIT, tls=mode, until="tls")
        assert ended(report) == (Stage.TLS, Outcome.BROKEN, 15)
        report = play(self.text(mode, f"{version} client-cert") + QUIT, tls=mode, until="tls")
        assert ended(report) == PASSED

    def test_of_an_unknown_authority(self, play: Play, tmp_path: Path, mode: str, version: str) -> None:
        """The server refuses it by an alert."""
        stranger = Authority("stranger").issue_client("client.example.org")
        (tmp_path / "cert.pem").write_bytes(stranger.chain)
        (tmp_path / "key.pem").write_bytes(stranger.key)
        report = play(
            self.text(mode, f"{version} client-cert=required") + QUIT,
            tls=mode,
            client_cert=str(tmp_path / "cert.pem"),
            client_key=str(tmp_path / "key.pem"),
        )
        assert ended(report) == (Stage.TLS, Outcome.BROKEN, 15)
        assert tls_of(report).client_certificate_sent


def test_a_session_in_clear_has_no_tls_facts(play: Play) -> None:
    """Skipped, not failed."""
    report = play(GREETING + listed() + QUIT)
    step = report.step(Stage.TLS)
    assert step is not None
    assert (step.outcome, step.facts) == (Outcome.SKIPPED, None)
