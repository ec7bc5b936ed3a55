"""One entry, judged: the server's words before the client's, the inner error before the one that quotes it.

Words that the server chose say most; the library's own words come next; a bare code, and a wrapper that left the reply
out ("could not authenticate"), come last. What fits nothing is not known.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from smtpcheck import providers
from smtpcheck.diagnose.replies import Meaning, meaning
from smtpcheck.diagnose.rule import Found
from smtpcheck.diagnose.text import clues, library, words
from smtpcheck.diagnose.text.entries import Entry
from smtpcheck.diagnose.text.letters import readable
from smtpcheck.diagnose.text.quoted import Quoted, code_named, lone, quoted
from smtpcheck.diagnose.text.scene import AUTH_CODES, USUAL, Candidate, Hints, Scene, only, scene_of
from smtpcheck.diagnose.text.shown import shown
from smtpcheck.model import Certainty, Stage

_ECHOES = frozenset({"command-out-of-sequence", "idle-timeout"})
"""Causes that follow from an earlier one, if there is another."""
_ABOUT_MAIL = re.compile(
    r"smtp|mail|\b[245]\d\d[ -][245]\.\d\.\d|starttls|ehlo|helo|postfix|exim|sasl|:(?:25|465|587|2525)\b", re.IGNORECASE
)
_TELLS_ENOUGH = 25
"""A reply of a lower rank leaves nothing for the client's own words to say."""
_WINDOW = 16 * 1024
_MOST_REPLIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What an entry means, at which stage it failed, and whose words they are."""

    found: Found
    stage: Stage | None
    client: str | None


def judge(entry: Entry, hints: Hints, *, among_others: bool) -> Judged | None:
    """What the entry means, or None where nothing is known. `among_others`: it is one of many in a log, where an entry
    that is not about mail means nothing.
    """
    entry = replace(entry, lines=tuple(readable(line) for line in entry.lines))
    text = "\n".join(entry.lines)
    if len(text) > _WINDOW:
        text = text[: _WINDOW // 4] + "\n" + text[-_WINDOW * 3 // 4 :]
    if among_others and _ABOUT_MAIL.search(text) is None:
        return None
    scene = scene_of(entry.lines, text, hints)
    candidates = sorted(_candidates(scene), key=lambda one: one.rank)
    if not candidates:
        return None
    best = candidates[0]
    client = library.client_of(text)
    return Judged(found=_found(best, scene, entry, client), stage=hints.stage or best.stage, client=client)


def _candidates(scene: Scene) -> Iterator[Candidate]:
    yield from clues.login_without_secret(scene)
    yield from clues.token(scene)
    found = list(_replies(scene))
    yield from found
    yield from clues.diverted(scene, found)
    yield from clues.hanging(scene)
    if not any(one.rank < _TELLS_ENOUGH for one in found):
        yield from words.library_words(scene)
        yield from words.bare_words(scene)
    if not found:
        yield from clues.unanswered(scene)
        yield from _by_code(scene)


def _replies(scene: Scene) -> Iterator[Candidate]:
    dialogue = scene.dialogue
    refusal = dialogue.refusal if dialogue is not None else None
    logged_in: bool | None = None
    where: Stage | None = None
    if dialogue is not None and refusal is not None:
        heard = tuple(quoted(refusal.lines))
        where = refusal.stage
        logged_in = dialogue.logged_in if dialogue.asked_login or where is not Stage.AUTH else None
        heard = tuple(replace(one, line=refusal.line) for one in heard)
    else:
        heard = tuple(quoted(scene.lines))
    if not heard:
        named = code_named(scene.text)
        heard = tuple(replace(one, code=named) for one in lone(scene.lines))
    for place, one in enumerate(heard[:_MOST_REPLIES]):
        stage = scene.hints.stage or where or _stage(scene, one)
        said = scene.said(one.text, stage=stage, code=one.code, enhanced=one.enhanced, logged_in=logged_in)
        meant = meaning(said)
        if meant is not None and not (one.loose and meant.row.wordless):
            yield _from_meaning(meant, one, stage, place)


_ANSWERS = {
    530: Stage.SENDER,
    450: Stage.RECIPIENT,
    550: Stage.RECIPIENT,
    551: Stage.RECIPIENT,
    553: Stage.SENDER,
    501: Stage.SENDER,
    555: Stage.SENDER,
    552: Stage.MESSAGE,
    554: Stage.MESSAGE,
    451: Stage.MESSAGE,
    421: Stage.BANNER,
    534: Stage.AUTH,
    535: Stage.AUTH,
}
"""What each code answers most often (RFC 5321 section 4.3.2), where nothing else tells."""


def _by_code(scene: Scene) -> Iterator[Candidate]:
    """What the code of a reply means most often where neither its words nor its stage are known: never sure."""
    heard = next((one for one in quoted(scene.lines) if one.code in _ANSWERS and not one.loose), None)
    code = heard.code if heard is not None else code_named(scene.text)
    if code not in _ANSWERS:
        return
    stage = scene.hints.stage or _ANSWERS[code]
    line = heard.line if heard is not None else len(scene.lines) - 1
    text = heard.text if heard is not None else scene.lines[line]
    meant = meaning(scene.said(text, stage=stage, code=code, enhanced=heard.enhanced if heard is not None else None))
    if meant is None:
        return
    yield Candidate(
        rank=70,
        cause=meant.cause,
        certainty=Certainty.POSSIBLE,
        stage=stage,
        line=line,
        text=text,
        code=code,
        alternatives=meant.alternatives,
        settle=meant.settle or "the command that was answered so",
        means=meant.means,
        provider=meant.provider,
    )


def _stage(scene: Scene, reply: Quoted) -> Stage | None:
    line = scene.lines[reply.line]
    tail = line[line.rfind("(in reply to") :] if "(in reply to" in line else ""
    others = "\n".join(one for number, one in enumerate(scene.lines) if number != reply.line)
    before = line.split(f"{reply.code}", 1)[0] if reply.code else line[:40]
    named = library.stage_of(f"{tail}\n{before}") or library.stage_of(others[:4_000]) or library.stage_said(line)
    if reply.code in AUTH_CODES and named not in (Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE):
        return Stage.AUTH
    return named


def _from_meaning(meant: Meaning, reply: Quoted, stage: Stage | None, place: int) -> Candidate:
    by_code = meant.row.wordless
    rank = 50 if by_code else 1 if reply.inner else 20 if meant.cause not in _ECHOES else 25
    return Candidate(
        rank=rank + (0 if by_code else min(place, 4)),
        cause=meant.cause,
        certainty=meant.certainty,
        stage=stage or meant.row.at or only(meant.row) or USUAL.get(meant.cause),
        line=reply.line,
        text=reply.text,
        code=reply.code,
        alternatives=meant.alternatives,
        settle=meant.settle,
        means=meant.means,
        provider=meant.provider,
    )


def _found(best: Candidate, scene: Scene, entry: Entry, client: str | None) -> Found:
    known = providers.provider(best.provider or scene.provider or "")
    facts = {
        "host": scene.hints.host,
        "port": f"{scene.port}" if scene.port else None,
        "user": scene.hints.user,
        "sender": scene.hints.sender,
        "code": f"{best.code}" if best.code else None,
        "reply": shown(best.text),
        "stage": best.stage,
        "means": best.means,
        "provider": known.name if known is not None else None,
        "word": known.username.word if known is not None and known.username is not None else None,
        "client": client,
        "tls": scene.hints.tls,
    }
    return Found(
        id=best.cause,
        certainty=best.certainty,
        facts={name: str(value) for name, value in facts.items() if value},
        evidence=({"line": entry.line + best.line, "text": shown(best.text)},),
        alternatives=tuple(one for one in best.alternatives if one != best.cause),
        settle=best.settle if best.alternatives else None,
        provider=known.id if known is not None else None,
        stage=best.stage,
    )
