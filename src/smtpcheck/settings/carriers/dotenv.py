"""Lines of `KEY=value`: `.env` files of every dialect, the output of `printenv`, `/proc/PID/environ`.

Only where a value begins and ends is told here, which all dialects agree on: a quoted one may go over several lines.
"""

import re
from collections.abc import Iterator

from smtpcheck.model import Origin
from smtpcheck.model.settings import Entry
from smtpcheck.settings.carriers.dialects import DIALECTS
from smtpcheck.settings.carriers.text import ENTRIES, Source

_LINE = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_][\w.\-]*)[ \t]*[=:](?P<value>.*)", re.DOTALL)
_NAME_ALONE = re.compile(r"\s*(?:export\s+)?[A-Za-z_][\w.\-]*\s*")
_MOST_LINES_OF_A_VALUE = 100


def entries(source: Source, dialect: str = "python-dotenv") -> tuple[Entry, ...]:
    """Every assignment in its order. Raises UsageError with the line of what is none."""
    read = DIALECTS[dialect]
    found = []
    for number, key, raw in _assignments(source):
        value, _ = read(raw)
        found.append(source.entry(key, value, number, raw=raw))
        if len(found) > ENTRIES:
            raise source.refuse(f"there are more than {ENTRIES} lines, the most that are read")
    return tuple(found)


def looks_like(text: str) -> bool:
    """Whether the first line that says something is an assignment."""
    for line in text.splitlines()[:200]:
        if line.strip() and not line.lstrip().startswith("#"):
            return re.match(r"\s*(?:export\s+)?[A-Za-z_][\w.]*=", line) is not None
    return False


def environment(raw: bytes, *, process: int) -> tuple[Entry, ...]:
    """The variables of a running process, from `/proc/PID/environ`: NUL between them, nothing quoted."""
    found = []
    for pair in raw.split(b"\0"):
        name, separator, value = pair.decode("utf-8", "surrogateescape").partition("=")
        if separator:
            origin = Origin(kind="process", detail=f"environment of process {process}", key=name)
            found.append(Entry(key=name, value=value, origin=origin))
    return tuple(found)


def _assignments(source: Source) -> Iterator[tuple[int, str, str]]:
    lines = source.text.split("\n")
    at = 0
    while at < len(lines):
        line, begun = lines[at], at + 1
        at += 1
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            if _NAME_ALONE.fullmatch(line):
                continue  # a name that is passed on from outside
            raise source.refuse("this is no KEY=VALUE, and no comment that begins with #", begun)
        value = found["value"]
        quote = value.lstrip()[:1]
        while quote in ("'", '"', "`") and quote and not _closed(value.lstrip(), quote):
            if at >= len(lines) or at - begun > _MOST_LINES_OF_A_VALUE:
                value = found["value"]  # no other quote follows: the line stands for itself
                at = begun
                break
            value += "\n" + lines[at]
            at += 1
        yield begun, found["key"], value


def _closed(value: str, quote: str) -> bool:
    """Whether the quote that a value begins with is closed in it."""
    at = 1
    while (at := value.find(quote, at)) > 0:
        backslashes = len(value[:at]) - len(value[:at].rstrip("\\"))
        if quote != '"' or backslashes % 2 == 0:
            return True
        at += 1
    return False
