"""A report as JSON and back, schema 1: one generic function each way over the types of the model.

Types decide the layout: enums are their words, times are ISO 8601 in UTC, bytes are `{"text", "base64"?}`, an event
says its `kind`, and a step's facts are of the type that its stage has. Secrets have no key at all. What is read is
hostile: unknown keys are passed over (schema 1 only grows), everything else that does not fit is a `UsageError` that
names the key and never its value.
"""

import base64
import binascii
import json
import math
import os
import re
import stat
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import TYPE_CHECKING, Any, NoReturn, Union, get_args, get_origin, get_type_hints

from smtpcheck.model import (
    AnyEvent,
    AuthFacts,
    BannerFacts,
    ConfigFacts,
    ConnectFacts,
    DnsFacts,
    EhloFacts,
    EnvelopeFacts,
    Event,
    Explanation,
    MessageFacts,
    Outcome,
    QuitFacts,
    Report,
    Secret,
    Stage,
    StarttlsFacts,
    Step,
    TlsFacts,
    UsageError,
)

if TYPE_CHECKING:
    from smtpcheck.model.settings import Service
from smtpcheck.report.json_text import indented

SCHEMA = 1
LARGEST_FILE = 64 * 1024 * 1024

FACTS: Mapping[Stage, type] = MappingProxyType(
    {
        Stage.CONFIG: ConfigFacts,
        Stage.DNS: DnsFacts,
        Stage.CONNECT: ConnectFacts,
        Stage.BANNER: BannerFacts,
        Stage.EHLO: EhloFacts,
        Stage.STARTTLS: StarttlsFacts,
        Stage.TLS: TlsFacts,
        Stage.AUTH: AuthFacts,
        Stage.SENDER: EnvelopeFacts,
        Stage.RECIPIENT: EnvelopeFacts,
        Stage.MESSAGE: MessageFacts,
        Stage.QUIT: QuitFacts,
    }
)
"""The type of a step's facts, by its stage."""

# The verdict before the recording, as a reader of the file wants it; a field that is not named here comes last.
_ORDER = (
    *("schema", "smtpcheck", "began", "seconds", "target", "options"),
    *("outcome", "stage", "exit_code", "temporary", "expected", "cause", "also", "expectations"),
    *("deciding", "attempts", "asked", "local"),
)

_NOT_PLAIN = re.compile(rb"[^\t\r\n\x20-\x7e]|\r(?!\n)")

Path = tuple[str | int, ...]


def kind(event: type[Event]) -> str:
    """The word for an event in JSON: the name of its type in kebab-case."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", event.__name__).lower()


EVENTS: Mapping[str, type[Event]] = MappingProxyType({kind(event): event for event in get_args(AnyEvent)})
"""The events by their `kind`."""


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain JSON values, in the order of DESIGN's example. Holds no secret."""
    written: dict[str, Any] = _write(report)
    known = {key: written.pop(key) for key in _ORDER}
    return known | written


def dumps(report: Report) -> str:
    """`to_json` as text."""
    return text(to_json(report))


def explanation_to_json(explanation: Explanation) -> dict[str, Any]:
    """What was found in pasted text, as plain JSON values."""
    written: dict[str, Any] = _write(explanation)
    return {key: written.pop(key) for key in ("schema", "stage")} | written


def services_to_json(services: "Sequence[Service]") -> dict[str, Any]:
    """What applications' configurations say, as plain JSON values. Holds no secret."""
    return {"schema": SCHEMA, "services": [_write(service) for service in services]}


def text(value: object) -> str:
    """JSON values as indented text that is ASCII only, so that no terminal and no pipe can trip over it."""
    return indented(value).replace("\x7f", "\\u007f") + "\n"


def from_json(value: object) -> Report:
    """The report that `to_json` wrote. Raises UsageError for anything else."""
    try:
        _check_version(value)
        report: Report = _read(Report, value, ())
        _check_references(report)
    except (RecursionError, MemoryError):
        raise UsageError("this is no report of smtpcheck: it is nested too deep or too large") from None
    return report


