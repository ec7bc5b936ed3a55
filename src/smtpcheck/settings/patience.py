"""How long each step and the whole run may take.

smtpcheck's own patience is short, since a person waits. RFC 5321 section 4.5.3.2 wants clients to wait for minutes:
`--patience rfc` takes its minima, which tells a slow server from a dead one.
"""

import dataclasses
import math
import re

from smtpcheck.model import Patience, UsageError
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.words import PATIENCE

# Section 4.5.3.2: the initial 220, MAIL and RCPT 5 minutes, DATA 2, a block of data 3 (one small message is one block),
# the final dot 10. It names no time for EHLO, STARTTLS, TLS and AUTH (the 5 minutes of the commands beside them), and
# none for DNS and TCP (smtpcheck's own).
RFC_5321 = Patience(
    banner=300.0,
    ehlo=300.0,
    starttls=300.0,
    tls=300.0,
    auth=300.0,
    sender=300.0,
    recipient=300.0,
    message=300.0,
    message_end=600.0,
)

_RUN = 90.0
_RUN_WITH_MESSAGE = 270.0
_LONGEST = 86400.0
_SECONDS = re.compile(r"[0-9]{1,7}(\.[0-9]{0,6})?|\.[0-9]{1,6}", re.ASCII)


def parse_seconds(value: float | str, option: str) -> float:
    """A number of seconds above 0 and up to a day. Raises UsageError."""
    seconds = float(value) if not isinstance(value, str) else float(value) if _SECONDS.fullmatch(value) else math.nan
    if 0.0 < seconds <= _LONGEST:  # false for NaN
        return seconds
    raise UsageError(
        f"{option} is {quoted(str(value))}: give seconds above 0 and up to {_LONGEST:.0f}, such as 20 or 2.5"
    )


def parse_patience(name: str | None, timeout: float | str | None) -> Patience:
    """The seconds of every step. Raises UsageError."""
    if name is not None and name not in PATIENCE:
        raise UsageError(f"--patience is {quoted(name)}: give one of {', '.join(PATIENCE)}")
    if timeout is not None:
        seconds = parse_seconds(timeout, "--timeout")
        return Patience(**{field.name: seconds for field in dataclasses.fields(Patience)})
    return RFC_5321 if name == "rfc" else Patience()


def default_run(patience: Patience, *, send: bool, recipients: int) -> float:
    """The seconds of the whole run: 90, with a message 270, and never less than a raised patience adds up to."""
    usual = _RUN_WITH_MESSAGE if send else _RUN
    if patience == Patience():
        return usual
    unsent = 0.0 if send else patience.message + patience.message_end
    return max(usual, patience.total - unsent + patience.recipient * max(0, recipients - 1))
