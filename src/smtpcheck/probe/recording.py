"""The attempts of one check while they grow, so that a report can be made at any moment."""

import asyncio
from collections.abc import Mapping

from smtpcheck.model import Asked, Attempt, Options, Target
from smtpcheck.probe.company import Company
from smtpcheck.probe.lag import Lag
from smtpcheck.probe.redact import Redactor
from smtpcheck.probe.session import Session
from smtpcheck.probe.tape import Allowance, Clock, Listener, OpenStep, Tape

DRAIN = 0.2


class Recording:
    """The attempts of one check, as they grow."""

    def __init__(
        self,
        target: Target,
        options: Options,
        listener: Listener | None = None,
        company: Company | None = None,
    ) -> None:
        self.target = target
        self.options = options
        self.clock = Clock()
        self.lag = Lag(self.clock)
        self.redactor = Redactor(options.secret, options.proxy_secret, options.client_key_secret)
        self.sessions: list[Session] = []
        self.asked: list[Asked] = []
        self._allowance = Allowance()
        self._tapes: list[Tape] = []
        self._listener = listener
        self.company = company
        self.machine: Mapping[str, str] | None = None
        self._room: str | None = None

    def tape(self, look: str, address: str | None = None) -> Tape:
        """A tape for one more attempt."""
        tape = Tape(
            clock=self.clock,
            redactor=self.redactor,
            allowance=self._allowance,
            index=len(self._tapes),
            look=look,
            address=address,
            listener=self._listener,
        )
        self._tapes.append(tape)
        return tape

    def attempts(self) -> tuple[Attempt, ...]:
        """What has been recorded so far."""
        return tuple(tape.attempt() for tape in self._tapes)

    def waiting(self) -> OpenStep | None:
        """The step of the first look that has not ended, or None between steps."""
        return next((tape.open for tape in self._tapes if tape.look == "first" and tape.open is not None), None)

    async def enter(self, address: str) -> None:
        """In a batch, waits until this address has room for the connection, which no clock of this check counts."""
        if self.company is None:
            return
        await self.give_back()
        with self.clock.stopped():
            await self.company.enter(address)
        self._room = address

    async def give_back(self) -> None:
        """The room that the last connection had."""
        room, self._room = self._room, None
        if self.company is not None and room is not None:
            await self.company.leave(room)

    async def leave(self) -> None:
        """Drains and closes what is still open: for after the report, at most 0.2 s."""
        try:
            await asyncio.gather(
                *(session.channel.leave(DRAIN) for session in self.sessions if session.channel is not None)
            )
        finally:
            await self.give_back()
