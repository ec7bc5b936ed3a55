"""Sections and keys: ini files of Python's configparser and of Go's go-ini, and flat `key = value` files.

Keys are flat: `Email.server`, `smtp.host`. configparser lower-cases keys and go-ini does not; a reader asks for the
ones that its application takes.
"""

import re

from smtpcheck.model.settings import Entry
from smtpcheck.settings.carriers.dialects import DIALECTS
from smtpcheck.settings.carriers.text import ENTRIES, Source

_SECTION = re.compile(r"\s*\[(?P<name>[^\]]+)\]\s*(?:[#;].*)?")
_PAIR = re.compile(r"(?P<key>[^=:\s\[#;][^=:]*?)\s*(?P<separator>[=:])\s?(?P<value>.*)")


def entries(source: Source, dialect: str = "go-ini") -> tuple[Entry, ...]:
    """Every key in its order, its section before it. Raises UsageError with the line of what is none."""
    read, section, found = DIALECTS[dialect], "", []
    lines = source.text.split("\n")
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        if not line.strip() or line.lstrip()[0] in "#;":
            continue
        if (head := _SECTION.fullmatch(line)) is not None:
            section = head["name"].strip()
            continue
        pair = _PAIR.fullmatch(line.strip())
        if pair is None:
            if line[0] in " \t":
                continue  # the rest of a value that goes over several lines
            raise source.refuse("this is no [section], no key = value, and no comment", number)
        value = pair["value"]
        while value.lstrip().startswith('"""') and value.count('"""') < 2 and at < len(lines):
            value += "\n" + lines[at]
            at += 1
        key = f"{section}.{pair['key'].strip()}" if section else pair["key"].strip()
        found.append(source.entry(key, read(value)[0], number, raw=value))
        if len(found) > ENTRIES:
            raise source.refuse(f"there are more than {ENTRIES} keys, the most that are read")
    return tuple(found)


def looks_like(text: str) -> bool:
    """Whether it has a section before anything else that says something, or `key = value` with spaces."""
    return any(_SECTION.fullmatch(line) for line in text.splitlines()[:2000])
