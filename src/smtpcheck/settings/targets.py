"""The targets of a batch: a file of TOML, CSV or JSON Lines, or a list with one target a line.

    TOML    [defaults] holds for all; each [[target]] is a table of keys
    CSV     the first row names the keys; an empty cell is not given; a list is parted by `;`
    JSONL   one object a line; empty lines and those that begin with # count for nothing
    lines   what `check` takes as TARGET; empty lines and those that begin with # count for nothing

The file is somebody's work of hours and sometimes a program's: the first row that cannot be used is told with its line,
and nothing runs.
"""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from smtpcheck.model import UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.settings.files import read_file
from smtpcheck.settings.keys import Place, read_keys, read_words
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.request import Request

FORMATS = ("toml", "csv", "jsonl", "lines")
LIMIT = 16 * 1024 * 1024
MOST = 100_000
_SECONDS = 30.0
_LONGEST_CELL = 64 * 1024
_FORMAT_OF = {".toml": "toml", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
_UNSUITED = ("password_stdin", "ask_password")


@brief_record
class Row:
    """One target as it stands in the file: `place` is for a sentence, `fields` are those of a Request."""

    place: str
    fields: Mapping[str, object]


def read_targets(path: str, format: str | None = None, defaults: Mapping[str, object] | None = None) -> list[Request]:
    """What is asked for with each target of the file; `-` is standard input. `defaults` are fields that hold where the
    file is silent. Raises UsageError.
    """
    return [request for _, request in located_targets(path, format, defaults)]


def located_targets(
    path: str, format: str | None = None, defaults: Mapping[str, object] | None = None
) -> list[tuple[str, Request]]:
    """The same, each with the place where it stands. Raises UsageError."""
    if format is not None and format not in FORMATS:
        raise UsageError(f"--format is {quoted(format)}: give one of {', '.join(FORMATS)}")
    shown = "standard input" if path == "-" else os.path.basename(path)
    name = shown if shown.isprintable() and len(shown) <= 80 else quoted(shown)
    text = _text(path, name)
    try:
        rows = _rows(text, format or _guessed(path, text), name)
    except (RecursionError, MemoryError):
        raise UsageError(f"{name}: it is nested too deep or too large to be a list of targets") from None
    if not rows:
        raise UsageError(f"{name}: there is no target in it")
    return [(row.place, _request(row, defaults or {})) for row in rows]


def _text(path: str, name: str) -> str:
    if path == "-":
        from smtpcheck.settings.bounded import read_descriptor

        if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
            raise UsageError("standard input holds no targets: pipe them in, or name a file")
        raw = read_descriptor(sys.stdin.fileno(), _SECONDS, LIMIT, "batch -")
    else:
        raw = read_file(path, "batch", LIMIT).raw
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{name}: it is not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise UsageError(f"{name}: it holds a NUL byte, and is no list of targets")
    return text


def _guessed(path: str, text: str) -> str:
    known = _FORMAT_OF.get(os.path.splitext(path)[1].lower())
    return known or ("jsonl" if text.lstrip().startswith("{") else "lines")


def _rows(text: str, format: str, name: str) -> list[Row]:
    readers = {"toml": _toml, "csv": _csv, "jsonl": _jsonl, "lines": _lines}
    return readers[format](text, name)


def _request(row: Row, defaults: Mapping[str, object]) -> Request:
    for key in _UNSUITED:
        if key in row.fields:
            raise UsageError(f"{row.place}: {key} cannot be asked for many targets: name a variable, file or command")
    if "target" not in row.fields:
        raise UsageError(f"{row.place}: the key 'host' is missing")
    own_secret = any(field.startswith(("password_", "token_")) for field in row.fields)
    shared = {
        field: value
        for field, value in defaults.items()
        if not (own_secret and field.startswith(("password_", "token_")))  # its own source and not two
    }
    fields = {**shared, **row.fields}
    fields["sibling_ports"] = fields.get("second_looks") is True  # strangers' ports only where it was asked for
    return Request(**fields)  # type: ignore[arg-type]  # `keys` gives the fields their types


def _toml(text: str, name: str) -> list[Row]:
    import tomllib

    from smtpcheck.settings.toml_text import check_dots

    check_dots(text, name)
    try:
        document: dict[str, Any] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{name}: this is not TOML{_position(error)}") from None
    for key in document:
        if key not in ("defaults", "target"):
            raise UsageError(f"{name}: there is a table or key besides [defaults] and [[target]], in which keys stand")
    shared, tables = document.get("defaults", {}), document.get("target", [])
    if not isinstance(shared, dict) or not isinstance(tables, list) or not all(isinstance(t, dict) for t in tables):
        raise UsageError(f"{name}: write [defaults] once, and [[target]] for each target")
    _check_count(len(tables), name)
    lines = [number for number, line in enumerate(text.split("\n"), 1) if line.strip().startswith("[[target]]")]
    common = read_keys(shared, _always(f"{name}, [defaults]"))
    rows = []
    for index, table in enumerate(tables):
        at = f", line {lines[index]}" if len(lines) == len(tables) else ""
        place = f"{name}{at}, target {index + 1}"
        row = _request_fields(common, read_keys(table, _always(place)))
        rows.append(Row(place, row))
    return rows


def _request_fields(common: Mapping[str, object], own: Mapping[str, object]) -> Mapping[str, object]:
    """A target's own keys before the file's defaults; a secret source of its own in the place of theirs."""
    if any(field.startswith(("password_", "token_")) for field in own):
        common = {key: value for key, value in common.items() if not key.startswith(("password_", "token_"))}
    return {**common, **own}


def _position(error: Exception) -> str:
    """Where TOML breaks, without the words of the parser: they quote what stands there."""
    import re

    found = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    return f" at line {found[1]}, column {found[2]}" if found else " (it breaks off at its end)"


def _csv(text: str, name: str) -> list[Row]:
    import csv
    import io

    csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True)
    rows: list[Row] = []
    keys: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            place = f"{name}, line {reader.line_num}"
            if keys is None:
                keys = _header(cells, place)
                continue
            if len(cells) > len(keys):
                raise UsageError(f"{place}: it has {len(cells)} cells, and the first row names {len(keys)} keys")
            row = {key: cell.strip() for key, cell in zip(keys, cells, strict=False)}
            rows.append(Row(place, read_words(row, _always(place))))
            _check_count(len(rows), name)
    except csv.Error:
        raise UsageError(f"{name}, line {reader.line_num}: this is not CSV (a quote that is not closed?)") from None
    return rows


