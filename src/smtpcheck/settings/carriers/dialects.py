"""What the text after `KEY=` means: programs that read an `.env` or an ini file differ where a value holds `#`, quotes
or `$`.

A password cut at `#` is refused by the server with the same words as a wrong one, so each application is read with the
dialect that it uses. Sources: python-dotenv (parser.py), vlucas/phpdotenv 5 (EntryParser.php), motdotla/dotenv
(lib/main.js), compose-go (dotenv/parser.go), systemd.exec(5), go-ini (parser.go), Python's configparser.
"""

import re
from collections.abc import Callable, Mapping

Meaning = tuple[str, str | None]
"""The value, and what went wrong with it on its way (a clause), or None."""

_DOUBLE = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_SINGLE = re.compile(r"'((?:[^'\\]|\\.)*)'", re.DOTALL)
_PLAIN_SINGLE = re.compile(r"'([^']*)'", re.DOTALL)
_BACKTICK = re.compile(r"`([^`]*)`", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t"}
_MORE_LETTERS = {"a": "\a", "b": "\b", "f": "\f", "v": "\v"}


def python_dotenv(raw: str) -> Meaning:
    """Quotes go, escapes count in double ones; an unquoted value ends before ` #`."""
    text = raw.strip()
    if (found := _DOUBLE.match(text)) is not None:
        return _escaped(found[1], {**_LETTERS, **_MORE_LETTERS, '"': '"', "\\": "\\", "'": "'"}), None
    if (found := _SINGLE.match(text)) is not None:
        return _escaped(found[1], {"'": "'", "\\": "\\"}), None
    return re.sub(r"\s+#.*", "", raw).strip(), None


def phpdotenv(raw: str) -> Meaning:
    """An unquoted value ends at the first `#`, and may hold no space."""
    text = raw.strip()
    if (found := _DOUBLE.match(text)) is not None:
        return _escaped(found[1], {**_LETTERS, '"': '"', "\\": "\\", "$": "$"}), None
    if (found := _PLAIN_SINGLE.match(text)) is not None:
        return found[1], None
    bare = text.partition("#")[0].rstrip()
    if re.search(r"\s", bare):
        return bare, "a space in a value without quotes, for which phpdotenv raises InvalidFileException"
    return bare, _cut(text, re.search("#", text))


def node_dotenv(raw: str) -> Meaning:
    """An unquoted value ends at the first `#`; three kinds of quotes; `\\n` counts in double ones alone."""
    text = raw.strip()
    for quotes in (_DOUBLE, _SINGLE, _BACKTICK):
        if (found := quotes.match(text)) is not None:
            value = found[1]
            return (value.replace("\\n", "\n").replace("\\r", "\r") if quotes is _DOUBLE else value), None
    return text.partition("#")[0].strip(), _cut(text, re.search("#", text))


def compose(raw: str) -> Meaning:
    """As Docker Compose reads `.env` and `env_file`: quotes go, an unquoted value ends before ` #`."""
    text = raw.strip()
    if (found := _DOUBLE.match(text)) is not None:
        return _escaped(found[1], {**_LETTERS, '"': '"', "\\": "\\", "$": "$"}), None
    if (found := _PLAIN_SINGLE.match(text)) is not None:
        return found[1], None
    return re.sub(r"\s+#.*", "", raw).strip(), None


def raw_text(raw: str) -> Meaning:
    """Nothing is taken away: `docker run --env-file`, `printenv`. Quotes become part of the value."""
    return raw, None


def systemd(raw: str) -> Meaning:
    """As a unit's EnvironmentFile: quotes go, a backslash takes the next character as it is."""
    text = raw.strip()
    if (found := _DOUBLE.fullmatch(text)) is not None:
        return _escaped(found[1], {character: character for character in '"\\$`'}), None
    if (found := _PLAIN_SINGLE.fullmatch(text)) is not None:
        return found[1], None
    return _ESCAPE.sub(r"\1", text), None


def go_ini(raw: str) -> Meaning:
    """go-ini (Grafana, Gitea): `#` and `;` after a space begin a comment; `\"\"\"` and backticks keep everything."""
    text = raw.strip()
    for quotes in ('"""', "`"):
        if text.startswith(quotes) and text.find(quotes, len(quotes)) > 0:
            return text[len(quotes) : text.find(quotes, len(quotes))], None
    found = re.search(r"(?:^|\s)[#;]|[#;]", text)
    bare = text[: found.start()].rstrip() if found else text
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'":
        bare = bare[1:-1]
    return bare, _cut(text, found)


def configparser(raw: str) -> Meaning:
    """Python's: the whole line, without comments after a value, without quotes."""
    return raw.strip(), None


DIALECTS: Mapping[str, Callable[[str], Meaning]] = {
    "python-dotenv": python_dotenv,
    "phpdotenv": phpdotenv,
    "node-dotenv": node_dotenv,
    "compose": compose,
    "raw": raw_text,
    "systemd": systemd,
    "go-ini": go_ini,
    "configparser": configparser,
}
"""Each dialect by its name: what a text after `KEY=` means, and what was lost of it."""


def _escaped(text: str, letters: Mapping[str, str]) -> str:
    return _ESCAPE.sub(lambda found: letters.get(found[1], found[0]), text)


def _cut(text: str, found: "re.Match[str] | None") -> str | None:
    """The clause for a value that a `#` ended early. A comment after a space is meant, and no fault."""
    if found is None or not text[: found.start()].strip() or text[found.start()] in " \t":
        return None
    if text[found.start() - 1] in " \t":
        return None
    return f"the value ends at the {found[0].strip()!r} in it"
