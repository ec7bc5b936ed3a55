"""What is worth knowing although nothing stopped: warnings and notes on a session, and on this machine."""

from collections.abc import Iterator
from datetime import datetime

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene, words
from smtpcheck.model import BannerFacts, Certainty, EhloFacts, Outcome, Reply, Stage, Step, TlsFacts
from smtpcheck.providers import by_banner, by_host

SLOW = 3.0
_SOON = 21
_CATCHERS = (
    "mailhog",
    "mailpit",
    "maildev",
    "mailcatcher",
    "smtp4dev",
    "inbucket",
    "papercut",
    "greenmail",
    "ethereal",
)


def works(scene: Scene) -> Iterator[Found | Ask]:
    """Everything that was asked for passed, a login or an envelope among it: SMTP is not what is broken."""
    step = next((one for one in reversed(scene.attempt.steps) if one.passed and one.stage is not Stage.QUIT), None)
    decides = (Stage.AUTH, Stage.RECIPIENT, Stage.MESSAGE, *([Stage.SENDER] if scene.logged_in else []))
    if scene.stopper is None and step is not None and step.stage in decides:
        yield Found(
            id="smtp-works-look-at-the-app",
            certainty=Certainty.CERTAIN,
            facts=words(scene, step),
            evidence=scene.shows(step),
        )


def slow(scene: Scene) -> Iterator[Found | Ask]:
    """A greeting that came late: a client with less patience fails where this check passes."""
    step = scene.attempt.step(Stage.BANNER)
    if step is None or not step.passed or not isinstance(step.facts, BannerFacts):
        return
    first = step.facts.first_byte or step.seconds
    if first >= min(SLOW, scene.options.patience.banner / 2) and step.lag < 0.2 * first:
        yield Found(
            id="banner-slow",
            certainty=Certainty.CERTAIN,
            facts=words(scene, step) | {"waited": f"{first:.1f} s"},
            evidence=scene.shows(step),
        )


def disturbed(scene: Scene) -> Iterator[Found | Ask]:
    """Our own event loop ran late: what took long here says nothing about the server."""
    late = [step for step in scene.attempt.steps if step.lag > 0.2 * step.seconds and step.lag > 0.25]
    if late:
        worst = max(late, key=lambda step: step.lag)
        yield Found(
            id="measurement-disturbed",
            certainty=Certainty.CERTAIN,
            facts={"stage": worst.stage.value, "seconds": f"{worst.lag:.1f}"},
            evidence=scene.shows(worst),
        )


def clear_text(scene: Scene) -> Iterator[Found | Ask]:
    """AUTH before TLS, or no STARTTLS at all on a session that passed."""
    hellos = [step for step in scene.attempt.steps if step.stage is Stage.EHLO and isinstance(step.facts, EhloFacts)]
    first = next((step for step in hellos if isinstance(step.facts, EhloFacts) and not step.facts.tls), None)
    if first is None or not isinstance(first.facts, EhloFacts) or not first.passed:
        return
    if first.facts.auth and {"PLAIN", "LOGIN"} & set(first.facts.auth):
        yield Found(
            id="auth-offered-in-clear",
            certainty=Certainty.CERTAIN,
            facts=words(scene, first) | {"offered": ", ".join(first.facts.auth)},
            evidence=scene.shows(first),
        )
    if not first.facts.offers("STARTTLS") and scene.stopper is None:
        yield Found(
            id="starttls-not-offered",
            certainty=Certainty.CERTAIN,
            facts=words(scene, first),
            evidence=scene.shows(first),
        )


def certificate(scene: Scene, now: datetime) -> Iterator[Found | Ask]:
    """A trusted certificate that ends soon, or that a strict client would refuse; a store that our options
    relaxed.
    """
    step = scene.attempt.step(Stage.TLS)
    if step is None or not step.passed or not isinstance(step.facts, TlsFacts):
        return
    ends = min((one.not_after for one in step.facts.chain if one.not_after is not None), default=None)
    if ends is not None and 0 <= (ends - now).days < _SOON:
        shown = words(scene, step) | {"days": str((ends - now).days), "value": f"{ends:%Y-%m-%d}"}
        yield Found(id="certificate-expires-soon", certainty=Certainty.CERTAIN, facts=shown, evidence=scene.shows(step))
    verdict = step.facts.verification
    if verdict is not None and verdict.trusted and "strict-rule" in verdict.faults:
        why = "a rule that Python 3.13 and other strict clients apply"
        yield Found(
            id="certificate-refused-by-policy",
            certainty=Certainty.CERTAIN,
            facts=words(scene, step) | {"means": why},
            evidence=scene.shows(step),
        )


def catcher(scene: Scene) -> Iterator[Found | Ask]:
    """A server that keeps every message and delivers none."""
    step = scene.attempt.step(Stage.BANNER)
    reply: Reply | None = step.reply if step is not None else None
    name = next((one for one in _CATCHERS if reply is not None and one in reply.text.lower()), None)
    if name is not None:
        yield Found(
            id="test-catcher",
            certainty=Certainty.CERTAIN,
            facts={"name": name, "host": scene.target.host},
            evidence=scene.shows(step),
        )


def redirected(scene: Scene) -> Iterator[Found | Ask]:
    """A known provider's name, and a greeting or certificate of somebody else's."""
    step: Step | None = scene.attempt.step(Stage.BANNER)
    if scene.provider is None or step is None or step.outcome is not Outcome.PASSED:
        return
    shake = scene.attempt.step(Stage.TLS)
    if shake is None or not isinstance(shake.facts, TlsFacts) or shake.facts.verification is None:
        return
    if "name-mismatch" in shake.facts.verification.faults and shake.facts.chain:
        names = ", ".join(shake.facts.chain[0].dns_names[:3])
        greeted = step.facts.server_name if isinstance(step.facts, BannerFacts) else None
        theirs = by_host(greeted or ""), by_banner(step.reply.text if step.reply else "")
        foreign = greeted is not None and scene.provider not in theirs
        yield Found(
            id="outbound-smtp-redirected",
            certainty=Certainty.CERTAIN if foreign else Certainty.LIKELY,
            facts=words(scene, shake) | {"names": names, "provider": scene.provider.name},
            evidence=scene.shows(shake),
            alternatives=("certificate-name-mismatch",),
            settle="the certificate that the same name shows from another network",
            stage=Stage.TLS,
        )


RULES = (redirected,)
BESIDE = (works, slow, disturbed, clear_text, catcher)
