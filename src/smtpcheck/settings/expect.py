"""What `--expect` may say: RULE, RULE=VALUE or RULE.STAGE=VALUE, with `:warning` at its end where a failure is to be a
warning only.

No character of a rule means anything to a shell. People write `tls>=1.2` all the same, of which a shell leaves `tls`
(and a file named `=1.2`); so what looks like that is answered with that question. The values are judged in
`diagnose.expect`.
"""

import re
from collections.abc import Callable
from difflib import get_close_matches
from ipaddress import ip_network

from smtpcheck.model import Demand, Outcome, Severity, Stage, UsageError
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.words import EXPECTATIONS, FAIL_ON, MIN_TLS

MOST = 100

STAGES = tuple(stage for stage in Stage if stage not in (Stage.CONFIG, Stage.QUIT))
"""The stages that a rule may name: nothing is sent at `config`, and no verdict rests on `quit`."""

# Nobody expects an interruption, or a fault of smtpcheck; and what was left out must never look like a success.
OUTCOMES = tuple(
    outcome
    for outcome in Outcome
    if outcome not in (Outcome.INTERRUPTED, Outcome.SKIPPED, Outcome.BUG, Outcome.WAITING)
)

_BARE = {"tls": "min-tls=1.2", "cert-days": "min-cert-days=14", "total": "max-total=5", "days": "min-cert-days=14"}
_EXAMPLES = {
    "min-tls": "1.2",
    "min-cert-days": "14",
    "auth": "PLAIN",
    "resolves-to": "192.0.2.0/24",
    "cause": "not-authenticated",
    "outcome": "refused",
    "reply": "550",
    "max": "2",
}
_REPLY = re.compile(
    r"[2-5](?:[0-9]{2}|[0-9][xyz]|[xyz]{2})|[245]\.(?:[0-9]{1,3}|[xyz])\.(?:[0-9]{1,3}|[xyz])", re.ASCII
)
_SECONDS = re.compile(r"[0-9]{1,5}(?:\.[0-9]{1,3})?", re.ASCII)
_DAYS = re.compile(r"[0-9]{1,5}", re.ASCII)
_MECHANISM = re.compile(r"[A-Z0-9_-]{1,20}", re.ASCII)  # RFC 4422 section 3.1
_CAUSE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*", re.ASCII)


def parse_fail_on(text: str | None) -> Severity | None:
    """The severity of a finding that makes a check fail. Raises UsageError."""
    if text is None:
        return None
    if text.lower() not in FAIL_ON:
        raise UsageError(f"--fail-on is {quoted(text)}: give {' or '.join(FAIL_ON)}")
    return Severity(text.lower())


def parse_expectations(texts: tuple[str, ...]) -> tuple[Demand, ...]:
    """What is expected, in the order given, each once. Raises UsageError."""
    if len(texts) > MOST:
        raise UsageError(f"--expect is given {len(texts)} times: at most {MOST} rules for one check")
    return tuple(dict.fromkeys(map(parse_expectation, texts)))


def parse_expectation(text: str) -> Demand:
    """One rule. Raises UsageError with one sentence: what was wrong, what is allowed."""
    rule, severity = _severity(text)
    name, equals, value = rule.partition("=")
    if name in ("starttls", "no-auth-before-tls"):
        if equals:
            raise UsageError(f"--expect is {quoted(text)}: the rule {name} takes no value")
        return Demand(rule=rule, name=name, severity=severity)
    kind, stage = _stage(name, text)
    if kind not in _EXAMPLES:
        raise UsageError(_unknown(name, text))
    if not value:
        raise UsageError(
            f"--expect is {quoted(text)}, without a value: did the shell take the `>=`? A rule is written with = "
            f"alone, such as {name}={_EXAMPLES[kind]}"
        )
    values = _VALUES[kind](value)
    if values is None:
        raise UsageError(f"--expect is {quoted(text)}: {_ALLOWED[kind]}")
    return Demand(rule=rule, name=kind, values=values, stage=stage, severity=severity)


