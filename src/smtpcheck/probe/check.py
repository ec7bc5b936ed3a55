"""A whole check: what is told before a packet is sent, the addresses, and one session on the first that connects.

`record` fills a Recording and never judges. With `--all-addresses` each address has its session; otherwise the first
address of the other family is only opened, timed and closed: "IPv6 is dead here" explains what users call a slow
server.
"""

import asyncio
import ipaddress
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from smtpcheck.model import ConfigFacts, Connected, ConnectFacts, Outcome, Stage, Step, TlsMode
from smtpcheck.net.channel import Channel
from smtpcheck.net.dial import Address, dial
from smtpcheck.net.local import routes
from smtpcheck.net.threads import in_daemon_thread
from smtpcheck.probe.recording import DRAIN, Recording
from smtpcheck.probe.run import run_step
from smtpcheck.probe.session import Session, dialogue
from smtpcheck.probe.stages.leave import mark_unrun
from smtpcheck.probe.stages.secure import names_of, policy_of
from smtpcheck.probe.tape import OpenStep, Tape
from smtpcheck.smtp.message import Message, compose, date_and_time

if TYPE_CHECKING:
    from smtpcheck.probe.stages.resolve import Names

_MOST_ADDRESSES = 16  # a name can hold thousands, and each costs a deadline of its own
_OTHER_FAMILY_AFTER = 0.25
_OTHER_FAMILY_WITHIN = 1.0


async def record(recording: Recording) -> None:
    """Runs the check. Cancelled, it leaves a recording in which the open step is `interrupted`."""
    options = recording.options
    async with recording.lag.beating():
        tape = recording.tape("first")
        _config(recording, tape)
        if options.until is Stage.CONFIG:
            tape.skip(Stage.DNS, "not asked for")
            mark_unrun(tape)
            return
        names = _names(recording, tape)
        try:
            if names is None:
                await _sessions(recording, tape, _given_address(recording))
            elif await names.look_up() and options.until is not Stage.DNS:
                await _sessions(recording, tape, [Address(ip, recording.target.port) for ip in names.usable()])
        finally:
            if names is not None:
                await names.join()
            if not recording.sessions:
                mark_unrun(tape)
            for session in recording.sessions:
                for join in session.join_later:
                    await join()


def _names(recording: Recording, tape: Tape) -> "Names | None":
    """The stage `dns`, or None where it is skipped."""
    if not _needs_dns(recording, tape):
        return None
    from smtpcheck.probe.stages.resolve import Names  # with all that it needs to ask DNS

    return Names(recording, tape)


def _config(recording: Recording, tape: Tape) -> None:
    facts = ConfigFacts(notes=tuple(map(recording.redactor.clean_text, recording.target.notes)))
    tape.add(Step(stage=Stage.CONFIG, outcome=Outcome.PASSED, began=tape.now(), seconds=0.0, facts=facts))


def _needs_dns(recording: Recording, tape: Tape) -> bool:
    """Whether a name must be resolved here; else the stage is skipped, with the reason."""
    target, options = recording.target, recording.options
    if target.path is not None:
        why = "a UNIX socket has no name to resolve"
    elif target.address is not None:
        why = f"--address {target.address}"
    elif options.proxy is not None:
        why = "the proxy resolves the name"
    elif _is_literal(target.host):
        why = "the target is an address"
    else:
        return True
    tape.skip(Stage.DNS, why)
    return False


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _given_address(recording: Recording) -> list[Address]:
    target = recording.target
    if target.path is not None:
        return [Address("", None, target.path)]
    return [Address(target.address or target.host, target.port)]


async def _sessions(recording: Recording, first: Tape, found: Sequence[Address]) -> None:
    """One session on the first address that connects, or one on each."""
    options = recording.options
    addresses = found[:_MOST_ADDRESSES]
    if len(found) > len(addresses):
        first.note(f"the name has {len(found)} addresses; only the first {len(addresses)} are tried")
    if addresses:
        await recording.enter(addresses[0].path or addresses[0].ip)
    ready = asyncio.create_task(_make_tls_ready(recording))
    other = _other_family(recording, addresses)
    try:
        for index, address in enumerate(addresses):
            where = address.path or address.ip
            if index > 0:
                await recording.enter(where)
            tape = first if index == 0 else recording.tape("first", where)
            tape.address = where
            session = Session(
                target=recording.target,
                options=options,
                tape=tape,
                lag=recording.lag,
                address=address,
                tls_ready=lambda: asyncio.wait((ready,)),
                policy=policy_of(options),
                names=names_of(recording.target, options),
                log_in=not any(map(_logged_in, recording.sessions)),
                company=recording.company,
                test_message=_test_message(recording),
            )
            recording.sessions.append(session)
            await dialogue(session)
            if session.channel is not None and not options.all_addresses:
                break
            if session.channel is not None:
                await session.channel.leave(DRAIN)
        _tell_missing_family(recording, addresses)
        if other is not None:
            await asyncio.wait((other,), timeout=_OTHER_FAMILY_WITHIN)
    finally:
        for task in (ready, other):
            if task is not None and not task.done():
                task.cancel()
                await asyncio.wait((task,))


