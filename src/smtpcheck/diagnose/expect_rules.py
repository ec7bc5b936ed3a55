"""The rules of `--expect`, one small pure function each: whether a report meets it, and what was seen instead.

What the recording does not hold is not met, and what is said says why: a rule is never green because a session ended
before it could be seen. With `--all-addresses` every address has to meet it. What smtpcheck's own delay explains is not
held against the server.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from math import isfinite

from smtpcheck.model import (
    Attempt,
    Certificate,
    Demand,
    DnsFacts,
    EhloFacts,
    Outcome,
    Reply,
    Report,
    Stage,
    Step,
    TlsFacts,
)

_MOST_NAMED = 5
_LEAST = 0.05  # seconds: what is less has no digit to be shown
_LAG = 0.2  # a delay of our own that is worth naming: this part of the time, as for every rule about slowness
_ONCE = (Stage.AUTH, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE)

Judged = tuple[bool, str]


def judged(demand: Demand, report: Report) -> Judged:
    """Whether the report meets it, and what there was."""
    rule = _RULES.get(demand.name)
    if rule is None or (demand.name in _WITH_VALUES and not demand.values):
        return False, "this smtpcheck does not know the rule"
    try:
        return rule(demand, report)
    except (ValueError, OverflowError):  # a saved report can say anything
        return False, "this smtpcheck cannot read the rule's value"


# The end


def _cause(demand: Demand, report: Report) -> Judged:
    if report.cause is not None:
        id = report.cause.id
        if id not in demand.values:
            return False, id
        steps = _steps(report.stage, report)
        everywhere = bool(steps) and not any(step.passed for step in steps)
        return everywhere, id if everywhere else f"{id}, but not for every address or recipient"
    return False, "the check passed" if report.passed else "no cause is known"


def _outcome(demand: Demand, report: Report) -> Judged:
    """Every step of the stage, on every address that was asked: a relay that is open to one recipient is open."""
    steps = _steps(demand.stage, report)
    if not steps:
        return False, _not_reached(report)
    outcomes = [step.outcome.value for step in steps]
    return all(outcome in demand.values for outcome in outcomes), ", ".join(dict.fromkeys(outcomes))


def _reply(demand: Demand, report: Report) -> Judged:
    steps = _steps(demand.stage, report)
    if not steps:
        return False, _not_reached(report)
    said = [_code(step.reply) if step.reply is not None else f"no reply ({step.outcome})" for step in steps]
    met = all(step.reply is not None and _fits(step.reply, demand.values) for step in steps)
    return met, ", ".join(dict.fromkeys(said))


def _steps(stage: Stage | None, report: Report) -> list[Step]:
    """The steps of that stage that decide: of the last EHLO, and of each recipient. An attempt that never came to it
    is no evidence, so there are none unless every address that was to run has some.
    """
    found = [_steps_of(stage, attempt) for attempt in _attempts(report, stage)]
    return [step for steps in found for step in steps] if found and all(found) else []


def _steps_of(stage: Stage | None, attempt: Attempt) -> list[Step]:
    ran = [step for step in attempt.steps if step.stage is stage and step.outcome is not Outcome.SKIPPED]
    return ran if stage is Stage.RECIPIENT else ran[-1:]


def _attempts(report: Report, stage: Stage | None) -> Sequence[Attempt]:
    """The attempts that are judged; `config` and `dns` stand in the first one alone."""
    if stage is Stage.DNS:
        return report.attempts[:1]
    if report.options.all_addresses:
        return [one for one in report.attempts if one.look == "first" and not _is_done_elsewhere(one, stage)]
    return [report.attempt] if report.attempt is not None else []


def _is_done_elsewhere(attempt: Attempt, stage: Stage | None) -> bool:
    """Whether another address of the run has done the login, and what comes after it, in this one's place."""
    return stage in _ONCE and any(step.elsewhere for step in attempt.steps)


def _fits(reply: Reply, forms: Sequence[str]) -> bool:
    return any(_matches(reply.enhanced or "" if "." in form else str(reply.code), form) for form in forms)


