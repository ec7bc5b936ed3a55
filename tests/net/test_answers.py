"""The join of what the system resolver, the hosts file and the nameservers say: tables, no socket."""

from dataclasses import replace

import pytest

from smtpcheck.model import Alias, HostsEntry, Lookup, SystemAnswer
from smtpcheck.net.answers import DnsSide, join, temporary

HOST = "mail.example.org"
ONE, TWO = "192.0.2.53", "192.0.2.54"

NOBODY = SystemAnswer(error="EAI_NONAME", error_text="Name or service not known")
LATER = SystemAnswer(error="EAI_AGAIN", error_text="Temporary failure in name resolution")


def found(*addresses: str, canonical: str | None = None) -> SystemAnswer:
    return SystemAnswer(addresses=addresses, canonical=canonical)


def a(*addresses: str, server: str = ONE, name: str = HOST, rcode: str = "NOERROR") -> Lookup:
    return Lookup(server=server, name=name, type="A", rcode=rcode, addresses=addresses)


def aaaa(*addresses: str, server: str = ONE, name: str = HOST, rcode: str = "NOERROR") -> Lookup:
    return Lookup(server=server, name=name, type="AAAA", rcode=rcode, addresses=addresses)


def failed(failure: str, server: str = ONE, type: str = "A", transport: str = "udp") -> Lookup:
    return Lookup(server=server, name=HOST, type=type, failure=failure, transport=transport)


def both(rcode: str, server: str = ONE, name: str = HOST) -> tuple[Lookup, Lookup]:
    return a(server=server, name=name, rcode=rcode), aaaa(server=server, name=name, rcode=rcode)


def dns(*lookups: Lookup, hosts: tuple[HostsEntry, ...] = (), search: tuple[str, ...] = ()) -> DnsSide:
    servers = tuple(dict.fromkeys(lookup.server for lookup in lookups))
    return DnsSide(nameservers=servers, lookups=lookups, hosts=hosts, search=search)


def line(number: int, address: str) -> HostsEntry:
    return HostsEntry(file="/etc/hosts", line=number, address=address, names=(HOST,))


@pytest.mark.parametrize(
    ("lookups", "problem"),
    [
        (both("NXDOMAIN"), "not-found"),
        (both("NOERROR"), "no-address"),
        (both("SERVFAIL"), "temporary-failure"),
        (both("REFUSED"), "refused"),
        (both("NOTIMP"), "refused"),
        ((failed("timed-out"), failed("timed-out", type="AAAA")), "no-answer"),
        ((failed("malformed"), failed("timed-out", type="AAAA")), "no-answer"),
        ((failed("port-closed"), failed("port-closed", type="AAAA")), "no-resolver"),
        ((failed("unreachable"), failed("unreachable", type="AAAA")), "no-resolver"),
        # Truncated, and TCP is closed: the nameserver does answer.
        ((failed("port-closed", transport="tcp"), failed("port-closed", type="AAAA", transport="tcp")), "no-answer"),
        # One of the two questions alone: existence beats NXDOMAIN, a failure beats an empty answer.
        ((a(rcode="NXDOMAIN"), aaaa()), "no-address"),
        ((a(rcode="NXDOMAIN"), failed("timed-out", type="AAAA")), "not-found"),
        ((a(), aaaa(rcode="SERVFAIL")), "temporary-failure"),
        ((a(), failed("timed-out", type="AAAA")), "no-answer"),
        # Two nameservers: the first that knows decides; then who failed least.
        ((*both("SERVFAIL"), *both("NXDOMAIN", server=TWO)), "not-found"),
        ((*both("NXDOMAIN"), *both("NOERROR", server=TWO)), "not-found"),
        ((failed("timed-out"), *both("NOERROR", server=TWO)), "no-address"),
        ((*both("REFUSED"), *both("SERVFAIL", server=TWO)), "temporary-failure"),
        ((failed("port-closed"), failed("timed-out", server=TWO)), "no-answer"),
        # The search list: a name that could not be told beats one that does not exist.
        ((*both("SERVFAIL", name=f"{HOST}.corp.example"), *both("NXDOMAIN")), "temporary-failure"),
    ],
)
def test_dns_explains_the_failure_of_the_system_resolver(lookups: tuple[Lookup, ...], problem: str) -> None:
    assert join(HOST, LATER, dns(*lookups)).problem == problem


