"""Round trips are what a slow line makes a user wait for: counted by a relay between both ends, not by our channel."""

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import Report, Stage
from smtpcheck.serve import running

from ..conftest import HOST
from .lines import QUIT, clear, implicit, upgraded
from .relay import Flights, relay

AUTH = "C: AUTH PLAIN *\nS: 235 2.7.0 welcome\n"
OK = "S: 250 2.0.0 Ok\n"
ENVELOPE = "C: MAIL *\n" + OK + "C: RCPT *\n" + OK
RESET = "C: RSET\n" + OK


def counted(text: str, ca_file: str, *, tls: str, log_in: bool = True, send: bool = False) -> tuple[Report, Flights]:
    """A session through the relay, with the flights that it took."""
    user = {"user": "alice", "password": "correct horse"} if log_in else {}
    trust = {} if tls == "off" else {"ca_file": ca_file}
    with running(parse(text), names=[HOST]) as server, relay(("127.0.0.1", server.port)) as (port, flights):
        report = check(
            f"{HOST}:{port}",
            address="127.0.0.1",
            tls=tls,
            sender="a@example.com",
            recipients=["b@example.net"],
            send=send,
            timeout=5.0,
            **user,  # type: ignore[arg-type]  # the names of Wanted
            **trust,  # type: ignore[arg-type]
        )
    assert report.exit_code == 0
    assert server.failures == ()
    return report, flights


def test_a_login_over_starttls_takes_seven_flights(ca_file: str) -> None:
    """SYN, EHLO, STARTTLS, ClientHello, Finished + EHLO, AUTH, MAIL + RCPT + RSET + QUIT. Eight may never be passed."""
    text = upgraded("PIPELINING", "AUTH PLAIN", before=("PIPELINING",)) + AUTH + ENVELOPE + RESET + QUIT
    report, flights = counted(text, ca_file, tls="starttls")
    step = report.step(Stage.TLS)
    assert step is not None
    assert step.facts is not None
    assert getattr(step.facts, "version", None) == "TLSv1.3"
    assert flights.of_client <= 8, flights.sent


def test_implicit_tls_takes_two_less(ca_file: str) -> None:
    """SYN, ClientHello, Finished, EHLO, AUTH, the envelope, and the goodbye."""
    text = implicit("PIPELINING", "AUTH PLAIN") + AUTH + ENVELOPE + RESET + QUIT
    _, flights = counted(text, ca_file, tls="implicit")
    assert flights.of_client <= 7, flights.sent


def test_in_clear_the_envelope_is_one_flight(ca_file: str) -> None:
    """SYN, EHLO, and all the rest."""
    _, flights = counted(clear("PIPELINING") + ENVELOPE + RESET + QUIT, ca_file, tls="off", log_in=False)
    assert flights.of_client == 3


def test_without_pipelining_each_command_takes_one(ca_file: str) -> None:
    """SYN, EHLO, MAIL, RCPT, RSET, QUIT: the relay does see round trips where there are some."""
    _, flights = counted(clear() + ENVELOPE + RESET + QUIT, ca_file, tls="off", log_in=False)
    assert flights.of_client == 6


@pytest.mark.parametrize("keywords", [("PIPELINING",), ()])
def test_a_message_is_sent_in_lock_step(ca_file: str, keywords: tuple[str, ...]) -> None:
    """SYN, EHLO, MAIL, RCPT, DATA, the message, QUIT: nothing is sent before every recipient was accepted."""
    data = "C: DATA\nS: 354 go ahead\nC: **\nC: .\n" + OK
    _, flights = counted(clear(*keywords) + ENVELOPE + data + QUIT, ca_file, tls="off", log_in=False, send=True)
    assert flights.of_client == 7
