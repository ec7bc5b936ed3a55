"""A row of the reply tables, what a server said, and whether the one fits the other.

A reply code says little: 535 has a dozen causes, and 5.7.1 is a catch-all (RFC 3463 section 3.8 calls it "delivery not
authorized"). What decides is the code together with the words, the stage, and whether somebody logged in. Rows are
data, read by one matcher, live and from pasted text. The matcher is linear: words are looked up one after the other,
and a regular expression stands only where words cannot say it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from smtpcheck.model.words import Certainty, Stage

GAP = " ... "
"""In the words of a row: anything may stand between what is before and after it."""

LONGEST = 16 * 1024
"""Characters of a reply that rows look at; no server needs more to say what is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a server (or a client's library) said, and what is known around it; None is not known.

    `provider` and `software` are names of tables (`providers.Provider.id`, `replies.SOFTWARE`). `tls` is a word of
    `TlsMode`.
    """

    text: str
    stage: Stage | None = None
    code: int | None = None
    enhanced: str | None = None
    provider: str | None = None
    software: str | None = None
    user: str | None = None
    sender: str | None = None
    recipient: str | None = None
    logged_in: bool | None = None
    tls: str | None = None
    port: int | None = None
    host: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row. All conditions that it has must hold; `words` and its companions are folded (see `fold`).

    `at` is the stage that the words tell when nothing else does. `weak` words are too common to be read where the stage
    is not known. `client` names the library whose words these are.
    """

    cause: str
    certainty: Certainty
    example: str
    stages: frozenset[Stage] = frozenset()
    codes: tuple[str, ...] = ()
    enhanced: tuple[str, ...] = ()
    words: tuple[tuple[str, ...], ...] = ()
    together: tuple[tuple[str, ...], ...] = ()
    without: tuple[tuple[str, ...], ...] = ()
    regex: re.Pattern[str] | None = None
    login: bool | None = None
    ports: frozenset[int] = frozenset()
    tls: frozenset[str] = frozenset()
    at: Stage | None = None
    weak: bool = False
    client: str | None = None
    alternatives: tuple[str, ...] = ()
    settle: str | None = None
    means: str | None = None
    source: str | None = None

    @property
    def wordless(self) -> bool:
        """True for a row that goes by code and stage alone."""
        return not (self.words or self.together or self.regex or self.enhanced)


class RowMalformed(ValueError):
    """A table holds a row that cannot be used. The text says where and why."""


def fold(text: str) -> str:
    """Lower case, each run of white space one space, typographic quotes plain; at most `LONGEST` characters."""
    return " ".join(text[:LONGEST].translate(_PLAIN).lower().split())


def fits(row: Row, said: Said) -> bool:
    """Whether every condition of the row holds."""
    return _fits(row, said, fold(said.text))


def first_fit(rows: Iterable[Row], said: Said) -> Row | None:
    """The first row that fits, or None."""
    return next(all_fits(rows, said), None)


def all_fits(rows: Iterable[Row], said: Said) -> Iterator[Row]:
    """The rows that fit, in their order."""
    folded = fold(said.text)
    return (row for row in rows if _fits(row, said, folded))


def _fits(row: Row, said: Said, folded: str) -> bool:
    return (
        (not row.codes or _code_fits(row.codes, said))
        and (not row.stages or _stage_fits(row, said.stage))
        and (not row.ports or said.port in row.ports)
        and (not row.tls or said.tls in row.tls)
        and (row.login is None or said.logged_in is None or row.login is said.logged_in)
        and (not row.enhanced or _enhanced_fits(row.enhanced, said.enhanced))
        and (not row.words or _any_stands(row.words, folded))
        and (not row.together or all(_stands(words, folded) for words in row.together))
        and not (row.without and _any_stands(row.without, folded))
        and (row.regex is None or row.regex.search(folded) is not None)
    )


def _code_fits(codes: tuple[str, ...], said: Said) -> bool:
    # An enhanced code tells at least the class of a code that is not known (RFC 3463 section 2).
    known = f"{said.code}" if said.code is not None else said.enhanced[0] if said.enhanced else None
    return known is not None and any(known.startswith(wanted) for wanted in codes)


def _stage_fits(row: Row, stage: Stage | None) -> bool:
    # Telling words may be read without knowing the stage; a bare code may not.
    return stage in row.stages if stage is not None else not (row.weak or row.wordless)


def _enhanced_fits(wanted: tuple[str, ...], enhanced: str | None) -> bool:
    return enhanced is not None and any(enhanced[1:] == one[1:] and one[0] in ("x", enhanced[0]) for one in wanted)


def _any_stands(phrases: tuple[tuple[str, ...], ...], folded: str) -> bool:
    # A plain loop, which costs half of what `any` does: this is where most of the time goes.
    for words in phrases:  # noqa: SIM110
        if words[0] in folded and (len(words) == 1 or _stands(words, folded)):
            return True
    return False


def _stands(words: tuple[str, ...], folded: str) -> bool:
    start = 0
    for word in words:
        found = folded.find(word, start)
        if found < 0:
            return False
        start = found + len(word)
    return True


def row_of(table: Mapping[str, Any], where: str) -> Row:
    """The row that a `[[reply]]` table describes; raises RowMalformed."""
    unknown = table.keys() - _KEYS
    if unknown:
        raise RowMalformed(f"{where}: unknown key {sorted(unknown)[0]}")
    for name in ("cause", "certainty", "example"):
        if not isinstance(table.get(name), str):
            raise RowMalformed(f"{where}: {name} is missing")
    try:
        row = Row(
            cause=table["cause"],
            certainty=Certainty(table["certainty"]),
            example=table["example"],
            stages=frozenset(Stage(name) for name in table.get("stage", ())),
            codes=tuple(str(code).removesuffix("yz") for code in table.get("codes", ())),
            enhanced=tuple(table.get("enhanced", ())),
            words=_phrases(table.get("any", ())),
            together=_phrases(table.get("all", ())),
            without=_phrases(table.get("none", ())),
            regex=re.compile(table["regex"], re.IGNORECASE) if "regex" in table else None,
            login=table.get("login"),
            ports=frozenset(table.get("ports", ())),
            tls=frozenset(table.get("tls", ())),
            at=Stage(table["at"]) if "at" in table else None,
            weak=table.get("weak", False),
            client=table.get("client"),
            alternatives=tuple(table.get("alternatives", ())),
            settle=table.get("settle"),
            means=table.get("means"),
            source=table.get("source"),
        )
    except (ValueError, TypeError, re.error) as error:
        raise RowMalformed(f"{where}: {error}") from error
    if row.certainty is Certainty.CERTAIN and row.alternatives:
        raise RowMalformed(f"{where}: what is certain has no alternatives")
    return row


def _phrases(words: Iterable[str]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        tuple(fold(part) if part.strip() == part else part.lower() for part in one.split(GAP)) for one in words
    )


_PLAIN = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "\u00a0": " ", "\u200b": None})
_KEYS = frozenset(
    (
        *("stage", "codes", "enhanced", "any", "all", "none", "regex", "login", "ports", "tls", "at", "weak", "client"),
        *("cause", "certainty", "alternatives", "settle", "means", "source", "verified", "example"),
    )
)
