"""A Python stack that stands in a read: the stage at which a program hangs, told by the functions on it.

smtplib, Go and Java wait for ever by default. A stack (from py-spy, faulthandler, or a traceback that a watchdog
caused) whose last frame reads from a socket says which command had no answer.
"""

import re
from collections.abc import Sequence

from smtpcheck.model import Stage

_FRAME = re.compile(r"(?:, in (\w+)\s*$|^\s*(?:Thread |#\d+ )?(\w+) \([^)]{0,200}\.py:\d+\))")
_READS = frozenset(
    {"recv_into", "readinto", "getreply", "do_handshake", "read", "recv", "readline", "create_connection"}
)
_ENDS = re.compile(
    r"KeyboardInterrupt|WORKER TIMEOUT|SystemExit|timed out|TimeoutError|SoftTimeLimitExceeded|TimeLimitExceeded"
)
_RAISED = re.compile(r"^[\w.]*(?:Error|Exception|Disconnected|Refused|Exit|Interrupt|Exceeded)\b", re.MULTILINE)
_STAGES = (
    ("do_handshake", Stage.TLS, "tls-handshake-stalled"),
    ("create_connection", Stage.CONNECT, "connect-timed-out"),
    ("starttls", Stage.STARTTLS, "starttls-stalled"),
    ("login", Stage.AUTH, "auth-stalled"),
    ("auth", Stage.AUTH, "auth-stalled"),
    ("mail", Stage.SENDER, "sender-stalled"),
    ("rcpt", Stage.RECIPIENT, "recipient-stalled"),
    ("data", Stage.MESSAGE, "message-stalled"),
    ("ehlo", Stage.EHLO, "ehlo-stalled"),
    ("helo", Stage.EHLO, "ehlo-stalled"),
    ("connect", Stage.BANNER, "banner-stalled"),
)


def hanging(lines: Sequence[str]) -> tuple[Stage, str] | None:
    """The stage and the cause that a stack tells, or None: there is no stack, or it ended with an answer."""
    frames = [name for line in lines if (found := _FRAME.search(line[:300])) and (name := found[1] or found[2])]
    if not _READS.intersection(frames) or not any("smtp" in line.lower() for line in lines):
        return None
    raised = [line for line in lines if _RAISED.match(line)]
    if raised and not any(_ENDS.search(line) for line in raised):
        return None
    names = set(frames)
    return next(((stage, cause) for name, stage, cause in _STAGES if name in names), None)
