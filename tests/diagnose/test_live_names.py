"""Causes that a resolver or the hosts file produces, each with a real nameserver on loopback that says so."""

import socket

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Report, Stage, TlsMode
from smtpcheck.serve import running

from ..net.fake_dns import FakeDns, Says
from ..net.fake_dns import closed_port as closed_nameserver
from .machines import checked, closed_port, machine
from .told import CERTAIN, LIKELY, assert_shown, gives, notes

HOST = "mail.example.org"
BROKEN = Says(rcode="SERVFAIL")
OWN = Says(a=("127.0.0.1",))


def resolved(says: Says, name: str = HOST, port: int = 587, **wanted: object) -> Report:
    """A check of a name of which the nameserver says this; asked with --resolver."""
    with FakeDns({name: says}) as dns:
        return checked(f"{name}:{port}", resolver=dns.address, **wanted)  # type: ignore[arg-type]  # as Wanted has them


@gives("dns-name-not-found", CERTAIN, Stage.DNS)
def test_a_name_that_does_not_exist() -> Report:
    """NXDOMAIN for both families."""
    return resolved(Says(rcode="NXDOMAIN"))


@gives("dns-name-not-found", CERTAIN, Stage.DNS)
def test_a_name_that_neither_the_system_nor_dns_knows() -> Report:
    """The way of every application: getaddrinfo first, DNS beside it."""
    with FakeDns() as dns, machine(system=socket.EAI_NONAME, dns=dns.address):
        return checked(f"{HOST}:587")


@gives("dns-name-not-found", LIKELY, Stage.DNS)
def test_a_provider_s_host_that_the_resolver_denies() -> Report:
    """A well-known name exists: that it does not is this resolver's word, and no certainty."""
    with FakeDns() as dns:
        return checked("smtp.gmail.com:587", resolver=dns.address)


@gives("dns-no-address", CERTAIN, Stage.DNS)
def test_a_name_without_an_address() -> Report:
    """NODATA."""
    return resolved(Says())


@gives("null-mx", CERTAIN, Stage.DNS)
def test_a_domain_that_takes_no_mail() -> Report:
    """RFC 7505: its MX is a single dot."""
    return resolved(Says(mx=("0 .",)))


def test_a_mail_domain_in_the_place_of_its_server_is_told_the_servers_name() -> None:
    """The MX record holds the name that was meant."""
    report = resolved(Says(mx=("10 mx.example.net.",)))
    assert report.cause is not None
    assert report.cause.id == "dns-no-address"
    assert "mx.example.net" in " ".join((report.cause.title, report.cause.why, *report.cause.fix))


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED"])
@gives("dns-temporary-failure", LIKELY, Stage.DNS)
def test_a_nameserver_that_will_not_say(rcode: str) -> Report:
    """Temporary: exit code 30."""
    report = resolved(Says(rcode=rcode))
    assert (report.exit_code, report.temporary) == (30, True)
    return report


@gives("dns-temporary-failure", LIKELY, Stage.DNS)
def test_a_nameserver_in_trouble() -> Report:
    """SERVFAIL, without a word about why."""
    return resolved(BROKEN)


@gives("dnssec-bogus", CERTAIN, Stage.DNS)
def test_an_answer_that_fails_validation() -> Report:
    """RFC 8914: extended error 6."""
    return resolved(Says(rcode="SERVFAIL", extended=((6, b"no SEP matching the DS"),)))


@pytest.mark.parametrize("code", [22, 23])
def test_other_trouble_of_a_nameserver_is_no_matter_of_dnssec(code: int) -> None:
    """No reachable authority, network error: the look-alikes."""
    report = resolved(Says(rcode="SERVFAIL", extended=((code, b""),)))
    assert report.cause is not None
    assert report.cause.id == "dns-temporary-failure"


@gives("resolver-unreachable", CERTAIN, Stage.DNS)
def test_a_resolver_that_is_silent() -> Report:
    """No question is answered."""
    return resolved(Says(silent=True), timeout=0.6)


@gives("resolver-unreachable", CERTAIN, Stage.DNS)
def test_a_resolver_whose_port_is_closed() -> Report:
    """The kernel says so: no need to wait."""
    report = checked(f"{HOST}:587", resolver=closed_nameserver())
    assert report.seconds < 0.9
    return report


@gives("resolver-unreachable", CERTAIN, Stage.DNS)
def test_no_resolver_at_all() -> Report:
    """An empty resolv.conf, as in a container that was started wrongly."""
    with machine(system=socket.EAI_AGAIN):
        return checked(f"{HOST}:587")


@gives("dns-broken-cname", CERTAIN, Stage.DNS)
def test_an_alias_to_nowhere() -> Report:
    """The name exists, what it leads to does not."""
    return resolved(Says(aliases=("gone.example.net",), rcode="NXDOMAIN"))


@gives("dns-broken-cname", CERTAIN, Stage.DNS)
def test_an_alias_in_a_loop() -> Report:
    """Back to where it began."""
    return resolved(Says(aliases=("other.example.net", HOST)))


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])
@gives("resolves-to-loopback", CERTAIN, Stage.CONNECT)
def test_a_name_that_leads_to_this_machine(address: str) -> Report:
    """A sinkhole, a placeholder, or one's own name: what was refused is not what was meant."""
    return resolved(Says(a=(address,)), port=closed_port())