def _tell_missing_family(recording: Recording, addresses: Sequence[Address]) -> None:
    """Where every address is of a family that this machine has no route for, that is what each failure means."""
    versions = {"ipv4": 4, "ipv6": 6}
    families = {address.family for address in addresses}
    if any(session.channel is not None for session in recording.sessions) or not families <= set(versions):
        return
    if any(routes(versions[family]) for family in families):
        return

    def missing(step: Step) -> Step:
        if isinstance(step.facts, ConnectFacts) and step.facts.failure == "unreachable":
            return replace(step, facts=replace(step.facts, failure="no-common-family"))
        return step

    for session in recording.sessions:
        session.tape.amend(Stage.CONNECT, missing)


def _logged_in(session: Session) -> bool:
    """Whether this session sent anything of a login."""
    step = session.tape.attempt().step(Stage.AUTH)
    return step is not None and step.command is not None


async def _make_tls_ready(recording: Recording) -> None:
    """Builds the TLS context beside the connect (it takes 30 ms). What is wrong with it, the stage `tls` will say."""
    policy = policy_of(recording.options)
    if recording.target.tls is TlsMode.OFF or (recording.company is not None and recording.company.has_seen(policy)):
        return
    from smtpcheck.net.tls_policy import check_policy_files

    with suppress(Exception):
        await in_daemon_thread(check_policy_files, policy)


def _test_message(recording: Recording) -> Message | None:
    """The message that is sent, or whose size MAIL names; None where there is no sender or recipient."""
    target, options = recording.target, recording.options
    if target.sender is None or not target.recipients:
        return None
    domain = target.sender.rpartition("@")[2] or "smtpcheck.invalid"
    stamp = recording.clock.wall.astimezone()
    return compose(
        author=options.header_from or target.sender,
        recipients=target.recipients,
        date=date_and_time(stamp),
        message_id=f"smtpcheck.{stamp:%Y%m%d%H%M%S}.{os.urandom(8).hex()}@{domain}",
        subject=options.subject,
        body=options.body,
    )


def _other_family(recording: Recording, addresses: Sequence[Address]) -> "asyncio.Task[None] | None":
    """A task that opens the first address of the family that the session does not use."""
    if recording.options.all_addresses or recording.options.until is Stage.DNS:
        return None
    other = next((address for address in addresses if address.family != addresses[0].family), None)
    return None if other is None else asyncio.create_task(_open_and_close(recording, other))


async def _open_and_close(recording: Recording, address: Address) -> None:
    await asyncio.sleep(_OTHER_FAMILY_AFTER)
    if any(session.address == address for session in recording.sessions):
        return
    if recording.company is not None and not recording.company.has_room(address.ip):
        return
    tape = recording.tape("other-family", address.ip)

    async def work(opened: OpenStep) -> None:
        opened.facts = ConnectFacts(family=address.family, port=address.port, failure="no-answer")
        tape.waiting("the connection to be accepted")
        channel = Channel(await dial(address, None), tape)
        seconds = tape.now() - opened.began
        local = channel.local
        shown = "" if local is None else f"[{local[0]}]:{local[1]}" if ":" in local[0] else f"{local[0]}:{local[1]}"
        opened.facts = ConnectFacts(family=address.family, port=address.port, local=shown, seconds=seconds)
        tape.record(Connected(at=tape.now(), address=address.ip, port=address.port, local=shown))
        await channel.leave(DRAIN)

    try:
        await run_step(tape, recording.lag, Stage.CONNECT, recording.options.patience.connect, work)
    except asyncio.CancelledError:
        if recording.clock.ended_by is None:
            # Nobody interrupted it: the session is over, and this one was silent for longer than is waited for it.
            tape.amend(Stage.CONNECT, lambda step: replace(step, outcome=Outcome.STALLED))
        raise