def _header(cells: Sequence[str], place: str) -> list[str]:
    keys = [cell.strip() for cell in cells]
    if not {"host", "target"} & set(keys):
        raise UsageError(f"{place}: the first row of CSV names the keys, 'host' among them, and this one does not")
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"{place}: two columns have the same name")
    return keys


def _jsonl(text: str, name: str) -> list[Row]:
    import json

    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        place = f"{name}, line {number}"
        try:
            value = json.loads(line)
        except ValueError:  # what json says would quote it
            raise UsageError(f"{place}: this is not JSON: one object a line, such as {{'host': ...}}") from None
        if not isinstance(value, dict):
            raise UsageError(f"{place}: a target is an object, such as {{'host': ...}}")
        rows.append(Row(place, read_keys(value, _always(place))))
        _check_count(len(rows), name)
    return rows


def _lines(text: str, name: str) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(text.split("\n"), 1):
        word = line.strip()
        if not word or word.startswith("#"):
            continue
        place = f"{name}, line {number}"
        if len(word.split()) > 1:
            raise UsageError(f"{place}: there is more than one word in it (not shown): one target a line")
        rows.append(Row(place, {"target": word}))
        _check_count(len(rows), name)
    return rows


def _always(place: str) -> Place:
    """All keys of a row stand in one place."""
    return lambda key: place


def _check_count(count: int, name: str) -> None:
    if count > MOST:
        raise UsageError(f"{name}: it has more than {MOST} targets: split it")