@gives("resolves-to-loopback", CERTAIN, Stage.CONNECT)
def test_dns_that_leads_to_this_machine() -> Report:
    """On a port that is a library's default as well: DNS says more than the port."""
    report = resolved(OWN, port=587)
    assert report.cause is not None
    assert "127.0.0.1" in report.cause.title + report.cause.why
    return report


def test_localhost_by_name_is_meant() -> None:
    """It leads to this machine by its definition (RFC 6761): no finding, but what is refused there."""
    report = checked(f"localhost:{closed_port()}")
    assert report.cause is not None
    assert report.cause.id == "nothing-listens"


@gives("hosts-file-override", CERTAIN, Stage.CONNECT)
def test_a_line_of_the_hosts_file() -> Report:
    """A forgotten line sends the application to this machine; the file, the line and both answers are named."""
    line = f"# a comment\n127.0.0.1 localhost\n127.0.0.1 {HOST}\n"
    with FakeDns({HOST: Says(a=("127.9.9.9",))}) as dns, machine(system=["127.0.0.1"], hosts=line, dns=dns.address):
        report = checked(f"{HOST}:{closed_port()}")
    assert report.cause is not None
    told = " ".join((report.cause.title, report.cause.why, *report.cause.fix))
    for word in ("line 3", "127.0.0.1", "127.9.9.9"):
        assert word in told.lower()
    return report


@notes("hosts-file-override")
def test_a_line_of_the_hosts_file_that_stops_nothing() -> Report:
    """A pass stays one, and tells it."""
    with (
        running(parse("S: 220 hi\nC: EHLO *\nS: 250 hi\nC: QUIT\nS: 221 bye\n")) as server,
        FakeDns({HOST: Says(a=("127.9.9.9",))}) as dns,
        machine(system=["127.0.0.1"], hosts=f"127.0.0.1 {HOST}\n", dns=dns.address),
    ):
        report = checked(f"{HOST}:{server.port}")
    assert report.passed
    return report


def test_a_login_that_is_refused_behind_an_override_is_a_matter_of_the_login(ca_file: str) -> None:
    """The server answered: the line stands under `also`."""
    text = "! implicit\nS: 220 hi\nC: EHLO *\nS: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: 535 5.7.8 Wrong\n"
    with (
        running(parse(text), names=[HOST]) as server,
        FakeDns({HOST: Says(a=("127.9.9.9",))}) as dns,
        machine(system=["127.0.0.1"], hosts=f"127.0.0.1 {HOST}\n", dns=dns.address),
    ):
        report = checked(
            f"{HOST}:{server.port}", tls="implicit", user="a@example.org", password="wrong one", ca_file=ca_file
        )
    assert report.cause is not None
    assert (report.stage, report.cause.id) == (Stage.AUTH, "bad-credentials")
    assert "hosts-file-override" in {one.id for one in report.also}
    assert_shown(report)


@pytest.mark.parametrize(
    "value",
    ["smtp://mail.example.com extra", '"mail.example.com"', "mail.example.com,b.example.com",
     "mail example.com", "-mail.example.com", "mail..example.com"],
)  # fmt: skip
def test_a_host_that_is_none(value: str) -> None:
    """Told at `config`, exit code 2, and nothing was sent."""

    @gives("host-value-malformed", CERTAIN, Stage.CONFIG)
    def test() -> Report:
        report = checked(value)
        assert (report.exit_code, report.outcome) == (2, Outcome.DECLINED)
        return report

    test()


@gives("host-value-malformed", CERTAIN, Stage.CONFIG)
def test_a_host_in_quotes() -> Report:
    """As a parser left it."""
    return checked('"mail.example.com"')


def test_what_can_be_read_in_spite_of_the_junk_is_used() -> None:
    """A URL says what is meant: host, port and TLS mode are taken from it."""
    report = checked("smtps://mail.example.invalid:4650", until="config")
    assert (report.target.host, report.target.port, report.target.tls) == (
        "mail.example.invalid",
        4650,
        TlsMode.IMPLICIT,
    )


# --- look-alikes ----------------------------------------------------------------------------------------------------


def test_a_line_of_the_hosts_file_that_agrees_with_dns_is_no_override() -> None:
    """It says what DNS says."""
    with (
        FakeDns({HOST: Says(a=("127.0.0.1",))}) as dns,
        machine(system=["127.0.0.1"], hosts=f"127.0.0.1 {HOST}\n", dns=dns.address),
    ):
        report = checked(f"{HOST}:{closed_port()}")
    assert report.cause is not None
    assert report.cause.id == "resolves-to-loopback"
    assert "hosts-file-override" not in {one.id for one in report.also}


def test_an_alias_that_leads_somewhere_is_not_broken() -> None:
    """The chain ends in a name that exists, and has no address."""
    report = resolved(Says(aliases=("other.example.net",)))
    assert report.cause is not None
    assert report.cause.id == "dns-no-address"
