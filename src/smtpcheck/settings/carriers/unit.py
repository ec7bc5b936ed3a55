"""systemd units: `Environment=` with one or several assignments, quoted as systemd.exec(5) says, and
`EnvironmentFile=`, which wins over it.
"""

import os
import re
from collections.abc import Iterator

from smtpcheck.model.settings import Entry
from smtpcheck.settings.carriers import dotenv
from smtpcheck.settings.carriers.nearby import nearby
from smtpcheck.settings.carriers.text import Source, read_source
from smtpcheck.settings.quote import quoted

_WORD = re.compile(r"""\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)'|([^\s"']\S*))""")
_ESCAPE = re.compile(r"\\(.)")
_LETTERS = {"n": "\n", "t": "\t", "s": " "}


def looks_like(text: str) -> bool:
    """Whether it is a unit that sets an environment."""
    return re.search(r"^\[Service\]\s*$", text, re.MULTILINE) is not None


def entries(source: Source) -> tuple[Entry, ...]:
    """The variables of the unit in the order in which they count. Raises UsageError for a file beyond its folder."""
    own: list[Entry] = []
    files: list[Entry] = []
    for number, key, value in _lines(source):
        if key == "Environment":
            own = [*own, *_assigned(source, value, number)] if value else []  # an empty one clears the list
        elif key == "EnvironmentFile":
            files += _file(source, value, number)
    return (*own, *files)


def _lines(source: Source) -> Iterator[tuple[int, str, str]]:
    """Each setting with its line; a backslash at the end joins lines."""
    lines = source.text.split("\n")
    at = 0
    while at < len(lines):
        line, number = lines[at], at + 1
        at += 1
        while line.endswith("\\") and at < len(lines):
            line = line[:-1] + " " + lines[at]
            at += 1
        if line.lstrip()[:1] in ("#", ";", "["):
            continue
        key, equals, value = line.partition("=")
        if equals:
            yield number, key.strip(), value.strip()


def _assigned(source: Source, text: str, line: int) -> Iterator[Entry]:
    for found in _WORD.finditer(text):
        word = found[1] if found[1] is not None else found[2] if found[2] is not None else found[3]
        name, equals, value = _ESCAPE.sub(lambda one: _LETTERS.get(one[1], one[1]), word).partition("=")
        if equals:
            yield source.entry(name, value.replace("%%", "%"), line)


def _file(source: Source, text: str, line: int) -> tuple[Entry, ...]:
    path = text.removeprefix("-")
    place = nearby(source, path, line, "EnvironmentFile")
    if not os.path.lexists(place):
        if text.startswith("-"):
            return ()
        raise source.refuse(f"EnvironmentFile names {quoted(path)}, which is not there", line)
    return dotenv.entries(read_source(place), "systemd")
