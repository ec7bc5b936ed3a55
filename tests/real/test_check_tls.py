"""TLS at real servers, OpenSSL in Postfix and GnuTLS in Exim: each fault leaves facts that tell it from the others."""

from pathlib import Path

import pytest
import trustme

from smtpcheck import Outcome, Report, Stage
from smtpcheck.model import TlsFacts

from .checking import NAME, checked, checked_and_logged, done, left_by_quit, rudeness, words
from .servers.accounts import ALICE
from .servers.certificates import Authority
from .servers.process import Server

HANDSHAKE_FAILURE = 40
PROTOCOL_VERSION = 70


def tls(report: Report) -> TlsFacts:
    facts = done(report, Stage.TLS).facts
    assert isinstance(facts, TlsFacts)
    return facts


@pytest.mark.parametrize(("role", "fault"), [("expired_certificate", "expired"), ("other_name", "name-mismatch")])
def test_a_certificate_that_is_no_good_is_declined(postfix: Server, role: str, fault: str) -> None:
    """The secret stays here, the chain that was sent is in the facts, and the server is told by an alert."""
    report = checked(postfix, role, user=ALICE.name, password=ALICE.password)
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.DECLINED,
        Stage.TLS,
        15,
        False,
    )
    facts = tls(report)
    assert facts.failure == "untrusted"
    assert facts.alert_from == "smtpcheck"
    assert facts.verification is not None
    assert facts.verification.faults == (fault,)
    assert facts.verification.expected == NAME
    assert not facts.verification.trusted
    assert facts.chain[0].dns_names == (("mail.example.com",) if role == "other_name" else (NAME, "localhost"))
    assert [certificate.is_ca for certificate in facts.chain] == [False, True], "Postfix adds the root that it knows"
    assert done(report, Stage.AUTH).outcome is Outcome.SKIPPED


@pytest.mark.parametrize("role", ["expired_certificate", "other_name"])
def test_an_insecure_check_goes_on_and_keeps_the_facts(postfix: Server, role: str) -> None:
    report = checked(postfix, role, insecure=True, user=ALICE.name, password=ALICE.password, until="auth")
    assert report.passed
    facts = tls(report)
    assert facts.verification is not None
    assert not facts.verification.performed
    assert not facts.verification.trusted


def test_the_name_to_verify_can_be_another(postfix: Server) -> None:
    report = checked(postfix, "other_name", verify_name="mail.example.com")
    assert report.passed
    facts = tls(report)
    assert facts.sni == NAME
    assert facts.verification is not None
    assert (facts.verification.trusted, facts.verification.expected) == (True, "mail.example.com")


@pytest.mark.parametrize("name", ["postfix", "exim", "aiosmtpd"])
def test_an_authority_that_is_not_trusted(name: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """The right name and the right dates, signed by somebody else."""
    other = tmp_path / "other-ca.pem"
    trustme.CA(organization_name="Somebody Else").cert_pem.write_to_path(str(other))
    report = checked(request.getfixturevalue(name), "submissions", ca_file=str(other))
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.DECLINED, Stage.TLS, 15)
    facts = tls(report)
    assert facts.verification is not None
    assert facts.verification.faults == ("unknown-ca",)
    assert facts.store is not None
    assert (facts.store.file, facts.store.certificates) == (str(other), 1)


def test_a_client_certificate_that_is_demanded_and_not_given(postfix: Server) -> None:
    """Postfix lets the handshake pass and refuses what comes after it."""
    report = checked(postfix, "client_certificate")
    assert words(done(report, Stage.EHLO)) == "421 4.7.1 mail.example.org Error: No client certificate presented"
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, Stage.EHLO, 33)
    facts = tls(report)
    assert (facts.client_certificate_asked, facts.client_certificate_sent) == (True, False)


def test_a_client_certificate_that_is_demanded_and_given(postfix: Server, authority: Authority) -> None:
    report, log = checked_and_logged(postfix, "client_certificate", client_cert=str(authority.client_chain))
    assert report.passed
    facts = tls(report)
    assert (facts.client_certificate_asked, facts.client_certificate_sent) == (True, True)
    assert "Trusted TLS connection established" in log
    assert left_by_quit(log)


def test_a_client_certificate_that_nobody_asks_for_is_not_sent(postfix: Server, authority: Authority) -> None:
    report = checked(postfix, "submission", client_cert=str(authority.client_chain), until="tls")
    facts = tls(report)
    assert (facts.client_certificate_asked, facts.client_certificate_sent) == (False, False)


@pytest.mark.parametrize(
    ("name", "failure", "alert", "alert_name"),
    [
        ("postfix", "protocol-version", PROTOCOL_VERSION, "protocol_version"),
        ("exim", "no-shared-cipher", HANDSHAKE_FAILURE, "handshake_failure"),  # all that GnuTLS says
    ],
)
def test_a_server_that_speaks_tls_1_0_alone(
    name: str, failure: str, alert: int, alert_name: str, request: pytest.FixtureRequest
) -> None:
    server: Server = request.getfixturevalue(name)
    report = checked(server, "old_tls")
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.BROKEN, Stage.TLS, 15)
    facts = tls(report)
    assert facts.failure == failure
    assert (facts.alert, facts.alert_name, facts.alert_from) == (alert, alert_name, "server")
    assert facts.version is None


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_an_old_version_is_spoken_to_whoever_asks_for_it(name: str, request: pytest.FixtureRequest) -> None:
    report = checked(request.getfixturevalue(name), "old_tls", min_tls="1.0")
    assert report.passed
    assert tls(report).version == "TLSv1"


def test_a_server_without_a_certificate(postfix: Server) -> None:
    report = checked(postfix, "no_certificate")
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.BROKEN, Stage.TLS, 15)
    facts = tls(report)
    assert (facts.alert, facts.alert_name, facts.alert_from) == (HANDSHAKE_FAILURE, "handshake_failure", "server")
    assert facts.chain == ()


def test_a_newer_version_than_the_server_speaks_is_a_fault_of_versions(exim: Server) -> None:
    report = checked(exim, "old_tls", min_tls="1.3")
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.BROKEN, Stage.TLS, 15)
    assert tls(report).min_version == "TLSv1.3"


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_tls_that_the_server_cannot_begin_is_refused_for_now(name: str, request: pytest.FixtureRequest) -> None:
    report, log = checked_and_logged(request.getfixturevalue(name), "tls_unavailable")
    assert words(done(report, Stage.STARTTLS)) == (
        "454 4.7.0 TLS not available due to local problem" if name == "postfix" else "454 TLS currently unavailable"
    )
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.REFUSED,
        Stage.STARTTLS,
        34,
        True,
    )
    assert not rudeness(log)
    assert left_by_quit(log)
