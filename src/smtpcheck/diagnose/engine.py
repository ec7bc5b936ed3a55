"""From a recording to its one cause: every rule is asked, what they found is ranked, consequences are folded.

The step where the session stopped is what has to be explained. Among the findings about it certainty wins, then
what a page says that it beats; the others become its alternatives, or stand under `also`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from smtpcheck.diagnose import client, config, dns, net, send
from smtpcheck.diagnose.pages import finding, page
from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Rule, Scene
from smtpcheck.model import Certainty, ConfigFacts, Finding, Outcome, Report, Severity, Stage
from smtpcheck.model.record import record
from smtpcheck.providers import Provider, by_banner, by_host

BESIDE: tuple[Rule, ...] = (*client.BESIDE, *net.BESIDE)
"""Rules about what is worth knowing whatever happened."""

_RANK = {Certainty.CERTAIN: 0, Certainty.LIKELY: 1, Certainty.POSSIBLE: 2}
_MOST_ALTERNATIVES = 2


@record
class Diagnosis:
    """The cause (None for a pass, or where nothing is known), what else is worth knowing, and the looks that
    would help.
    """

    cause: Finding | None
    also: tuple[Finding, ...]
    asks: tuple[Ask, ...]


def rules(scene: Scene) -> tuple[Rule, ...]:
    """The rules for a scene, in their order. Those that explain what a server did are loaded only where something
    stopped; the others read what was asked for and where it led, and may speak of a session that passed, too.
    """
    asked = (*config.RULES, *dns.RULES, *net.RULES, *client.RULES)
    if scene.stopper is None:
        return (*asked, *send.RULES)
    from smtpcheck.diagnose import auth, smtp, tls

    return (*asked, *smtp.RULES, *tls.RULES, *auth.RULES, *send.RULES)


def diagnose(report: Report) -> Diagnosis:
    """The diagnosis of a report's recording."""
    scene = scene_of(report)
    found, asks = _asked(rules(scene), scene)
    beside, more = _asked(BESIDE, scene)
    certificates, _ = _split(client.certificate(scene, report.began))
    stopper = scene.stopper
    about = [one for one in found if stopper is not None and one.stage in (None, stopper.stage)]
    ranked = _ranked(about)
    cause = _with_alternatives(ranked) if ranked else None
    left = [one for one in found if one not in about and one.id != (cause.id if cause else None)]
    also = [*(one for one in ranked[1:] if one.certainty is Certainty.CERTAIN), *beside, *certificates, *left]
    told = finding(cause, stopper.stage) if cause and stopper else _told_before(scene)
    return Diagnosis(
        cause=told,
        also=tuple(_also(also, scene.target.findings, told)),
        asks=tuple(dict.fromkeys((*asks, *more))),
    )


def _told_before(scene: Scene) -> Finding | None:
    """The finding of the target that kept the check from sending anything, if one did."""
    facts = scene.stopper.facts if scene.stopper is not None else None
    id = facts.cause if isinstance(facts, ConfigFacts) else None
    return next((one for one in scene.target.findings if one.id == id), None)


def rediagnose(report: Report) -> Report:
    """The report with its cause and notes told anew from its recording, and what was expected judged by
    them: for a saved one, or for one that just ended.
    """
    told = diagnose(report)
    judged = replace(report, cause=told.cause, also=told.also)
    if not report.options.expect and report.options.fail_on is None:
        return judged
    from smtpcheck.diagnose.expect import judge  # loaded only where something is expected

    return judge(judged)


def scene_of(report: Report) -> Scene:
    """What the rules read of a report."""
    attempt = report.attempts[report.deciding]
    banner = attempt.step(Stage.BANNER)
    greeting = banner.reply.text if banner is not None and banner.reply is not None else ""
    stopper = next((step for step in attempt.steps if step.outcome is Outcome.WAITING), None) or attempt.stopper
    provider: Provider | None = by_host(report.target.host) or (by_banner(greeting) if greeting else None)
    return Scene(
        target=report.target,
        options=report.options,
        attempts=report.attempts,
        deciding=report.deciding,
        stopper=stopper,
        began=report.began,
        provider=provider,
        software=None if stopper is None else _software(greeting),
    )


def _software(greeting: str) -> str | None:
    from smtpcheck.replies import software_named  # the tables of replies have nothing to say about a pass

    return software_named(greeting)


def _asked(rules: Iterable[Rule], scene: Scene) -> tuple[list[Found], list[Ask]]:
    return _split(said for rule in rules for said in rule(scene))


def _split(said: Iterable[Found | Ask]) -> tuple[list[Found], list[Ask]]:
    found, asks = [], []
    for one in said:
        if isinstance(one, Ask):
            asks.append(one)
        else:
            found.append(one)
    return found, asks


def _ranked(found: Sequence[Found]) -> list[Found]:
    """The most certain first; at equal certainty what beats others first; else as the rules stand. Each cause
    once.
    """
    merged: dict[str, Found] = {}
    for one in found:
        known = merged.get(one.id)
        merged[one.id] = one if known is None else _joined(known, one)
    rest = list(merged.values())
    ordered: list[Found] = []
    while rest:
        best = min(rest, key=lambda one: (_RANK[one.certainty], _is_beaten(one, rest)))
        ordered.append(best)
        rest.remove(best)
    return ordered


def _is_beaten(one: Found, others: Sequence[Found]) -> bool:
    equal = (other for other in others if other.certainty is one.certainty and other is not one)
    return any(one.id in page(other.id).beats for other in equal)


def _joined(known: Found, other: Found) -> Found:
    """Two rules that found the same: the surer one, with the facts and evidence of both."""
    surer, weaker = (known, other) if _RANK[known.certainty] <= _RANK[other.certainty] else (other, known)
    return replace(
        surer,
        facts={**weaker.facts, **surer.facts},
        evidence=tuple(surer.evidence) + tuple(item for item in weaker.evidence if item not in surer.evidence),
        provider=surer.provider or weaker.provider,
    )


def _with_alternatives(ranked: Sequence[Found]) -> Found:
    """The first, with the causes that the same evidence allows: none where it is certain."""
    best = ranked[0]
    if best.certainty is Certainty.CERTAIN:
        return replace(best, alternatives=(), settle=None)
    named = dict.fromkeys((*best.alternatives, *(one.id for one in ranked[1:])))
    named.pop(best.id, None)
    settle = best.settle or next((one.settle for one in ranked[1:] if one.settle), None)
    alternatives = tuple(named)[:_MOST_ALTERNATIVES]
    return replace(best, alternatives=alternatives, settle=settle if alternatives else None)


def _also(found: Sequence[Found], before: Sequence[Finding], cause: Finding | None) -> Iterator[Finding]:
    """Each once, the cause left out; what works first, then warnings, then notes. Nothing here is an error of its
    own. `before` is what an application's configuration told before a packet was sent.
    """
    seen = {cause.id} if cause else set()
    told = []
    for one in found:
        if one.id not in seen:
            seen.add(one.id)
            told.append(_lowered(finding(one)))
    told += [_lowered(one) for one in before if one.id not in seen]
    return iter(sorted(told, key=lambda one: (one.id != "smtp-works-look-at-the-app", one.severity is Severity.NOTE)))


def _lowered(one: Finding) -> Finding:
    """What did not stop the session is a warning at the most."""
    return replace(one, severity=Severity.WARNING) if one.severity is Severity.ERROR else one
