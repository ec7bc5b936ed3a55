"""What a reply means, with what is known around it: provider, username, sender, login."""

import pytest

from smtpcheck import providers
from smtpcheck.diagnose.replies import meaning
from smtpcheck.model import Certainty, Stage
from smtpcheck.model.row import LONGEST, RowMalformed, Said, fits, fold, row_of

BARE = {"cause": "bad-credentials", "certainty": "likely", "example": "535 no"}


def said(text: str, code: int = 535, stage: Stage = Stage.AUTH, **known: object) -> Said:
    return Said(text=text, code=code, stage=stage, **known)  # type: ignore[arg-type]  # the names are those of Said


def cause(one: Said) -> str | None:
    found = meaning(one)
    return found.cause if found else None


def test_words_are_folded() -> None:
    """Case, white space and typographic quotes do not matter."""
    row = row_of({**BARE, "any": ["Doesn't  EXIST"]}, "here")
    assert fits(row, said("user doesn’t\r\n\texist"))
    assert len(fold("x" * 10 * LONGEST)) == LONGEST


def test_three_dots_stand_for_anything() -> None:
    row = row_of({**BARE, "any": ["relaying ... denied"]}, "here")
    assert fits(row, said("relaying to <bob@example.net> denied"))
    assert not fits(row, said("denied relaying"))


def test_codes_by_class_and_by_the_enhanced_code() -> None:
    """`5yz` is any permanent refusal; where no code is known, the enhanced code tells its class."""
    row = row_of({**BARE, "codes": ["5yz"], "enhanced": ["x.7.1"]}, "here")
    assert fits(row, said("", 554, enhanced="5.7.1"))
    assert fits(row, Said(text="", enhanced="5.7.1"))
    assert not fits(row, said("", 454, enhanced="4.7.1"))


def test_weak_words_need_a_stage() -> None:
    """ "rejected" says nothing where nobody knows what was asked."""
    row = row_of({**BARE, "stage": ["auth"], "any": ["rejected"], "weak": True}, "here")
    assert fits(row, said("rejected"))
    assert not fits(row, Said(text="rejected", code=535))
    assert not fits(row, said("rejected", stage=Stage.SENDER))


def test_a_login_that_is_not_known_fits_both() -> None:
    row = row_of({**BARE, "any": ["relay"], "login": False}, "here")
    assert fits(row, said("relay"))
    assert fits(row, said("relay", logged_in=False))
    assert not fits(row, said("relay", logged_in=True))


@pytest.mark.parametrize(
    "table",
    [
        {"cause": "x", "certainty": "likely"},
        {**BARE, "colour": "red"},
        {**BARE, "certainty": "sure"},
        {**BARE, "stage": ["mail"]},
        {**BARE, "regex": "("},
        {**BARE, "certainty": "certain", "alternatives": ["mailbox-full"]},
    ],
)
def test_a_row_that_cannot_be_used_is_named(table: dict[str, object]) -> None:
    """With its file and its number, so that whoever wrote it finds it."""
    with pytest.raises(RowMalformed, match=r"generic-auth\.toml row 7"):
        row_of(table, "generic-auth.toml row 7")


def test_the_provider_decides_first() -> None:
    """The same words mean something else at Resend than at a server of one's own."""
    text = "Invalid username"
    assert cause(said(text)) == "bad-credentials"
    assert cause(said(text, provider="resend", user="alice@example.com")) == "username-must-be-fixed-word"


def test_a_username_that_is_right_is_not_blamed() -> None:
    """The word is there, so that the key remains."""
    found = meaning(said("Authentication failed", provider="sparkpost", user="SMTP_Injection"))
    assert found is not None
    assert found.cause != "username-must-be-fixed-word"


