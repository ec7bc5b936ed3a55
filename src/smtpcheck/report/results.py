"""The results of a batch: JSON Lines, one report a line, with the name of its target before it.

A line is written and flushed when its target ends, so a run that is cut off loses what was under way and nothing else.
Its last line may be torn; it counts as not written.
"""

import json
import os
import stat
from collections.abc import Iterable
from typing import Any

from smtpcheck.model import Report, UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.report.codec import from_json, to_json

LONGEST_LINE = 64 * 1024 * 1024
_NAME = "target_id"


@brief_record
class Result:
    """A report and the name of its target."""

    name: str
    report: Report


@brief_record
class Results:
    """What a file of results holds, in its order; `whole` is how many bytes of it are whole lines."""

    results: tuple[Result, ...]
    whole: int


def line(report: Report, name: str) -> str:
    """One line, in ASCII: no separator that Unicode knows can end it early."""
    value = {_NAME: name, **to_json(report)}
    return json.dumps(value, separators=(",", ":"), allow_nan=False) + "\n"


def read_results(path: str) -> Results:
    """The results in a regular file. Raises UsageError, which names the file and the line."""
    name = ascii(path)
    try:
        # Without O_NONBLOCK a named pipe would hold us before we can see that it is one.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this cannot be a path"
        raise UsageError(f"{name}: the results cannot be opened: {reason}") from None
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{name}: results have to be a regular file")
        found: list[Result] = []
        whole = number = 0
        while raw := file.readline(LONGEST_LINE + 1):
            number += 1
            if len(raw) > LONGEST_LINE:
                raise UsageError(f"{name}, line {number}: it is longer than 64 MiB")
            if not raw.endswith(b"\n"):
                break  # torn
            whole += len(raw)
            if raw.strip():
                found.append(_read(raw, f"{name}, line {number}"))
    return Results(tuple(found), whole)


def newest(results: Iterable[Result]) -> list[Result]:
    """One result for each target, the one that began last, in the order in which the targets first appear."""
    latest: dict[str, Result] = {}
    for result in results:
        known = latest.get(result.name)
        if known is None or result.report.began >= known.report.began:
            latest[result.name] = result
    return list(latest.values())


def _read(raw: bytes, place: str) -> Result:
    try:
        value = json.loads(raw)
        report = from_json(value)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None
    except (RecursionError, MemoryError):
        raise UsageError(f"{place}: it is nested too deep or too large") from None
    except ValueError:  # what json says of bad text would quote it
        raise UsageError(f"{place}: this is not a report of smtpcheck in JSON") from None
    name = value.get(_NAME)
    return Result(name if isinstance(name, str) and len(name) <= 64 else _name_of(value), report)


def _name_of(value: dict[str, Any]) -> str:
    """For a line that no batch wrote: the target itself."""
    target = {key: each for key, each in value["target"].items() if key not in ("origin", "notes", "secret")}
    return json.dumps(target, sort_keys=True)