def _matches(code: str, form: str) -> bool:
    """Whether a code has this form: `5yz`, `55x` (any digit), `5.7.x` (any number)."""
    ours, theirs = (code.split("."), form.split(".")) if "." in form else (list(code), list(form))
    return len(ours) == len(theirs) and all(
        wanted in ("x", "y", "z") or one == wanted for one, wanted in zip(ours, theirs, strict=True)
    )


def _code(reply: Reply) -> str:
    return f"{reply.code} {reply.enhanced}" if reply.enhanced else str(reply.code)


def _not_reached(report: Report) -> str:
    return "the session did not get there" + (f": it stopped at {report.stage}" if report.stage else "")


# TLS and keywords


def _min_tls(demand: Demand, report: Report) -> Judged:
    facts = [_tls(attempt) for attempt in _attempts(report, Stage.TLS)]
    versions = [one.version for one in facts if one is not None and one.version is not None]
    if not facts or len(versions) < len(facts):
        return False, _without_tls(report)
    wanted = tuple(int(part) for part in demand.values[0].split("."))
    enough = [_version(one) >= wanted for one in versions]
    return all(enough), ", ".join(dict.fromkeys(versions))


def _version(text: str) -> tuple[int, ...]:
    """`TLSv1.3`, `TLSv1` as numbers; anything else is older than all."""
    number = text.removeprefix("TLSv")
    parts = tuple(int(part) for part in number.split(".")) if number.replace(".", "").isdigit() else (0,)
    return (*parts, 0)[:2]


def _min_cert_days(demand: Demand, report: Report) -> Judged:
    """The certificates from the server's up to the store's: whichever ends first ends them all."""
    path = [one for attempt in _attempts(report, Stage.TLS) for one in _path(_tls(attempt))]
    if not path or not all(_path(_tls(attempt)) for attempt in _attempts(report, Stage.TLS)):
        return False, f"no certificate was seen: {_without_tls(report)}"
    ends = [(one.not_after, index) for index, one in enumerate(path) if one.not_after is not None]
    if len(ends) < len(path):
        return False, "a certificate does not say when it ends"
    end, index = min(ends)
    first = path[index]
    left = end - report.began
    days = left // timedelta(days=1)
    when = f"{end:%Y-%m-%d}"
    which = "" if first in (path[0],) else f", the certificate of the issuer {first.subject}"
    said = f"{days} days left, until {when}{which}" if days >= 0 else f"it ended on {when}{which}"
    return left >= timedelta(days=int(demand.values[0])), said


def _path(facts: TlsFacts | None) -> list[Certificate]:
    """The server's certificate and those that sign it, as far as they were sent: a certificate beside the way, such as
    an old cross-signed root, ends nothing.
    """
    if facts is None or not facts.chain:
        return []
    path = [facts.chain[0]]
    anchor = facts.verification.anchor if facts.verification is not None else None
    while anchor is None or path[-1].issuer != anchor.subject:
        above = (one for one in facts.chain if one.subject == path[-1].issuer and one not in path)
        found = next(above, None)
        if found is None:
            break
        path.append(found)
    return path


def _tls(attempt: Attempt) -> TlsFacts | None:
    step = attempt.step(Stage.TLS)
    return step.facts if step is not None and isinstance(step.facts, TlsFacts) else None


def _without_tls(report: Report) -> str:
    if report.passed or report.stage in _ONCE:
        return "the session had no TLS"
    return f"there was no TLS: the session stopped at {report.stage}"


def _auth(demand: Demand, report: Report) -> Judged:
    lists = [list(_hellos(attempt))[-1:] for attempt in _attempts(report, Stage.EHLO)]
    if not lists or not all(lists):
        return False, _not_reached(report)
    offered = [one.auth for (one,) in lists]
    met = all(wanted in each for wanted in demand.values for each in offered)
    least = min(offered, key=len)
    return met, f"AUTH {' '.join(least)}" if least else "no AUTH was offered"


def _no_auth_before_tls(demand: Demand, report: Report) -> Judged:
    hellos = [list(_hellos(attempt)) for attempt in _attempts(report, Stage.EHLO)]
    if not hellos or not all(hellos):
        return False, _not_reached(report)
    clear = [one for each in hellos for one in each if not one.tls]
    early = [one for one in clear if one.auth]
    if early:
        return False, f"AUTH {' '.join(early[0].auth)} was offered in clear"
    return True, "no AUTH was offered in clear" if clear else "TLS came first"


