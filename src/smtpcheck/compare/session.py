"""The dialogue on both sides: addresses, greeting, keywords, mechanisms, replies, times.

Only steps that both sides took are compared: what one of them did not reach is told by where it stopped.
"""

import re
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network

from smtpcheck.compare.asked import dns_facts
from smtpcheck.model import Attempt, EhloFacts, Outcome, Reply, Report, Stage, Step
from smtpcheck.model.comparison import Change

_FACTOR, _LEAST, _SLOW = 3.0, 0.5, 3.0
"""A time differs where it is three times the other and half a second more; from 3 s on a step is called slow."""

# Ids that a server makes anew for each session: letters and digits mixed, or many digits; dates and times with them.
_DATE = re.compile(
    r"(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? )?\d{1,2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\w* \d{4}"
    r"|\d{4}-\d\d-\d\d|\d{1,2}:\d\d(?::\d\d)?(?:\.\d+)?(?: ?[+-]\d{4}\b)?"
)
_ID = re.compile(r"\b(?=[\w.-]*\d)(?=[\w.-]*[A-Za-z])[\w-]{8,}(?:\.[\w-]+)*(?<!\.)\b(?!\.)|\b[0-9A-F]{8,}\b|\b\d{6,}\b")
_NETWORK_BITS = {4: 24, 6: 48}


def steady(text: str) -> str:
    """The text without what changes from session to session: queue ids, dates, times of day."""
    return _ID.sub("*", _DATE.sub("*", text))


def endings(old: Report, new: Report) -> Iterator[Change]:
    """Addresses that both tried and that ended differently, the other family's included, the deciding one left out."""
    before, now = _by_address(old), _by_address(new)
    for address in before.keys() & now.keys():
        ends = _end(before[address]), _end(now[address])
        deciding = {report.attempt.address for report in (old, new) if report.attempt is not None}
        if ends[0] != ends[1] and address not in deciding:
            stopper = now[address].stopper or before[address].stopper
            stage = stopper.stage if stopper else None
            yield Change(what="address", of=address, stage=stage, old=ends[0], new=ends[1], matters=True)


def _by_address(report: Report) -> dict[str, Attempt]:
    told = ("first", "other-family")
    return {attempt.address: attempt for attempt in report.attempts if attempt.look in told and attempt.address}


def _end(attempt: Attempt) -> str:
    stopper = attempt.stopper
    return f"{stopper.outcome} at {stopper.stage}" if stopper else "passed"


def addresses(old: Report, new: Report) -> Iterator[Change]:
    """What the name resolves to. Part of a pool (one address in common, or one network) does not matter."""
    before, now = (dns_facts(report) for report in (old, new))
    if before is not None and now is not None:
        first, second = (tuple(one.address for one in facts.addresses) for facts in (before, now))
        if set(first) != set(second) and first and second:
            pool = bool(_networks(first) & _networks(second)) and _families(first) == _families(second)
            yield Change(what="addresses", stage=Stage.DNS, old=first, new=second, matters=not pool)
        if before.problem != now.problem:
            yield Change(what="dns-problem", stage=Stage.DNS, old=before.problem, new=now.problem, matters=True)
    sides = [report.attempt.address if report.attempt else None for report in (old, new)]
    if None not in sides and sides[0] != sides[1]:
        yield Change(what="connected-to", stage=Stage.CONNECT, old=sides[0], new=sides[1], matters=False)


def _networks(texts: tuple[str, ...]) -> set[str]:
    found = set()
    for text in texts:
        try:
            address = ip_address(text.partition("%")[0])
        except ValueError:  # a saved report may hold anything
            found.add(text)
        else:
            found.add(str(ip_network((address, _NETWORK_BITS[address.version]), strict=False)))
    return found


def _families(texts: tuple[str, ...]) -> set[bool]:
    return {":" in text for text in texts}