@pytest.mark.parametrize(
    ("aliases", "rcode", "broken"),
    [
        (((HOST, "gone.example.net"),), "NXDOMAIN", True),
        (((HOST, "b.example.net"), ("b.example.net", HOST)), "NOERROR", True),
        (((HOST, HOST.upper()),), "SERVFAIL", True),
        (((HOST, "b.example.net"),), "NOERROR", False),  # the target exists and has no address
        ((), "NXDOMAIN", False),
    ],
)
def test_an_alias_that_leads_nowhere_is_broken(aliases: tuple[tuple[str, str], ...], rcode: str, broken: bool) -> None:
    chain = tuple(Alias(name=name, target=target, ttl=60) for name, target in aliases)
    lookups = [replace(lookup, aliases=chain) for lookup in both(rcode)]
    assert (join(HOST, NOBODY, dns(*lookups)).problem == "broken-alias") is broken


@pytest.mark.parametrize(
    ("system", "problem"),
    [
        (NOBODY, "not-found"),
        (LATER, "temporary-failure"),
        (SystemAnswer(error="EAI_NODATA", error_text=""), "no-address"),
        (SystemAnswer(error="EAI_FAIL", error_text=""), "refused"),
        (SystemAnswer(error="UnicodeError", error_text=""), "bad-name"),
        (SystemAnswer(error="EMFILE", error_text=""), "temporary-failure"),
        (None, "no-answer"),
    ],
)
def test_before_dns_answered_the_system_resolver_is_all_there_is(system: SystemAnswer | None, problem: str) -> None:
    assert join(HOST, system, None).problem == problem


def test_dns_knows_a_name_that_the_system_resolver_does_not() -> None:
    facts = join(HOST, NOBODY, dns(a("192.0.2.1"), aaaa()))
    assert facts.problem == "not-found"
    assert facts.addresses == ()
    assert facts.differs == "the system resolver says EAI_NONAME (Name or service not known), DNS says 192.0.2.1"


def test_a_system_resolver_that_waits_is_silent_whatever_another_nameserver_says() -> None:
    lookups = (failed("timed-out"), *both("NXDOMAIN", server=TWO))
    assert join(HOST, None, dns(*lookups)).problem == "no-answer"
    assert join(HOST, None, dns(failed("port-closed"))).problem == "no-resolver"


@pytest.mark.parametrize("host", ["mail..example.org", "a" * 64 + ".example", "a." * 127 + "example", "mäil.example"])
def test_a_bad_name_is_bad_whoever_says_what(host: str) -> None:
    assert join(host, NOBODY, dns(*both("NXDOMAIN"))).problem == "bad-name"
    assert join(host, None, None, source="resolver").problem == "bad-name"


def test_no_nameserver_at_all() -> None:
    assert join(HOST, LATER, DnsSide()).problem == "no-resolver"


def test_the_other_address_family_is_no_answer_for_this_one() -> None:
    side = dns(a("192.0.2.1"), aaaa())
    assert join(HOST, NOBODY, side, family=6).problem == "no-address"
    assert join(HOST, None, side, family=6, source="resolver").addresses == ()


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        ("not-found", False),
        ("no-address", False),
        ("broken-alias", False),
        ("bad-name", False),
        (None, False),
        ("temporary-failure", True),
        ("refused", True),
        ("no-answer", True),
        ("no-resolver", True),
    ],
)
def test_what_dns_did_not_answer_may_be_answered_later(problem: str | None, expected: bool) -> None:
    assert temporary(problem) is expected


