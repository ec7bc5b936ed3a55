"""What is worth knowing beside the verdict: slow answers, the secret's state, other connections, expectations."""

from smtpcheck.model import Attempt, AuthFacts, ConnectFacts, Outcome, Report, SecretFacts, Severity, Stage, Step
from smtpcheck.report.lines import ended
from smtpcheck.report.phrases import lasting, listed

SLOW = 3.0

_HYGIENE = {
    "empty": "is empty",
    "byte-order-mark": "begins with a byte order mark",
    "leading-space": "begins with a space",
    "trailing-space": "ends with a space",
    "quoted": "stands in quotes, which were sent with it",
    "url-encoded": "has %XX in it, as in a URL",
    "unexpanded-variable": "looks like a variable that nobody expanded",
    "bearer-prefix": 'begins with "Bearer "',
    "non-ascii": "has characters beyond ASCII",
    "not-utf-8": "has bytes that are not UTF-8",
    "control-character": "has a control character",
    "short": "is so short that smtpcheck hides it in a reply only where it stands alone",
    "looks-base64": "looks like base64 of a text",
    "trailing-newline-stripped": "ended with a newline, which was left out",
}


def warnings(report: Report) -> list[str]:
    """Sentences about a check, whatever its verdict."""
    return slow(report) + (_secret(report.target.secret) if report.target.secret else _short(report))


def slow(report: Report) -> list[str]:
    """A sentence for each step that was slow and alive, unless a finding says so."""
    told = {Stage.BANNER} if any(finding.id == "banner-slow" for finding in report.also) else set()
    steps = report.attempt.steps if report.attempt else ()
    return [_slow(step, report) for step in steps if _is_slow(step, report) and step.stage not in told]


def _is_slow(step: Step, report: Report) -> bool:
    """Silent for 3 s, or for half of its deadline if that is less, and alive."""
    patience = report.options.patience.of(step.stage)
    return step.passed and step.stage is not Stage.QUIT and step.seconds >= min(SLOW, patience / 2) > 0


def _slow(step: Step, report: Report) -> str:
    if step.lag > 0.2 * step.seconds:
        return (
            f"The stage {step.stage} took {lasting(step.seconds)}, and smtpcheck itself was held up for "
            f"{lasting(step.lag)} of them: the time says little of the server."
        )
    actor = (
        "Your resolver" if step.stage is Stage.DNS else "The network" if step.stage is Stage.CONNECT else "The server"
    )
    return (
        f"Slow: {actor[0].lower()}{actor[1:]} took {lasting(step.seconds)} at {step.stage}. It did answer; a client "
        "that waits less gives up there."
    )


def _secret(secret: SecretFacts) -> list[str]:
    if not secret.hygiene:
        return []
    said = listed([_HYGIENE.get(finding, finding) for finding in secret.hygiene], len(_HYGIENE))
    return [f"The {secret.kind} ({secret.source}) {said}."]


def _short(report: Report) -> list[str]:
    auth = report.step(Stage.AUTH)
    if auth is not None and isinstance(auth.facts, AuthFacts) and auth.facts.short_secret:
        return [f"The secret {_HYGIENE['short']}."]
    return []


def others(report: Report) -> list[str]:
    """One line for each connection that did not decide, and for each look that was asked for."""
    because = {asked.look: asked.because for asked in report.asked}
    lines = []
    for index, attempt in enumerate(report.attempts):
        if index == report.deciding:
            continue
        why = because.pop(attempt.look, None)
        lines.append(f"{which(attempt)}: {_came_to(attempt)}{f' ({why})' if why else ''}")
    return lines + [f"{look}: {why}" for look, why in because.items() if look != _deciding_look(report)]


def _deciding_look(report: Report) -> str | None:
    return report.attempt.look if report.attempt else None


def which(attempt: Attempt) -> str:
    """An attempt by its address, and by its look where that is not the first."""
    address = attempt.address or "no address"
    names = {"first": address, "other-family": f"{address}, the first of the other address family"}
    return names.get(attempt.look, f"{attempt.look} at {address}")


def _came_to(attempt: Attempt) -> str:
    stopper = attempt.stopper
    if len(knocks := [step for step in attempt.steps if step.stage is Stage.CONNECT]) > 1:
        return listed([_knock(step) for step in knocks], len(knocks))
    if stopper is not None:
        return f"{ended(stopper)}, at {stopper.stage} after {lasting(stopper.seconds)}"
    passed = [step for step in attempt.steps if step.passed and step.stage is not Stage.QUIT]
    if not passed:
        return next((step.why for step in attempt.steps if step.why), "nothing was done")
    last = passed[-1]
    if last.stage is Stage.CONNECT:
        return f"connected in {lasting(last.seconds)}, and closed again"
    skipped = (step for step in attempt.steps if step.outcome is Outcome.SKIPPED and step.why)
    left = next(skipped, None) if attempt.look == "first" else None  # a look goes no further than its question
    return f"passed up to {last.stage}" + (f"; {left.stage} was skipped: {left.why}" if left else "")


def _knock(step: Step) -> str:
    """One of several ports of the same address."""
    port = step.facts.port if isinstance(step.facts, ConnectFacts) else None
    return f"port {port} {'open' if step.passed else ended(step).removeprefix('unreachable: ')}"


def expectations(report: Report) -> list[str]:
    """One line for each expectation."""
    lines = []
    for each in report.expectations:
        how = "met" if each.met else "not met" if each.severity is Severity.ERROR else f"not met (a {each.severity})"
        lines.append(f"{each.rule}: {how}{f': {each.actual}' if each.actual is not None else ''}")
    return lines
