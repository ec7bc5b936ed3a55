"""The small change of every sentence: times, quotes, lists, dates, names in certificates.

Seconds have one decimal; what a peer said stands exactly and in quotes. Texts of a report are expected to have been
through `printable.cleaned`; bytes are made printable here.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

from smtpcheck.model import Reply, Target
from smtpcheck.report.printable import printable

_COMMON_NAME = re.compile(r"(?:^|[,+])CN=((?:\\.|[^,+\\])*)")
_ORGANISATION = re.compile(r"(?:^|[,+])O=((?:\\.|[^,+\\])*)")
_SOON = timedelta(days=2)


def clock(seconds: float) -> str:
    """A duration for a column: `12.3 s`, or `<0.1 s`."""
    return f"{seconds:.1f} s" if seconds >= 0.05 else "<0.1 s"


def lasting(seconds: float) -> str:
    """A duration inside a sentence."""
    return f"{seconds:.1f} s" if seconds >= 0.05 else "less than 0.1 s"


def number(count: int, noun: str) -> str:
    """`1 byte`, `1,200 bytes`; a noun that ends in s or x gets -es."""
    ending = "" if count == 1 else "es" if noun.endswith(("s", "x")) else "s"
    return f"{count:,} {noun}{ending}"


def quoted(words: str) -> str:
    """What somebody said, in quotes."""
    return f'"{words}"'


def quoted_bytes(raw: bytes, limit: int = 160) -> str:
    """What came over the wire, in quotes, in ASCII."""
    return f'"{printable(raw, limit=limit, ascii=True)}"'


def listed(items: Sequence[str], most: int = 6, last: str = "and") -> str:
    """`a, b and c`; beyond `most`: `a, b, c and 12 more`."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most:,} more"
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def code_of(reply: Reply) -> str:
    """`535 5.7.8`, or `535` where there is no enhanced status code."""
    return f"{reply.code} {reply.enhanced}" if reply.enhanced else str(reply.code)


def first_words(reply: Reply) -> str:
    """`250 "2.1.0 Ok"`, the first line of a reply, and how many more there are."""
    more = f" and {number(len(reply.lines) - 1, 'more line')}" if len(reply.lines) > 1 else ""
    return f"{reply.code} {quoted(reply.lines[0] if reply.lines else '')}{more}"


def wire_lines(reply: Reply) -> tuple[str, ...]:
    """The reply as it came, line by line (RFC 5321 section 4.2.1)."""
    last = len(reply.lines) - 1
    lines = enumerate(reply.lines or ("",))
    return tuple(f"{reply.code}{'-' if index < last else ' ' if text else ''}{text}" for index, text in lines)


def place(address: str | None, port: int | None) -> str:
    """`192.0.2.1 port 587`."""
    return f"{address or 'the server'} port {port}" if port is not None else f"{address or 'the server'}"


def who(target: Target) -> str:
    """The user that was to log in, as a sentence names it."""
    return f" as {target.user}" if target.user else ""


def path_of(address: str) -> str:
    """An address as SMTP writes it: `<a@example.com>`, `<>` for the null reverse-path."""
    return f"<{address}>"


def day(moment: datetime, now: datetime) -> str:
    """A date; with the time of day when it is so near that the hour matters."""
    near = abs(moment - now) < _SOON
    return moment.strftime("%Y-%m-%d %H:%M UTC" if near else "%Y-%m-%d")


def distance(moment: datetime, now: datetime) -> str:
    """How far away a moment is: `71 days`, `5 hours`."""
    gap = abs(moment - now)
    return number(gap.days, "day") if gap >= _SOON else number(int(gap.total_seconds()) // 3600, "hour")


def common_name(name: str) -> str:
    """The CN of an RFC 4514 name, the whole name where it has none."""
    found = _COMMON_NAME.search(name)
    return _unescaped(found[1]) if found and found[1] else name or "no name"


def authority(name: str) -> str:
    """An issuer as people know it: `R11 (Let's Encrypt)`."""
    organisation = _ORGANISATION.search(name)
    common = common_name(name)
    if organisation is None or _unescaped(organisation[1]) in ("", common) or common == name:
        return common
    return f"{common} ({_unescaped(organisation[1])})"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)
