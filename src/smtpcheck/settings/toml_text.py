"""A TOML file as its author sees it: on which line a key stands, where a comment is, which lines are a table.

`tomllib` gives values and no places. A file that it has read is valid, so statements can be told apart by strings,
brackets and line ends alone; what a statement sets is then asked of `tomllib` again.
"""

import re
import tomllib
from collections.abc import Mapping
from typing import Any

from smtpcheck.model import UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.settings.keys import KEYS, secret_key

Path = tuple[str, ...]

_KEY = re.compile(r'^\s*"?([A-Za-z0-9_-]{1,40})"?\s*=')
_DEEPEST = 3  # profile, its name, a key
# A key of many parts takes tomllib a time that grows with their square, and more: 100,000 parts are minutes.
_MOST_DOTS = 200
_WHERE = re.compile(r"\(at line (\d+), column (\d+)\)")


@brief_record
class Statement:
    """A header or a key with its value: `[begins, ends)` of the text, its first line (from 1), and what it sets."""

    begins: int
    ends: int
    line: int
    path: Path
    header: bool


@brief_record
class Document:
    """A file that was read. `comments` are the offsets at which comments begin, `lines` has the way to each thing."""

    text: str
    data: Mapping[str, Any]
    statements: tuple[Statement, ...]
    comments: tuple[int, ...]
    lines: Mapping[Path, int]

    def line(self, *path: str) -> int:
        """The line of the key, or of the table or inline table in which it stands."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return 1

    def line_at(self, offset: int) -> int:
        return self.text.count("\n", 0, offset) + 1


def read_toml(text: str, name: str) -> Document:
    """The document. Raises UsageError with line, column and key where it is broken, never with what stands there."""
    check_dots(text, name)
    try:
        data = tomllib.loads(text)
        statements, comments = _statements(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}{_broken(error, text)}") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{name}: it is nested too deep or too large to be a file of settings") from None
    except ValueError:  # a number of more digits than Python converts, a date that does not exist
        raise UsageError(f"{name}: there is a number or date in it that cannot be one") from None
    lines: dict[Path, int] = {}
    for each in statements:
        for length in range(1, min(len(each.path), _DEEPEST) + 1):
            lines.setdefault(each.path[:length], each.line)
    return Document(text, data, tuple(statements), tuple(comments), lines)


def check_dots(text: str, name: str) -> None:
    """Raises UsageError for a line that would hold `tomllib` for minutes."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.count(".") > _MOST_DOTS:
            raise UsageError(f"{name}, line {number}: it has more than {_MOST_DOTS} dots, too many for one line")


def _broken(error: tomllib.TOMLDecodeError, text: str) -> str:
    found = _WHERE.search(str(error))
    lines = text.split("\n")
    number = int(found[1]) if found else len(lines)
    where = f", line {number}, column {found[2]}" if found else ": it breaks off at its end"
    key = _key_near(lines[:number])
    of = f" (key {key!r})" if key is not None else ""
    twice = ", or given twice" if "overwrite" in str(error) or "twice" in str(error) else ""
    return f"{where}: this is not TOML{twice}{of}"


def _key_near(lines: list[str]) -> str | None:
    """The key of the nearest line that has one, if it is a name that we know: anything else may be part of a value."""
    for line in reversed(lines):
        found = _KEY.match(line)
        if found is not None:
            return found[1] if found[1] in (*KEYS, "report") or secret_key(found[1]) else None
    return None


def _statements(text: str) -> tuple[list[Statement], list[int]]:
    statements: list[Statement] = []
    comments: list[int] = []
    position, line, table = 0, 1, Path(())
    while position < len(text):
        if text[position].isspace():
            line += text[position] == "\n"
            position += 1
        elif text[position] == "#":
            comments.append(position)
            position = _line_end(text, position)
        else:
            ends = _statement_end(text, position, comments)
            header = text[position] == "["
            keys = _keys(tomllib.loads(text[position:ends]))
            table = keys if header else table
            statements.append(Statement(position, ends, line, keys if header else table + keys, header))
            line += text.count("\n", position, ends)
            position = ends
    return statements, comments


def _keys(data: Mapping[str, Any]) -> Path:
    """The way to what one statement sets: dotted keys are one table in the other."""
    path: list[str] = []
    value: Any = data
    while isinstance(value, dict) and len(value) == 1:
        key, value = next(iter(value.items()))
        path.append(key)
        value = value[0] if isinstance(value, list) and len(value) == 1 else value
    return tuple(path)


def _line_end(text: str, position: int) -> int:
    end = text.find("\n", position)
    return len(text) if end < 0 else end


def _statement_end(text: str, position: int, comments: list[int]) -> int:
    """Where the statement's line ends, outside of strings and brackets."""
    depth = 0
    while position < len(text):
        character = text[position]
        if character in "\"'":
            position = _string_end(text, position)
            continue
        if character == "#":
            comments.append(position)
            position = _line_end(text, position)
            continue
        if character == "\n" and depth <= 0:
            break
        depth += (character in "[{") - (character in "]}")
        position += 1
    return position


def _string_end(text: str, position: int) -> int:
    quote = text[position]
    long = text.startswith(quote * 3, position)
    close = quote * 3 if long else quote
    position += len(close)
    while position < len(text) and not text.startswith(close, position):
        position += 2 if quote == '"' and text[position] == "\\" else 1
    position += len(close)
    # Up to two quotes may stand before the three that end a string.
    while long and text.startswith(quote, position):
        position += 1
    return position
