"""Stage `auth`: one login (RFC 4954), with the mechanism that `smtp.sasl` chooses.

What the client sends here is never taped, and of the server's challenges only what may be shown. One attempt is
made in a run, whatever its result: a wrong password that is tried twice can lock an account.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TypeVar

from smtpcheck.model import AuthFacts, Secret, Stage, Step
from smtpcheck.model.secret import SHORT
from smtpcheck.net.threads import in_daemon_thread
from smtpcheck.probe.run import Broken, Declined, require
from smtpcheck.probe.session import Session, Stop
from smtpcheck.probe.tape import OpenStep
from smtpcheck.smtp import sasl
from smtpcheck.smtp.commands import auth as auth_command
from smtpcheck.smtp.commands import line
from smtpcheck.smtp.reply import Parsed

_COMMAND_LIMIT = 512  # RFC 4954 section 4: a longer initial response waits for the server's first challenge
_MOST_CHALLENGES = 12

_T = TypeVar("_T")


async def log_in(session: Session) -> None:
    """Runs the stage, or skips it where this run's one login was tried on another address."""
    if not session.log_in:
        session.tape.skip(Stage.AUTH, "smtpcheck logs in once a run, and did so on another address", elsewhere=True)
        raise Stop
    company, target, options = session.company, session.target, session.options
    if company is None or target.user is None:
        await session.run(Stage.AUTH, auth)
        return
    with session.tape.clock.stopped():
        refused = await company.turn(target, options)
    if refused is not None:
        session.tape.skip(Stage.AUTH, f"the login of this user at this host was refused for {refused}")
        raise Stop
    step: Step | None = None
    try:
        step = await session.step(Stage.AUTH, auth)
    finally:
        company.tried(target, options, step)
    session.go_on(step)


async def auth(session: Session, opened: OpenStep) -> None:
    """The exchange. Declined before anything is sent if there is no usable mechanism, or the line is in clear."""
    name = _mechanism(session, opened)
    opened.command = f"AUTH {name}"
    if name == "GSSAPI":
        _announce_key_server(session, opened)
    try:
        mechanism = await _call(sasl.blocks(name), partial(sasl.start, name, _credentials(session, name)))
    except sasl.SaslError as error:
        raise Declined(error.reason) from None
    try:
        parsed = await _exchange(session, opened, mechanism)
        opened.reply = parsed.reply
        require(parsed.reply, (235,), f"the reply to AUTH {name}")
        proof = mechanism.finished()
    except sasl.SaslError as error:
        _learn(opened, problem=error.reason)
        raise Broken(error.reason) from None
    _learn(opened, server_proven=proof.proven)
    if proof.proven is False:
        raise Broken(proof.why)


def _mechanism(session: Session, opened: OpenStep) -> str:
    """The mechanism to use; raises Declined."""
    options, ehlo = session.options, session.ehlo
    offered = ehlo.auth if ehlo else ()
    kind = options.secret.kind if options.secret else None
    choice = sasl.choose(offered, kind, session.encrypted, options.auth)
    opened.facts = AuthFacts(
        mechanism=choice.mechanism,
        why=choice.why,
        offered=offered,
        not_tried=choice.not_tried,
        short_secret=_is_short(options.secret),
    )
    where = "inside TLS" if session.encrypted else "without TLS"
    if ehlo is None or not ehlo.offers("AUTH"):
        raise Declined(f"a login was asked for, and the server offers no AUTH {where}")
    if choice.mechanism is None:
        raise Declined(choice.why)
    if not session.encrypted and not options.allow_cleartext_auth and choice.mechanism != "ANONYMOUS":
        raise Declined("the credentials would travel in clear: --allow-cleartext-auth sends them all the same")
    return choice.mechanism


def _is_short(secret: Secret | None) -> bool:
    return secret is not None and 0 < len(secret.reveal()) < SHORT


def _credentials(session: Session, name: str) -> sasl.Credentials:
    target = session.target
    binding = None
    engine = session.connection.engine
    if name.endswith("-PLUS") and engine is not None:
        for kind in ("tls-server-end-point", "tls-unique"):
            data = engine.channel_binding(kind)
            if data is not None:
                binding = sasl.ChannelBinding(kind, data)
                break
    return sasl.Credentials(
        user=target.user or "",
        secret=session.options.secret,
        host=target.host or "localhost",
        port=target.port or 0,
        channel_binding=binding,
    )


def _announce_key_server(session: Session, opened: OpenStep) -> None:
    server = sasl.key_server("GSSAPI", session.target.user or "")
    _learn(opened, key_server=server)
    session.tape.note(f"GSSAPI asks a Kerberos key server for a ticket: {server or 'the one that krb5.conf names'}")


async def _exchange(session: Session, opened: OpenStep, mechanism: sasl.Mechanism) -> Parsed:
    """Speaks until the server gives its final reply. Raises SaslError after cancelling the exchange."""
    channel, name = session.connection, mechanism.name
    held = mechanism.initial
    first = auth_command(name, sasl.initial_text(held) if held is not None else None)
    if len(first) + 2 > _COMMAND_LIMIT:
        first = auth_command(name)
    elif held is not None:
        held = None
    shown = f"AUTH {name} ***" if first != auth_command(name) else f"AUTH {name}"
    opened.command = shown
    session.tape.redactor.add(first.rpartition(" ")[2].encode() if shown.endswith("***") else b"")
    await channel.send(line(first), shown)
    for _ in range(_MOST_CHALLENGES):
        parsed = await channel.reply(f"the reply to AUTH {name}", _without_challenge)
        if parsed.reply.code != 334:
            return parsed
        try:
            challenge = sasl.challenge_bytes(parsed.reply.text)
            if held is not None and not challenge:
                response, held = held, None
            else:
                _learn_challenge(session, opened, name, challenge)
                response = await _call(mechanism.blocking, partial(mechanism.respond, challenge))
        except sasl.SaslError:
            await channel.send(line(sasl.CANCEL), sasl.CANCEL)
            cancelled = await channel.reply("the reply to a cancelled AUTH", _without_challenge)
            opened.reply = cancelled.reply if cancelled.reply.code != 334 else replace(cancelled.reply, lines=("***",))
            raise
        text = sasl.response_text(response)
        session.tape.redactor.add(text.encode())
        await channel.send(line(text), "***" if text else "")
    raise Broken(f"more than {_MOST_CHALLENGES} challenges in one AUTH exchange")


def _without_challenge(parsed: Parsed) -> bytes:
    """What the tape keeps of a reply: the text of a 334 is a challenge, and stays out of it."""
    return b"334 ***\r\n" if parsed.reply.code == 334 and parsed.reply.text.strip() else parsed.raw


def _learn_challenge(session: Session, opened: OpenStep, name: str, challenge: bytes) -> None:
    assert isinstance(opened.facts, AuthFacts)
    text = session.tape.redactor.clean_text(sasl.describe_challenge(name, challenge).text)
    _learn(opened, challenges=(*opened.facts.challenges, text))


def _learn(opened: OpenStep, **changes: object) -> None:
    assert isinstance(opened.facts, AuthFacts)
    opened.facts = replace(opened.facts, **changes)  # type: ignore[arg-type]  # names and types are AuthFacts' own


async def _call(blocking: bool, call: Callable[[], _T]) -> _T:
    """Calls, in a thread of its own where the mechanism may take long."""
    return await in_daemon_thread(call) if blocking else call()
