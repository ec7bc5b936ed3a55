"""Stages `starttls` and `tls`: the upgrade (RFC 3207), the handshake and the certificate (RFC 8446, RFC 8314).

A certificate that is not trusted ends the session: smtpcheck sends nothing over it unless it was told to. The
chain is read beside the rest of the session, and its facts join the step when it is over.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

from smtpcheck.model import Options, Stage, StarttlsFacts, Step, Target, TlsFacts, TlsFailed, TlsMode
from smtpcheck.net import certs
from smtpcheck.net.channel import PeerClosed
from smtpcheck.net.threads import in_daemon_thread
from smtpcheck.net.tls import HandshakeFailed, TlsEngine
from smtpcheck.net.tls_facts import facts as tls_facts
from smtpcheck.net.tls_facts import with_chain, with_trusted_chain
from smtpcheck.net.tls_policy import TlsPolicy
from smtpcheck.probe import plan
from smtpcheck.probe.run import Broken, Declined, require
from smtpcheck.probe.session import Session
from smtpcheck.probe.stages.greet import banner, hello
from smtpcheck.probe.tape import OpenStep
from smtpcheck.smtp.commands import line

_JOIN_WITHIN = 2.0
_JOIN_INTERRUPTED = 0.15


def policy_of(options: Options) -> TlsPolicy:
    """What these options ask of TLS."""
    return TlsPolicy(
        verify=not options.insecure,
        ca_file=options.ca_file,
        client_cert=options.client_cert,
        client_key=options.client_key,
        client_key_password=options.client_key_secret,
        min_version=options.min_tls,
    )


def names_of(target: Target, options: Options) -> tuple[str, str | None]:
    """The name that the certificate must hold, and the one for SNI: both the host's, unless told otherwise.

    Behind `unix:` there is no host: the local host's name stands in.
    """
    host = target.host or "localhost"
    return options.verify_name or host, options.sni or host


def wants_starttls(session: Session) -> bool:
    """Whether STARTTLS comes next. Skipped where it is neither offered nor needed, and where TLS was ruled out."""
    mode = session.target.tls
    if mode is TlsMode.IMPLICIT or session.encrypted:
        return False
    if mode is TlsMode.OFF:
        session.tape.skip(Stage.STARTTLS, "--tls off")
        return False
    offered = session.ehlo is not None and session.ehlo.offers("STARTTLS")
    asked_for = session.options.until in (Stage.STARTTLS, Stage.TLS)
    if offered or asked_for or plan.needs_starttls(session.target, session.options):
        return True
    session.tape.skip(Stage.STARTTLS, "the server does not offer it, and no credential is to be sent")
    return False


async def starttls(session: Session, opened: OpenStep) -> None:
    """STARTTLS and its reply. Bytes that came in clear after it end the session: they were not the server's to
    send.
    """
    channel = session.connection
    offered = session.ehlo is not None and session.ehlo.offers("STARTTLS")
    opened.facts = StarttlsFacts(offered=offered)
    if not offered:
        raise Declined("the server does not offer STARTTLS")
    opened.command = "STARTTLS"
    parsed = await channel.command(line("STARTTLS"), "STARTTLS", "the reply to STARTTLS")
    opened.reply = parsed.reply
    require(parsed.reply, (220,), "the reply to STARTTLS")
    if surplus := channel.take_surplus():
        opened.facts = StarttlsFacts(offered=True, surplus=session.tape.redactor.clean(surplus))
        raise Broken("bytes came in clear after the reply to STARTTLS, before TLS")
    session.ehlo = None  # RFC 3207 section 4.2: what was learned in clear is forgotten


async def secure(session: Session) -> None:
    """Runs the stage `tls`, its context made ready outside of the step's clock."""
    await session.tls_ready()
    step = await session.step(Stage.TLS, handshake)
    engine = session.connection.engine
    if isinstance(step.facts, TlsFacts) and engine is not None and engine.peer_chain():
        _read_chain(session, engine, step.facts)
    if step.passed and session.options.until is Stage.TLS and _judged_later(engine):
        await _hear(session)
    session.go_on(step)


def _judged_later(engine: TlsEngine | None) -> bool:
    """Whether the server has yet to judge our certificate: in TLS 1.3 it does so when our side is done (RFC 8446
    section 4.4.2.4).
    """
    return engine is not None and engine.version == "TLSv1.3" and engine.client_certificate_asked


async def _hear(session: Session) -> None:
    """The server's next words: only they tell a handshake that it took from one that it refuses."""
    if session.target.tls is TlsMode.IMPLICIT:
        await session.step(Stage.BANNER, banner)
    else:
        await hello(session)


async def handshake(session: Session, opened: OpenStep) -> None:
    """The handshake. Whatever ends it, the facts hold what was seen."""
    mode = "implicit" if session.target.tls is TlsMode.IMPLICIT else "starttls"
    engine = TlsEngine(session.policy, *session.names)
    failure: HandshakeFailed | str | None = "stalled"
    try:
        await session.connection.start_tls(engine)
        failure = None
    except PeerClosed as closed:
        failure = "eof" if closed.how == "eof" else "reset"
        raise
    except HandshakeFailed as error:
        failure = error
        session.tape.record(
            TlsFailed(
                at=session.tape.now(),
                reason=error.reason or error.failure,
                alert=error.alert,
                first_bytes=engine.first_bytes,
            )
        )
        raise
    finally:
        clean = session.tape.redactor.clean
        learned = tls_facts(engine, mode, failure)
        opened.facts = replace(learned, first_bytes=clean(learned.first_bytes))


def _read_chain(session: Session, engine: TlsEngine, found: TlsFacts) -> None:
    """Gives the chain to the step: at once where that is quickly done, else beside the rest of the session."""
    told = with_trusted_chain(found, engine, session.tape.clock.wall)
    if told is not None:
        session.tape.amend(Stage.TLS, lambda present: replace(present, facts=told))
        return
    certs.make_ready()
    session.join_later.append(_chain_reader(session, engine))


def _chain_reader(session: Session, engine: TlsEngine) -> Callable[[], Awaitable[None]]:
    """What reads the chain in a thread (its library takes long to load) and gives the facts to the step.

    OpenSSL's verdict stands in the facts already: a chain that takes too long to read stays unread.
    """
    now = session.tape.clock.wall

    async def join() -> None:
        def read(step: Step) -> TlsFacts:
            assert isinstance(step.facts, TlsFacts)
            return with_chain(step.facts, engine.peer_chain(), engine.policy, now)

        step = session.tape.attempt().step(Stage.TLS)
        assert step is not None
        within = _JOIN_INTERRUPTED if session.tape.clock.ended_by else _JOIN_WITHIN
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                facts = await in_daemon_thread(read, step)
                session.tape.amend(Stage.TLS, lambda present: replace(present, facts=facts))

    return join