def test_a_username_without_domain_where_an_address_is_due() -> None:
    known = providers.provider("hostinger")
    assert known is not None
    assert known.username is not None
    assert known.username.rule == "address"
    found = meaning(said("Error: authentication failed: UGFzc3dvcmQ6", provider="hostinger", user="alice"))
    assert found is not None
    assert found.cause == "username-must-be-full-address"
    assert "bad-credentials" in found.alternatives


def test_an_address_as_username_is_not_told_to_be_one() -> None:
    found = meaning(said("Error: authentication failed: UGFzc3dvcmQ6", user="alice@example.com"))
    assert found is not None
    assert found.cause == "bad-credentials"
    assert "username-must-be-full-address" not in found.alternatives


@pytest.mark.parametrize(
    ("user", "sender", "expected"),
    [
        ("alice@example.com", "bob@example.com", "sender-not-owned-by-login"),
        ("alice@example.com", "alice@example.com", "server-sender-map-wrong"),
        ("resend", "resend", "sender-is-the-username"),
        ("alice@example.com", "", "envelope-sender-empty"),
    ],
)
def test_the_sender_is_compared_with_the_login(user: str, sender: str, expected: str) -> None:
    """One refusal, four causes: only the two names side by side tell which."""
    text = f"<{sender}>: Sender address rejected: not owned by user {user}x"
    assert cause(said(text, 553, Stage.SENDER, user=user, sender=sender, logged_in=True)) == expected


def test_relay_denied_depends_on_the_login() -> None:
    """Nobody logged in: log in. Somebody did: the recipient is the matter."""
    text = "<bob@example.net>: Relay access denied"
    assert cause(said(text, 554, Stage.RECIPIENT, logged_in=False)) == "not-authenticated"
    assert cause(said(text, 554, Stage.RECIPIENT, logged_in=True)) == "recipient-rejected-by-policy"


def test_words_that_two_rows_are_certain_of_are_only_likely() -> None:
    """A server that says two things at once has not decided for us."""
    found = meaning(said("greylisted, no PTR record for your address", 450, Stage.RECIPIENT))
    assert found is not None
    assert found.certainty is Certainty.LIKELY
    assert {found.cause, *found.alternatives} >= {"greylisted", "rdns-missing"}


def test_what_no_row_knows_has_no_meaning() -> None:
    assert meaning(Said(text="the quick brown fox")) is None
    assert meaning(Said(text="", code=550)) is None


@pytest.mark.parametrize(
    ("free", "id"),
    [("office365", "microsoft-365"), ("Gmail", "gmail"), ("GMX/web.de/IONOS", "gmx"), ("Amazon SES", "amazon-ses")],
)
def test_a_provider_is_known_by_the_names_that_people_use(free: str, id: str) -> None:
    found = providers.by_free_name(free)
    assert found is not None
    assert found.id == id


def test_a_star_in_a_host_stands_for_labels() -> None:
    """And only for whole ones."""
    found = providers.by_host("email-smtp.eu-west-1.amazonaws.com")
    assert found is not None
    assert found.id == "amazon-ses"
    assert providers.by_host("email-smtp.amazonaws.com.example.org") is None
    assert providers.by_free_name("a server in the cellar") is None


def test_what_is_likely_names_its_look_alikes_and_what_is_certain_none() -> None:
    """But none that the facts around the reply rule out."""
    told = meaning(said("535 Authentication failed"))
    assert told is not None
    assert "app-password-required" in told.alternatives
    assert told.settle
    whole = meaning(said("535 Authentication failed", user="alice@example.com"))
    assert whole is not None
    assert "username-must-be-full-address" not in whole.alternatives
    sure = meaning(said("535 5.7.139 Authentication unsuccessful, basic authentication is disabled."))
    assert sure is not None
    assert sure.certainty is Certainty.CERTAIN
    assert sure.alternatives == ()


def test_a_wrong_login_at_a_provider_of_other_secrets_may_be_the_wrong_secret() -> None:
    told = meaning(said("535 Authentication failed", provider="gmail"))
    assert told is not None
    assert "app-password-required" in (told.cause, *told.alternatives)
