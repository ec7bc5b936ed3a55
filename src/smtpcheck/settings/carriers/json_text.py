"""JSON with the line of each value, flat: `mail.options.auth.user`, `smtp.0.host`.

Python's own decoder tells no positions, so the structure is walked here, and strings and numbers are left to it.
"""

import json
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # the decoder's own reader of strings

from smtpcheck.model import UsageError
from smtpcheck.model.settings import Entry, Value
from smtpcheck.settings.carriers.text import DEPTH, ENTRIES, Source

_SPACE = re.compile(r"[ \t\n\r]*")
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,30})(?:\.\d{1,30})?(?:[eE][-+]?\d{1,3})?")
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


def entries(source: Source) -> tuple[Entry, ...]:
    """Every value that is no object and no list, in its order. Raises UsageError with the line of what is no JSON."""
    return tuple(_Walk(source).all())


class _Walk:
    def __init__(self, source: Source) -> None:
        self.source, self.text, self.at = source, source.text, 0
        self.found: list[Entry] = []
        self._counted, self._line = 0, 1

    def all(self) -> list[Entry]:
        self.value("", 0)
        self.space()
        if self.at < len(self.text):
            raise self.refuse("something follows after the JSON value")
        return self.found

    def value(self, key: str, depth: int) -> None:
        self.space()
        if depth > DEPTH:
            raise self.source.refuse(f"this is nested deeper than {DEPTH} levels", self.line())
        begin = self.text[self.at : self.at + 1]
        if begin == "{":
            self.members(key, depth)
        elif begin == "[":
            self.items(key, depth)
        else:
            line = self.line()
            self.keep(key, self.scalar(begin), line)

    def members(self, key: str, depth: int) -> None:
        self.at += 1
        self.space()
        if self.take("}"):
            return
        while True:
            self.space()
            if self.text[self.at : self.at + 1] != '"':
                raise self.refuse('a key in double quotes, or "}", is expected')
            name = self.string()
            self.space()
            if not self.take(":"):
                raise self.refuse('":" is expected after a key')
            self.value(f"{key}.{name}" if key else name, depth + 1)
            self.space()
            if self.take("}"):
                return
            if not self.take(","):
                raise self.refuse('"," or "}" is expected')

    def items(self, key: str, depth: int) -> None:
        self.at += 1
        self.space()
        if self.take("]"):
            return
        number = 0
        while True:
            self.value(f"{key}.{number}" if key else str(number), depth + 1)
            number += 1
            self.space()
            if self.take("]"):
                return
            if not self.take(","):
                raise self.refuse('"," or "]" is expected')

    def scalar(self, begin: str) -> Value:
        if begin == '"':
            return self.string()
        for word, value in _WORDS.items():
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            raise self.refuse("a JSON value is expected")
        self.at = number.end()
        loaded: int | float = json.loads(number[0])
        return loaded

    def string(self) -> str:
        try:
            text, self.at = scanstring(self.text, self.at + 1, True)
        except ValueError:
            raise self.refuse("a text in double quotes does not end, or holds what JSON does not allow") from None
        return str(text)

    def keep(self, key: str, value: Value, line: int) -> None:
        self.found.append(self.source.entry(key, value, line))
        if len(self.found) > ENTRIES:
            raise self.source.refuse(f"there are more than {ENTRIES} values, the most that are read", line)

    def space(self) -> None:
        found = _SPACE.match(self.text, self.at)
        assert found is not None
        self.at = found.end()

    def take(self, character: str) -> bool:
        taken = self.text.startswith(character, self.at)
        self.at += taken
        return taken

    def line(self) -> int:
        """The line where we stand; lines are counted once, as we go."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def refuse(self, problem: str) -> UsageError:
        return self.source.refuse(f"this is no JSON: {problem}", self.line())
