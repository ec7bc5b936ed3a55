"""Rules about the dialogue itself: banner, EHLO, STARTTLS; and refusals, whose words `replies` reads."""

from collections.abc import Iterator

from smtpcheck.diagnose.replies import meaning
from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene, words
from smtpcheck.model import (
    BannerFacts,
    Certainty,
    EhloFacts,
    Outcome,
    Silent,
    Stage,
    StarttlsFacts,
    Step,
    TlsFacts,
    TlsMode,
)
from smtpcheck.model.row import Said

_REFUSING = (
    Stage.BANNER,
    Stage.EHLO,
    Stage.STARTTLS,
    Stage.AUTH,
    Stage.SENDER,
    Stage.RECIPIENT,
    Stage.MESSAGE,
)


def stalled_partial(scene: Scene, step: Step) -> bytes:
    """What had come of a reply when the step stalled."""
    for attempt in scene.attempts:
        if step in attempt.steps and step.events is not None:
            for event in attempt.events[step.events[0] : step.events[1] + 1]:
                if isinstance(event, Silent):
                    return event.partial
    return b""


def refusal(scene: Scene) -> Iterator[Found | Ask]:
    """A well-formed 4yz or 5yz, as the tables of provider, server software and generic replies read it."""
    step = scene.stopper
    if step is None or step.outcome is not Outcome.REFUSED or step.reply is None or step.stage not in _REFUSING:
        return
    target = scene.target
    meant = meaning(
        Said(
            text=step.reply.text,
            stage=step.stage,
            code=step.reply.code,
            enhanced=step.reply.enhanced,
            provider=scene.provider.id if scene.provider else None,
            software=scene.software,
            user=target.user,
            sender=target.sender,
            recipient=step.recipient,
            logged_in=scene.logged_in if step.stage is not Stage.AUTH else None,
            tls=_tls_in_use(scene),
            port=target.port,
            host=target.host,
        )
    )
    if meant is None:
        return
    facts = words(scene, step)
    if meant.means:
        facts["means"] = meant.means
    if meant.provider and scene.provider:
        facts["provider"] = scene.provider.name
    yield Found(
        id=meant.cause,
        certainty=meant.certainty,
        facts=facts,
        evidence=scene.shows(step),
        alternatives=meant.alternatives,
        settle=meant.settle,
        provider=meant.provider,
    )


def _tls_in_use(scene: Scene) -> str:
    step = scene.attempt.step(Stage.TLS)
    if step is None or not step.passed or not isinstance(step.facts, TlsFacts):
        return TlsMode.OFF.value
    return step.facts.mode


def banner_missing(scene: Scene) -> Iterator[Found | Ask]:
    """Silence, or an end, where the greeting was due: a port that waits for TLS looks just so."""
    step = scene.stopper
    if (
        step is None
        or step.stage is not Stage.BANNER
        or step.outcome not in (Outcome.STALLED, Outcome.CLOSED, Outcome.WAITING)
    ):
        return
    partial = stalled_partial(scene, step)
    facts = words(scene, step)
    if scene.target.tls is not TlsMode.IMPLICIT and not partial:
        look = scene.look("tls-first")
        if look is None:
            yield Ask("tls-first", "a port that speaks TLS from the first byte is silent until it gets a ClientHello")
        elif (shake := look.step(Stage.TLS)) is not None and shake.passed and isinstance(shake.facts, TlsFacts):
            named = shake.facts.chain[0] if shake.facts.chain else None
            yield Found(
                id="implicit-tls-port-used-with-starttls",
                certainty=Certainty.CERTAIN,
                facts=facts
                | {"names": ", ".join(named.dns_names[:3]) if named else "", "other": shake.facts.version or ""},
                evidence=(*scene.shows(step), *scene.shows(shake)),
            )
            return
        elif (
            shake is not None
            and isinstance(shake.facts, TlsFacts)
            and shake.facts.last_message not in (None, "ClientHello")
        ):
            yield Found(
                id="implicit-tls-port-used-with-starttls",
                certainty=Certainty.LIKELY,
                facts=facts,
                evidence=(*scene.shows(step), *scene.shows(shake)),
                alternatives=("banner-stalled",),
                settle="a check with --tls implicit",
            )
            return
    if step.outcome is Outcome.CLOSED:
        yield from _closed_before_banner(scene, step, facts)
    else:
        yield Found(
            id="banner-stalled",
            certainty=Certainty.LIKELY,
            facts=facts | {"waited": f"{step.seconds:.1f} s"},
            evidence=scene.shows(step),
        )


def _closed_before_banner(scene: Scene, step: Step, facts: dict[str, str]) -> Iterator[Found]:
    quick = step.seconds < 1.0 and step.lag < 0.2 * max(step.seconds, 0.001)
    if _reset(scene, step):
        yield Found(id="connection-reset", certainty=Certainty.LIKELY, facts=facts, evidence=scene.shows(step))
    elif quick:
        yield Found(
            id="proxy-backend-down",
            certainty=Certainty.POSSIBLE,
            facts=facts,
            evidence=scene.shows(step),
            alternatives=("connection-closed", "ip-blocklisted"),
            settle="the log of the server, or of the proxy before it",
        )
    else:
        yield Found(id="connection-closed", certainty=Certainty.LIKELY, facts=facts, evidence=scene.shows(step))


def _reset(scene: Scene, step: Step) -> bool:
    if step.events is None:
        return False
    events = scene.attempt.events[step.events[0] : step.events[1] + 1]
    return any(getattr(event, "how", None) == "reset" for event in events)