def _starttls(demand: Demand, report: Report) -> Judged:
    for attempt in _attempts(report, Stage.EHLO):
        clear = [one for one in _hellos(attempt) if not one.tls]
        if not clear:
            return False, "TLS came first" if list(_hellos(attempt)) else _not_reached(report)
        if not any(one.offers("STARTTLS") for one in clear):
            return False, "STARTTLS was not offered"
        step = attempt.step(Stage.STARTTLS)
        if step is not None and step.outcome not in (Outcome.PASSED, Outcome.SKIPPED):
            return False, f"STARTTLS was offered, and then {step.outcome}"
    return (True, "offered") if report.attempts else (False, _not_reached(report))


def _hellos(attempt: Attempt) -> Iterator[EhloFacts]:
    """What the server listed, each time it was greeted and answered."""
    for step in attempt.steps:
        if step.passed and isinstance(step.facts, EhloFacts):
            yield step.facts


# Addresses and times


def _resolves_to(demand: Demand, report: Report) -> Judged:
    from ipaddress import ip_address, ip_network

    step = report.attempts[0].step(Stage.DNS) if report.attempts else None
    facts = step.facts if step is not None and isinstance(step.facts, DnsFacts) else None
    if facts is None or facts.source == "literal":
        return False, "no name was resolved"
    if not facts.addresses:
        return False, "the name has no address"
    networks = [ip_network(text) for text in demand.values]
    outside = [
        each.address
        for each in facts.addresses
        if not any(ip_address(each.address.partition("%")[0]) in network for network in networks)
    ]
    shown = outside or [each.address for each in facts.addresses]
    more = f" and {len(shown) - _MOST_NAMED} more" if len(shown) > _MOST_NAMED else ""
    named = f"{', '.join(shown[:_MOST_NAMED])}{more}"
    return not outside, f"{named} {'lies' if len(shown) == 1 else 'lie'} outside" if outside else named


def _max(demand: Demand, report: Report) -> Judged:
    limit = float(demand.values[0])
    if not isfinite(limit):
        raise ValueError
    if demand.stage is None:
        lag = sum(step.lag for attempt in report.attempts for step in attempt.steps)
        return _in_time(report.seconds, lag, limit)
    steps = [
        step
        for attempt in _attempts(report, demand.stage)
        for step in attempt.steps
        if step.stage is demand.stage and step.outcome is not Outcome.SKIPPED
    ]
    if not steps:
        return False, _not_reached(report)
    unanswered = next((step for step in steps if step.outcome not in (Outcome.PASSED, Outcome.REFUSED)), None)
    if unanswered is not None:
        return False, f"{unanswered.outcome} after {unanswered.seconds:.1f} s"
    slowest = max(steps, key=lambda step: step.seconds - step.lag)
    return _in_time(slowest.seconds, slowest.lag, limit)


def _in_time(seconds: float, lag: float, limit: float) -> Judged:
    met = seconds - lag <= limit
    if lag > _LAG * seconds or (met and seconds > limit):
        return met, f"{seconds:.1f} s, of which smtpcheck itself was held up for {lag:.1f} s"
    return met, "less than 0.1 s" if seconds < _LEAST <= limit else f"{_precise(seconds, limit)} s"


def _precise(seconds: float, limit: float) -> str:
    """One decimal, and as many more as it takes not to print the limit for what missed it."""
    for decimals in range(1, 4):
        text = f"{seconds:.{decimals}f}"
        if (float(text) > limit) is (seconds > limit):
            break
    return text


_RULES: Mapping[str, Callable[[Demand, Report], Judged]] = {
    "cause": _cause,
    "outcome": _outcome,
    "reply": _reply,
    "min-tls": _min_tls,
    "min-cert-days": _min_cert_days,
    "auth": _auth,
    "no-auth-before-tls": _no_auth_before_tls,
    "starttls": _starttls,
    "resolves-to": _resolves_to,
    "max": _max,
}
_WITH_VALUES = _RULES.keys() - {"no-auth-before-tls", "starttls"}
