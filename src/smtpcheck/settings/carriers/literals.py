"""Constants in PHP arrays, Ruby hashes and JavaScript objects, read by a scanner that knows comments, strings and
nesting, and executes nothing.

Keys are flat: `mail_smtphost`, `mail_smtpstreamoptions.ssl.verify_peer`. A value that is no constant (a call, a
variable, a text with a variable inside) is told as unread.
"""

import re
from collections.abc import Iterator

from smtpcheck.model.settings import Entry, Value
from smtpcheck.settings.carriers.text import DEPTH, ENTRIES, Source

_TOKEN = re.compile(
    r"""
    (?P<space>\s+)
  | (?P<comment>//[^\n]*|\#(?!\{)[^\n]*|/\*.*?\*/|^=begin.*?^=end)
  | (?P<single>'(?:[^'\\]|\\.)*')
  | (?P<double>"(?:[^"\\]|\\.)*")
  | (?P<arrow>=>)
  | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
  | (?P<symbol>:[A-Za-z_]\w*|[A-Za-z_]\w*:(?![:\w]))
  | (?P<word>[A-Za-z_$@][\w$\\:.]*[?!]?)
  | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None, "nil": None}
_OPEN, _CLOSE = ("[", "{", "("), ("]", "}", ")")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "e": "\x1b", "0": "\0", "s": " "}

Token = tuple[str, str, int]


def php(source: Source) -> tuple[Entry, ...]:
    """The constants of `$CONFIG = array(...)` or `return [...]`, and of `$CONFIG['key'] = ...;`."""
    return _scan(source, _php_text)


def ruby(source: Source) -> tuple[Entry, ...]:
    """The constants of `name['key'] = ...` and `config.action_mailer.smtp_settings = { ... }`."""
    return _scan(source, _ruby_text)


def javascript(source: Source) -> tuple[Entry, ...]:
    """The constants of the object that a module exports, or that its arrow function gives."""
    return _scan(source, _Text, _Module)


def _scan(source: Source, text_of: "type[_Text]", scanner: "type[_Scanner] | None" = None) -> tuple[Entry, ...]:
    tokens = list(_tokens(source))
    found = []
    for entry in (scanner or _Scanner)(source, tokens, text_of()).top():
        found.append(entry)
        if len(found) > ENTRIES:
            raise source.refuse(f"there are more than {ENTRIES} values, the most that are read")
    return tuple(found)


def _tokens(source: Source) -> Iterator[Token]:
    line, at = 1, 0
    while at < len(source.text):
        token = _TOKEN.match(source.text, at)
        assert token is not None  # `other` takes any character
        kind = token.lastgroup or "other"
        if kind not in ("space", "comment"):
            yield kind, token[0], line
        line += token[0].count("\n")
        at = token.end()


class _Text:
    """What a quoted text means: None where it holds an expression."""

    def single(self, text: str) -> str | None:
        return _ESCAPE.sub(lambda found: found[1] if found[1] in "'\\" else found[0], text[1:-1])

    def double(self, text: str) -> str | None:
        return _ESCAPE.sub(lambda found: _LETTERS.get(found[1], found[1]), text[1:-1])


class _php_text(_Text):
    def double(self, text: str) -> str | None:
        return None if re.search(r"(?<!\\)\$[A-Za-z_{]|\{\$", text) else super().double(text)


class _ruby_text(_Text):
    def double(self, text: str) -> str | None:
        return None if "#{" in text else super().double(text)


class _Scanner:
    def __init__(self, source: Source, tokens: list[Token], text: _Text) -> None:
        self.source, self.tokens, self.text, self.at = source, tokens, text, 0

    def peek(self, ahead: int = 0) -> Token:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else ("end", "", self.tokens[-1][2] if self.tokens else 1)

    def top(self) -> Iterator[Entry]:
        """Assignments, and what stands in an array behind `=` or `return`."""
        while self.at < len(self.tokens):
            key = self.target()
            kind, text, _ = self.peek()
            if key is not None and text == "=" and self.peek(1)[1] != "=":
                self.at += 1
                yield from self.value("" if key.startswith("$") and "[" not in key else _flat(key), 0)
            elif kind == "word" and text == "return":
                self.at += 1
                yield from self.value("", 0)
            else:
                self.at += key is None

    def target(self) -> str | None:
        """`$CONFIG['key']`, `gitlab_rails['key']`, `config.action_mailer.smtp_settings`: the text of what is assigned
        to, or None where no word stands.
        """
        kind, text, _ = self.peek()
        if kind != "word" or text == "return":
            return None
        self.at += 1
        while self.peek()[1] == "[" and self.peek(2)[1] == "]" and self.peek(1)[0] in ("single", "double", "symbol"):
            text += f"[{_bare(self.peek(1)[1])}]"
            self.at += 3
        return text

    def value(self, key: str, depth: int) -> Iterator[Entry]:
        if depth > DEPTH:
            raise self.source.refuse(f"this is nested deeper than {DEPTH} levels", self.peek()[2])
        kind, text, line = self.peek()
        if text in ("[", "{") or (text == "array" and self.peek(1)[1] == "("):
            self.at += 2 if text == "array" else 1
            yield from self.members(key, depth)
            return
        known, found = self.constant(kind, text)
        self.at += 1
        more = self.rest()
        if key:
            if known and not more:
                yield self.source.entry(key, found, line)
            else:
                yield self.source.entry(key, None, line, unread="is an expression")

    def members(self, key: str, depth: int) -> Iterator[Entry]:
        number = 0
        while self.at < len(self.tokens) and self.peek()[1] not in _CLOSE:
            kind, text, _ = self.peek()
            if text == ",":
                self.at += 1
                continue
            name = str(number)
            if self.peek(1)[0] == "arrow" and kind in ("single", "double", "symbol", "number", "word"):
                name = _bare(text)
                self.at += 2
            elif kind == "symbol" and text.endswith(":"):
                name = text[:-1]
                self.at += 1
            elif kind == "double" and self.peek(1)[1] == ":":
                name = _bare(text)
                self.at += 2
            else:
                number += 1
            yield from self.value(f"{key}.{name}" if key else name, depth + 1)
        self.at += 1

    def constant(self, kind: str, text: str) -> tuple[bool, Value]:
        if kind == "single":
            return True, self.text.single(text)
        if kind == "double":
            found = self.text.double(text)
            return found is not None, found
        if kind == "number":
            return True, float(text) if "." in text else int(text[:20])
        if kind == "symbol" and text.startswith(":"):
            return True, text[1:]
        return text.lower() in _WORDS, _WORDS.get(text.lower())

    def rest(self) -> bool:
        """Passes over what belongs to the value still (`. getenv('X')`, a call's brackets); True if there was any."""
        depth, more, line = 0, False, self.tokens[self.at - 1][2]
        while self.at < len(self.tokens):
            _, text, at_line = self.peek()
            if depth == 0 and (text in (",", ";") or text in _CLOSE or (at_line > line and not more)):
                break
            if depth == 0 and at_line > line and text not in (".", "+", "?", ":", "||", "&"):
                break
            depth += (text in _OPEN) - (text in _CLOSE)
            if depth > DEPTH:
                raise self.source.refuse(f"this is nested deeper than {DEPTH} levels", at_line)
            more, line = True, at_line
            self.at += 1
        return more


class _Module(_Scanner):
    """A JavaScript or TypeScript module."""

    def top(self) -> Iterator[Entry]:
        while self.at < len(self.tokens):
            kind, text, _ = self.peek()
            self.at += 1
            if kind == "arrow" or text in ("=", "default", "return"):
                self.at += self.peek()[1] == "("
                if self.peek()[1] == "{" and not self.is_destructured():
                    yield from self.value("", 0)

    def is_destructured(self) -> bool:
        """Whether `{ env }` is the parameter of a function, and no object."""
        return self.peek(2)[1] in ("}", ",") and self.peek(1)[0] == "word"


def _bare(text: str) -> str:
    return text.strip("'\":")


def _flat(key: str) -> str:
    """`gitlab_rails[smtp_address]` as `gitlab_rails.smtp_address`; a PHP variable loses its own name."""
    flat = key.replace("][", ".").replace("[", ".").removesuffix("]")
    return flat.partition(".")[2] if flat.startswith("$") else flat
