"""What a server lists after EHLO is read in all spellings that are in use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model import EhloFacts, Keyword, Reply
from smtpcheck.smtp.keywords import auth_mechanisms, ehlo_facts, parse_keyword, parse_keywords, size_limit


def facts(*lines: str, verb: str = "EHLO", code: int = 250) -> EhloFacts:
    """The facts of a reply with these lines."""
    said = EhloFacts(verb=verb, name="client.example.org", name_origin="--helo", tls=False)
    return ehlo_facts(said, Reply(code=code, lines=lines))


def test_name_parameters_and_the_line_itself_are_kept() -> None:
    """Names compare in upper case, parameters stay as they were written."""
    assert parse_keyword("size 52428800") == Keyword(name="SIZE", parameters=("52428800",), line="size 52428800")
    assert parse_keyword("") is None


def test_both_spellings_of_auth_are_one_list() -> None:
    """`AUTH=` is what clients before RFC 2554 read; a mechanism is named once, in the order offered."""
    learned = facts("mail.example.com", "AUTH=LOGIN plain", "AUTH PLAIN LOGIN XOAUTH2", "AUTH =CRAM-MD5", "PIPELINING")
    assert learned.auth[:3] == ("LOGIN", "PLAIN", "XOAUTH2")
    assert learned.offers("auth")
    assert learned.offers("Pipelining")


def test_auth_without_a_mechanism_is_offered_and_empty() -> None:
    """Some servers list the bare word until TLS is on."""
    learned = facts("mail.example.com", "AUTH")
    assert learned.offers("AUTH")
    assert learned.auth == ()
    assert facts("mail.example.com", "AUTH=").auth == ()


@pytest.mark.parametrize(
    ("line", "size"),
    [("SIZE 10240000", 10240000), ("SIZE", None), ("SIZE 0", 0), ("SIZE lots", None), ("SIZE -1", None),
     ("SIZE " + "9" * 30, None), ("SIZE=1000", 1000)],
)  # fmt: skip
def test_size(line: str, size: int | None) -> None:
    """RFC 1870: a number, none, or 0 for no fixed limit; nonsense is no limit."""
    assert size_limit(parse_keywords(("mail.example.com", line))) == size


def test_the_first_line_names_the_server_and_is_no_keyword() -> None:
    """Even where it reads like one."""
    learned = facts("STARTTLS greets you", "PIPELINING")
    assert learned.server_name == "STARTTLS"
    assert not learned.offers("STARTTLS")


def test_a_helo_reply_lists_nothing() -> None:
    """Its further lines are chatter (RFC 5321 section 4.1.1.1)."""
    learned = facts("mail.example.com", "STARTTLS", "AUTH PLAIN", verb="HELO")
    assert learned.keywords == ()
    assert learned.auth == ()


def test_a_refusal_lists_nothing() -> None:
    """Nor does it name the server."""
    learned = facts("5.5.1 unknown command", "STARTTLS", code=502)
    assert learned.keywords == ()
    assert learned.server_name is None


@pytest.mark.parametrize("line", ["XXXXXXXA", "XXXXXXXX", "********", "START_TLS", "<b>"])
def test_a_keyword_that_a_firewall_masked_is_told(line: str) -> None:
    """Cisco's inspection writes X or * over STARTTLS; whatever is no keyword by the grammar is told as well."""
    learned = facts("mail.example.com", line, "PIPELINING")
    assert learned.malformed is not None
    assert line in learned.malformed
    assert learned.offers("PIPELINING")


def test_ordinary_lists_are_not_called_malformed() -> None:
    """Among them one-letter names and private extensions."""
    assert facts("mail.example.com", "X-EXPS GSSAPI NTLM", "XXX", "XEXCH50", "8BITMIME", "HELP").malformed is None


@given(st.lists(st.text(max_size=60), max_size=8))
def test_no_text_of_a_server_breaks_the_reading(lines: list[str]) -> None:
    """Every line that is not blank is a keyword, and mechanisms are words in upper case."""
    keywords = parse_keywords(("mail.example.com", *lines))
    assert len(keywords) == sum(bool(line.split()) for line in lines)
    assert all(name == name.upper() and name.split() == [name] for name in auth_mechanisms(keywords))
