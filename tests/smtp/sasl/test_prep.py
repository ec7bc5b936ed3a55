"""SASLprep, by the examples of RFC 4013 section 3 and one text for each rule."""

import pytest

from smtpcheck.smtp.sasl import CredentialsUnusable
from smtpcheck.smtp.sasl.prep import saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("e\u0301", "\u00e9"),
        ("\u0627\u0628", "\u0627\u0628"),
        ("\U0001f600", "\U0001f600"),  # unassigned in Unicode 3.2: a query may hold it
        (" p@ss \"w'ord%$# ", " p@ss \"w'ord%$# "),
        ("", ""),
    ],
)
def test_what_is_spelled_alike_becomes_alike(text: str, prepared: str) -> None:
    """Soft hyphens vanish, compatible characters are one, ASCII stays as it is."""
    assert prepared == saslprep(text, "password")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("\u0007", "C.2.1"),
        ("é\u0007", "C.2.1"),
        ("\u0627\u0031", "right-to-left"),
        ("\u0627a\u0628", "both directions"),
        ("\ue000", "C.3"),
        ("\ufdd0", "C.4"),
        ("\udce9", "C.5"),
        ("\ufffd", "C.6"),
        ("\u2ff0", "C.7"),
        ("\u200e", "C.8"),
        ("\U000e0041", "C.9"),
    ],
)
def test_what_is_prohibited_is_named_by_its_rule(text: str, rule: str) -> None:
    """The reason tells the rule, never the character or its place."""
    with pytest.raises(CredentialsUnusable, match=rule) as caught:
        saslprep(f"{text}", "password")
    assert text not in str(caught.value)
