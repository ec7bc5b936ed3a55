"""Which mechanism is used, and that the report can say why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model.secret import SecretKind
from smtpcheck.smtp.sasl import MECHANISMS, choose

PASSWORD, TOKEN = SecretKind.PASSWORD, SecretKind.TOKEN
ALL = ("GSSAPI", "DIGEST-MD5", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "LOGIN", "PLAIN", "XOAUTH2", "OAUTHBEARER")


@pytest.mark.parametrize(
    ("offered", "kind", "tls", "chosen"),
    [
        (ALL, PASSWORD, True, "PLAIN"),
        (("LOGIN", "SCRAM-SHA-256"), PASSWORD, True, "LOGIN"),
        (("CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"), PASSWORD, True, "SCRAM-SHA-256"),
        (("DIGEST-MD5", "CRAM-MD5"), PASSWORD, True, "CRAM-MD5"),
        (ALL, PASSWORD, False, "SCRAM-SHA-256"),
        (("PLAIN", "LOGIN", "DIGEST-MD5"), PASSWORD, False, "DIGEST-MD5"),
        (("LOGIN", "PLAIN"), PASSWORD, False, "PLAIN"),
        (ALL, TOKEN, True, "OAUTHBEARER"),
        (("PLAIN", "XOAUTH2"), TOKEN, True, "XOAUTH2"),
        (("plain",), PASSWORD, True, "PLAIN"),
    ],
)
def test_auto_follows_the_order(offered: tuple[str, ...], kind: SecretKind, tls: bool, chosen: str) -> None:
    """Inside TLS what most clients do, in clear what does not show the password, a token where tokens go."""
    assert chosen == choose(offered, kind, tls).mechanism


def test_the_reason_is_a_sentence_and_the_rest_is_listed() -> None:
    """What was offered and not tried stands in the server's order."""
    choice = choose(("LOGIN", "plain", "LOGIN", "NTLM"), PASSWORD, True)
    assert choice.why == "PLAIN: the first in smtpcheck's order for a password that the server offers inside TLS"
    assert choice.not_tried == ("LOGIN", "NTLM")


@pytest.mark.parametrize("name", ["EXTERNAL", "ANONYMOUS", "NTLM", "GSSAPI", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"])
def test_the_rest_is_used_by_name_only(name: str) -> None:
    """Auto leaves it alone and says what it would need; asked for by name it is used."""
    assert choose([name], PASSWORD, True).mechanism is None
    assert f"{name} needs" in choose([name], PASSWORD, True).why
    by_name = choose(["PLAIN", name], None, True, name.lower())
    assert by_name.mechanism == name
    assert by_name.why == f"{name}: asked for by name"
    assert by_name.not_tried == ("PLAIN",)


def test_nothing_fits_a_password() -> None:
    """Each offered mechanism is named with what it needs."""
    choice = choose(["NTLM", "XOAUTH2", "X-NEW"], PASSWORD, True)
    assert choice.mechanism is None
    assert choice.why == (
        "nothing that a password can be used with: the server offers NTLM, XOAUTH2, X-NEW inside TLS; NTLM needs --auth"
        " ntlm and pip install 'smtpcheck[ntlm]'; XOAUTH2 needs an OAuth token (--token-env); X-NEW needs a client that"
        " speaks it"
    )
    assert choice.not_tried == ("NTLM", "XOAUTH2", "X-NEW")


@pytest.mark.parametrize(
    ("offered", "kind", "asked", "why"),
    [
        ((), PASSWORD, "auto", "the server offers no mechanism without TLS"),
        (("PLAIN",), None, "auto", "no password or token was given; the server offers PLAIN without TLS"),
        (("PLAIN",), PASSWORD, "none", "no login was asked for"),
        (("PLAIN",), PASSWORD, "cram-md5", "CRAM-MD5 was asked for, and the server offers PLAIN without TLS"),
        (("X-NEW",), PASSWORD, "x-new", "smtpcheck does not speak X-NEW"),
    ],
)
def test_why_there_is_none(offered: tuple[str, ...], kind: SecretKind | None, asked: str, why: str) -> None:
    """Every way to end without a mechanism has its own sentence."""
    choice = choose(offered, kind, False, asked)
    assert (choice.mechanism, choice.why, choice.not_tried) == (None, why, offered)


def test_a_server_that_offers_thousands_gets_a_short_sentence() -> None:
    """The sentence is for a person."""
    choice = choose([f"X{number}" for number in range(5000)], PASSWORD, True)
    assert len(choice.why) < 1000
    assert "and 4988 more" in choice.why


@given(st.lists(st.sampled_from(sorted(MECHANISMS)) | st.text(max_size=9)), st.sampled_from(SecretKind), st.booleans())
def test_only_what_is_offered_is_chosen(offered: list[str], kind: SecretKind, tls: bool) -> None:
    """And the choice and the rest together are what was offered."""
    choice = choose(offered, kind, tls)
    listed = {name.upper() for name in offered}
    assert {*choice.not_tried, *([choice.mechanism] if choice.mechanism else [])} == listed
    assert choice.mechanism not in choice.not_tried
