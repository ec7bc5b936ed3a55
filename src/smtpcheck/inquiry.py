"""One check from its first packet to its verdict: the recording, the second looks that the diagnosis asks for, and the
bounds of the whole.

While a step of the session is silent, a snapshot of the recording is diagnosed, and the look that would decide is taken
beside it. What a look makes certain need not be waited for any longer.
"""

import asyncio
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module

from smtpcheck._version import __version__
from smtpcheck.diagnose.verdict import Verdict, verdict
from smtpcheck.model import (
    Asked,
    Attempt,
    Certainty,
    DnsFacts,
    EhloFacts,
    Options,
    Outcome,
    Report,
    Stage,
    Target,
    TlsFacts,
    TrustStore,
)
from smtpcheck.net.machine import machine_facts
from smtpcheck.probe import plan
from smtpcheck.probe.check import record
from smtpcheck.probe.recording import Recording
from smtpcheck.probe.redact import Redactor
from smtpcheck.probe.tape import OpenStep

SLOW = 3.0
ROUNDS = 2
_MOST_LINES = 5
_RULES = "smtpcheck.diagnose.engine"  # takes 40 ms to load: while the server is waited for
_GLANCE = 0.1  # seconds between two glances at a step whose time to be slow has come
_WAITED = tuple(stage for stage in Stage if stage not in (Stage.CONFIG, Stage.QUIT))


async def inquire(recording: Recording, interrupt: asyncio.Event | None) -> bool:
    """Runs the check to its end, or ends it; True when the user interrupted it."""
    work = asyncio.create_task(_inquire(recording))
    stop = asyncio.create_task(interrupt.wait()) if interrupt is not None else None
    seconds = recording.options.max_time
    try:
        waited = {work} if stop is None else {work, stop}
        # The clock stands still while a check waits for others of its batch, so the time may not be over after it.
        while (left := seconds - recording.clock.now()) > 0 and not any(task.done() for task in waited):
            await asyncio.wait(waited, timeout=left, return_when=asyncio.FIRST_COMPLETED)
        by_user = stop is not None and stop.done() and not work.done()
        if not work.done():
            limit = f"the time for the whole run, {seconds:.1f} s (--max-time)"
            recording.clock.ended_by = "Ctrl-C" if by_user else limit
    finally:
        work.cancel()
        if stop is not None:
            stop.cancel()
        await asyncio.wait({work} if stop is None else {work, stop})
    if not work.cancelled() and (error := work.exception()) is not None:
        raise error
    return by_user


async def _inquire(recording: Recording) -> None:
    """The session, with looks beside it while it waits, and after it where it stopped."""
    session = asyncio.create_task(record(recording))
    if _RULES not in sys.modules:
        threading.Thread(target=import_module, args=(_RULES,), name="smtpcheck rules", daemon=True).start()
    looks: asyncio.Task[None] | None = None
    rounds = 0
    settled: OpenStep | None = None  # a slow step that asks for no look: told once, not at every glance
    soonest = min(SLOW, *(recording.options.patience.of(stage) / 2 for stage in _WAITED))
    try:
        while not session.done():
            glance = _until_slow(recording, settled, soonest)
            running = (session,) if looks is None else (session, looks)
            await asyncio.wait(running, timeout=glance, return_when=asyncio.FIRST_COMPLETED)
            if looks is not None and looks.done():
                looks = None
                _stop_waiting_if_certain(recording)
            opened = recording.waiting()
            if looks is None and rounds < ROUNDS and opened is not settled and _is_slow(recording, opened):
                looks = _looks(recording)
                settled = opened if looks is None else None
                rounds += looks is not None
        await session
        if _judged(recording, recording.attempts()).outcome is Outcome.PASSED:
            return  # whatever a look is still to find out, nobody waits for it
        if looks is not None:
            await looks
        for _ in range(rounds, ROUNDS):
            if recording.clock.ended_by is not None or (looks := _looks(recording)) is None:
                break
            await looks
    finally:
        for task in (session, looks):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait((task,))


def _until_slow(recording: Recording, settled: OpenStep | None, soonest: float) -> float:
    """Seconds until a step can be slow: the one that is open, or one that opens meanwhile (`soonest` after it did)."""
    opened = recording.waiting()
    if opened is None or opened is settled:
        return soonest
    left = opened.began + min(SLOW, opened.seconds / 2) - recording.clock.now()
    return min(max(left, _GLANCE / 10), soonest)


def _is_slow(recording: Recording, opened: OpenStep | None) -> bool:
    """Whether the open step has been waiting for 3 s, or half its deadline if that is shorter."""
    return opened is not None and recording.clock.now() - opened.began >= min(SLOW, opened.seconds / 2)


def _looks(recording: Recording) -> "asyncio.Task[None] | None":
    """A task that takes the looks that a diagnosis of the present recording asks for; None if there are none."""
    if not recording.options.second_looks:
        return None
    report = told(recording)
    if report.passed:
        return None
    from smtpcheck.diagnose.engine import diagnose
    from smtpcheck.probe.looks import look, may_look

    if not may_look(report.attempts):
        return None
    taken = {one.look for one in recording.asked}
    asks = [ask for ask in diagnose(report).asks if ask.look not in taken and _allowed(ask.look, recording)]
    if not asks:
        return None
    recording.asked += [Asked(look=ask.look, because=ask.because) for ask in asks]

    async def take() -> None:
        for ask in asks:
            await look(recording, ask.look)

    return asyncio.create_task(take())


