"""One entry, judged: the server's words before the client's, the inner error before the one that quotes it.

Words that the server chose say most; the library's own words come next; a bare code, and a wrapper that left the reply
out ("could not authenticate"), come last. What fits nothing is not known.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from smtpcheck import providers, replies
from smtpcheck.diagnose.replies import Meaning, meaning
from smtpcheck.diagnose.rule import Found
from smtpcheck.diagnose.text import library, oauth, stack, transcript
from smtpcheck.diagnose.text.entries import Entry
from smtpcheck.diagnose.text.quoted import Quoted, code_named, lone, quoted
from smtpcheck.diagnose.text.shown import shown
from smtpcheck.model import Certainty, Stage
from smtpcheck.model.row import Row, Said, first_fit

_AUTH_CODES = frozenset({534, 535, 538})
_ECHOES = frozenset({"command-out-of-sequence", "idle-timeout"})
_HOST = re.compile(r"\b(?=[a-z0-9-]{1,63}\.)[a-z0-9-]+(?:\.[a-z0-9-]{1,63}){1,6}\b", re.IGNORECASE)
_PORT = re.compile(r"(?::|port[\"']?[:= ]{1,3}[\"']?)(25|465|587|2525|2465|2587|1025)\b", re.IGNORECASE)
_ABOUT_MAIL = re.compile(r"smtp|mail|starttls|ehlo|helo|postfix|exim|sasl|:(?:25|465|587|2525)\b", re.IGNORECASE)
_USUAL = {
    "account-suspended-or-quota": Stage.MESSAGE,
    "rate-limited": Stage.MESSAGE,
    "bare-lf": Stage.MESSAGE,
    "source-ip-not-authorized": Stage.SENDER,
}
"""Where these show in most texts, when neither the text nor the row says it; a page names the first place they can."""
_LOOPBACK = ("127.", "localhost", "::1", "0.0.0.0", "[::1]")  # noqa: S104  compared, never bound
_WINDOW = 16 * 1024
_SHORT = 400


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
class Judged:
    """What an entry means, at which stage it failed, and whose words they are."""

    found: Found
    stage: Stage | None
    client: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
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
class _Scene:
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


def judge(entry: Entry, hints: Hints, *, among_others: bool) -> Judged | None:
    """What the entry means, or None where nothing is known. `among_others`: it is one of many in a log, where an entry
    that is not about mail means nothing.
    """
    text = "\n".join(entry.lines)
    if len(text) > _WINDOW:
        text = text[: _WINDOW // 4] + "\n" + text[-_WINDOW * 3 // 4 :]
    if among_others and _ABOUT_MAIL.search(text) is None:
        return None
    scene = _scene(entry.lines, text, hints)
    candidates = sorted(_candidates(scene), key=lambda one: one.rank)
    if not candidates:
        return None
    best = candidates[0]
    client = library.client_of(text)
    return Judged(found=_found(best, scene, entry, client), stage=hints.stage or best.stage, client=client)


def _scene(lines: tuple[str, ...], text: str, hints: Hints) -> _Scene:
    known = _provider(text, hints)
    port = _PORT.search(text)
    return _Scene(
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
    names = dict.fromkeys(found.group().lower() for found in _HOST.finditer(text[:4_000]))
    hosts = (providers.by_host(name) for name in list(names)[:20])
    return next((one for one in hosts if one is not None), None) or providers.by_banner(text[:4_000])


def _candidates(scene: _Scene) -> Iterator[_Candidate]:
    yield from _login_without_secret(scene)
    yield from _token(scene)
    found = list(_replies(scene))
    yield from found
    yield from _diverted(scene, found)
    yield from _stack(scene)
    yield from _library(scene)
    yield from _bare_words(scene)


def _login_without_secret(scene: _Scene) -> Iterator[_Candidate]:
    where = scene.dialogue.empty_login if scene.dialogue is not None else None
    if where is None:
        where = next((number for number, line in enumerate(scene.lines) if transcript.empty_login(line)), None)
    if where is not None:
        yield _Candidate(
            rank=0,
            cause="credentials-missing-in-client",
            certainty=Certainty.CERTAIN,
            stage=Stage.AUTH,
            line=where,
            text="what the client sent in AUTH holds no name or no password",
        )


def _token(scene: _Scene) -> Iterator[_Candidate]:
    for number, line in enumerate(scene.lines):
        error = oauth.error_in(line)
        if error is not None:
            yield _Candidate(
                rank=0,
                cause="oauth-token-invalid",
                certainty=Certainty.CERTAIN,
                stage=Stage.AUTH,
                line=number,
                text=error,
                means=error,
            )
            return


def _replies(scene: _Scene) -> Iterator[_Candidate]:
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
    for place, one in enumerate(heard[:20]):
        stage = scene.hints.stage or where or _stage(scene, one)
        said = scene.said(one.text, stage=stage, code=one.code, enhanced=one.enhanced, logged_in=logged_in)
        meant = meaning(said)
        if meant is not None:
            yield _from_meaning(meant, one, stage, place)


def _stage(scene: _Scene, reply: Quoted) -> Stage | None:
    line = scene.lines[reply.line]
    tail = line[line.rfind("(in reply to") :] if "(in reply to" in line else ""
    others = "\n".join(one for number, one in enumerate(scene.lines) if number != reply.line)
    before = line.split(f"{reply.code}", 1)[0] if reply.code else line[:40]
    named = library.stage_of(f"{tail}\n{before}") or library.stage_of(others[:4_000]) or library.stage_said(line)
    if reply.code in _AUTH_CODES and named not in (Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE):
        return Stage.AUTH
    return named


def _from_meaning(meant: Meaning, reply: Quoted, stage: Stage | None, place: int) -> _Candidate:
    by_code = meant.row.wordless
    rank = 50 if by_code else 1 if reply.inner else 20 if meant.cause not in _ECHOES else 25
    return _Candidate(
        rank=rank + (0 if by_code else min(place, 4)),
        cause=meant.cause,
        certainty=meant.certainty,
        stage=stage or meant.row.at or _only(meant.row) or _USUAL.get(meant.cause),
        line=reply.line,
        text=reply.text,
        code=reply.code,
        alternatives=meant.alternatives,
        settle=meant.settle,
        means=meant.means,
        provider=meant.provider,
    )


def _only(row: Row) -> Stage | None:
    return next(iter(row.stages)) if len(row.stages) == 1 else None


_GREETED = re.compile(r"\b220[ -](\S{1,200}) ESMTP (?:Exim|Postfix|Sendmail)", re.IGNORECASE)
_SHOWN_NAME = re.compile(
    r"peer certificate cn=[`'\"](\S{1,200}?)['\"] did not match expected cn=[`'\"](\S{1,200}?)['\"]", re.I
)


def _diverted(scene: _Scene, found: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """A greeting or a certificate of somebody else's server, where a known provider was asked."""
    names = _SHOWN_NAME.search(scene.text)
    greeted = _GREETED.search(scene.text)
    known = providers.provider(scene.provider) if scene.provider else None
    if names is not None and (asked := providers.by_host(names.group(2))) and not _akin(names.group(1), asked):
        stage, text = Stage.TLS, names.group()
    elif greeted is not None and known is not None and known.banners and not _akin(greeted.group(1), known):
        stage, text = (found[0].stage if found and found[0].stage else Stage.BANNER), greeted.group()
    else:
        return
    line = next((number for number, one in enumerate(scene.lines) if text[:40] in one), 0)
    yield _Candidate(
        rank=2,
        cause="outbound-smtp-redirected",
        certainty=Certainty.LIKELY,
        stage=stage,
        line=line,
        text=text,
        alternatives=("certificate-name-mismatch",) if stage is Stage.TLS else (),
        settle="what the same host answers from another network" if stage is Stage.TLS else None,
    )


