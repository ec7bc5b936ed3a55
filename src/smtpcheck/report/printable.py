"""Text that is safe to show: the one decoder that stands before every renderer.

Whatever a server, a file or a resolver said may hold ANSI escapes, bidi marks, NUL, C1 controls, line separators,
zero-width characters or bytes that are no UTF-8. All of it becomes visible (`\\x1b`, `\\u202e`), so that a reader sees
what came and a terminal obeys none of it. `str.isprintable` is the measure: it is false for the categories "other" and
"separator", the ASCII space left out.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar
from unicodedata import category

from smtpcheck.model import Secret

LIMIT = 10_000

_SHORT = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
# Printable by Unicode's categories, and yet nothing is to be seen: fillers, blanks, joiners, variation selectors.
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0\u180b\u180c\u180d\u180f"
    + "".join(map(chr, range(0xFE00, 0xFE10)))
    + "".join(map(chr, range(0xE0100, 0xE01F0)))
)
# No script needs more marks on one letter; hundreds of them paint over the lines above.
_MARKS = 4

T = TypeVar("T")


def printable(text: str | bytes, *, limit: int = LIMIT, ascii: bool = False) -> str:
    """The text in one line of visible characters, at most `limit` of its characters (bytes), then what was cut.

    Bytes are read as UTF-8; those that are none stand as `\\xNN`. With `ascii` every other character is escaped too.
    """
    if isinstance(text, bytes):
        end = _boundary(text, limit)
        shown = _visible(text[:end].decode("utf-8", "backslashreplace"), ascii)
        unit = "byte"
    else:
        end = min(limit, len(text))
        shown = _visible(text[:end], ascii)
        unit = "character"
    cut = len(text) - end
    return f"{shown} [{cut:,} more {unit}{'' if cut == 1 else 's'} not shown]" if cut else shown


def cleaned(value: T, *, limit: int = LIMIT, ascii: bool = False) -> T:
    """The same value with every text in it made printable: a renderer that starts from it can print no other.

    Goes through dataclasses, tuples and mappings; bytes stay as they are, to be made printable where they are shown.
    """
    return _cleaned(value, limit, ascii)  # type: ignore[no-any-return]


def _cleaned(value: Any, limit: int, ascii: bool) -> Any:
    match value:
        case Enum() | Secret() | None:
            return value
        case str():
            return printable(value, limit=limit, ascii=ascii)
        case tuple():
            return tuple(_cleaned(item, limit, ascii) for item in value)
        case Mapping():
            return {_cleaned(key, limit, ascii): _cleaned(item, limit, ascii) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _cleaned(getattr(value, f.name), limit, ascii) for f in fields(value)})
    return value


def _boundary(raw: bytes, limit: int) -> int:
    """Where to cut so that no UTF-8 sequence is split: a cut must not make a good character look like a bad one."""
    if len(raw) <= limit:
        return len(raw)
    for cut in range(limit, max(limit - 4, 0), -1):
        if raw[cut] & 0xC0 != 0x80:
            return cut
    return limit


def _visible(text: str, ascii: bool) -> str:
    if text.isascii() and text.isprintable():
        return text
    shown = []
    marks = _MARKS  # a mark with no letter before it would sit on our own words
    for char in text:
        if not char.isprintable() or char in _UNSEEN or (ascii and not char.isascii()):
            shown.append(_escape(char))
            marks = _MARKS
        elif category(char) in ("Mn", "Me"):
            marks += 1
            shown.append(char if marks <= _MARKS else _escape(char))
        else:
            shown.append(char)
            marks = 0
    return "".join(shown)


def _escape(char: str) -> str:
    code = ord(char)
    if char in _SHORT:
        return _SHORT[char]
    if code < 0x80:
        return f"\\x{code:02x}"
    if 0xDC80 <= code <= 0xDCFF:  # a byte that the operating system handed over as it was (PEP 383)
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
