"""DNS messages: no bytes whatever may raise, and no answer to another question may be believed."""

from itertools import pairwise

import dns.flags
import dns.message
import dns.rrset
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.net.dns_message import answer, question

ASKED = question("mail.example.org", "A")


def reply(*rrsets: dns.rrset.RRset) -> bytes:
    made = dns.message.make_response(ASKED.message)
    made.answer.extend(rrsets)
    return made.to_wire()


def test_the_question_asks_for_recursion_edns_and_the_ad_bit() -> None:
    sent = dns.message.from_wire(ASKED.wire)
    assert sent.flags & dns.flags.RD
    assert sent.flags & dns.flags.AD
    assert (sent.edns, sent.payload) == (0, 1232)


def test_a_backslash_in_a_name_is_a_character_and_no_escape() -> None:
    assert dns.message.from_wire(question(r"a\046b.example", "A").wire).question[0].name.labels[0] == rb"a\046b"


@given(st.binary(max_size=600))
def test_any_bytes_at_all_are_an_answer_or_none(raw: bytes) -> None:
    assert answer(ASKED, raw) is None or raw[:2] == ASKED.wire[:2]


@given(st.binary(max_size=200), st.integers(0, 200))
def test_a_damaged_answer_never_raises(junk: bytes, at: int) -> None:
    wire = reply(dns.rrset.from_text("mail.example.org.", 60, "IN", "A", "192.0.2.1"))
    answer(ASKED, wire[:at] + junk + wire[at + len(junk) :])


def test_the_answer_to_another_question_is_none() -> None:
    other = dns.message.make_response(question("evil.example", "A").message)
    other.id = ASKED.message.id
    assert answer(ASKED, other.to_wire()) is None


def test_a_chain_may_stand_in_any_order_and_is_bounded() -> None:
    names = ["mail.example.org.", *(f"n{number}.example." for number in range(40))]
    links = [dns.rrset.from_text(one, 60, "IN", "CNAME", two) for one, two in pairwise(names)]
    read = answer(ASKED, reply(*reversed(links)))
    assert read is not None
    assert [alias.name for alias in read.aliases] == [name.rstrip(".") for name in names[:16]]


def test_addresses_of_other_names_do_not_count() -> None:
    read = answer(ASKED, reply(dns.rrset.from_text("other.example.org.", 60, "IN", "A", "192.0.2.66")))
    assert read is not None
    assert read.addresses == ()
