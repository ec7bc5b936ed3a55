"""The scenarios that come with smtpcheck: one dialogue file for each thing that goes wrong (or right) in practice.

The header of a file says how to see it: `title`, `check` (options of `smtpcheck check`, without host and port), `host`
(the name to check under, where it matters), and how that check has to end: `stage`, `outcome`, `exit`. A `check` with
`--user` and no source of a secret works with any secret.
"""

import re
import shlex
from functools import cache
from importlib.resources import files

from smtpcheck.dialogue import Dialogue, parse
from smtpcheck.model import Outcome, Stage
from smtpcheck.model.record import record

HOST = "mail.example.com"

_SUFFIX = ".dialogue"
_NAME = re.compile(r"[a-z0-9.-]{1,60}")


@record
class Scenario:
    """A dialogue, how to check it, and how that check ends. `stage` is None for a session that passes."""

    name: str
    title: str
    host: str
    check: tuple[str, ...]
    stage: Stage | None
    outcome: Outcome
    exit_code: int
    text: str
    dialogue: Dialogue


@cache
def scenarios() -> tuple[Scenario, ...]:
    """All scenarios, in the order of their names."""
    folder = files("smtpcheck.serve") / "scenarios"
    names = (file.name for file in folder.iterdir())
    return tuple(scenario(name.removesuffix(_SUFFIX)) for name in sorted(names) if name.endswith(_SUFFIX))


def scenario(name: str) -> Scenario:
    """The scenario of this name. Raises KeyError if there is none."""
    file = files("smtpcheck.serve") / "scenarios" / f"{name}{_SUFFIX}"
    if not _NAME.fullmatch(name) or not file.is_file():
        raise KeyError(name)
    text = file.read_text("utf-8")
    dialogue = parse(text)
    header = dialogue.header
    stage = header.get("stage")
    return Scenario(
        name=name,
        title=header["title"],
        host=header.get("host", HOST),
        check=tuple(shlex.split(header.get("check", ""))),
        stage=Stage(stage) if stage else None,
        outcome=Outcome(header["outcome"]),
        exit_code=int(header["exit"]),
        text=text,
        dialogue=dialogue,
    )
