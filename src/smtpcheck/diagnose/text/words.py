"""What words alone say: those of a client's library, and those of a server that come without a code."""

from collections.abc import Iterator, Sequence

from smtpcheck import providers
from smtpcheck.diagnose.replies import meaning
from smtpcheck.diagnose.text import library
from smtpcheck.diagnose.text.quoted import code_named
from smtpcheck.diagnose.text.scene import AUTH_CODES, USUAL, Candidate, Scene, only
from smtpcheck.model import Certainty, Stage
from smtpcheck.model.row import Row, first_fit

_LOOPBACK = ("127.", "localhost", "::1", "0.0.0.0", "[::1]")  # noqa: S104  compared, never bound
_SHORT = 400
"""Characters up to which a text is a message, and not prose that happens to hold its words."""


def library_words(scene: Scene) -> Iterator[Candidate]:
    rows = (row for row in library.client_rows() if not _spoken_against(row, scene))
    row = first_fit(rows, scene.said(scene.text))
    if row is None:
        return
    cause, alternatives = row.cause, row.alternatives
    known = providers.provider(scene.provider) if scene.provider else None
    host = (scene.hints.host or "").lower()
    if cause == "app-calls-localhost" and host.startswith(_LOOPBACK):
        cause, alternatives = "nothing-listens", ("app-calls-localhost",)
    elif cause == "unknown-ca" and known is not None and "proxy-or-antivirus-intercept" in alternatives:
        cause, alternatives = "proxy-or-antivirus-intercept", ("unknown-ca",)  # a public provider's chain is public
    yield Candidate(
        rank=60 if row.weak else 30,
        cause=cause,
        certainty=row.certainty,
        stage=(_last_stage(scene) if row.cause in _ANYWHERE else None) or (row.at if not row.stages else only(row)),
        line=_line_of(row, scene.lines),
        text=scene.lines[_line_of(row, scene.lines)],
        alternatives=alternatives,
        settle=row.settle,
        means=row.means,
        provider=scene.provider,
    )


_ANYWHERE = frozenset({"connection-closed", "connection-reset", "reply-malformed", "client-protocol-bug"})
"""Causes of a session that may end anywhere: what the client did last tells where."""


def _last_stage(scene: Scene) -> Stage | None:
    if scene.dialogue is not None:
        return scene.dialogue.last_stage
    return library.stage_of(scene.text)


def _spoken_against(row: Row, scene: Scene) -> bool:
    """Whether a hint says that the row's cause cannot be: whoever speaks TLS first waits for no banner in clear."""
    return bool(row.ports) and row.cause == "implicit-tls-port-used-with-starttls" and scene.hints.tls == "implicit"


def bare_words(scene: Scene) -> Iterator[Candidate]:
    """A reply's words without any code, as some clients show them."""
    code = code_named(scene.text)
    stage = scene.hints.stage or (Stage.AUTH if code in AUTH_CODES else None)
    meant = meaning(scene.said(scene.text, stage=stage, code=code))
    if meant is None or meant.row.wordless:
        return
    at = stage or library.stage_of(scene.text) or library.stage_said(scene.text)
    at = at or meant.row.at or only(meant.row) or USUAL.get(meant.cause)
    short = len(scene.text) <= _SHORT
    yield Candidate(
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
