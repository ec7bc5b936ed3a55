"""Rules about the connection: refused, silent, unreachable, and what the other ports and addresses show."""

from collections.abc import Iterator

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene
from smtpcheck.model import Attempt, Certainty, ConnectFacts, Outcome, Stage, Step

_LIBRARY_DEFAULTS = (25, 465, 587)
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
    """The host answered at once, and nobody listens there. On this machine that is often not what was meant."""
    found = _stopped(scene)
    if found is None or found[1].failure not in ("refused", "path-missing"):
        return
    step, facts = found
    words = _facts(scene, facts, step)
    own = _stands_for_no_host(scene.target.host, facts.port)
    if own:
        yield Found(
            id="app-calls-localhost",
            certainty=Certainty.LIKELY,
            facts=words,
            evidence=scene.shows(step),
            settle="whether the application was meant to use a server on this machine",
        )
    certainty = Certainty.LIKELY if own else Certainty.CERTAIN
    yield Found(id="nothing-listens", certainty=certainty, facts=words, evidence=scene.shows(step))


def _stands_for_no_host(host: str, port: int | None) -> bool:
    """Whether applications call this address when nobody told them a host: the own machine, at a library's default
    port; 0.0.0.0 and :: at any, since nobody means those.
    """
    name = host.lower().rstrip(".")
    if name in ("0.0.0.0", "::"):  # noqa: S104  compared, not bound
        return True
    return (name in ("localhost", "::1") or name.startswith("127.")) and port in _LIBRARY_DEFAULTS


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
    if facts.proxy is not None:
        yield from _silent_proxy(scene, facts, step, words)
        return
    look = scene.look("sibling-ports")
    if look is None:
        if facts.family != "unix":
            yield Ask("sibling-ports", "tells a network that filters mail ports from a host that is down")
        yield Found(
            id="connect-timed-out",
            certainty=Certainty.LIKELY,
            facts=words,
            evidence=scene.shows(step),
            alternatives=("egress-port-blocked", "host-unreachable") if facts.family != "unix" else (),
            settle="whether other ports of the same host answer",
        )
        return
    answers = {facts.port: _answers(facts, knock) for knock, facts in _connects(look)}
    open_ports = [str(facts.port) for knock, facts in _connects(look) if knock.passed]
    answered = any(answers.values())
    yield Found(
        id="egress-port-blocked" if answered else "host-unreachable",
        certainty=Certainty.LIKELY,
        facts=words | {"other": _listed(answers), "names": ", ".join(open_ports)},
        evidence=(*scene.shows(step), *(item for knock, _ in _connects(look) for item in scene.shows(knock))),
        alternatives=("connect-timed-out",) if answered else ("egress-port-blocked",),
        settle="the same check from another network",
    )


def _silent_proxy(scene: Scene, facts: ConnectFacts, step: Step, words: dict[str, str]) -> Iterator[Found]:
    """A proxy that never said whether it connected: either of the two may be the silent one."""
    assert facts.proxy is not None
    yield Found(
        id="proxy-unreachable",
        certainty=Certainty.LIKELY,
        facts=words | {"other": f"{facts.proxy.host}:{facts.proxy.port}"},
        evidence=scene.shows(step),
        alternatives=("connect-timed-out",),
        settle="the proxy's own log: whether it got the request, and tried to connect",
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


RULES = (refused, failed, silent)
BESIDE = (other_addresses,)
