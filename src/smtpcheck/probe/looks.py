"""Second looks: further connections that settle what the first one could not (`diagnose` asks for them, with a reason).

A look is the same dialogue with one thing changed, and it ends early: it never sends AUTH, MAIL or DATA, never goes to
another host than the one that was asked for, and none is taken after a server said that it has enough of us.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import replace

from smtpcheck.model import (
    AnyEvent,
    Attempt,
    Closed,
    Connected,
    ConnectFacts,
    Options,
    Outcome,
    Silent,
    Stage,
    Step,
    Target,
    TlsMode,
)
from smtpcheck.model.record import record
from smtpcheck.net.dial import Address, DialFailed, dial
from smtpcheck.net.tls_policy import TlsPolicy
from smtpcheck.probe.recording import Recording
from smtpcheck.probe.session import Session, dialogue
from smtpcheck.probe.stages.secure import names_of, policy_of
from smtpcheck.probe.tape import Tape

SIBLINGS = (465, 587, 2525, 443)
_OF_RATE = re.compile(r"\b(?:rates?|limit\w*|throttl\w*|too many)\b", re.IGNORECASE)
_SECONDS = 5.0
_LEAST = 1.0
_DRAIN = 0.2


@record
class Variation:
    """What a look changes: when TLS begins, how far it goes, what it asks of TLS, and which name it says in SNI."""

    until: Stage
    tls: TlsMode | None = None
    policy: Callable[[TlsPolicy], TlsPolicy] = lambda policy: policy
    sni: Callable[[str | None], str | None] = lambda name: name


def _any_certificate(policy: TlsPolicy) -> TlsPolicy:
    return replace(policy, verify=False)


VARIATIONS = {
    "tls-first": Variation(tls=TlsMode.IMPLICIT, until=Stage.TLS, policy=_any_certificate),
    "clear-first": Variation(tls=TlsMode.OFF, until=Stage.BANNER),
    "small-hello": Variation(
        until=Stage.TLS, policy=lambda policy: replace(policy, verify=False, small_hello=True, max_version="1.2")
    ),
    "legacy-tls": Variation(
        until=Stage.TLS, policy=lambda policy: replace(policy, verify=False, legacy=True, min_version="1.0")
    ),
    "no-sni": Variation(until=Stage.TLS, policy=_any_certificate, sni=lambda name: None),
}
"""The looks that are one more session, by name."""


def may_look(attempts: Sequence[Attempt]) -> bool:
    """Whether another connection is still good manners: not after a 421, a limit of rate, or a refusing banner."""
    for attempt in attempts:
        for step in attempt.steps:
            if step.reply is None:
                continue
            if step.reply.code == 421 or (step.stage is Stage.BANNER and step.outcome is Outcome.REFUSED):
                return False
            if step.reply.temporary and _OF_RATE.search(step.reply.text):
                return False
    return True


async def look(recording: Recording, name: str) -> None:
    """Takes one look; the recording grows by its attempt. Never raises but when cancelled."""
    address = _address(recording)
    if name == "sibling-ports":
        await _siblings(recording, address)
        return
    variation = VARIATIONS[name]
    target, options = _asked_for(recording, variation)
    session = Session(
        target=target,
        options=options,
        tape=recording.tape(name, address.path or address.ip),
        lag=recording.lag,
        address=address,
        tls_ready=_ready,
        policy=variation.policy(policy_of(recording.options)),
        names=_names(recording, variation),
        log_in=False,
    )
    recording.sessions.append(session)
    try:
        await dialogue(session)
    except asyncio.CancelledError:
        if recording.clock.ended_by is None:
            _give_up(session.tape)
        raise
    for join in session.join_later:
        await join()
    if session.channel is not None:
        await session.channel.leave(_DRAIN)


def _give_up(tape: Tape) -> None:
    """Nobody interrupted the look: what it was to settle has settled itself."""
    for stage in {step.stage for step in tape.steps if step.outcome is Outcome.INTERRUPTED}:
        tape.amend(stage, lambda step: replace(step, why="the first connection went on"))


async def _ready() -> None:
    return


def _address(recording: Recording) -> Address:
    """The address of the session that is being explained."""
    first = next(session for session in recording.sessions if session.tape.look == "first")
    connected = (one for one in recording.sessions if one.tape.look == "first" and one.channel is not None)
    return next(connected, first).address


def _asked_for(recording: Recording, variation: Variation) -> tuple[Target, Options]:
    target = recording.target
    mode = variation.tls or (TlsMode.IMPLICIT if target.tls is TlsMode.IMPLICIT else TlsMode.STARTTLS)
    short = {
        stage.value: _patience(recording.options.patience.of(stage))
        for stage in (Stage.CONNECT, Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.QUIT)
    }
    options = replace(
        recording.options,
        patience=replace(recording.options.patience, **short),
        until=variation.until,
        auth="none",
        secret=None,
        send=False,
    )
    return replace(target, tls=mode, user=None, sender=None, recipients=()), options


def _patience(seconds: float) -> float:
    """A look begins when half the patience with a step is over, and so gets the other half, and a second at least."""
    return min(_SECONDS, max(seconds / 2, min(_LEAST, seconds)))


def _names(recording: Recording, variation: Variation) -> tuple[str, str | None]:
    expected, sni = names_of(recording.target, recording.options)
    return expected, variation.sni(sni)


async def _siblings(recording: Recording, address: Address) -> None:
    """TCP connections to the usual ports of the same address, closed as soon as they open."""
    tape = recording.tape("sibling-ports", address.ip)
    ports = [port for port in SIBLINGS if port != address.port]
    knocks = await asyncio.gather(*(_knock(recording, address, port) for port in ports))
    for port, step in zip(ports, knocks, strict=True):
        tape.record(_seen(address, port, step))
        event = len(tape.attempt().events) - 1
        tape.add(replace(step, events=(event, event)))


def _seen(address: Address, port: int, step: Step) -> AnyEvent:
    at = step.began + step.seconds
    assert isinstance(step.facts, ConnectFacts)
    if step.passed:
        return Connected(at=at, address=address.ip, port=port, local=step.facts.local or "")
    if step.outcome is Outcome.STALLED:
        return Silent(at=at, waiting_for=f"the connection to port {port} to be accepted", partial=b"", tcp=None)
    return Closed(at=at, how=step.facts.errno_name or step.facts.failure or "failed")


async def _knock(recording: Recording, address: Address, port: int) -> Step:
    address = replace(address, port=port)
    began = recording.clock.now()
    facts = ConnectFacts(family=address.family, port=address.port, failure="no-answer")
    outcome = Outcome.STALLED
    try:
        async with asyncio.timeout(min(_SECONDS, recording.options.patience.connect)):
            with await dial(address, recording.options.source) as sock:
                host, local, *_ = sock.getsockname()
        seconds = recording.clock.now() - began
        outcome, facts = Outcome.PASSED, replace(facts, failure=None, local=f"{host}:{local}", seconds=seconds)
    except DialFailed as error:
        outcome, facts = Outcome.UNREACHABLE, error.facts
    except TimeoutError:
        pass
    seconds = recording.clock.now() - began
    return Step(stage=Stage.CONNECT, outcome=outcome, began=began, seconds=seconds, facts=facts)
