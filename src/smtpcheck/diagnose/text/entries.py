"""Cuts a text into entries: one failure each, as far as its form tells.

A pasted error is one entry. A log is cut where a line begins with a time, a level, or a new traceback; a dialogue where
a new greeting comes. Entries that differ only in addresses, numbers and ids have the same shape and are judged once, so
that a log of many megabytes takes a moment, and memory is bounded by the number of shapes that are kept.
"""

import itertools
import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass

from smtpcheck.diagnose.text.transcript import is_transcript

SMALL = 400
"""Lines up to which a text may be one entry."""
LONGEST_LINE = 8 * 1024
LONGEST_ENTRY = 80
BLOCK = 32 * 1024
MOST_SHAPES = 200
"""Shapes that are kept; of more, those that were not seen for the longest time are dropped."""

_TIME = (
    r"\d{4}[-/]\d\d?[-/]\d\d?[T ]|\d\d?[./]\d\d?[./]\d{4}[ T,]|"
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w{0,6} {1,2}\d{1,2}[ ,]|"
    r"(?:mon|tue|wed|thu|fri|sat|sun)\w{0,3},? |\d\d:\d\d:\d\d[ .,\]]"
)
_TIMED = re.compile(rf"\W{{0,3}}(?:{_TIME})", re.IGNORECASE)
_BEGINS = re.compile(
    rf"\W{{0,3}}(?:{_TIME}|traceback \(most recent|\{{\"|level=|time=|ts=|"
    r"(?:error|warning|warn|info|debug|critical|fatal|notice)[ :\]|\[-](?! ?[{(]|[0-9a-f]{6,8}:))",
    re.IGNORECASE,
)
_GREETING = re.compile(r"(?:^|[\s:>\-~\])])220[ -]\S")
_TELLING = (
    "said:",
    "reject",
    "refused",
    "timed out",
    "timeout",
    "error",
    "fail",
    "closed",
    "lost connection",
    "certificate",
    "denied",
    "enotfound",
    "no such host",
    "unable",
    "not supported",
    "unreachable",
    "unknown",
    "tls",
    "exception",
    "bounced",
    "deferred",
)
_CODE = re.compile(r"[\s:\"'(\[=>,][45][0-57]\d[ -]|^[45][0-57]\d[ -]")
_CODES = re.compile(r"[245](?:\d\d|\.\d{1,2}\.\d{1,3})[:.-]?(?:[245]\.\d{1,2}\.\d{1,3})?")
"""Numbers that are no accident: reply codes and enhanced codes."""
_VARYING = frozenset("0123456789@")
"""What marks a word that varies between entries of one shape: an id, a time, an address."""
_BREAKS = str.maketrans(dict.fromkeys("\"'()[]<>{},;=|", " "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Some lines of the text; `line` is the number of the first, from 1."""

    line: int
    lines: tuple[str, ...]


@dataclass(slots=True)
class Shape:
    """Entries that differ only in what varies: the last one, how many, and where the first and the last stand."""

    entry: Entry
    count: int = 0
    first: int = 0


def entries(text: str) -> Iterator[Entry]:
    """The entries of a text, in their order."""
    head = _first_lines(text)
    if head is not None and is_transcript(head):
        yield from _dialogues(head)
    elif head is not None and sum(_BEGINS.match(line) is not None for line in head) < 2:
        yield Entry(line=1, lines=tuple(head))
    else:
        yield from _logged(text)


def shapes(text: str) -> list[Shape]:
    """The shapes among a text's entries, ordered by where the last entry of each stands."""
    kept: OrderedDict[str, Shape] = OrderedDict()
    for entry in entries(text):
        key = _steady(_ends("\n".join(entry.lines)))
        shape = kept.pop(key, None) or Shape(entry=entry, first=entry.line)
        shape.entry = entry
        shape.count += 1
        kept[key] = shape
        if len(kept) > MOST_SHAPES:
            kept.popitem(last=False)
    return list(kept.values())


def _steady(text: str) -> str:
    """The words of a text that do not vary from entry to entry, and its codes."""
    words = text.translate(_BREAKS).split()
    return " ".join([word for word in words if word.isalpha() or _VARYING.isdisjoint(word) or _CODES.fullmatch(word)])


def _ends(text: str) -> str:
    """The beginning and the end, where an entry says what it is about and what went wrong."""
    return text if len(text) <= 400 else f"{text[:150]}\n{text[-250:]}"


def whole(text: str, most: int) -> Entry | None:
    """The text as one entry, or None: it has more than so many lines, or several of them bear a time, as a log's do."""
    lines = tuple(itertools.islice(lines_of(text), most + 1))
    if len(lines) > most or sum(_TIMED.match(line) is not None for line in lines) > 1:
        return None
    return Entry(line=1, lines=lines)


def lines_of(text: str) -> Iterator[str]:
    """The lines of a text without their ends; an endless one in pieces."""
    start = 0
    while start < len(text):
        end = text.find("\n", start, start + LONGEST_LINE)
        if end < 0:
            end = min(start + LONGEST_LINE, len(text))
            yield text[start:end]
            start = end
        else:
            yield text[start:end].rstrip("\r")
            start = end + 1


def _first_lines(text: str) -> list[str] | None:
    """The lines of a small text, or None."""
    found: list[str] = []
    for line in lines_of(text):
        found.append(line)
        if len(found) > SMALL:
            return None
    return found


def _dialogues(lines: list[str]) -> Iterator[Entry]:
    """Each dialogue begins with a greeting: a 220 that no STARTTLS asked for, and that continues no other."""
    start, greeted, upgrading = 0, False, False
    for number, line in enumerate(lines):
        if "STARTTLS" in line.upper() and "250" not in line:
            upgrading = True
        elif _GREETING.search(line[:120]) is not None:
            continues = number > 0 and _GREETING.search(lines[number - 1][:120]) is not None
            if greeted and not upgrading and not continues:
                yield Entry(line=start + 1, lines=tuple(lines[start:number]))
                start = number
            greeted, upgrading = True, False
    yield Entry(line=start + 1, lines=tuple(lines[start:]))


def _logged(text: str) -> Iterator[Entry]:
    held: list[str] = []
    began, telling, number = 1, False, 1
    for block in _blocks(text):
        words = _telling_words(block)
        if not words:
            if telling:
                yield Entry(line=began, lines=tuple(held))
            held, telling = [], False
            number += block.count("\n")
            continue
        for line in lines_of(block):
            if held and (len(held) >= LONGEST_ENTRY or _BEGINS.match(line) is not None):
                if telling:
                    yield Entry(line=began, lines=tuple(held))
                held, telling = [], False
            if not held:
                began = number
            held.append(line)
            telling = telling or _tells(line, words)
            number += 1
    if telling:
        yield Entry(line=began, lines=tuple(held))


def _blocks(text: str) -> Iterator[str]:
    """The text in pieces that end with a line, so that a piece in which nothing tells costs no look at its lines."""
    start = 0
    while start < len(text):
        end = text.find("\n", start + BLOCK) + 1 or len(text)
        yield text[start:end]
        start = end


def _telling_words(block: str) -> tuple[str, ...]:
    lowered = block.lower()
    found = tuple(word for word in _TELLING if word in lowered)
    return found or (("\n",) if _CODE.search(block) is not None else ())


def _tells(line: str, words: tuple[str, ...]) -> bool:
    lowered = line.lower()
    for word in words:  # a plain loop: a log has a hundred thousand lines
        if word in lowered:
            return True
    return _CODE.search(line) is not None