def banner(old: Report, new: Report) -> Iterator[Change]:
    """The greeting's words; one that differs by a digit in a name (mx1, mx2) does not matter."""
    before, now = (_reply(report, Stage.BANNER) for report in (old, new))
    if before is None or now is None or before.code != now.code:
        return
    if steady(before.text) != steady(now.text):
        numbered = re.sub(r"\d+", "0", steady(before.text)) == re.sub(r"\d+", "0", steady(now.text))
        yield Change(what="banner", stage=Stage.BANNER, old=before.lines, new=now.lines, matters=not numbered)


def _reply(report: Report, stage: Stage) -> Reply | None:
    step = report.step(stage)
    return step.reply if step is not None else None


def keywords(old: Report, new: Report) -> Iterator[Change]:
    """What EHLO listed, before and inside TLS, and the mechanisms apart from the rest."""
    for tls in (False, True):
        before, now = (_ehlo(report, tls) for report in (old, new))
        if before is None or now is None:
            continue
        of = "inside TLS" if tls else "before TLS"
        first, second = _lines(before), _lines(now)
        if set(first) != set(second):
            yield Change(what="keywords", of=of, stage=Stage.EHLO, old=first, new=second, matters=True)
        if set(before.auth) != set(now.auth):
            yield Change(what="mechanisms", of=of, stage=Stage.EHLO, old=before.auth, new=now.auth, matters=True)


def _ehlo(report: Report, tls: bool) -> EhloFacts | None:
    steps = report.attempt.steps if report.attempt else ()
    found = [step.facts for step in steps if step.stage is Stage.EHLO and step.passed]
    return next((facts for facts in reversed(found) if isinstance(facts, EhloFacts) and facts.tls is tls), None)


def _lines(facts: EhloFacts) -> tuple[str, ...]:
    others = (entry for entry in facts.keywords if entry.name != "AUTH" and not entry.name.startswith("AUTH="))
    return tuple(" ".join((entry.name, *entry.parameters)) for entry in others)


def _pairs(old: Report, new: Report) -> Iterator[tuple[Step, Step]]:
    """The steps that both took: the same stage, recipient and turn."""
    before, now = _keyed(old), _keyed(new)
    for key, step in before.items():
        if key in now:
            yield step, now[key]


def _keyed(report: Report) -> dict[tuple[Stage, str | None, int], Step]:
    turns: Counter[tuple[Stage, str | None]] = Counter()
    found = {}
    for step in report.attempt.steps if report.attempt else ():
        if step.outcome is not Outcome.SKIPPED:
            key = (step.stage, step.recipient)
            found[(*key, turns[key])] = step
            turns[key] += 1
    return found


def replies(old: Report, new: Report) -> Iterator[Change]:
    """Codes; and words, which matter where they are those of a refusal. EHLO's and the banner's are told apart."""
    for before, now in _pairs(old, new):
        first, second = before.reply, now.reply
        if first is None or second is None:
            continue
        codes = (first.code, first.enhanced) != (second.code, second.enhanced)
        told = before.stage in (Stage.EHLO, Stage.BANNER, Stage.QUIT) and first.code == second.code
        if codes and before.stage is not Stage.QUIT:
            yield _replied("reply", before, first, second, matters=True)
        elif not told and steady(first.text) != steady(second.text):
            yield _replied("reply-text", before, first, second, matters=not second.positive)


def _replied(what: str, step: Step, old: Reply, new: Reply, *, matters: bool) -> Change:
    sides = [tuple(f"{reply.code} {line}" for line in reply.lines or ("",)) for reply in (old, new)]
    return Change(what=what, of=step.recipient, stage=step.stage, old=sides[0], new=sides[1], matters=matters)


def times(old: Report, new: Report) -> Iterator[Change]:
    """Steps that ended alike and took really longer or shorter, our own lag left out. A step that is slow now
    matters.
    """
    for before, now in _pairs(old, new):
        first, second = (max(step.seconds - step.lag, 0.0) for step in (before, now))
        low, high = sorted((first, second))
        if before.outcome is now.outcome and high >= low * _FACTOR and high - low >= _LEAST:
            slow = second > first and second >= _SLOW
            spans = f"{first:.1f} s", f"{second:.1f} s"
            yield Change(
                what="seconds", of=before.recipient, stage=before.stage, old=spans[0], new=spans[1], matters=slow
            )
