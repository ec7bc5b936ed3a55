"""Rules about the login, beyond what the server's words say (those are read by `smtp.refusal`)."""

from collections.abc import Iterator

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene, words
from smtpcheck.model import AuthFacts, Certainty, EhloFacts, Outcome, Stage, Step, TlsMode

_NEEDS_CLEAR_PASSWORD = frozenset({"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"})


def _stopped(scene: Scene) -> tuple[Step, AuthFacts] | None:
    step = scene.stopper
    if step is None or step.stage is not Stage.AUTH or not isinstance(step.facts, AuthFacts):
        return None
    return step, step.facts


def declined(scene: Scene) -> Iterator[Found | Ask]:
    """smtpcheck did not log in: nothing offered, nothing usable, or nothing that hides the password."""
    found = _stopped(scene)
    if found is None or found[0].outcome is not Outcome.DECLINED:
        return
    step, facts = found
    shown = words(scene, step) | {
        "offered": ", ".join(facts.offered),
        "mechanism": _asked_by_name(scene, facts),
    }
    evidence = _hello(scene)
    if not facts.offered:
        if _upgradable(scene):
            yield Found(
                id="tls-required-first",
                certainty=Certainty.LIKELY,
                facts=shown,
                evidence=evidence,
                alternatives=("auth-not-offered",),
                settle="the list that the server gives after STARTTLS",
            )
        else:
            yield Found(id="auth-not-offered", certainty=Certainty.CERTAIN, facts=shown, evidence=evidence)
    elif facts.mechanism is None or facts.mechanism.lower() not in {name.lower() for name in facts.offered}:
        yield Found(id="auth-mechanism-unsupported", certainty=Certainty.CERTAIN, facts=shown, evidence=evidence)
    elif not _encrypted(scene):
        yield Found(id="credentials-would-be-in-clear", certainty=Certainty.CERTAIN, facts=shown, evidence=evidence)
    else:
        yield Found(
            id="client-sasl-module-missing",
            certainty=Certainty.LIKELY,
            facts=shown | {"means": step.why or ""},
            evidence=evidence,
        )


def _asked_by_name(scene: Scene, facts: AuthFacts) -> str:
    """The mechanism that was to be used, empty where none was chosen or named."""
    asked = scene.options.auth
    return facts.mechanism or (asked.upper() if asked not in ("auto", "none") else "")


def _hello(scene: Scene) -> tuple[dict[str, int | str], ...]:
    return tuple(dict(item) for item in scene.shows(scene.attempt.step(Stage.EHLO)))


def _encrypted(scene: Scene) -> bool:
    step = scene.attempt.step(Stage.TLS)
    return step is not None and step.passed


def _upgradable(scene: Scene) -> bool:
    """Whether the server offers a STARTTLS that was not used."""
    if _encrypted(scene) or scene.target.tls is not TlsMode.OFF:
        return False
    step = scene.attempt.step(Stage.EHLO)
    return step is not None and isinstance(step.facts, EhloFacts) and step.facts.offers("STARTTLS")


def exchange(scene: Scene) -> Iterator[Found | Ask]:
    """An exchange that broke: a challenge that cannot be answered, or a server that did not prove itself."""
    found = _stopped(scene)
    if found is None or found[0].outcome is not Outcome.BROKEN:
        return
    step, facts = found
    yield Found(
        id="auth-challenge-nonstandard",
        certainty=Certainty.CERTAIN,
        facts=words(scene, step) | {"mechanism": facts.mechanism or "", "means": step.why or ""},
        evidence=scene.shows(step),
    )


def token(scene: Scene) -> Iterator[Found | Ask]:
    """The error that an OAuth server sends as a challenge, before its 535."""
    found = _stopped(scene)
    if found is None or found[0].outcome is not Outcome.REFUSED:
        return
    step, facts = found
    errors = [text for text in facts.challenges if text.startswith("error ")]
    if facts.mechanism in ("XOAUTH2", "OAUTHBEARER") and errors:
        yield Found(
            id="oauth-token-invalid",
            certainty=Certainty.CERTAIN,
            facts=words(scene, step) | {"mechanism": facts.mechanism, "means": errors[0].removeprefix("error ")},
            evidence=scene.shows(step),
        )


def hashed(scene: Scene) -> Iterator[Found | Ask]:
    """A mechanism that needs the password in clear at the server: one that keeps hashes refuses every password."""
    found = _stopped(scene)
    if found is None or found[0].outcome is not Outcome.REFUSED or found[1].mechanism not in _NEEDS_CLEAR_PASSWORD:
        return
    step, facts = found
    if step.reply is not None and not step.reply.temporary and {"PLAIN", "LOGIN"} & set(facts.not_tried):
        yield Found(
            id="auth-mechanism-unsupported",
            certainty=Certainty.POSSIBLE,
            facts=words(scene, step) | {"mechanism": facts.mechanism or "", "offered": ", ".join(facts.offered)},
            evidence=scene.shows(step),
            alternatives=("bad-credentials",),
            settle="the same check with --auth plain",
        )


RULES = (declined, exchange, token, hashed)
