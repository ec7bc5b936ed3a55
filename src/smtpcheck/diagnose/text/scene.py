"""An entry with what is known around it, and what may be the reason: the values that judging works with."""

import re
from dataclasses import dataclass, replace

from smtpcheck import providers, replies
from smtpcheck.diagnose.text import transcript
from smtpcheck.model import Certainty, Stage
from smtpcheck.model.row import Row, Said

_HOST = re.compile(r"\b(?=[a-z0-9-]{1,63}\.)[a-z0-9-]+(?:\.[a-z0-9-]{1,63}){1,6}\b", re.IGNORECASE)
_PORT = re.compile(r"(?::|port[\"']?[:= ]{1,3}[\"']?)(25|465|587|2525|2465|2587|1025)\b", re.IGNORECASE)
_LOOKED_AT = 4_000
"""Characters in which names of hosts are looked for."""
_MOST_HOSTS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the user knows besides the text."""

    stage: Stage | None = None
    host: str | None = None
    port: int | None = None
    tls: str | None = None
    user: str | None = None
    sender: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One possible reason. `rank` says how much its words weigh, the lowest most; `line` counts from 0."""

    rank: int
    cause: str
    certainty: Certainty
    stage: Stage | None
    line: int
    text: str
    code: int | None = None
    alternatives: tuple[str, ...] = ()
    settle: str | None = None
    means: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """An entry with what is known around it."""

    lines: tuple[str, ...]
    text: str
    hints: Hints
    provider: str | None
    software: str | None
    port: int | None
    dialogue: transcript.Dialogue | None

    def said(self, text: str, **known: object) -> Said:
        said = Said(
            text=text,
            provider=self.provider,
            software=self.software,
            user=self.hints.user,
            sender=self.hints.sender
            if self.hints.sender is not None or self.dialogue is None
            else self.dialogue.sender,
            tls=self.hints.tls,
            port=self.port,
            host=self.hints.host,
        )
        return replace(said, **known)  # type: ignore[arg-type]  # the names are those of Said


def scene_of(lines: tuple[str, ...], text: str, hints: Hints) -> Scene:
    """The entry with what the hints and the text itself tell about it."""
    known = _provider(text, hints)
    port = _PORT.search(text)
    return Scene(
        lines=lines,
        text=text,
        hints=hints,
        provider=known.id if known is not None else None,
        software=replies.software_named(hints.provider) if hints.provider else None,
        port=hints.port if hints.port is not None else int(port.group(1)) if port else None,
        dialogue=transcript.read(lines) if transcript.is_transcript(lines) else None,
    )


def _provider(text: str, hints: Hints) -> providers.Provider | None:
    if hints.host and (known := providers.by_host(hints.host)):
        return known
    if hints.provider and (known := providers.provider(hints.provider) or providers.by_free_name(hints.provider)):
        return known
    if hints.provider:
        return None
    names = dict.fromkeys(found.group().lower() for found in _HOST.finditer(text[:_LOOKED_AT]))
    hosts = (providers.by_host(name) for name in list(names)[:_MOST_HOSTS])
    return next((one for one in hosts if one is not None), None) or providers.by_banner(text[:_LOOKED_AT])


AUTH_CODES = frozenset({534, 535, 538})
"""Codes that only AUTH is answered with (RFC 4954 section 6), sloppy servers apart."""

USUAL = {
    "account-suspended-or-quota": Stage.MESSAGE,
    "rate-limited": Stage.MESSAGE,
    "bare-lf": Stage.MESSAGE,
    "source-ip-not-authorized": Stage.SENDER,
}
"""Where these show in most texts, when neither the text nor the row says it; a page names the first place they can."""


def only(row: Row) -> Stage | None:
    """The stage of a row that has only one."""
    return next(iter(row.stages)) if len(row.stages) == 1 else None
