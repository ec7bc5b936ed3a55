"""Whether a stream gets colour and symbols: pure functions of the option, the environment and the stream.

`NO_COLOR` (no-color.org) and `FORCE_COLOR` count when they are set and not empty; the option on the command line
counts more than both.
"""

from collections.abc import Mapping

from smtpcheck.model import Outcome
from smtpcheck.model.record import brief_record


@brief_record
class Marks:
    """The marks before a stage."""

    passed: str
    failed: str
    skipped: str
    waiting: str

    def of(self, outcome: Outcome) -> str:
        """The mark for an outcome: whatever neither passed nor was skipped has failed."""
        match outcome:
            case Outcome.PASSED:
                return self.passed
            case Outcome.SKIPPED:
                return self.skipped
            case Outcome.WAITING:
                return self.waiting
        return self.failed


SYMBOLS = Marks("✓", "✗", "–", "…")
ASCII = Marks("ok", "FAIL", "--", "..")


def marks(ascii: bool) -> Marks:
    """Symbols, or words of ASCII letters."""
    return ASCII if ascii else SYMBOLS


def choose_color(option: str, environ: Mapping[str, str], isatty: bool) -> bool:
    """Whether to colour: `option` is auto, always or never; isatty tells whether the stream is a terminal."""
    if option != "auto":
        return option == "always"
    if environ.get("NO_COLOR"):
        return False
    if environ.get("FORCE_COLOR", "").lower() not in ("", "0", "false"):
        return True
    return isatty and environ.get("TERM") != "dumb"


def choose_ascii(encoding: str | None) -> bool:
    """True where the stream's encoding cannot write the symbols."""
    try:
        "".join((SYMBOLS.passed, SYMBOLS.failed, SYMBOLS.skipped, SYMBOLS.waiting)).encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return True
    return False


def choose_cursor(environ: Mapping[str, str], isatty: bool, system: str) -> bool:
    """Whether lines that were written can be taken back: `system` is os.name; an old Windows console cannot.
    The log of a CI job keeps every line, though it may call itself a terminal.
    """
    if environ.get("CI", "").lower() not in ("", "0", "false"):
        return False
    return isatty and environ.get("TERM") != "dumb" and (system != "nt" or "WT_SESSION" in environ)
