"""The pages of the causes, one Markdown file each: the words of a finding, `smtpcheck explain ID`, the
documentation, and the examples that test it. Read only when a finding is raised.

Placeholders are `{name|words for when the fact is not known}`; a page reads well with none of them known.
"""

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from smtpcheck.diagnose.rule import Found
from smtpcheck.model import Finding, Severity, Stage
from smtpcheck.model.record import record

PLACEHOLDERS = frozenset(
    [
        "host",
        "port",
        "address",
        "user",
        "sender",
        "recipient",
        "command",
        "code",
        "reply",
        "seconds",
        "stage",
        "mechanism",
        "offered",
        "expected",
        "names",
        "word",
        "provider",
        "how",
        "means",
        "file",
        "line",
        "value",
        "limit",
        "waited",
        "other",
        "client",
        "tls",
        "days",
        "first_bytes",
        "name",
        "source",
    ]
)

_FOLDER = Path(__file__).parent / "causes"
_FENCE = "+++"
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\|([^{}]*)\}")
_EXAMPLE = re.compile(r"^```(smtp|text|evidence|settings) +([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_PAIR = re.compile(r'([a-z_]+)=(?:"([^"]*)"|(\S+))')


@record
class Example:
    """An example of a page: its kind, the cause that it gives (or must not give), further hints, and its text."""

    kind: str
    gives: str | None
    gives_not: str | None
    hints: Mapping[str, str]
    text: str


@record
class Page:
    """One cause. `beats` are causes that it outranks at equal certainty; `waiting` names what an example waits
    for.
    """

    id: str
    stage: Stage
    severity: Severity
    since: str
    title: str
    why: str
    fix: tuple[str, ...]
    references: tuple[str, ...]
    beats: tuple[str, ...]
    waiting: str | None
    body: str
    examples: tuple[Example, ...]

    @property
    def prose(self) -> str:
        """The body without its examples."""
        return self.body.partition("## Example")[0].strip()


@cache
def ids() -> tuple[str, ...]:
    """Every cause, in alphabetical order."""
    return tuple(sorted(file.stem for file in _FOLDER.glob("*.md")))


@cache
def page(id: str) -> Page:
    """The page of a cause; raises KeyError if there is none."""
    file = _FOLDER / f"{id}.md"
    if not re.fullmatch(r"[a-z0-9-]+", id) or not file.is_file():
        raise KeyError(id)
    _, front, body = file.read_text("utf-8").split(f"{_FENCE}\n", 2)
    table = tomllib.loads(front)
    return Page(
        id=id,
        stage=Stage(table["stage"]),
        severity=Severity(table["severity"]),
        since=table["since"],
        title=table["title"],
        why=table["why"],
        fix=tuple(table["fix"]),
        references=tuple(table.get("references", ())),
        beats=tuple(table.get("beats", ())),
        waiting=table.get("waiting"),
        body=body.strip(),
        examples=tuple(_example(*match.groups()) for match in _EXAMPLE.finditer(body)),
    )


def _example(kind: str, info: str, text: str) -> Example:
    pairs = {name: quoted or bare for name, quoted, bare in _PAIR.findall(info)}
    return Example(
        kind=kind, gives=pairs.pop("gives", None), gives_not=pairs.pop("gives_not", None), hints=pairs, text=text
    )


def filled(words: str, facts: Mapping[str, str]) -> str:
    """The words with every placeholder filled: by its fact, or by its own words where the fact is not known."""
    return _PLACEHOLDER.sub(lambda match: facts.get(match.group(1)) or match.group(2), words)


def finding(found: Found, stage: Stage | None = None) -> Finding:
    """What a rule found, in words. `stage` is where the session stopped."""
    cause = page(found.id)
    return Finding(
        id=cause.id,
        stage=stage or found.stage or cause.stage,
        severity=cause.severity,
        certainty=found.certainty,
        title=filled(cause.title, found.facts),
        why=filled(cause.why, found.facts),
        fix=tuple(filled(step, found.facts) for step in cause.fix),
        evidence=found.evidence,
        provider=found.provider,
        alternatives=found.alternatives,
        settle=filled(found.settle, found.facts) if found.settle else None,
        means=found.facts.get("means") or None,
    )
