"""Which address gets the session, what is said of the others, and that one login is made over all of them."""

import errno
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import Attempt, ConnectFacts, Outcome, Report, Stage
from smtpcheck.serve import Running, running

from ..conftest import HOST
from ..net.fake_dns import FakeDns, Says
from .lines import QUIT, Login, clear, upgraded

BOTH = ("127.0.0.1", "::1")
USER: Login = {"user": "alice", "password": "correct horse"}
# The other family is opened 250 ms after the session began, and gets a second at most when that is over.
LONGEST_DELAY = 1.25


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


pytestmark = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no ::1")


@pytest.fixture
def resolver() -> Iterator[str]:
    """A nameserver that gives both loopback addresses for HOST."""
    with FakeDns({HOST: Says(a=("127.0.0.1",), aaaa=("::1",))}) as dns:
        yield dns.address


@contextmanager
def dual(first: str, second: str | None = None) -> Iterator[tuple[Running, Running]]:
    """Two servers on one port, on 127.0.0.1 and on ::1; `second` is what the one on ::1 plays, if it is another."""
    with ExitStack() as stack:
        one = stack.enter_context(running(parse(first), names=[HOST]))
        two = stack.enter_context(running(parse(second or first), host="::1", port=one.port, names=[HOST]))
        yield one, two


def attempts(report: Report, look: str) -> dict[str | None, Attempt]:
    """The attempts of that look, by address."""
    return {attempt.address: attempt for attempt in report.attempts if attempt.look == look}


def connected(attempt: Attempt) -> tuple[Outcome, str | None]:
    """How its connect ended."""
    step = attempt.step(Stage.CONNECT)
    assert step is not None
    assert isinstance(step.facts, ConnectFacts)
    return step.outcome, step.facts.failure


@pytest.mark.parametrize("open_one", BOTH)
def test_one_family_is_closed(resolver: str, open_one: str) -> None:
    """The session runs where somebody listens, whichever comes first; the other address is reported, and no failure."""
    [closed] = set(BOTH) - {open_one}
    with running(parse(clear() + QUIT), host=open_one) as server:
        report = check(f"{HOST}:{server.port}", resolver=resolver, timeout=5.0)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert report.attempt is not None
    assert report.attempt.address == open_one
    [other] = [attempt for attempt in report.attempts if attempt.address == closed]
    assert connected(other) == (Outcome.UNREACHABLE, "refused")
    assert report.seconds < LONGEST_DELAY
    assert len(server.sessions) == 1


def test_the_other_family_is_only_opened_and_closed(resolver: str) -> None:
    """It hears nothing, and the report has its time."""
    with dual(clear() + QUIT) as servers:
        report = check(f"{HOST}:{servers[0].port}", resolver=resolver, timeout=5.0)
    assert report.exit_code == 0
    assert report.attempt is not None
    [(address, other)] = attempts(report, "other-family").items()
    assert address != report.attempt.address
    assert connected(other) == (Outcome.PASSED, None)
    step = other.step(Stage.CONNECT)
    assert step is not None
    assert isinstance(step.facts, ConnectFacts)
    assert step.facts.seconds is not None
    said = [session.lines for server in servers for session in server.sessions]
    assert sorted(map(len, said)) == [0, 2]


@contextmanager
def full_queue(address: str, port: int) -> Iterator[None]:
    """A listener that accepts nobody and whose queue is full: a SYN to it stays without an answer."""
    with ExitStack() as stack:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listener = stack.enter_context(socket.socket(family))
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((address, port))
        listener.listen(0)
        for _ in range(4):
            one = stack.enter_context(socket.socket(family))
            one.setblocking(False)
            assert one.connect_ex((address, port)) in (0, errno.EINPROGRESS)
        yield


def test_a_silent_other_family_delays_the_report_by_a_second(resolver: str) -> None:
    """What users call a slow server: the first address is fine here, and the other one never answers."""
    probe = check(f"{HOST}:1", resolver=resolver, timeout=5.0)
    first = probe.attempts[0].address
    assert first is not None
    [silent] = set(BOTH) - {first}
    with running(parse(clear() + QUIT), host=first) as server, full_queue(silent, server.port):
        report = check(f"{HOST}:{server.port}", resolver=resolver, timeout=10.0)
    assert report.exit_code == 0
    [other] = attempts(report, "other-family").values()
    assert connected(other) == (Outcome.STALLED, "no-answer")
    assert 0.5 < report.seconds < LONGEST_DELAY + 0.5