def _severity(text: str) -> tuple[str, Severity]:
    """The rule without what stands after its last colon, where that is a word: an IPv6 network has colons too."""
    rule, colon, word = text.rpartition(":")
    if colon and word.lower() in ("warning", "error"):
        return rule, Severity(word.lower())
    if colon and "=" not in word and re.fullmatch(r"(?=.*[g-z])[a-z]+", word, re.ASCII | re.IGNORECASE):
        raise UsageError(f"--expect is {quoted(text)}: a rule may end in :warning, and in no other word")
    return text, Severity.ERROR


def _stage(name: str, text: str) -> tuple[str, Stage | None]:
    """`reply.recipient` and `max-banner` are a kind of rule and a stage; `max-total` names none."""
    kind, dot, word = name.partition(".")
    if kind in ("reply", "outcome"):
        stages = {stage.value: stage for stage in STAGES}
        if word in stages:
            return kind, stages[word]
        named = f"{quoted(word)} is no stage" if dot else "it names no stage"
        raise UsageError(
            f"--expect is {quoted(text)}: {named}; write {kind}.STAGE={_EXAMPLES[kind]} with one of {', '.join(stages)}"
        )
    if name.startswith("max-"):
        stages = {f"max-{stage}": stage for stage in STAGES}
        if name in stages:
            return "max", stages[name]
        if name == "max-total":
            return "max", None
    return (name if name not in ("max", "reply", "outcome") else ""), None


def _unknown(name: str, text: str) -> str:
    bare = re.split(r"[<>=!~ ]", name, maxsplit=1)[0]
    if bare in _BARE:
        return (
            f"--expect is {quoted(text)}, which is no rule: did the shell take the `>=`? Write it with = alone, "
            f"{_BARE[bare]}"
        )
    near = get_close_matches(bare, EXPECTATIONS, n=2, cutoff=0.5)
    known = [*near, *(rule for rule in EXPECTATIONS if rule not in near)]
    return f"--expect is {quoted(text)}: there is no such rule; there are {', '.join(known)}"


def _separated(value: str, pattern: re.Pattern[str]) -> tuple[str, ...] | None:
    parts = tuple(value.split(","))
    return parts if all(pattern.fullmatch(part) for part in parts) else None


def _number(pattern: re.Pattern[str]) -> Callable[[str], tuple[str, ...] | None]:
    return lambda value: (value,) if pattern.fullmatch(value) else None


def _networks(value: str) -> tuple[str, ...] | None:
    try:
        return tuple(str(ip_network(part)) for part in value.split(","))
    except ValueError:
        return None


def _one_of(words: tuple[str, ...]) -> Callable[[str], tuple[str, ...] | None]:
    return lambda value: (value,) if value in words else None


_VALUES: dict[str, Callable[[str], tuple[str, ...] | None]] = {
    "min-tls": _one_of(MIN_TLS),
    "min-cert-days": _number(_DAYS),
    "auth": lambda value: _separated(value.upper(), _MECHANISM),
    "resolves-to": _networks,
    "cause": _number(_CAUSE),
    "outcome": _one_of(tuple(outcome.value for outcome in OUTCOMES)),
    "reply": lambda value: _separated(value.lower(), _REPLY),
    "max": _number(_SECONDS),
}
_ALLOWED = {
    "min-tls": f"the version is one of {', '.join(MIN_TLS)}",
    "min-cert-days": "give a whole number of days, such as min-cert-days=14",
    "auth": "give a mechanism, or several with commas, such as auth=PLAIN,LOGIN",
    "resolves-to": "give a network whose host bits are 0, or an address (several with commas), such as "
    "resolves-to=192.0.2.0/24",
    "cause": "give the id of a cause, such as cause=not-authenticated",
    "outcome": f"an outcome is one of {', '.join(OUTCOMES)}",
    "reply": "give a reply code or an enhanced status code (several with commas; x stands for any digit), such as 550, "
    "5xx or 5.7.1",
    "max": "give seconds, such as 2 or 0.5",
}
