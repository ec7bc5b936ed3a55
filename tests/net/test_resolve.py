"""The system resolver (played by functions) and nameservers on loopback, as one session sees them."""

import asyncio
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.model import DnsFacts
from smtpcheck.net.answers import DnsSide, temporary
from smtpcheck.net.resolve import complete, dns_side, resolve, so_far, system_answer

from .fake_dns import FakeDns, Says, closed_port

HOST = "mail.example.org"
GetAddrInfo = Callable[..., list[tuple[Any, ...]]]
Files = Callable[..., dict[str, str]]


def says(*addresses: str, canonical: str = "") -> GetAddrInfo:
    """A getaddrinfo that knows these addresses, and lists each twice, as some do."""

    def getaddrinfo(host: str, port: int, *_: object) -> list[tuple[Any, ...]]:
        found = [(2, 1, 6, canonical, (ip, port) if "." in ip else (ip, port, 0, 0)) for ip in addresses]
        return found + found

    return getaddrinfo


def fails(error: Exception) -> GetAddrInfo:
    def getaddrinfo(*_: object) -> list[tuple[Any, ...]]:
        raise error

    return getaddrinfo


UNKNOWN = fails(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
AGAIN = fails(socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution"))


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """Writes a hosts file and a resolv.conf, and gives them as arguments of `dns_side`."""

    def write(*nameservers: str, hosts: str = "", conf: str = "") -> dict[str, str]:
        lines = [f"nameserver {address}" for address in nameservers]
        (tmp_path / "hosts").write_text(hosts)
        (tmp_path / "resolv.conf").write_text("\n".join([*lines, conf, ""]))
        return {"hosts_file": str(tmp_path / "hosts"), "resolv_conf": str(tmp_path / "resolv.conf")}

    return write


async def session(
    host: str, getaddrinfo: GetAddrInfo, files: dict[str, str], *, seconds: float = 5.0, resolver: str | None = None
) -> DnsFacts:
    """What the stage and the end of a session do together."""
    side = asyncio.create_task(dns_side(host, seconds=seconds, resolver=resolver, **files))
    facts = await resolve(host, 587, side, resolver=resolver, getaddrinfo=getaddrinfo)
    return await complete(facts, side, within=5.0)


def addresses(facts: DnsFacts) -> list[str]:
    return [entry.address for entry in facts.addresses]


# --- the system resolver --------------------------------------------------------------------------------------------


def test_system_answer_keeps_the_order_and_drops_what_is_said_twice() -> None:
    answer = asyncio.run(system_answer(HOST, 587, getaddrinfo=says("2001:db8::1", "192.0.2.2", "192.0.2.1")))
    assert answer.addresses == ("2001:db8::1", "192.0.2.2", "192.0.2.1")
    assert answer.error is None


def test_system_answer_keeps_the_scope_of_a_link_local_address() -> None:
    index, name = next(entry for entry in socket.if_nameindex())

    def getaddrinfo(*_: object) -> list[tuple[Any, ...]]:
        return [(10, 1, 6, "", ("fe80::1", 25, 0, index)), (10, 1, 6, "", ("fe80::1", 25, 0, 4_000_000))]

    answer = asyncio.run(system_answer(HOST, 25, getaddrinfo=getaddrinfo))
    assert answer.addresses == (f"fe80::1%{name}", "fe80::1%4000000")


@pytest.mark.parametrize(
    ("error", "name", "text"),
    [
        (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "EAI_NONAME", "Name or service not known"),
        (socket.gaierror(socket.EAI_AGAIN, "Temporary failure"), "EAI_AGAIN", "Temporary failure"),
        (socket.gaierror(-9999, "strange"), "-9999", "strange"),
        (OSError(24, "Too many open files"), "EMFILE", "Too many open files"),
    ],
)
def test_system_answer_names_the_error(error: Exception, name: str, text: str) -> None:
    answer = asyncio.run(system_answer(HOST, 587, getaddrinfo=fails(error)))
    assert (answer.addresses, answer.error, answer.error_text) == ((), name, text)


def test_a_label_that_is_too_long_never_reaches_a_resolver() -> None:
    """The real getaddrinfo of Python refuses to encode it."""
    answer = asyncio.run(system_answer("a" * 64 + ".example.org", 587))
    assert answer.error == "UnicodeError"


def test_localhost_is_found_in_the_real_hosts_file() -> None:
    assert "127.0.0.1" in asyncio.run(system_answer("localhost", 25, 4)).addresses


# --- the stage ends with the first addresses ------------------------------------------------------------------------


def test_dns_that_is_slow_does_not_hold_back_the_addresses_and_is_joined_later(
    files: Files,
) -> None:
    async def run(dns: FakeDns) -> tuple[DnsFacts, DnsFacts]:
        side = asyncio.create_task(dns_side(HOST, seconds=5, **files(dns.address)))
        early = await resolve(HOST, 587, side, getaddrinfo=says("192.0.2.1"))
        assert not side.done()
        return early, await complete(early, side, within=5)

    with FakeDns({HOST: Says(a=("192.0.2.1",), ttl=77, delay=0.3)}) as dns:
        early, late = asyncio.run(run(dns))
    assert (addresses(early), early.lookups) == (["192.0.2.1"], ())
    assert addresses(late) == ["192.0.2.1"]
    assert [lookup.ttl for lookup in late.lookups] == [77, None]
    assert late.differs is None


def test_the_end_of_a_session_waits_no_longer_than_it_was_told(files: Files) -> None:
    async def run(dns: FakeDns) -> tuple[DnsFacts, bool, float]:
        side = asyncio.create_task(dns_side(HOST, seconds=60, **files(dns.address)))
        early = await resolve(HOST, 587, side, getaddrinfo=says("192.0.2.1"))
        began = time.monotonic()
        late = await complete(early, side, within=0.2)
        return late, side.cancelled(), time.monotonic() - began

    with FakeDns({HOST: Says(silent=True)}) as dns:
        late, ended, waited = asyncio.run(run(dns))
    assert ended
    assert addresses(late) == ["192.0.2.1"]
    assert waited < 1.2


def test_localhost_is_no_question_for_dns(files: Files) -> None:
    with FakeDns() as dns:
        facts = asyncio.run(session("localhost", says("127.0.0.1"), files(dns.address)))
    assert dns.asked == []
    assert facts.differs is None
    assert facts.addresses[0].classes == ("loopback",)


# --- a failure is explained within the stage ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "problem", "is_temporary"),
    [
        (Says(rcode="NXDOMAIN"), "not-found", False),
        (Says(), "no-address", False),
        (Says(rcode="SERVFAIL", extended=((6, b"no SEP matching the DS"),)), "temporary-failure", True),
        (Says(rcode="REFUSED"), "refused", True),
        (Says(silent=True), "no-answer", True),
        (Says(garbage=b"HTTP/1.1 400 Bad Request\r\n\r\n"), "no-answer", True),
        (Says(aliases=("gone.example.net",), rcode="NXDOMAIN"), "broken-alias", False),
        (Says(aliases=("two.example.org", HOST)), "broken-alias", False),
        (Says(aliases=(HOST,), rcode="SERVFAIL"), "broken-alias", False),
    ],
)
def test_dns_says_why_the_system_resolver_failed(files: Files, said: Says, problem: str, is_temporary: bool) -> None:
    with FakeDns({HOST: said}) as dns:
        facts = asyncio.run(session(HOST, AGAIN, files(dns.address), seconds=1.0))
    assert facts.problem == problem
    assert temporary(facts.problem) is is_temporary
    assert facts.addresses == ()


def test_a_closed_port_is_not_silence(files: Files) -> None:
    facts = asyncio.run(session(HOST, AGAIN, files(closed_port())))
    assert facts.problem == "no-resolver"
    assert {lookup.failure for lookup in facts.lookups} == {"port-closed"}
    assert all(lookup.seconds is not None and lookup.seconds < 1 for lookup in facts.lookups)


def test_no_nameserver_is_configured(files: Files) -> None:
    facts = asyncio.run(session(HOST, AGAIN, files()))
    assert facts.problem == "no-resolver"
    assert facts.nameservers == ()


def test_a_name_that_dns_cannot_hold_is_not_asked_for(files: Files) -> None:
    with FakeDns() as dns:
        facts = asyncio.run(session("mail..example.org", fails(UnicodeError("label empty")), files(dns.address)))
    assert facts.problem == "bad-name"
    assert dns.asked == []


def test_one_nameserver_is_dead_and_the_other_knows_the_answer(files: Files) -> None:
    with FakeDns(default=Says(silent=True)) as dead, FakeDns() as alive:
        facts = asyncio.run(session(HOST, UNKNOWN, files(dead.address, alive.address), seconds=1.0))
    assert facts.problem == "not-found"
    assert facts.nameservers == (dead.address, alive.address)
    assert [(one.type, one.failure, one.rcode) for one in facts.lookups] == [
        ("A", "timed-out", None),
        ("AAAA", "timed-out", None),
        ("A", None, "NXDOMAIN"),
        ("AAAA", None, "NXDOMAIN"),
    ]


# --- where they differ ----------------------------------------------------------------------------------------------


def test_the_hosts_file_overrides_dns(files: Files) -> None:
    hosts = f"# comment\n127.0.0.1 localhost\n\n127.0.0.1\tother {HOST.upper()} # left over\n"
    with FakeDns({HOST: Says(a=("203.0.113.7",))}) as dns:
        facts = asyncio.run(session(HOST, says("127.0.0.1"), files(dns.address, hosts=hosts)))
    assert facts.differs == "hosts file line 4 says 127.0.0.1, DNS says 203.0.113.7"
    assert [(entry.line, entry.address) for entry in facts.hosts] == [(4, "127.0.0.1")]


def test_the_search_list_makes_another_name_of_it(files: Files) -> None:
    with FakeDns({"mail.corp.example": Says(a=("10.0.0.5",))}) as dns:
        facts = asyncio.run(session("mail", says("10.0.0.5"), files(dns.address, conf="search corp.example")))
    assert facts.canonical == "mail.corp.example"
    assert facts.differs == "the search list of the system resolver made mail.corp.example of mail"
    assert {lookup.name for lookup in facts.lookups} == {"mail.corp.example", "mail"}
    assert facts.search == ("corp.example",)


def test_an_alias_is_followed_with_its_ttls(files: Files) -> None:
    said = Says(aliases=("a.example.net", "b.example.net"), a=("192.0.2.1",), ttl=60)
    with FakeDns({HOST: said}) as dns:
        facts = asyncio.run(session(HOST, says("192.0.2.1"), files(dns.address)))
    aliases = facts.lookups[0].aliases
    assert [(alias.name, alias.target, alias.ttl) for alias in aliases] == [
        (HOST, "a.example.net", 60),
        ("a.example.net", "b.example.net", 60),
    ]
    assert (facts.canonical, facts.differs) == ("b.example.net", None)


# --- one nameserver by name -----------------------------------------------------------------------------------------


def test_with_a_resolver_only_that_one_is_asked(files: Files) -> None:
    def never(*_: object) -> list[tuple[Any, ...]]:
        raise AssertionError("the system resolver was asked")

    hosts = f"127.0.0.1 {HOST}\n"
    with FakeDns() as configured, FakeDns({HOST: Says(a=("192.0.2.1",), aaaa=("2001:db8::1",))}) as named:
        facts = asyncio.run(
            session(HOST, never, files(configured.address, hosts=hosts), resolver=named.address, seconds=5)
        )
    assert configured.asked == []
    assert (facts.source, facts.system, facts.nameservers) == ("resolver", None, (named.address,))
    assert sorted(addresses(facts)) == ["192.0.2.1", "2001:db8::1"]
    assert [entry.address for entry in facts.hosts] == ["127.0.0.1"]
    assert facts.differs is not None
    assert facts.differs.startswith("hosts file line 1 says 127.0.0.1, DNS says ")


def test_a_resolver_that_knows_no_such_name_is_believed(files: Files) -> None:
    with FakeDns() as dns:
        facts = asyncio.run(session(HOST, says("192.0.2.1"), files(), resolver=dns.address))
    assert (facts.problem, facts.addresses) == ("not-found", ())


# --- deadlines and cancellation -------------------------------------------------------------------------------------


def _descriptors() -> set[str]:
    """What each open descriptor is; a socket by its number."""
    found = set()
    for name in os.listdir("/proc/self/fd"):
        try:
            found.add(os.readlink(f"/proc/self/fd/{name}"))
        except OSError:
            continue
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_cancelled_it_leaves_no_socket_and_no_task(files: Files) -> None:
    async def run(dns: FakeDns) -> None:
        before = _descriptors()
        side = asyncio.create_task(dns_side(HOST, seconds=60, **files(dns.address, closed_port())))
        async with asyncio.timeout(10):
            while len(dns.asked) < 2:  # noqa: ASYNC110  # the nameserver lives in a thread
                await asyncio.sleep(0.01)
        assert _descriptors() - before
        side.cancel()
        with pytest.raises(asyncio.CancelledError):
            await side
        assert _descriptors() <= before
        assert asyncio.all_tasks() == {asyncio.current_task()}

    with FakeDns(default=Says(silent=True)) as dns:
        asyncio.run(run(dns))


def test_a_system_resolver_that_never_answers_holds_back_neither_the_step_nor_the_process(
    files: Files,
) -> None:
    release = threading.Event()

    def hangs(*_: object) -> list[tuple[Any, ...]]:
        release.wait(30)
        return []

    async def run(dns: FakeDns) -> DnsFacts:
        side = asyncio.create_task(dns_side(HOST, seconds=1.5, **files(dns.address)))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1.5):
                await resolve(HOST, 587, side, getaddrinfo=hangs)
        assert side.done(), "the explanation comes before the step's deadline"
        return so_far(HOST, side)

    began = time.monotonic()
    with FakeDns(default=Says(silent=True)) as dns:
        facts = asyncio.run(run(dns))
    assert time.monotonic() - began < 4
    release.set()
    assert facts.problem == "no-answer"
    assert [lookup.failure for lookup in facts.lookups] == ["timed-out", "timed-out"]


def test_dnspython_is_not_imported_before_a_nameserver_is_asked(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from smtpcheck.net.resolve import dns_side; "
        "asyncio.run(dns_side('localhost', seconds=1)); sys.exit('dns' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


def test_what_is_not_a_nameserver_is_refused() -> None:
    with pytest.raises(ValueError, match="does not appear"):
        asyncio.run(dns_side(HOST, seconds=1, resolver="ns.example.org"))


def test_a_side_that_was_ended_changes_nothing() -> None:
    async def run() -> DnsFacts:
        side: asyncio.Task[DnsSide] = asyncio.create_task(asyncio.sleep(60, DnsSide()))
        return await complete(DnsFacts(name=HOST, source="system"), side, within=0)

    assert asyncio.run(run()) == DnsFacts(name=HOST, source="system")
