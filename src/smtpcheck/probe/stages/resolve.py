"""Stage `dns`: what an application on this machine would get, and beside it what DNS says.

The system resolver's answer ends the stage. DNS itself is asked at the same time, and joins the facts when the
session is over: it explains, and nobody should wait for an explanation of what works.
"""

import asyncio
from dataclasses import replace

from smtpcheck.model import DnsFacts, Outcome, Resolved, Stage
from smtpcheck.net.resolve import complete, dns_side, resolve, so_far
from smtpcheck.probe.recording import Recording
from smtpcheck.probe.run import run_step
from smtpcheck.probe.tape import OpenStep, Tape

_JOIN_WITHIN = 1.0


class Names:
    """The stage `dns`: the system resolver's answer ends it, what DNS says joins it when the session is over."""

    def __init__(self, recording: Recording, tape: Tape) -> None:
        self._recording, self._tape = recording, tape
        self._host, self._options = recording.target.host, recording.options
        self._facts: DnsFacts | None = None
        seconds = recording.options.patience.dns
        side = dns_side(self._host, seconds=seconds, resolver=self._options.resolver)
        self._side = asyncio.create_task(side)

    async def look_up(self) -> bool:
        """Runs the stage; True when there are addresses to try."""
        seconds = self._options.patience.dns
        step = await run_step(self._tape, self._recording.lag, Stage.DNS, seconds, self._resolve)
        return step.passed

    async def _resolve(self, opened: OpenStep) -> None:
        tape, options, host = self._tape, self._options, self._host
        family, resolver = options.family, options.resolver
        tape.waiting(f"the resolver {resolver}" if resolver else "your system's resolver")
        assert self._recording.target.port is not None
        try:
            facts = await resolve(host, self._recording.target.port, self._side, family=family, resolver=resolver)
        except asyncio.CancelledError:
            opened.facts = so_far(host, self._side, family=family, resolver=resolver)
            raise
        opened.facts = self._facts = facts
        found = tuple(entry.address for entry in facts.addresses)
        source = "system" if resolver is None else resolver
        tape.record(Resolved(at=tape.now(), name=host, source=source, addresses=found))
        if not found:
            opened.outcome = Outcome.UNREACHABLE

    def usable(self) -> list[str]:
        """The addresses to try, in the resolver's order."""
        assert self._facts is not None
        return [entry.address for entry in self._facts.addresses]

    async def join(self) -> None:
        """Adds what DNS said meanwhile to the step; waits for it a second at most, and not at all after an
        interruption.
        """
        if self._facts is None:
            self._side.cancel()
            await asyncio.wait((self._side,))
            return
        within = 0.0 if self._recording.clock.ended_by else _JOIN_WITHIN
        facts = await complete(self._facts, self._side, family=self._options.family, within=within)
        self._tape.amend(Stage.DNS, lambda step: replace(step, facts=facts))
