"""Rules about names: what the resolver said, what DNS says beside it, and which kind of address came."""

from collections.abc import Iterator

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene
from smtpcheck.model import Certainty, DnsFacts, Outcome, Stage, Step

_BOGUS = frozenset(
    {6, 7, 8, 9, 10, 11, 12}
)  # RFC 8914: DNSSEC bogus, expired, not yet valid, missing keys and the like
_OWN_HOST = frozenset({"loopback", "unspecified"})


def _dns(scene: Scene) -> tuple[Step, DnsFacts] | None:
    for attempt in scene.attempts:
        step = attempt.step(Stage.DNS)
        if step is not None and isinstance(step.facts, DnsFacts):
            return step, step.facts
    return None


def unresolved(scene: Scene) -> Iterator[Found | Ask]:
    """Why a name gave no address."""
    found = _dns(scene)
    if found is None or scene.stopper is None or scene.stopper.stage is not Stage.DNS:
        return
    step, facts = found
    shown = {"host": facts.name, "other": _servers(facts), "names": _exchanges(facts)}
    if scene.stopper.outcome is Outcome.STALLED and facts.problem is None:
        yield Found(id="resolver-unreachable", certainty=Certainty.LIKELY, facts=shown, evidence=scene.shows(step))
        return
    id, certainty = _cause(facts)
    if id == "dns-name-not-found" and scene.provider is not None:
        # A provider's own host exists for others: then it is this resolver that denies it (a filter, a closed network).
        yield Found(
            id=id,
            certainty=Certainty.LIKELY,
            facts=shown,
            evidence=scene.shows(step),
            alternatives=("dns-temporary-failure",),
            settle="the same name asked of another nameserver (--resolver IP): this one may deny names that exist",
        )
        return
    if id is not None:
        alternatives = ("dns-temporary-failure",) if id == "dnssec-bogus" and certainty is Certainty.LIKELY else ()
        yield Found(id=id, certainty=certainty, facts=shown, evidence=scene.shows(step), alternatives=alternatives)


def _cause(facts: DnsFacts) -> tuple[str | None, Certainty]:
    match facts.problem:
        case "not-found":
            said = [lookup.rcode for lookup in facts.lookups]
            return "dns-name-not-found", Certainty.CERTAIN if said and set(said) == {"NXDOMAIN"} else Certainty.LIKELY
        case "no-address":
            return ("null-mx", Certainty.CERTAIN) if _null_mx(facts) else ("dns-no-address", Certainty.CERTAIN)
        case "broken-alias":
            return "dns-broken-cname", Certainty.CERTAIN
        case "temporary-failure" if _bogus(facts):
            return "dnssec-bogus", Certainty.CERTAIN
        case "temporary-failure" | "refused":
            return "dns-temporary-failure", Certainty.LIKELY
        case "no-answer" | "no-resolver":
            silent = [lookup for lookup in facts.lookups if lookup.failure is not None]
            sure = facts.problem == "no-resolver" or (silent and len(silent) == len(facts.lookups))
            return "resolver-unreachable", Certainty.CERTAIN if sure else Certainty.LIKELY
        case "bad-name":
            return "host-value-malformed", Certainty.CERTAIN
        case _:
            return None, Certainty.POSSIBLE


def _bogus(facts: DnsFacts) -> bool:
    return any(error.code in _BOGUS for lookup in facts.lookups for error in lookup.extended_errors)


def _null_mx(facts: DnsFacts) -> bool:
    return any(lookup.type == "MX" and lookup.exchanges == ("0 .",) for lookup in facts.lookups)


def _exchanges(facts: DnsFacts) -> str:
    """The hosts that a domain's MX records name, for somebody who gave the domain in the place of its server."""
    found = (exchange.split()[-1].rstrip(".") for lookup in facts.lookups for exchange in lookup.exchanges)
    return ", ".join(name for name in found if name)


def _servers(facts: DnsFacts) -> str:
    return ", ".join(facts.nameservers) or "none is configured"


def own_host(scene: Scene) -> Iterator[Found | Ask]:
    """A name that was meant for another machine and leads to this one: by the hosts file, or by DNS."""
    found = _dns(scene)
    if found is None:
        return
    step, facts = found
    if facts.name.lower().rstrip(".").endswith("localhost"):
        return
    own = [entry.address for entry in facts.addresses if _OWN_HOST & set(entry.classes)]
    if facts.hosts and facts.source == "system" and facts.differs:
        line = facts.hosts[0]
        yield Found(
            id="hosts-file-override",
            certainty=Certainty.CERTAIN,
            facts={
                "host": facts.name,
                "address": line.address,
                "file": line.file,
                "line": str(line.line),
                "other": facts.differs,
            },
            evidence=scene.shows(step),
            stage=Stage.CONNECT,
        )
    elif own:
        yield Found(
            id="resolves-to-loopback",
            certainty=Certainty.CERTAIN,
            facts={"host": facts.name, "address": own[0], "other": facts.differs or ""},
            evidence=scene.shows(step),
            stage=Stage.CONNECT,
        )


RULES = (unresolved, own_host)