def not_a_banner(scene: Scene) -> Iterator[Found | Ask]:
    """Bytes that are no greeting of SMTP."""
    step = scene.stopper
    if step is None or step.stage is not Stage.BANNER or step.outcome is not Outcome.BROKEN:
        return
    facts = words(scene, step)
    if not isinstance(step.facts, BannerFacts):
        return
    if step.facts.surplus:
        facts["first_bytes"] = step.facts.surplus[:80].decode("ascii", "backslashreplace").strip()
    if step.facts.protocol in (None, "unknown"):
        yield Found(
            id="reply-malformed",
            certainty=Certainty.CERTAIN,
            facts=facts | {"means": step.why or ""},
            evidence=scene.shows(step),
            alternatives=(),
        )
    else:
        yield Found(
            id="not-smtp",
            certainty=Certainty.CERTAIN,
            facts=facts | {"other": step.facts.protocol.upper()},
            evidence=scene.shows(step),
        )


def malformed(scene: Scene) -> Iterator[Found | Ask]:
    """Bytes that are no reply, after the greeting."""
    step = scene.stopper
    later = (Stage.EHLO, Stage.STARTTLS, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE)
    if step is not None and step.outcome is Outcome.BROKEN and step.stage in later and not _injected(step):
        yield Found(
            id="reply-malformed",
            certainty=Certainty.CERTAIN,
            facts=words(scene, step) | {"means": step.why or ""},
            evidence=scene.shows(step),
        )


def _injected(step: Step) -> bool:
    return isinstance(step.facts, StarttlsFacts) and bool(step.facts.surplus)


_SILENCE = {
    Stage.EHLO: "ehlo-stalled",
    Stage.STARTTLS: "starttls-stalled",
    Stage.AUTH: "auth-stalled",
    Stage.SENDER: "sender-stalled",
    Stage.RECIPIENT: "recipient-stalled",
}


def silence(scene: Scene) -> Iterator[Found | Ask]:
    """A command that was never answered: the stage is certain, what the server waits for is the page's usual list."""
    step = scene.stopper
    if step is None or step.outcome not in (Outcome.STALLED, Outcome.WAITING) or step.stage not in _SILENCE:
        return
    yield Found(
        id=_SILENCE[step.stage],
        certainty=Certainty.LIKELY,
        facts=words(scene, step) | {"waited": f"{step.seconds:.1f} s"},
        evidence=scene.shows(step),
    )


def closed(scene: Scene) -> Iterator[Found | Ask]:
    """An end of the connection where a reply was due."""
    step = scene.stopper
    stages = (Stage.EHLO, Stage.STARTTLS, Stage.AUTH, Stage.SENDER, Stage.RECIPIENT)
    if step is None or step.outcome is not Outcome.CLOSED or step.stage not in stages:
        return
    facts = words(scene, step)
    if step.stage is Stage.EHLO and _weak_name(step):
        yield Found(
            id="helo-rejected",
            certainty=Certainty.POSSIBLE,
            facts=facts,
            evidence=scene.shows(step),
            alternatives=("connection-closed",),
            settle="the same check with --helo and this machine's full name",
        )
        return
    yield Found(
        id="connection-closed",
        certainty=Certainty.LIKELY,
        facts=facts | {"command": step.command or ""},
        evidence=scene.shows(step),
    )


def _weak_name(step: Step) -> bool:
    return isinstance(step.facts, EhloFacts) and ("." not in step.facts.name or step.facts.name.startswith("["))


def starttls_missing(scene: Scene) -> Iterator[Found | Ask]:
    """STARTTLS was needed and is not in the list: not offered, or masked by something on the way."""
    step = scene.stopper
    if step is None or step.stage is not Stage.STARTTLS or step.outcome is not Outcome.DECLINED:
        return
    hello = scene.attempt.step(Stage.EHLO)
    offered = hello.facts.keywords if hello is not None and isinstance(hello.facts, EhloFacts) else ()
    masked = [keyword.name for keyword in offered if len(keyword.name) >= 4 and set(keyword.name) <= set("XA*")]
    facts = words(scene, step) | {"offered": ", ".join(keyword.name for keyword in offered)}
    if masked:
        yield Found(
            id="starttls-stripped",
            certainty=Certainty.CERTAIN,
            facts=facts | {"value": masked[0]},
            evidence=scene.shows(hello),
        )
    else:
        yield Found(id="starttls-not-offered", certainty=Certainty.CERTAIN, facts=facts, evidence=scene.shows(hello))


def starttls_injected(scene: Scene) -> Iterator[Found | Ask]:
    """Bytes in clear after the reply to STARTTLS."""
    step = scene.stopper
    if (
        step is not None
        and step.stage is Stage.STARTTLS
        and isinstance(step.facts, StarttlsFacts)
        and step.facts.surplus
    ):
        shown = step.facts.surplus[:80].decode("ascii", "backslashreplace").strip()
        yield Found(
            id="cleartext-injected-before-tls",
            certainty=Certainty.CERTAIN,
            facts=words(scene, step) | {"first_bytes": shown},
            evidence=scene.shows(step),
        )


def starttls_masked_refused(scene: Scene) -> Iterator[Found | Ask]:
    """A masked keyword, and 5yz to STARTTLS: the command never reached the server as it was sent."""
    step = scene.stopper
    if step is None or step.stage is not Stage.STARTTLS or step.outcome is not Outcome.REFUSED or step.reply is None:
        return
    if "XXXX" in step.reply.text.upper():
        yield Found(
            id="starttls-stripped", certainty=Certainty.CERTAIN, facts=words(scene, step), evidence=scene.shows(step)
        )


RULES = (
    banner_missing,
    not_a_banner,
    malformed,
    starttls_missing,
    starttls_injected,
    starttls_masked_refused,
    refusal,
    silence,
    closed,
)
