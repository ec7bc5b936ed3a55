"""The lists of words, which stand apart from the types so that `--help` stays cheap."""

from smtpcheck.model import Stage, TlsMode
from smtpcheck.settings.words import MECHANISMS, STAGES, TLS_MODES
from smtpcheck.smtp.sasl.start import MECHANISMS as SPOKEN


def test_the_words_are_those_of_the_types() -> None:
    """Stages and TLS modes, in the same order."""
    assert list(Stage) == list(STAGES)
    assert list(TlsMode) == list(TLS_MODES)


def test_every_mechanism_that_is_spoken_can_be_named() -> None:
    """And no other."""
    assert {name.upper() for name in MECHANISMS} - {"AUTO", "NONE"} == SPOKEN
