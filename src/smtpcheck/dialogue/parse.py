"""Text to dialogue. Whatever is not in the notation is an error with its line, never a guess.

A dialogue is read by people who did not write it, so a step that could never be reached, or a directive that has
nothing to act on, is an error as well.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import takewhile
from types import MappingProxyType

from smtpcheck.dialogue.steps import (
    CERTIFICATE_FAULTS,
    Dialogue,
    Drip,
    End,
    Ending,
    Expects,
    Flight,
    Message,
    Says,
    Session,
    Sleep,
    StartTls,
    Step,
    Tls,
)

_HEADER = re.compile(r"#\s*([a-z][a-z-]*):\s*(.*)")
_VERSIONS = frozenset({"1.0", "1.1", "1.2", "1.3"})

Line = tuple[int, str]


class DialogueError(ValueError):
    """A line that is not in the notation: its number, counted from 1, and what is wrong with it."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(f"line {line}: {message}")
        self.line = line
        self.message = message


def parse(text: str) -> Dialogue:
    """The dialogue that is written in `text`. Raises DialogueError."""
    lines = [(number, line.lstrip()) for number, line in enumerate(text.split("\n"), start=1)]
    lines = [(number, line.removesuffix("\r")) for number, line in lines if line.rstrip()]
    sessions = tuple(_session(number, part) for number, part in _split(lines))
    return Dialogue(sessions, _header(lines))


def _session(number: int, lines: list[Line]) -> Session:
    steps = tuple(_steps(lines))
    if not steps:
        raise DialogueError(number, "nothing happens on this connection")
    _check(steps)
    return Session(steps)


def _header(lines: Iterable[Line]) -> Mapping[str, str]:
    comments = (line for _, line in takewhile(lambda numbered: numbered[1].startswith("#"), lines))
    matches = (_HEADER.fullmatch(line.rstrip()) for line in comments)
    return MappingProxyType({match[1]: match[2] for match in matches if match})


def _split(lines: Iterable[Line]) -> list[tuple[int, list[Line]]]:
    """The lines of each connection without comments, and the number of the line where they begin."""
    parts: list[tuple[int, list[Line]]] = [(1, [])]
    for number, line in lines:
        if line.rstrip() == "---":
            parts.append((number, []))
        elif not line.startswith("#"):
            parts[-1][1].append((number, line))
    return parts


def _steps(lines: list[Line]) -> Iterator[Step]:
    repeat: tuple[int, int] | None = None  # the line of a `! repeat` that waits for what it repeats, and its number
    for index, (number, line) in enumerate(lines):
        word, _, argument = line.partition(" ")
        name = argument.split()[0] if word == "!" and argument.split() else ""
        if name == "repeat":
            repeat = number, _count(number, argument.split()[1:])
            continue
        if name == "implicit" and index > 0:
            raise DialogueError(number, "'! implicit' has to be the first step of its connection")
        step = _step(number, word, argument)
        if repeat is not None:
            if not isinstance(step, Says):
                break
            step, repeat = Says(step.line, step.data, repeat[1]), None
        yield step
    if repeat is not None:
        raise DialogueError(repeat[0], "'! repeat' needs an S: or ! raw line right below it")


def _step(number: int, word: str, argument: str) -> Step:
    match word:
        case "S:":
            return Says(number, argument.encode() + b"\r\n")
        case "C:" if argument.strip() == "**":
            return Message(number)
        case "C:" | "C?":
            return Expects(number, argument, optional=word == "C?")
        case "!":
            name, *words = argument.split() or [""]
            if name not in _DIRECTIVES:
                raise DialogueError(number, f"unknown directive {name!r}; known are {_listed(_DIRECTIVES)}")
            return _DIRECTIVES[name](number, words)
        case _:
            raise DialogueError(number, f"a line begins with 'S: ', 'C: ', 'C? ', '! ' or '#', not with {word!r}")


def _end(ending: Ending) -> Callable[[int, list[str]], Step]:
    def directive(number: int, words: list[str]) -> Step:
        if not words:
            return End(number, ending)
        if words[0] != "after":
            raise DialogueError(number, f"'! {ending}' takes nothing or 'after N', not {' '.join(words)!r}")
        return End(number, ending, _count(number, words[1:]))

    return directive