def _akin(name: str, known: providers.Provider) -> bool:
    tail = ".".join(name.lower().strip("*.").split(".")[-2:])
    return any(host.lower().endswith(tail) for host in known.hosts) or providers.by_host(name) is known


def _stack(scene: _Scene) -> Iterator[_Candidate]:
    told = stack.hanging(scene.lines)
    if told is None:
        return
    stage, cause = told
    alternatives: tuple[str, ...] = ()
    settle = None
    if stage is Stage.BANNER and scene.port in (465, 2465) and scene.hints.tls != "implicit":
        cause, alternatives = "implicit-tls-port-used-with-starttls", (cause,)
        settle = "a ClientHello on a second connection: a port for implicit TLS answers it"
    yield _Candidate(
        rank=10,
        cause=cause,
        certainty=Certainty.LIKELY,
        stage=stage,
        line=0,
        text=scene.lines[-1] if scene.lines else "",
        alternatives=alternatives,
        settle=settle,
        means="the program waits in a read and has set no timeout",
    )


def _library(scene: _Scene) -> Iterator[_Candidate]:
    row = first_fit(library.client_rows(), scene.said(scene.text))
    if row is None:
        return
    cause, alternatives = row.cause, row.alternatives
    known = providers.provider(scene.provider) if scene.provider else None
    host = (scene.hints.host or "").lower()
    if cause == "app-calls-localhost" and host.startswith(_LOOPBACK):
        cause, alternatives = "nothing-listens", ("app-calls-localhost",)
    elif cause == "unknown-ca" and known is not None and "proxy-or-antivirus-intercept" in alternatives:
        cause, alternatives = "proxy-or-antivirus-intercept", ("unknown-ca",)  # a public provider's chain is public
    yield _Candidate(
        rank=60 if row.weak else 30,
        cause=cause,
        certainty=row.certainty,
        stage=row.at if not row.stages else _only(row),
        line=_line_of(row, scene.lines),
        text=scene.lines[_line_of(row, scene.lines)],
        alternatives=alternatives,
        settle=row.settle,
        means=row.means,
        provider=scene.provider,
    )


def _bare_words(scene: _Scene) -> Iterator[_Candidate]:
    """A reply's words without any code, as some clients show them."""
    code = code_named(scene.text)
    stage = scene.hints.stage or (Stage.AUTH if code in _AUTH_CODES else None)
    meant = meaning(scene.said(scene.text, stage=stage, code=code))
    if meant is None or meant.row.wordless:
        return
    at = stage or library.stage_of(scene.text) or library.stage_said(scene.text)
    at = at or meant.row.at or _only(meant.row) or _USUAL.get(meant.cause)
    short = len(scene.text) <= _SHORT
    yield _Candidate(
        rank=40,
        cause=meant.cause,
        certainty=meant.certainty
        if short and code
        else max(meant.certainty, Certainty.LIKELY, key=list(Certainty).index),
        stage=at,
        line=_line_of(meant.row, scene.lines),
        text=scene.lines[_line_of(meant.row, scene.lines)],
        code=code,
        alternatives=meant.alternatives,
        settle=meant.settle,
        means=meant.means,
        provider=meant.provider,
    )


def _line_of(row: Row, lines: Sequence[str]) -> int:
    """The last line that holds any of the row's words."""
    parts = {words[0] for words in (*row.words, *row.together)}
    for number in range(len(lines) - 1, -1, -1):
        lowered = lines[number].lower()
        if any(part in lowered for part in parts) or (row.regex is not None and row.regex.search(lowered[:2_000])):
            return number
    return 0


def _found(best: _Candidate, scene: _Scene, entry: Entry, client: str | None) -> Found:
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