def load(path: str | os.PathLike[str]) -> Report:
    """The report in a file: a regular file of at most 64 MiB. Raises UsageError with one sentence that names it."""
    name = ascii(os.fspath(path))
    try:
        return from_json(json.loads(_content(path, name), parse_constant=_no_constant))
    except UsageError as error:
        raise UsageError(f"{name}: {error}") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{name}: this is no report of smtpcheck: it is nested too deep or too large") from None
    except ValueError:  # what json says of bad text would quote it
        raise UsageError(f"{name}: this is no report of smtpcheck: it is not JSON in UTF-8") from None


def _content(path: str | os.PathLike[str], name: str) -> bytes:
    try:
        # Without O_NONBLOCK a named pipe would hold us before we can see that it is one.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this cannot be a path"
        raise UsageError(f"the report cannot be opened: {reason}") from None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise UsageError("the report has to be a regular file")
        with open(opened, "rb", closefd=False) as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UsageError(f"the report cannot be read: {error.strerror}") from None
    finally:
        os.close(opened)
    if len(content) > LARGEST_FILE:
        raise UsageError("the report is larger than 64 MiB")
    return content


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _check_version(value: object) -> None:
    if not isinstance(value, dict):
        raise UsageError("this is no report of smtpcheck: it is not a JSON object")
    if value.get("schema") != SCHEMA or isinstance(value.get("schema"), bool):
        raise UsageError(f"this smtpcheck reads reports of schema {SCHEMA}, and this one does not say that it is one")


def _check_references(report: Report) -> None:
    """What the types cannot say: indexes point at something, and nothing is still waited for."""
    if report.attempts and not 0 <= report.deciding < len(report.attempts):
        _refuse(("deciding",), "the index of an attempt")
    if report.outcome is Outcome.WAITING:
        _refuse(("outcome",), "an outcome, and a saved report waits for nothing")
    for number, attempt in enumerate(report.attempts):
        for index, step in enumerate(attempt.steps):
            where = ("attempts", number, "steps", index)
            if step.outcome is Outcome.WAITING:
                _refuse((*where, "outcome"), "an outcome, and a saved report waits for nothing")
            if step.events and not 0 <= step.events[0] <= step.events[1] < len(attempt.events):
                _refuse((*where, "events"), "the indexes of a first and a last event of the attempt")


# Writing

_PLAIN = frozenset({str, int, float, bool, NoneType})


def _write(value: Any) -> Any:
    if value.__class__ in _PLAIN:  # most values are, and the patterns below are tried one by one
        return value
    match value:
        case Enum():
            return value.value
        case None | bool() | int() | float() | str():
            return value
        case bytes():
            return _write_bytes(value)
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case tuple():
            return [_write(item) for item in value]
        case Mapping():
            return {str(key): _write(item) for key, item in value.items()}
    written = {"kind": kind(type(value))} if isinstance(value, Event) else {}
    return written | {name: _write(getattr(value, name)) for name in shape(value.__class__)}


def _write_bytes(raw: bytes) -> dict[str, str]:
    if not _NOT_PLAIN.search(raw):
        return {"text": raw.decode("ascii")}
    return {"text": raw.decode("utf-8", "backslashreplace"), "base64": base64.b64encode(raw).decode("ascii")}


# Reading


@cache
def shape(cls: Any) -> Mapping[str, tuple[Any, bool]]:
    """The fields that a type has in JSON: its type hint, and whether it has to be there. Secrets are none of them."""
    hints = get_type_hints(cls)
    return {
        field.name: (hints[field.name], field.default is MISSING and field.default_factory is MISSING)
        for field in fields(cls)
        if Secret not in (hints[field.name], *get_args(hints[field.name]))
    }


def _read(hint: Any, value: object, path: Path) -> Any:
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return _read_union(arguments, value, path)
    if origin is tuple:
        return _read_tuple(arguments, value, path)
    if origin is not None and issubclass(origin, Mapping):
        return _read_mapping(arguments[1], value, path)
    if is_dataclass(hint) and isinstance(hint, type):
        return _read_dataclass(hint, value, path)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _read_enum(hint, value, path)
    return _READERS[hint](value, path)


