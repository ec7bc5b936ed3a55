"""One connection, from the first SYN to the last byte: the dialogue in its order.

Read `dialogue` first: it is the whole session on one screen. Each line runs one stage (`probe/stages`) as a step;
a step that did not pass, or that was the last one asked for, ends the dialogue.
"""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from smtpcheck.model import EhloFacts, Options, Outcome, Stage, Step, Target, TlsFacts, TlsMode
from smtpcheck.net.channel import Channel
from smtpcheck.net.dial import Address
from smtpcheck.net.tls_facts import facts as tls_facts
from smtpcheck.net.tls_policy import TlsPolicy
from smtpcheck.probe import plan
from smtpcheck.probe.company import Company
from smtpcheck.probe.lag import Lag
from smtpcheck.probe.run import run_step
from smtpcheck.probe.tape import OpenStep, Tape
from smtpcheck.smtp.message import Message


class Stop(Exception):
    """The dialogue ends here: a step did not pass, or nothing more was asked for."""


@dataclass(slots=True, eq=False, repr=False, kw_only=True)
class Session:
    """What the stages share while one connection lasts."""

    target: Target
    options: Options
    tape: Tape
    lag: Lag
    address: Address
    tls_ready: Callable[[], Awaitable[Any]]
    policy: TlsPolicy
    names: tuple[str, str | None]
    log_in: bool = True
    company: Company | None = None
    channel: Channel | None = None
    ehlo: EhloFacts | None = None
    ehlo_name: tuple[str, str] = ("", "")
    test_message: Message | None = None
    pipelined: bool = False
    unsent: list[str] = field(default_factory=list)
    due: int = 0
    in_transaction: bool = False
    rset_sent: bool = False
    quit_sent: bool = False
    join_later: list[Callable[[], Awaitable[None]]] = field(default_factory=list)

    @property
    def connection(self) -> Channel:
        """The open channel of a session that has connected."""
        assert self.channel is not None
        return self.channel

    @property
    def encrypted(self) -> bool:
        return self.channel is not None and self.channel.tls

    async def step(self, stage: Stage, work: "Work", seconds: float | None = None) -> Step:
        """Runs one stage and records it; the caller decides whether the dialogue goes on."""
        patience = self.options.patience.of(stage) if seconds is None else seconds

        async def bound(opened: OpenStep) -> None:
            await work(self, opened)

        step = await run_step(self.tape, self.lag, stage, patience, bound, self.channel)
        if self.tape.late_alert is not None:
            self._refused_after_handshake()
            raise Stop
        return step

    async def run(self, stage: Stage, work: "Work", seconds: float | None = None) -> Step:
        """Runs one stage; raises Stop unless it passed and more is asked for."""
        step = await self.step(stage, work, seconds)
        self.go_on(step)
        return step

    def go_on(self, step: Step) -> None:
        """Raises Stop unless the step passed and is not the last one asked for."""
        if not step.passed or self.options.until is step.stage:
            raise Stop

    def _refused_after_handshake(self) -> None:
        """In TLS 1.3 a server judges the client's certificate after the handshake; its alert belongs to `tls`."""
        alert = self.tape.late_alert
        assert alert is not None

        def broken(step: Step) -> Step:
            assert isinstance(step.facts, TlsFacts)
            engine = self.connection.engine
            assert engine is not None
            return replace(step, outcome=Outcome.BROKEN, facts=tls_facts(engine, step.facts.mode, alert))

        self.tape.amend(Stage.TLS, broken)


Work = Callable[[Session, OpenStep], Awaitable[None]]


async def dialogue(session: Session) -> None:
    """The whole session, in the order of RFC 5321, 3207, 4954 and 8314. Never raises but when cancelled."""
    from smtpcheck.probe import stages

    try:
        with suppress(Stop):
            await session.run(Stage.CONNECT, stages.connect)
            if session.target.tls is TlsMode.IMPLICIT:
                session.tape.skip(Stage.STARTTLS, "TLS comes first on this port")
                await stages.secure(session)
            await session.run(Stage.BANNER, stages.banner)
            await stages.hello(session)
            if stages.wants_starttls(session):
                await session.run(Stage.STARTTLS, stages.starttls)
                await stages.secure(session)
                await stages.hello(session)
            if plan.logs_in(session.target, session.options):
                await stages.log_in(session)
            if session.target.sender is not None:
                await stages.envelope(session)
            if session.options.send:
                await session.run(Stage.MESSAGE, stages.message)
        with suppress(Stop):
            await stages.end(session)
    except BaseException:
        if session.channel is not None:
            session.channel.abort()
        raise
    finally:
        stages.mark_unrun(session.tape)
