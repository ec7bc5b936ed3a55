"""Stages `banner` and `ehlo`: what the server says of itself (RFC 5321 sections 3.1 and 4.1.1.1)."""

from dataclasses import replace

from smtpcheck.model import BannerFacts, EhloFacts, Outcome, Protocol, Reply, Stage
from smtpcheck.net.channel import PeerClosed
from smtpcheck.net.local import address_literal, ehlo_name
from smtpcheck.probe.run import Broken, require
from smtpcheck.probe.session import Session, Work
from smtpcheck.probe.tape import OpenStep, Tape
from smtpcheck.smtp.commands import hello_verb, line
from smtpcheck.smtp.keywords import ehlo_facts
from smtpcheck.smtp.reply import KEPT, ReplyMalformed, foreign_protocol


async def banner(session: Session, opened: OpenStep) -> None:
    """Waits for the greeting. A 4yz or 5yz is a refusal; anything but a reply is another protocol, or garbage.

    What came after the greeting was not the server's turn to say: it is kept, and never taken for the reply to EHLO.
    """
    channel, tape = session.connection, session.tape
    opened.facts = BannerFacts()
    try:
        parsed = await channel.reply("the banner")
    except ReplyMalformed as error:
        opened.facts = _not_smtp(tape, error.raw, error.reason)
        raise Broken(error.reason) from None
    except PeerClosed:
        if other := foreign_protocol(channel.partial):
            opened.facts = _not_smtp(tape, channel.partial, None)
            raise Broken(f"the greeting is one of {other.upper()}") from None
        raise
    finally:
        if channel.first_byte is not None:
            assert isinstance(opened.facts, BannerFacts)
            opened.facts = replace(opened.facts, first_byte=channel.first_byte - opened.began)
    opened.reply = parsed.reply
    first = tape.first_byte_since(opened.first_event)
    opened.facts = _banner_facts(tape.clean_reply(parsed.reply), first - opened.began if first is not None else None)
    if other := foreign_protocol(parsed.raw):
        opened.facts = replace(opened.facts, protocol=other)
        raise Broken(f"the greeting is one of {other.upper()}")
    require(parsed.reply, (220,), "the banner")
    if surplus := channel.take_surplus():
        opened.facts = replace(opened.facts, surplus=tape.redactor.clean(surplus))


def _not_smtp(tape: Tape, raw: bytes, malformed: str | None) -> BannerFacts:
    kept = tape.redactor.clean(raw[:KEPT])
    return BannerFacts(protocol=foreign_protocol(raw) or "unknown", surplus=kept, malformed=malformed)


def _banner_facts(reply: Reply, first_byte: float | None) -> BannerFacts:
    words = reply.lines[0].split() if reply.lines else []
    return BannerFacts(
        server_name=words[0] if words else None,
        esmtp=any("ESMTP" in text.upper() for text in reply.lines),
        first_byte=first_byte,
    )


async def hello(session: Session) -> None:
    """EHLO, or LHLO; HELO when EHLO is refused for good (RFC 5321 section 3.2). Raises Stop as `Session.run` does."""
    _settle_name(session)
    verb = hello_verb(session.target.protocol)
    step = await session.step(Stage.EHLO, _hello(verb))
    refused_for_good = step.outcome is Outcome.REFUSED and step.reply is not None and not step.reply.temporary
    if refused_for_good and session.target.protocol is Protocol.SMTP:
        step = await session.step(Stage.EHLO, _hello("HELO"))
    session.go_on(step)


def _settle_name(session: Session) -> None:
    """The name that this machine gives itself, and where it came from: never the result of a slow reverse lookup."""
    if session.ehlo_name[0]:
        return
    if session.target.ehlo:
        session.ehlo_name = (session.target.ehlo, "--helo")
        return
    name, origin = ehlo_name()
    if name is None:
        local = session.connection.local
        name = address_literal(local[0] if local else "127.0.0.1")
        origin = f"this machine's address, since {origin}"
    session.ehlo_name = (name, origin)


def _hello(verb: str) -> Work:
    async def work(session: Session, opened: OpenStep) -> None:
        channel = session.connection
        name, origin = session.ehlo_name
        facts = EhloFacts(verb=verb, name=name, name_origin=origin, tls=session.encrypted)
        opened.facts = facts
        opened.command = f"{verb} {name}"
        parsed = await channel.command(line(opened.command), opened.command, f"the reply to {verb}")
        opened.reply = parsed.reply
        opened.facts = ehlo_facts(facts, session.tape.clean_reply(parsed.reply))
        require(parsed.reply, (250,), f"the reply to {verb}")
        session.ehlo = ehlo_facts(facts, parsed.reply)

    return work
