"""Lines of `KEY=value`: `.env` files of every dialect, the output of `printenv`, `/proc/PID/environ`.

A plain `.env` is read by python-dotenv. The files of Docker Compose and systemd have dialects of their own, and an
application's dialect is looked up afterwards (`dialects`): for these only where a value begins and ends is told here,
which all of them agree on. A quoted one may go over several lines.
"""

import io
import re
from collections.abc import Iterator

from smtpcheck.model import Origin, UsageError
from smtpcheck.model.settings import Entry
from smtpcheck.settings.carriers.dialects import DIALECTS
from smtpcheck.settings.carriers.text import ENTRIES, Source

_LINE = re.compile(r"\s*(?:export\s+)?(?P<key>[A-Za-z_][\w.\-]*)[ \t]*[=:](?P<value>.*)", re.DOTALL)
_NAME_ALONE = re.compile(r"\s*(?:export\s+)?[A-Za-z_][\w.\-]*\s*")
_MOST_LINES_OF_A_VALUE = 100


def entries(source: Source, dialect: str = "python-dotenv") -> tuple[Entry, ...]:
    """Every assignment in its order. Raises UsageError with the line of what is none, and where python-dotenv is
    missing.
    """
    assigned = _by_library(source) if dialect == "python-dotenv" else _by_dialect(source, dialect)
    found = []
    for number, key, raw, value in assigned:
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


def _by_library(source: Source) -> Iterator[tuple[int, str, str, str]]:
    """Line, key, text and value as python-dotenv has them. What it cannot parse, another dialect may."""
    try:
        from dotenv.parser import parse_stream
    except ImportError:
        raise UsageError(
            ".env files need a library that is not installed: pip install 'smtpcheck[apps]', or give the variables of "
            "the running process (--app-process PID)"
        ) from None
    for binding in parse_stream(io.StringIO(source.text)):
        text = binding.original.string.lstrip("\n")
        line = binding.original.line + len(binding.original.string) - len(text)  # blank lines before it are part of it
        if binding.error:
            yield from _by_dialect(Source(file=source.file, text=text), "compose", line - 1)
        elif binding.key is not None and binding.value is not None:
            found = _LINE.fullmatch(text.strip("\n"))
            yield line, binding.key, found["value"] if found is not None else binding.value, binding.value


def _by_dialect(source: Source, dialect: str, above: int = 0) -> Iterator[tuple[int, str, str, str]]:
    """The same in a dialect that we read; `above` is how many lines of the file stand before the text."""
    for number, key, raw in _assignments(source, above):
        yield number, key, raw, DIALECTS[dialect](raw)[0]


def _assignments(source: Source, above: int) -> Iterator[tuple[int, str, str]]:
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
            raise source.refuse("this is no KEY=VALUE, and no comment that begins with #", above + begun)
        value = found["value"]
        quote = value.lstrip()[:1]
        while quote in ("'", '"', "`") and quote and not _closed(value.lstrip(), quote):
            if at >= len(lines) or at - begun > _MOST_LINES_OF_A_VALUE:
                value = found["value"]  # no other quote follows: the line stands for itself
                at = begun
                break
            value += "\n" + lines[at]
            at += 1
        yield above + begun, found["key"], value


def _closed(value: str, quote: str) -> bool:
    """Whether the quote that a value begins with is closed in it."""
    at = 1
    while (at := value.find(quote, at)) > 0:
        backslashes = len(value[:at]) - len(value[:at].rstrip("\\"))
        if quote != '"' or backslashes % 2 == 0:
            return True
        at += 1
    return False