def _allowed(look: str, recording: Recording) -> bool:
    """A scheduled check does not knock at other ports every few minutes."""
    return look != "sibling-ports" or recording.options.sibling_ports


def _stop_waiting_if_certain(recording: Recording) -> None:
    """Ends the wait of the open step where a look has made its cause certain."""
    opened = recording.waiting()
    if opened is None:
        return
    from smtpcheck.diagnose.engine import diagnose

    cause = diagnose(told(recording)).cause
    if cause is not None and cause.certainty is Certainty.CERTAIN and cause.stage is opened.stage:
        opened.ended_by = "look"
        opened.extend(0)


def told(recording: Recording, *, by_user: bool = False) -> Report:
    """The report of a recording, judged."""
    target, options = recording.target, recording.options
    attempts = recording.attempts()
    judged = _judged(recording, attempts, by_user=by_user)
    return Report(
        smtpcheck=__version__,
        began=recording.clock.wall,
        seconds=recording.clock.now(),
        target=_shown(target, attempts[judged.deciding], recording.redactor),
        options=_shown_options(options, recording.redactor),
        outcome=judged.outcome,
        stage=judged.stage,
        exit_code=judged.exit_code,
        temporary=judged.temporary,
        attempts=attempts,
        deciding=judged.deciding,
        asked=tuple(recording.asked),
        local=_local(recording, attempts),
    )


def _judged(recording: Recording, attempts: Sequence[Attempt], *, by_user: bool = False) -> Verdict:
    return verdict(
        attempts,
        plan.asked(recording.target, recording.options),
        every_address=recording.options.all_addresses,
        interrupted=recording.clock.ended_by is not None,
        by_user=by_user,
    )


def _local(recording: Recording, attempts: Sequence[Attempt]) -> Mapping[str, str]:
    """What is known of this machine, the recording's own knowledge before that of the system's files."""
    keeper = recording.company or recording
    if keeper.machine is None:
        keeper.machine = machine_facts()
    facts = {**keeper.machine} | {"clock": f"{recording.clock.wall:%Y-%m-%d %H:%M:%S} UTC"}
    for step in (step for attempt in attempts if attempt.look == "first" for step in attempt.steps):
        match step.facts:
            case DnsFacts():
                facts |= _resolution(step.facts, recording.options)
            case EhloFacts():
                facts["ehlo_name"] = f"{step.facts.name} ({step.facts.name_origin})"
            case TlsFacts(store=TrustStore() as store):
                facts["trust_store"] = _store(store)
    return {name: recording.redactor.clean_text(value) for name, value in facts.items()}


def _resolution(facts: DnsFacts, options: Options) -> dict[str, str]:
    found = {}
    if options.resolver is not None:
        found["resolver"] = f"{options.resolver} (--resolver)"
    elif facts.nameservers:
        found["resolver"] = f"{', '.join(facts.nameservers)} (/etc/resolv.conf)"
    if facts.source == "system":
        lines = [f"{entry.file} line {entry.line}: {entry.address}" for entry in facts.hosts]
        found["hosts_file"] = ", ".join(lines[:_MOST_LINES]) or f"no line for {facts.name}"
    return found


def _store(store: TrustStore) -> str:
    """Where it was read from, and what was in it (what lies in a directory is not counted)."""
    places = ", ".join(place for place in (store.file, store.directory) if place) or "no place"
    held = "empty" if store.empty else f"{store.certificates} certificates read from the file"
    return f"{places} ({store.source}; {held})"


def _shown(target: Target, attempt: Attempt, redactor: Redactor) -> Target:
    """The target as a report may show it, with the EHLO name that was used: some servers take the secret as the
    username too, and TARGET may hold that.
    """
    clean = redactor.clean_text
    hello = attempt.step(Stage.EHLO)
    name = hello.facts.name if hello is not None and isinstance(hello.facts, EhloFacts) else target.ehlo
    return replace(
        target,
        ehlo=clean(name),
        user=clean(target.user) if target.user is not None else None,
        sender=clean(target.sender) if target.sender is not None else None,
        recipients=tuple(map(clean, target.recipients)),
        notes=tuple(map(clean, target.notes)),
        origin={
            name: replace(origin, detail=clean(origin.detail) if origin.detail is not None else None)
            for name, origin in target.origin.items()
        },
    )


def _shown_options(options: Options, redactor: Redactor) -> Options:
    """The options without a secret in what the user wrote (a proxy's username, a subject)."""

    def clean(text: str | None) -> str | None:
        return redactor.clean_text(text) if text is not None else None

    return replace(
        options,
        proxy=clean(options.proxy),
        header_from=clean(options.header_from),
        subject=clean(options.subject),
        body=clean(options.body),
    )