def _raw(number: int, words: list[str]) -> Step:
    try:
        data = bytes.fromhex("".join(words))
    except ValueError:
        raise DialogueError(number, "'! raw' takes hexadecimal digits, two for each byte") from None
    if not data:
        raise DialogueError(number, "'! raw' takes at least one byte")
    return Says(number, data)


def _sleep(number: int, words: list[str]) -> Step:
    return Sleep(number, _seconds(number, words))


def _drip(number: int, words: list[str]) -> Step:
    return Drip(number, _seconds(number, words))


def _tls(number: int, words: list[str]) -> Step:
    return StartTls(number, _tls_options(number, words))


_DIRECTIVES: Mapping[str, Callable[[int, list[str]], Step]] = {
    **{ending.value: _end(ending) for ending in Ending},
    "raw": _raw,
    "sleep": _sleep,
    "drip": _drip,
    "tls": _tls,
    "implicit": _tls,
}


def _tls_options(number: int, words: Iterable[str]) -> Tls:
    certificate: set[str] = set()
    stops: list[tuple[Ending, Flight]] = []
    key, version, client_certificate, alert = "ec", None, None, None
    no_shared_cipher = False
    for word in words:
        name, _, value = word.partition("=")
        if word in CERTIFICATE_FAULTS:
            certificate.add(word)
        elif word in _VERSIONS:
            version = word
        elif word == "no-shared-cipher":
            no_shared_cipher = True
        elif word in ("client-cert", "client-cert=required"):
            client_certificate = value or "asked"
        elif name == "key" and value in ("ec", "rsa"):
            key = value
        elif name in ("stall", "close", "reset") and value in set(Flight):
            stops.append((Ending(name), Flight(value)))
        elif name == "alert" and value.isdecimal() and int(value) <= 255:
            alert = int(value)
        else:
            raise DialogueError(number, f"unknown TLS option {word!r}")
    if len(stops) + (alert is not None) > 1:
        raise DialogueError(number, "stall, close, reset and alert each end the handshake: choose one")
    if no_shared_cipher and (version not in (None, "1.2") or key == "rsa"):
        raise DialogueError(number, "no-shared-cipher means TLS 1.2 and an EC key")
    return Tls(
        certificate=frozenset(certificate),
        key=key,
        version=version,
        no_shared_cipher=no_shared_cipher,
        client_certificate=client_certificate,
        stop=stops[0] if stops else None,
        alert=alert,
    )


def _check(steps: tuple[Step, ...]) -> None:
    """That each step can be reached and has what it needs."""
    secured = 0
    for index, step in enumerate(steps):
        rest = steps[index + 1 :]
        match step:
            case End(after=int(after)):
                following = [says for says in takewhile(_says, rest) if isinstance(says, Says)]
                size = sum(len(says.data) * says.times for says in following)
                if after > size:
                    raise DialogueError(step.line, f"the S: lines that follow have only {size} bytes")
                _reached(rest[len(following) :], step)
            case End():
                _reached(rest, step)
            case StartTls(tls=tls):
                secured += 1
                if secured > 1:
                    raise DialogueError(step.line, "TLS is on already")
                if tls.stop or tls.alert is not None:
                    _reached(rest, step)
            case Message():
                if not (rest and isinstance(rest[0], Expects)):
                    raise DialogueError(step.line, "'C: **' needs a C: line right below it, which ends the message")


def _says(step: Step) -> bool:
    return isinstance(step, Says)


def _reached(rest: tuple[Step, ...], end: Step) -> None:
    if rest:
        raise DialogueError(rest[0].line, f"never reached: line {end.line} ends the connection before it")


def _count(number: int, words: list[str]) -> int:
    if len(words) != 1 or not words[0].isdecimal():
        raise DialogueError(number, f"a whole number is needed, not {' '.join(words)!r}")
    return int(words[0])


def _seconds(number: int, words: list[str]) -> float:
    try:
        seconds = float(" ".join(words))
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise DialogueError(number, f"a number of seconds is needed, not {' '.join(words)!r}")
    return seconds


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted({*words, "repeat"}))
