"""What server software and generic replies mean: tables of rows, and their loader.

One file for each server software, and the generic ones by subject. `order.toml` says in which order they are read: the
first row that fits decides, so the narrow stands before the wide, and bare codes come last.
"""

import tomllib
from functools import cache, lru_cache
from pathlib import Path

from smtpcheck.model import Stage
from smtpcheck.model.record import brief_record
from smtpcheck.model.row import Row, row_of

_FOLDER = Path(__file__).parent  # not importlib.resources, whose import takes 13 ms of every check


@brief_record
class LookAlikes:
    """Causes that servers word much as another one, most probable first, and what would decide between them."""

    alternatives: tuple[str, ...]
    settle: str
    stages: frozenset[Stage] = frozenset()


@cache
def rows(software: str | None = None) -> tuple[Row, ...]:
    """All rows in the order in which they are tried: the named software's first, then the others', then generic ones.

    A text of one server often reaches the user through another, so no table is left out.
    """
    own, generic = order()
    if software in own:
        own = (software, *(name for name in own if name != software))
    return tuple(row for name in (*own, *generic) for row in table(name))


@cache
def order() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the tables: those of server software, and the generic ones, both in their order."""
    names = tomllib.loads((_FOLDER / "order.toml").read_text("utf-8"))
    return tuple(names["software"]), tuple(names["generic"])


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of one table; raises RowMalformed."""
    text = (_FOLDER / f"{name}.toml").read_text("utf-8")
    return tuple(
        row_of(row, f"replies/{name}.toml row {number}")
        for number, row in enumerate(tomllib.loads(text).get("reply", ()), 1)
    )


def look_alikes(cause: str, stage: Stage | None) -> LookAlikes | None:
    """What `cause` is mistaken for most, at a stage; None where nothing is known."""
    fitting = (one for one in _look_alikes().get(cause, ()) if not one.stages or stage in one.stages)
    return next(fitting, None)


@cache
def _look_alikes() -> dict[str, tuple[LookAlikes, ...]]:
    """By cause, in the order of the table: what holds at one stage stands before what holds anywhere."""
    found: dict[str, tuple[LookAlikes, ...]] = {}
    table = tomllib.loads((_FOLDER / "look-alikes.toml").read_text("utf-8"))
    for one in table["look_alike"]:
        stages = frozenset(Stage(name) for name in one.get("stage", ()))
        entry = LookAlikes(tuple(one["alternatives"]), one["settle"], stages)
        found[one["cause"]] = (*found.get(one["cause"], ()), entry)
    return found


@lru_cache(maxsize=256)
def software_named(free: str) -> str | None:
    """The table of a server software that somebody names freely ("Postfix postscreen", "cPanel Exim"), or None."""
    words = "".join(letter if letter.isalnum() else " " for letter in free.lower()).split()
    known = tomllib.loads((_FOLDER / "order.toml").read_text("utf-8"))["names"]
    return next((known[word] for word in words if word in known), None)
