"""Rules about the connection: refused, silent, unreachable, and what the other ports and addresses show."""

from collections.abc import Iterator

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene
from smtpcheck.model import Attempt, Certainty, ConnectFacts, Outcome, Stage, Step

_WEB = 443
_SILENT = frozenset({"no-answer", "timed-out"})


def _stopped(scene: Scene) -> tuple[Step, ConnectFacts] | None:
    step = scene.stopper
    if step is None or step.stage is not Stage.CONNECT or not isinstance(step.facts, ConnectFacts):
        return None
    return step, step.facts


def _facts(scene: Scene, facts: ConnectFacts, step: Step) -> dict[str, str]:
    return {
        "host": scene.target.host,
        "port": str(facts.port or ""),
        "address": scene.attempt.address or "",
        "seconds": f"{step.seconds:.1f}",
        "code": facts.errno_name or "",
    }


def refused(scene: Scene) -> Iterator[Found | Ask]:
    """The host answered at once, and nobody listens there."""
    found = _stopped(scene)
    if found is None or found[1].failure not in ("refused", "path-missing"):
        return
    step, facts = found
    words = _facts(scene, facts, step)
    yield Found(id="nothing-listens", certainty=Certainty.CERTAIN, facts=words, evidence=scene.shows(step))


def own_machine(scene: Scene) -> Iterator[Found | Ask]:
    """An application that means another server and calls this machine: what this address usually stands for."""
    found = _stopped(scene)
    if found is None or not _is_own(scene.target.host) or found[1].failure != "refused":
        return
    step, facts = found
    if facts.port in (25, 465, 587):
        yield Found(
            id="app-calls-localhost",
            certainty=Certainty.POSSIBLE,
            facts=_facts(scene, facts, step),
            evidence=scene.shows(step),
            alternatives=("nothing-listens",),
            settle="whether the application was meant to use a server on this machine",
        )


def _is_own(host: str) -> bool:
    return host in ("localhost", "0.0.0.0", "::", "::1") or host.startswith("127.")  # noqa: S104  compared, not bound


def failed(scene: Scene) -> Iterator[Found | Ask]:
    """What the system said outright."""
    found = _stopped(scene)
    if found is None:
        return
    step, facts = found
    ids = {
        "unreachable": "host-unreachable",
        "prohibited": "host-unreachable",
        "no-common-family": "no-common-address-family",
        "source-unusable": "client-config-error",
        "proxy-unreachable": "proxy-unreachable",
        "proxy-refused": "proxy-refused",
        "reset": "connection-reset",
    }
    id = ids.get(facts.failure or "")
    if id is None:
        return
    words = _facts(scene, facts, step)
    if facts.proxy is not None:
        words |= {"other": f"{facts.proxy.host}:{facts.proxy.port}", "reply": facts.proxy.refusal or ""}
    yield Found(id=id, certainty=Certainty.CERTAIN, facts=words, evidence=scene.shows(step))


def silent(scene: Scene) -> Iterator[Found | Ask]:
    """Packets that nobody answers: the other ports of the same host tell a filter from a host that is down."""
    found = _stopped(scene)
    if found is None or found[1].failure not in _SILENT:
        return
    step, facts = found
    words = _facts(scene, facts, step)
    look = scene.look("sibling-ports")
    if look is None:
        yield Ask("sibling-ports", "tells a network that filters mail ports from a host that is down")
        yield Found(
            id="connect-timed-out",
            certainty=Certainty.LIKELY,
            facts=words,
            evidence=scene.shows(step),
            alternatives=("egress-port-blocked", "host-unreachable"),
            settle="whether other ports of the same host answer",
        )
        return
    answers = {one.port: _answers(one, other) for other, one in _connects(look)}
    open_mail = [port for port, answered in answers.items() if answered and port != _WEB]
    words |= {"other": _listed(answers), "names": ", ".join(map(str, open_mail))}
    shown = (*scene.shows(step), *_shown_in(scene, look))
    alternatives: tuple[str, ...]
    if not any(answers.values()):
        id, certainty, alternatives = "host-unreachable", Certainty.LIKELY, ("connect-timed-out",)
    elif answers.get(_WEB) or open_mail:
        id, certainty, alternatives = "egress-port-blocked", Certainty.LIKELY, ("connect-timed-out",)
    else:
        id, certainty, alternatives = "connect-timed-out", Certainty.LIKELY, ()
    yield Found(
        id=id,
        certainty=certainty,
        facts=words,
        evidence=shown,
        alternatives=alternatives,
        settle="the same check from another network" if alternatives else None,
    )


def _connects(attempt: Attempt) -> Iterator[tuple[Step, ConnectFacts]]:
    for step in attempt.steps:
        if isinstance(step.facts, ConnectFacts):
            yield step, step.facts


def _answers(facts: ConnectFacts, step: Step) -> bool:
    """Whether anything came back: a refusal is an answer too."""
    return step.passed or facts.failure in ("refused", "reset")


def _listed(answers: dict[int | None, bool]) -> str:
    return ", ".join(f"{port} {'answers' if answered else 'is silent'}" for port, answered in sorted(answers.items()))


def _shown_in(scene: Scene, attempt: Attempt) -> tuple[dict[str, int | str], ...]:
    last = len(attempt.events) - 1
    return ({"attempt": scene.attempts.index(attempt), "event": last},) if last >= 0 else ()


def other_addresses(scene: Scene) -> Iterator[Found | Ask]:
    """Addresses of the same host that fail where another one works."""
    if not any(step.passed for _, step in _by_address(scene)):
        return
    dead = [(attempt, step) for attempt, step in _by_address(scene) if _dead(step)]
    alive = [attempt for attempt, step in _by_address(scene) if step.passed]
    for attempt, step in dead:
        assert isinstance(step.facts, ConnectFacts)
        other = next((one for one in alive if _family(one) != _family(attempt)), None)
        broken = _family(attempt) == "ipv6" and other is not None
        yield Found(
            id="ipv6-broken" if broken else "one-address-dead",
            certainty=Certainty.CERTAIN,
            facts={
                "host": scene.target.host,
                "address": attempt.address or "",
                "other": (other or alive[0]).address or "",
                "port": str(step.facts.port or ""),
                "seconds": f"{step.seconds:.1f}",
            },
            evidence=scene.shows(step),
            stage=None,
        )


def _by_address(scene: Scene) -> list[tuple[Attempt, Step]]:
    tried = (attempt for attempt in scene.attempts if attempt.look in ("first", "other-family", "other-address"))
    return [(attempt, step) for attempt in tried if (step := attempt.step(Stage.CONNECT)) is not None]


def _dead(step: Step) -> bool:
    return step.outcome in (Outcome.UNREACHABLE, Outcome.STALLED) and isinstance(step.facts, ConnectFacts)


def _family(attempt: Attempt) -> str:
    return "ipv6" if ":" in (attempt.address or "") else "ipv4"


RULES = (refused, failed, silent, own_machine)
BESIDE = (other_addresses,)