def test_all_addresses_have_a_session_each(resolver: str) -> None:
    """The one that came least far decides."""
    with dual(clear() + QUIT, "S: 554 not from here\n" + QUIT) as servers:
        report = check(f"{HOST}:{servers[0].port}", resolver=resolver, all_addresses=True, timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.REFUSED, 12)
    assert set(attempts(report, "first")) == set(BOTH)
    assert attempts(report, "other-family") == {}
    assert report.attempt is not None
    assert report.attempt.address == "::1"


def test_all_addresses_and_one_does_not_listen(resolver: str) -> None:
    """Asked for, and not reached: never green."""
    with running(parse(clear() + QUIT)) as server:
        report = check(f"{HOST}:{server.port}", resolver=resolver, all_addresses=True, timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)


@pytest.mark.parametrize(("code", "exit_code"), [("235", 0), ("535", 16)])
def test_one_login_over_all_addresses(resolver: str, ca_file: str, code: str, exit_code: int) -> None:
    """Refused or not, it is not tried again on the next one: that one's login counts as done elsewhere."""
    text = upgraded("AUTH PLAIN") + f"C? AUTH PLAIN *\nS: {code} answer\nC: QUIT\nS: 221 Bye\n"
    with dual(text) as servers:
        report = check(
            f"{HOST}:{servers[0].port}", resolver=resolver, ca_file=ca_file, all_addresses=True, timeout=5.0, **USER
        )
    assert report.exit_code == exit_code
    lines = [line for server in servers for session in server.sessions for line in session.lines]
    assert [line for line in lines if line.startswith("AUTH")] == ["AUTH PLAIN ***"]
    steps = [attempt.step(Stage.AUTH) for attempt in attempts(report, "first").values()]
    skipped = [step for step in steps if step is not None and step.outcome is Outcome.SKIPPED]
    assert len(skipped) == 1
    assert skipped[0].elsewhere
    assert skipped[0].why is not None
    assert "another address" in skipped[0].why


def test_a_login_that_the_first_address_did_not_get_to_is_made_on_the_next(resolver: str, ca_file: str) -> None:
    """The first one that gets so far logs in."""
    probe = check(f"{HOST}:1", resolver=resolver, timeout=5.0)
    fine = upgraded("AUTH PLAIN") + "C: AUTH PLAIN *\nS: 235 welcome\n" + QUIT
    ill = "S: 421 busy\n" + QUIT
    first_is_ipv4 = probe.attempts[0].address == "127.0.0.1"
    with dual(*((ill, fine) if first_is_ipv4 else (fine, ill))) as servers:
        report = check(
            f"{HOST}:{servers[0].port}", resolver=resolver, ca_file=ca_file, all_addresses=True, timeout=5.0, **USER
        )
    assert (report.stage, report.exit_code) == (Stage.BANNER, 32)
    passed = [attempt for attempt in report.attempts if (step := attempt.step(Stage.AUTH)) and step.passed]
    assert len(passed) == 1


def test_nobody_listens_at_all(resolver: str) -> None:
    """Every address was tried, and each has its errno."""
    with running(parse(clear())) as server:
        port = server.port
    report = check(f"{HOST}:{port}", resolver=resolver, timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)
    for attempt in attempts(report, "first").values():
        assert connected(attempt) == (Outcome.UNREACHABLE, "refused")
    assert set(attempts(report, "first")) == set(BOTH)


def test_address_connects_there_and_keeps_the_name(ca_file: str) -> None:
    """Nothing is resolved; the certificate is verified for the name."""
    with running(parse(upgraded() + QUIT), host="::1", names=[HOST]) as server:
        report = check(f"{HOST}:{server.port}", address="::1", ca_file=ca_file, timeout=5.0)
    assert report.exit_code == 0
    dns = report.step(Stage.DNS)
    assert dns is not None
    assert (dns.outcome, dns.why) == (Outcome.SKIPPED, "--address ::1")
