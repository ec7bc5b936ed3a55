"""Clues beside the replies: an empty login, a refused token, somebody else's server, a stack that hangs."""

import re
from collections.abc import Iterator, Sequence

from smtpcheck import providers
from smtpcheck.diagnose.text import oauth, stack, transcript
from smtpcheck.diagnose.text.scene import Candidate, Scene
from smtpcheck.model import Certainty, Stage


def login_without_secret(scene: Scene) -> Iterator[Candidate]:
    where = scene.dialogue.empty_login if scene.dialogue is not None else None
    if where is None:
        where = next((number for number, line in enumerate(scene.lines) if transcript.empty_login(line)), None)
    if where is not None:
        yield Candidate(
            rank=0,
            cause="credentials-missing-in-client",
            certainty=Certainty.CERTAIN,
            stage=Stage.AUTH,
            line=where,
            text="what the client sent in AUTH holds no name or no password",
        )


def token(scene: Scene) -> Iterator[Candidate]:
    for number, line in enumerate(scene.lines):
        error = oauth.error_in(line)
        if error is not None:
            yield Candidate(
                rank=0,
                cause="oauth-token-invalid",
                certainty=Certainty.CERTAIN,
                stage=Stage.AUTH,
                line=number,
                text=error,
                means=error,
            )
            return


_GREETED = re.compile(r"\b220[ -](\S{1,200}) ESMTP (?:Exim|Postfix|Sendmail)", re.IGNORECASE)
_SHOWN_NAME = re.compile(
    r"peer certificate cn=[`'\"](\S{1,200}?)['\"] did not match expected cn=[`'\"](\S{1,200}?)['\"]", re.I
)


def diverted(scene: Scene, found: Sequence[Candidate]) -> Iterator[Candidate]:
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
    yield Candidate(
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


def hanging(scene: Scene) -> Iterator[Candidate]:
    told = stack.hanging(scene.lines)
    if told is None:
        return
    stage, cause = told
    alternatives: tuple[str, ...] = ()
    settle = None
    if stage is Stage.BANNER and scene.port in (465, 2465) and scene.hints.tls != "implicit":
        cause, alternatives = "implicit-tls-port-used-with-starttls", (cause,)
        settle = "a ClientHello on a second connection: a port for implicit TLS answers it"
    yield Candidate(
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


_SILENCE = {
    Stage.EHLO: "ehlo-stalled",
    Stage.STARTTLS: "starttls-stalled",
    Stage.AUTH: "auth-stalled",
    Stage.SENDER: "sender-stalled",
    Stage.RECIPIENT: "recipient-stalled",
    Stage.MESSAGE: "message-stalled",
}


def unanswered(scene: Scene) -> Iterator[Candidate]:
    """A dialogue that ends with what the client sent: no answer came, or the connection was lost."""
    dialogue = scene.dialogue
    if dialogue is None or not dialogue.waits or dialogue.last_stage not in _SILENCE:
        return
    yield Candidate(
        rank=35,
        cause=_SILENCE[dialogue.last_stage],
        certainty=Certainty.POSSIBLE,
        stage=dialogue.last_stage,
        line=len(scene.lines) - 1,
        text=scene.lines[-1],
        alternatives=("connection-closed", "client-timeout-too-short"),
        settle="how long the client waited, and how it ended",
    )
