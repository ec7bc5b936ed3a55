"""Small line formats: Java properties, `key value` files (msmtprc), `Key=Value` files (ssmtp.conf, discourse.conf),
Postfix' main.cf and its lookup tables.

Each gives flat entries; what a section or an account means is the reader's business.
"""

import re
from collections.abc import Iterator

from smtpcheck.model.settings import Entry
from smtpcheck.settings.carriers.text import Source

_PROPERTY = re.compile(r"(?P<key>(?:[^=:\s\\]|\\.)+)(?:\s*[=:]\s*|\s+)(?P<value>.*)", re.DOTALL)
_UNICODE = re.compile(r"\\u([0-9A-Fa-f]{4})|\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f"}


def properties(source: Source) -> tuple[Entry, ...]:
    """Java properties: `#` and `!` begin a comment, a backslash at the end joins lines, spaces at the end stay."""
    found = []
    for number, line in _joined(source, comments="#!"):
        pair = _PROPERTY.fullmatch(line)
        if pair is not None:
            found.append(source.entry(_java(pair["key"]), _java(pair["value"]), number))
        else:
            found.append(source.entry(_java(line), "", number))
    return tuple(found)


def postfix(source: Source) -> tuple[Entry, ...]:
    """`main.cf`: `name = value`, lines that begin with a space go on with the one before; `$name` is replaced."""
    values: dict[str, Entry] = {}
    for number, line in _continued(source):
        name, equals, value = line.partition("=")
        if not equals:
            raise source.refuse("this is no name = value of main.cf", number)
        values[name.strip()] = source.entry(name.strip(), value.strip(), number)
    return tuple(_expanded(entry, values) for entry in values.values())


def postfix_table(source: Source) -> tuple[Entry, ...]:
    """A lookup table such as sasl_passwd: `key value`, the key with `table:` before it (the value is a secret)."""
    found = []
    for number, line in _continued(source):
        key, _, value = line.partition(" ") if " " in line else line.partition("\t")
        found.append(source.entry(f"table:{key.strip()}", value.strip(), number))
    return tuple(found)


def words(source: Source) -> tuple[Entry, ...]:
    """`key value` lines (msmtprc): a quoted value loses its quotes. `account NAME` and `defaults` begin a section,
    which stands before the keys: `defaults.host`, `account.NAME.host`.
    """
    found, section = [], "account."
    for number, line in enumerate(source.text.split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, _, value = text.partition(" ") if "\t" not in text.partition(" ")[0] else text.partition("\t")
        value = value.strip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        if key == "defaults":
            section = "defaults."
        elif key == "account":
            name, _, base = (part.strip() for part in value.partition(":"))
            section = f"account.{name}."
            found.append(source.entry(f"{section}account", base, number))
        else:
            found.append(source.entry(section + key, value, number))
    return tuple(found)


def equals(source: Source) -> tuple[Entry, ...]:
    """`Key=Value` with `#` comments and without quotes (ssmtp.conf, discourse.conf); spaces around both go."""
    found = []
    for number, line in enumerate(source.text.split("\n"), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        key, separator, value = text.partition("=")
        if not separator:
            raise source.refuse("this is no key=value, and no comment that begins with #", number)
        found.append(source.entry(key.strip(), value.strip(), number))
    return tuple(found)


def _joined(source: Source, comments: str) -> Iterator[tuple[int, str]]:
    lines = source.text.split("\n")
    at = 0
    while at < len(lines):
        line, number = lines[at].lstrip(), at + 1
        at += 1
        if not line or line[0] in comments:
            continue
        while (len(line) - len(line.rstrip("\\"))) % 2 and at < len(lines):
            line = line[:-1] + lines[at].lstrip()
            at += 1
        yield number, line


def _continued(source: Source) -> Iterator[tuple[int, str]]:
    """Logical lines as Postfix reads them (postconf(5))."""
    begun, kept = 0, ""
    for number, line in enumerate(source.text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if line[0] in " \t" and kept:
            kept += " " + line.strip()
            continue
        if kept:
            yield begun, kept
        begun, kept = number, line.strip()
    if kept:
        yield begun, kept


def _expanded(entry: Entry, values: dict[str, Entry]) -> Entry:
    """With `$name` and `${name}` replaced once; what refers further is left as it is."""
    text = re.sub(
        r"\$(?:\{(\w+)\}|\((\w+)\)|(\w+))",
        lambda found: str(values[name].value) if (name := found[1] or found[2] or found[3]) in values else found[0],
        str(entry.value),
    )
    return Entry(key=entry.key, value=text, origin=entry.origin)


def _java(text: str) -> str:
    return _UNICODE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _LETTERS.get(found[2], found[2]), text)