@pytest.mark.parametrize(
    ("system", "side", "differs"),
    [
        (found("192.0.2.1"), dns(a("192.0.2.1"), aaaa()), None),
        (found("192.0.2.1"), dns(a("192.0.2.9", "192.0.2.1"), aaaa()), None),
        (found("2001:db8::1"), dns(a(), aaaa("2001:0db8::0001")), None),
        (found("192.0.2.1"), dns(*both("SERVFAIL")), None),
        (found("192.0.2.1"), dns(failed("timed-out")), None),
        (found("192.0.2.1"), None, None),
        (
            found("127.0.0.1"),
            dns(a("203.0.113.7"), aaaa(), hosts=(line(4, "127.0.0.1"),)),
            "hosts file line 4 says 127.0.0.1, DNS says 203.0.113.7",
        ),
        (
            found("10.0.0.1", "10.0.0.2"),
            dns(*both("NXDOMAIN"), hosts=(line(2, "10.0.0.1"), line(9, "10.0.0.2"))),
            "hosts file line 2 and line 9 says 10.0.0.1, 10.0.0.2, DNS says that the name does not exist",
        ),
        # A line that the system resolver did not use is not to blame.
        (
            found("192.0.2.1"),
            dns(a("203.0.113.7"), aaaa(), hosts=(line(4, "127.0.0.1"),)),
            "the system resolver says 192.0.2.1, DNS says 203.0.113.7",
        ),
        # A hosts file that agrees with DNS hides nothing.
        (found("192.0.2.1"), dns(a("192.0.2.1"), aaaa(), hosts=(line(4, "192.0.2.1"),)), None),
        (
            found("192.0.2.1"),
            dns(a(*(f"203.0.113.{n}" for n in range(1, 6))), aaaa()),
            "the system resolver says 192.0.2.1, DNS says 203.0.113.1, 203.0.113.2, 203.0.113.3 and 2 more",
        ),
        (
            found("192.0.2.1"),
            dns(*both("NXDOMAIN"), a("192.0.2.1", server=TWO)),
            f"{ONE} says that the name does not exist, {TWO} says 192.0.2.1",
        ),
        (
            found("10.0.0.5", canonical=f"{HOST}.corp.example"),
            dns(*both("NXDOMAIN"), search=("corp.example",)),
            "the system resolver says 10.0.0.5, DNS says that the name does not exist",
        ),
        (
            found("10.0.0.5", canonical=f"{HOST}.corp.example"),
            dns(a("10.0.0.5", name=f"{HOST}.corp.example"), *both("NXDOMAIN"), search=("corp.example",)),
            f"the search list of the system resolver made {HOST}.corp.example of {HOST}",
        ),
    ],
)
def test_where_the_two_differ_it_is_said_in_a_few_words(
    system: SystemAnswer, side: DnsSide | None, differs: str | None
) -> None:
    facts = join(HOST, system, side)
    assert facts.differs == differs
    assert [entry.address for entry in facts.addresses] == list(system.addresses)
    assert facts.problem is None


def test_canonical_is_the_name_that_the_addresses_belong_to() -> None:
    chain = (Alias(name=HOST, target="lb.example.net", ttl=60),)
    side = dns(replace(a("192.0.2.1"), aliases=chain), aaaa())
    assert join(HOST, found("192.0.2.1"), side).canonical == "lb.example.net"
    assert join(HOST, found("192.0.2.1", canonical="LB.example.net"), None).canonical == "LB.example.net"
    assert join(HOST, found("192.0.2.1", canonical=HOST.upper() + "."), None).canonical is None
    assert join(HOST, found("192.0.2.1"), dns(a("192.0.2.1"))).canonical is None


def test_a_named_resolver_gives_the_addresses_in_the_order_of_its_lookups() -> None:
    facts = join(HOST, None, dns(aaaa("2001:db8::1"), a("127.0.0.1", "127.0.0.1")), source="resolver")
    assert [(entry.address, entry.classes) for entry in facts.addresses] == [
        ("2001:db8::1", ("documentation",)),
        ("127.0.0.1", ("loopback",)),
    ]
    assert (facts.problem, facts.system, facts.source) == (None, None, "resolver")
