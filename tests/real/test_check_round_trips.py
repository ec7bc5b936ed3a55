"""How often the client has to wait for real servers: its flights, counted by a relay, TLS and its tickets included."""

from dataclasses import replace

import pytest

from smtpcheck import Report, Stage
from smtpcheck.model import EnvelopeFacts, TlsFacts

from ..probe.relay import relay
from .checking import checked, done
from .servers.accounts import ALICE
from .servers.process import Server


def through_relay(server: Server, role: str, **wanted: object) -> tuple[Report, int]:
    """The report of a check through the relay, and the client's flights with SYN."""
    with relay((server.host, server.ports[role])) as (port, flights):
        behind = replace(server, ports={**server.ports, role: port})
        report = checked(behind, role, **wanted)  # type: ignore[arg-type]  # the names of Wanted
    return report, flights.of_client


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_a_whole_session_with_starttls_needs_eight_flights_at_most(name: str, request: pytest.FixtureRequest) -> None:
    """SYN, EHLO, STARTTLS, ClientHello, Finished with EHLO, AUTH, then MAIL, RCPT, RSET and QUIT together. The eighth
    is the close_notify, with which nobody waits for anything.
    """
    report, flights = through_relay(
        request.getfixturevalue(name),
        "submission",
        user=ALICE.name,
        password=ALICE.password,
        auth="plain",
        sender=ALICE.address,
        recipients=[ALICE.address, "bob@example.org"],
    )
    assert report.passed
    tls, sender = done(report, Stage.TLS).facts, done(report, Stage.SENDER).facts
    assert isinstance(tls, TlsFacts)
    assert isinstance(sender, EnvelopeFacts)
    assert (tls.version, sender.pipelined) == ("TLSv1.3", True)
    assert flights <= 8


@pytest.mark.parametrize("name", ["postfix", "exim"])
def test_a_session_with_tls_from_the_first_byte_needs_seven(name: str, request: pytest.FixtureRequest) -> None:
    """No EHLO in clear and no STARTTLS; the greeting has to be waited for, so that Finished goes alone."""
    report, flights = through_relay(
        request.getfixturevalue(name),
        "submissions",
        user=ALICE.name,
        password=ALICE.password,
        auth="plain",
        sender=ALICE.address,
        recipients=[ALICE.address],
    )
    assert report.passed
    assert flights <= 7


def test_a_server_without_pipelining_gets_a_command_at_a_time(aiosmtpd: Server) -> None:
    """SYN, EHLO, MAIL, RCPT, RSET, QUIT: nothing is sent before the reply to what came before it."""
    report, flights = through_relay(aiosmtpd, "relay", tls="off", sender=ALICE.address, recipients=["bob@example.org"])
    assert report.passed
    sender = done(report, Stage.SENDER).facts
    assert isinstance(sender, EnvelopeFacts)
    assert not sender.pipelined
    assert flights == 6
