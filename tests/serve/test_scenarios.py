"""The scenarios that ship: each can be read, says how its check ends, and can be connected to."""

import smtplib
import socket
import ssl

import pytest

from smtpcheck.diagnose.verdict import EXIT_CODES
from smtpcheck.dialogue import End, Expects, StartTls
from smtpcheck.model import Outcome, Stage
from smtpcheck.serve import Ended, anchor, running, scenario, scenarios

NAMES = [scenario.name for scenario in scenarios()]
TEMPORARY = {"banner-tempfail-421", "starttls-refused-454", "greylisted-450"}


def test_every_stage_of_the_wire_has_a_scenario() -> None:
    """And passing has one."""
    assert {scenario.stage for scenario in scenarios()} == {
        *(None, Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.AUTH),
        *(Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE),
    }


def test_a_scenario_is_found_by_its_name() -> None:
    """And nothing else is: a name cannot lead out of the folder."""
    assert scenario("passes").title.startswith("A submission session that passes")
    for name in ("passed", "", "../scenarios/passes", "passes.dialogue", "a" * 5000, "\0"):
        with pytest.raises(KeyError):
            scenario(name)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_scenario_promises_fits_together(name: str) -> None:
    """The exit code is the stage's, plus 20 for what is temporary; waiting for silence is kept short."""
    wanted = scenario(name)
    assert len(wanted.title) < 80
    assert (wanted.stage is None) is (wanted.outcome is Outcome.PASSED)
    code = EXIT_CODES[wanted.stage] + 20 * (name in TEMPORARY) if wanted.stage else 0
    assert wanted.exit_code == code
    assert wanted.outcome is not Outcome.STALLED or "--timeout" in wanted.check


@pytest.mark.parametrize("name", NAMES)
def test_every_scenario_begins_as_it_is_written(name: str) -> None:
    """The first thing that the server does, seen by a plain socket."""
    wanted = scenario(name)
    first = wanted.dialogue.session(0).steps[0]
    with (
        running(wanted.dialogue) as server,
        socket.create_connection((server.host, server.port), timeout=0.6) as client,
    ):
        if isinstance(first, StartTls) or (isinstance(first, End) and first.after is None):
            client.settimeout(0.1)
            with pytest.raises(TimeoutError):
                client.recv(1)
        else:
            said = next(line for line in wanted.text.splitlines() if line.startswith("S: "))
            assert client.recv(1) == said[3:4].encode()


@pytest.mark.parametrize("name", ["passes", "message-accepted"])
def test_passing_scenarios_pass_with_the_standard_librarys_client(name: str) -> None:
    """Nothing in them is made for smtpcheck alone."""
    wanted = scenario(name)
    with running(wanted.dialogue) as server, smtplib.SMTP("localhost", server.port, timeout=5) as client:
        client.starttls(context=ssl.create_default_context(cadata=anchor().decode()))
        client.login("alice@example.com", "secret")
        if name == "passes":
            assert client.mail("alice@example.com")[0] == 250
            assert client.rcpt("bob@example.net")[0] == 250
        else:
            assert client.sendmail("alice@example.com", "bob@example.net", "Subject: x\r\n\r\nx\r\n") == {}
    assert server.failures == ()
    assert [session.ended for session in server.sessions] == [Ended.PLAYED]


def test_resend_refuses_another_username_under_its_own_name() -> None:
    """The certificate is for smtp.resend.com, and the words are the provider's."""
    wanted = scenario("resend-username")
    context = ssl.create_default_context(cadata=anchor().decode())
    with running(wanted.dialogue, names=(wanted.host,)) as server, smtplib.SMTP(timeout=5) as client:
        client.connect(server.host, server.port)
        client._host = wanted.host  # type: ignore[attr-defined]  # what smtplib gives to TLS as the server's name
        client.starttls(context=context)
        with pytest.raises(smtplib.SMTPAuthenticationError) as caught:
            client.login("alice@example.com", "re_secret")
        client.close()
    assert (caught.value.smtp_code, caught.value.smtp_error) == (535, b"Invalid username")
    assert server.sessions[0].secured is not None
    assert server.sessions[0].secured.server_name == "smtp.resend.com"


@pytest.mark.parametrize("name", NAMES)
def test_no_scenario_asks_for_a_secret_in_clear(name: str) -> None:
    """AUTH is wanted from a client only after TLS began."""
    for session in scenario(name).dialogue.sessions:
        secured = False
        for step in session.steps:
            secured = secured or isinstance(step, StartTls)
            assert secured or not (isinstance(step, Expects) and step.pattern.startswith("AUTH"))
