"""What --anonymize leaves of a report: the session, and nobody's name."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpcheck.diagnose.engine import rediagnose
from smtpcheck.model import Connected, EhloFacts, Options, Replied, Report, Stage
from smtpcheck.report import FORMATS, render
from smtpcheck.report.anonymize import anonymized
from smtpcheck.report.codec import from_json, to_json
from smtpcheck.settings.expect import parse_expectations

from .builders import ENDINGS, Session, passed, reply, report, sent, target

LABEL = st.from_regex(r"[a-z]{3}[a-z0-9]{2,6}[a-z]{3}", fullmatch=True)
HOSTS = st.builds("{}.{}.{}".format, LABEL, LABEL, st.sampled_from(["com", "net", "de", "xn--p1ai"]))
# The builders' own addresses, and those that stand in for others, would look as if they had survived.
IPV4 = st.builds("{}.{}.{}.{}".format, st.integers(11, 99), *[st.integers(100, 255)] * 3)
IPV6 = st.builds("2a0{}:{:x}:{:x}::{:x}".format, *[st.integers(1, 9)] + [st.integers(0x1000, 0xFFFF)] * 3)


def everything(made: Report) -> str:
    """All that any format says of it."""
    return "".join(render(made, format, width=200, verbose=True) for format in FORMATS)


@given(HOSTS, HOSTS, HOSTS, LABEL, LABEL, IPV4, IPV6)
@settings(max_examples=60, deadline=None)
def test_no_name_survives_in_any_format(
    host: str, said: str, domain: str, user: str, other: str, four: str, six: str
) -> None:
    """Neither where the user wrote it nor where the server said it, in text, bytes or our own sentences."""
    session = Session(four).dns().connect().banner(f"{said} ESMTP ready for {four} [{six}]").ehlo()
    refusal = reply(
        550,
        f"5.7.1 <{user}@{domain}>: {other}@{domain} may not use {said.upper()} from [IPv6:{six}]",
        f"5.7.1 see http://{said}/why?ip={four}&id=4XyZ12abc99 (host {host}, {user})",
        enhanced="5.7.1",
    )
    made = report(
        session.sender(answer=refusal),
        target=target(
            host=host, user=user, sender=f"{user}@{domain}", recipients=(f"{other}@{domain}",), ehlo=f"pc.{host}"
        ),
        options=Options(
            expect=parse_expectations((f"resolves-to={four}",)), ca_file=f"/home/{user}/ca.pem", subject=f"hi {user}"
        ),
        local={"resolver": f"{four} (/etc/resolv.conf)", "ehlo_name": f"pc.{host} (host name)"},
    )
    text = everything(anonymized(rediagnose(made))).lower()
    for name in (host, said, domain, user, other, four, six, "4xyz12abc99"):
        assert name.lower() not in text


def test_the_same_name_has_the_same_word_everywhere() -> None:
    """So a reader still sees that the sender is not the login."""
    made = rediagnose(ENDINGS["refused_sender"]())
    text = everything(anonymized(made))
    assert "smtp.example.com" not in text
    assert "alice" not in text
    host = anonymized(made).target.host
    assert host == "host-1.example"
    assert f"from <{anonymized(made).target.sender}>" in text
    assert anonymized(made).target.user == "user-1"


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_stays_a_report(name: str) -> None:
    """It is written, read back and shown like any other; the verdict is the same."""
    made = rediagnose(ENDINGS[name]()) if ENDINGS[name]().attempts else ENDINGS[name]()
    hidden = anonymized(made)
    assert from_json(to_json(hidden)) == hidden
    assert (hidden.outcome, hidden.stage, hidden.exit_code) == (made.outcome, made.stage, made.exit_code)
    assert (hidden.cause.id if hidden.cause else None) == (made.cause.id if made.cause else None)
    assert [len(one.steps) for one in hidden.attempts] == [len(one.steps) for one in made.attempts]
    assert "example.com" not in everything(hidden)


def test_codes_keywords_and_mechanisms_stay() -> None:
    """They are what a reader of the ticket needs."""
    hidden = anonymized(passed())
    text = render(hidden, verbose=True, width=200)
    for word in ("220", "ENHANCEDSTATUSCODES", "8BITMIME", "CRAM-MD5", "TLSv1.3", "TLS_AES_256_GCM_SHA384", "2.1.5 Ok"):
        assert word in text


def test_the_codes_of_many_lines_stay() -> None:
    """`250-mail.example.com` is a code and a name."""
    text = render(anonymized(passed()), verbose=True, width=200)
    assert "S: 250-host-" in text
    assert "S: 250-PIPELINING" in text


def test_this_machine_has_another_name() -> None:
    """Also where it was no name to say in EHLO, and only the remark on that holds it."""
    why = "this machine's address, since the name of this machine has no domain: alices-laptop"
    made = passed()
    steps = tuple(
        replace(step, facts=replace(step.facts, name="[192.0.2.9]", name_origin=why))
        if isinstance(step.facts, EhloFacts)
        else step
        for step in made.attempts[0].steps
    )
    made = replace(
        made, attempts=(replace(made.attempts[0], steps=steps),), local={"ehlo_name": f"[192.0.2.9] ({why})"}
    )
    text = everything(anonymized(made))
    assert "laptop" not in text
    assert "has no domain: host-" in text


def test_ids_of_queues_and_messages_are_left_out() -> None:
    """A queue id leads to a log line, and a message id holds a host name."""
    text = everything(anonymized(sent()))
    assert "4XyZ12abc" not in text
    assert "20261122173000" not in text


def test_certificates_keep_their_dates_alone() -> None:
    """Names, serial number and fingerprint would each find the server."""
    tls = anonymized(passed()).step(Stage.TLS)
    (leaf,) = tls.facts.chain  # type: ignore[union-attr]
    (before,) = passed().step(Stage.TLS).facts.chain  # type: ignore[union-attr]
    assert (leaf.not_after, leaf.key, leaf.key_bits) == (before.not_after, before.key, before.key_bits)
    assert (leaf.dns_names, leaf.serial, leaf.fingerprint) == ((), "", "")
    assert "smtp" not in leaf.subject
    assert "R11" not in leaf.issuer


@pytest.mark.parametrize(
    ("address", "begins"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
        ("10.20.30.40", "10.0."),
        ("192.168.1.7", "10.0."),
        ("169.254.7.7", "169.254."),
        ("100.64.9.9", "100.64."),
        ("8.8.8.8", "192.0.2."),
        ("fe80::1234", "fe80::"),
        ("fd12:3456::1", "fd00::"),
        ("2a00:1450::6c", "2001:db8::"),
    ],
)
def test_an_address_keeps_its_kind(address: str, begins: str) -> None:
    """Loopback, private, link-local, shared and public are told apart afterwards."""
    hidden = anonymized(report(Session(address).dns().connect().banner().ehlo().quit()))
    assert (hidden.attempts[0].address or "").startswith(begins)
    assert hidden.attempts[0].address == address or not begins.startswith(address)


def test_an_address_is_not_taken_for_the_one_that_stands_in() -> None:
    """192.0.2.x stands for public addresses, and may be one itself."""
    session = Session("192.0.2.2").dns().connect().banner("203.0.113.9 greets 192.0.2.2 and 192.0.2.3").ehlo()
    hidden = anonymized(report(session.quit()))
    found = hidden.step(Stage.BANNER)
    assert found is not None
    assert found.reply is not None
    words = found.reply.lines[0].split()
    assert len({words[0], words[2], words[4]}) == 3
    assert words[2] == hidden.attempts[0].address


@pytest.mark.parametrize("user", ["apikey", "resend"])
def test_what_is_nobodys_stays(user: str) -> None:
    """A provider's fixed username and its host, and localhost: the diagnosis rests on them."""
    made = report(Session().to_tls().quit(), target=target(host="smtp.sendgrid.net", user=user, ehlo="localhost"))
    hidden = anonymized(made, keep=lambda name: name == "smtp.sendgrid.net").target
    assert (hidden.host, hidden.user, hidden.ehlo) == ("smtp.sendgrid.net", user, "localhost")


@pytest.mark.parametrize("raw", [b"\xff\xfe\x00smtp", b"220 \x00hidden\r\n"])
def test_bytes_that_are_no_text_are_left_out(raw: bytes) -> None:
    """Who knows what is in them."""
    changed: Any = [
        replace(event, raw=raw) if isinstance(event, Replied) else event for event in passed().attempts[0].events
    ]
    made = replace(passed(), attempts=(replace(passed().attempts[0], events=tuple(changed)),))
    events = anonymized(made).attempts[0].events
    assert {event.raw for event in events if isinstance(event, Replied)} == {b""}
    assert any(isinstance(event, Connected) for event in events)
