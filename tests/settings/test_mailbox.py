"""Addresses of the envelope: what passes, and that nothing can become a second command."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model import UsageError
from smtpcheck.settings.mailbox import parse_mailbox


@pytest.mark.parametrize(
    "text",
    [
        "alice@example.com",
        "a+b=c/d@example.com",
        "postmaster",
        "Postmaster",
        '"a b"@example.com',
        '"a@b, c"@example.com',
        "alice@[192.0.2.1]",
        "alice@[IPv6:2001:db8::1]",
        "alice@localhost",
        "alice@under_score",
        "a..b@docomo.ne.jp",
        "grå@exämple.se",
    ],
)
def test_addresses_pass_unchanged(text: str) -> None:
    """What is only unusual is left to the server to judge."""
    assert parse_mailbox(text, "--to") == text


def test_a_local_part_alone_is_for_lmtp() -> None:
    """LMTP servers take names of mailboxes (RFC 2033); elsewhere a domain is needed."""
    assert parse_mailbox("alice", "--to", local_alone=True) == "alice"
    with pytest.raises(UsageError, match="has no domain"):
        parse_mailbox("alice", "--to")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("Bob <bob@example.com>", "display name"),
        ("<bob@example.com>", "angle brackets"),
        ("mailto:bob@example.com", "mailto:"),
        ("a@b.c,d@e.f", "several addresses"),
        ("a@b.c; d@e.f", "several addresses"),
        ("a b@example.com", "local part"),
        ("a@b@c", "local part"),
        ("a@", "no domain after"),
        ("@b", "nothing before"),
        ("a@b..c", "domain that is none"),
        ("a@b c", "domain that is none"),
        ("a@b\r\nDATA", "U+000D"),
        ("a\0@b", "U+0000"),
        ("a@b\u200b", "U+200B"),
        ("a\udcff@b", "U+DCFF"),
        ("a@b>", "display name"),
        ("x" * 320 + "@b", "320 octets"),
    ],
)
def test_each_fault_is_named(text: str, said: str) -> None:
    """One sentence, which quotes the option and the value."""
    with pytest.raises(UsageError) as caught:
        parse_mailbox(text, "--to")
    assert said in str(caught.value)
    assert str(caught.value).startswith("--to '")
    assert str(caught.value).isprintable()


@given(st.text(max_size=60))
def test_no_address_can_end_the_command(text: str) -> None:
    """Whatever passes can be put between angle brackets on one line."""
    try:
        address = parse_mailbox(text, "--to", local_alone=True)
    except UsageError as error:
        refused = str(error)
        assert refused.isprintable()
    else:
        assert not set(address) & set("\r\n\0<>")
        address.encode("utf-8")