def _read_union(arguments: tuple[Any, ...], value: object, path: Path) -> Any:
    if NoneType in arguments and value is None:
        return None
    options = tuple(argument for argument in arguments if argument is not NoneType)
    if len(options) == 1:
        return _read(options[0], value, path)
    if all(isinstance(option, type) and issubclass(option, Event) for option in options):
        return _read_event(value, path)
    if type(value) in options:  # int | str
        return _read(type(value), value, path)
    return _refuse(path, "a whole number or a text")


def _read_event(value: object, path: Path) -> Event:
    found = value.get("kind") if isinstance(value, dict) else None
    if not isinstance(found, str) or found not in EVENTS:
        _refuse((*path, "kind"), "the kind of an event")
    event: Event = _read_dataclass(EVENTS[found], value, path)
    return event


def _read_tuple(arguments: tuple[Any, ...], value: object, path: Path) -> tuple[Any, ...]:
    if not isinstance(value, list):
        _refuse(path, "a list")
    if arguments[-1] is Ellipsis:
        return tuple(_read(arguments[0], item, (*path, index)) for index, item in enumerate(value))
    if len(value) != len(arguments):
        _refuse(path, f"a list of {len(arguments)}")
    return tuple(_read(arguments[index], item, (*path, index)) for index, item in enumerate(value))


def _read_mapping(hint: Any, value: object, path: Path) -> Mapping[str, Any]:
    if not isinstance(value, dict) or not all(isinstance(key, str) for key in value):
        _refuse(path, "an object")
    # The keys are not ours: an error message does not repeat them.
    return MappingProxyType({key: _read(hint, item, (*path, "*")) for key, item in value.items()})


def _read_dataclass(cls: type, value: object, path: Path) -> Any:
    if not isinstance(value, dict):
        _refuse(path, "an object")
    found: dict[str, Any] = {}
    for name, (hint, required) in shape(cls).items():
        if cls is Step and name == "facts":
            hint = FACTS[found["stage"]] | None
        if name in value:
            found[name] = _read(hint, value[name], (*path, name))
        elif required:
            _refuse((*path, name), "there")
    return cls(**found)


def _read_enum(cls: type[Enum], value: object, path: Path) -> Enum:
    if isinstance(value, str):
        for member in cls:
            if member.value == value:
                return member
    return _refuse(path, "one of " + ", ".join(str(member.value) for member in cls))


def _read_text(value: object, path: Path) -> str:
    return value if isinstance(value, str) else _refuse(path, "a text")


def _read_truth(value: object, path: Path) -> bool:
    return value if isinstance(value, bool) else _refuse(path, "true or false")


def _read_whole(value: object, path: Path) -> int:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return value
    return _refuse(path, "a whole number")


def _read_number(value: object, path: Path) -> float:
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
        return float(value)
    return _refuse(path, "a number")


def _read_time(value: object, path: Path) -> datetime:
    try:
        time = datetime.fromisoformat(_read_text(value, path))
        if time.tzinfo is not None:
            return time.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return _refuse(path, "a time such as 2026-11-22T17:30:00Z")


def _read_bytes(value: object, path: Path) -> bytes:
    if not isinstance(value, dict):
        _refuse(path, "an object with text")
    if "base64" in value:
        try:
            return base64.b64decode(_read_text(value["base64"], (*path, "base64")), validate=True)
        except (binascii.Error, ValueError):
            _refuse((*path, "base64"), "base64")
    try:
        return _read_text(value.get("text"), (*path, "text")).encode("ascii")
    except UnicodeEncodeError:
        _refuse((*path, "text"), "ASCII where there is no base64")


_READERS: Mapping[type, Any] = {
    str: _read_text,
    bool: _read_truth,
    int: _read_whole,
    float: _read_number,
    datetime: _read_time,
    bytes: _read_bytes,
}


def _refuse(path: Path, expected: str) -> NoReturn:
    """Raises the one sentence that names the key. Never the value: it may be a secret, and it is hostile."""
    where = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    raise UsageError(f"this is no report of smtpcheck: {where} should be {expected}")
