"""Stages `sender` and `recipient`: MAIL and RCPT, and RSET when nothing is to be sent (RFC 5321 section 3.3).

Where nothing is to be sent and the server says PIPELINING, all of them and QUIT go out together (RFC 2920): one
round trip. Each reply still belongs to its own command, also when the server refuses the first one, or closes
half-way.
"""

from collections.abc import Sequence
from contextlib import suppress

from smtpcheck.model import EnvelopeFacts, Outcome, Stage
from smtpcheck.probe.run import Broken, Declined, Refused, require
from smtpcheck.probe.session import Session, Stop, Work
from smtpcheck.probe.tape import OpenStep
from smtpcheck.smtp.commands import line, mail_from, rcpt_to
from smtpcheck.smtp.message import Message, seven_bit

_COMPLETED = range(200, 300)
_FLIGHT = 50  # commands: a peer that answers each before it reads on must not fill both directions


async def envelope(session: Session) -> None:
    """MAIL, every RCPT, and RSET if no message follows. Raises Stop unless all were accepted."""
    sender, recipients = session.target.sender, session.target.recipients
    assert sender is not None
    offers = session.ehlo.offers if session.ehlo else lambda keyword: False
    only_sender = session.options.until is Stage.SENDER
    if session.test_message is not None and not offers("8BITMIME"):
        session.test_message = seven_bit(session.test_message)
    parameters = _mail_parameters(session, recipients)
    commands = [mail_from(sender, parameters), *(() if only_sender else map(rcpt_to, recipients))]
    session.pipelined = not session.options.send and offers("PIPELINING")
    if session.pipelined:
        session.unsent = [*commands, "RSET", "QUIT"]

    step = await session.step(Stage.SENDER, _sender(sender, parameters))
    session.in_transaction = step.passed and not session.options.send
    if not step.passed or only_sender:
        if session.pipelined and step.reply is not None and not only_sender:
            await _spent_replies(session, recipients)
        raise Stop
    accepted = True
    for recipient in recipients:
        step = await session.step(Stage.RECIPIENT, _recipient(recipient))
        if step.outcome not in (Outcome.PASSED, Outcome.REFUSED):
            raise Stop
        accepted = accepted and step.passed
    if not accepted or session.options.until is Stage.RECIPIENT:
        raise Stop


def _mail_parameters(session: Session, recipients: Sequence[str]) -> tuple[str, ...]:
    """SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531), as offered and where they say something."""
    ehlo, test = session.ehlo, session.test_message
    parameters = []
    if ehlo is not None and test is not None and ehlo.offers("SIZE"):
        parameters.append(f"SIZE={len(test.content)}")
    if ehlo is not None and test is not None and ehlo.offers("8BITMIME") and test.eight_bit:
        parameters.append("BODY=8BITMIME")
    if ehlo is not None and ehlo.offers("SMTPUTF8") and _needs_utf8(session, recipients, test):
        parameters.append("SMTPUTF8")
    return tuple(parameters)


def _needs_utf8(session: Session, recipients: Sequence[str], test: Message | None) -> bool:
    addresses = (session.target.sender or "", *recipients)
    return any(not address.isascii() for address in addresses) or (test is not None and test.utf8_headers)


def _sender(address: str, parameters: tuple[str, ...]) -> Work:
    async def work(session: Session, opened: OpenStep) -> None:
        opened.facts = EnvelopeFacts(address=address, parameters=parameters, pipelined=session.pipelined)
        opened.command = mail_from(address, parameters)
        if _needs_utf8(session, session.target.recipients, session.test_message) and "SMTPUTF8" not in parameters:
            session.unsent = []
            raise Declined("an address is not ASCII, and the server does not offer SMTPUTF8")
        await _answered(session, opened)

    return work


def _recipient(address: str) -> Work:
    async def work(session: Session, opened: OpenStep) -> None:
        opened.recipient = address
        opened.facts = EnvelopeFacts(address=address, pipelined=session.pipelined)
        opened.command = rcpt_to(address)
        await _answered(session, opened)

    return work


async def _answered(session: Session, opened: OpenStep) -> None:
    """Sends the open step's command, unless its flight has gone out already, and reads its reply."""
    assert opened.command is not None
    channel = session.connection
    if not session.pipelined:
        await channel.send(line(opened.command), opened.command)
    elif session.due == 0:
        await _send_flight(session)
    verb = opened.command.partition(" ")[0]
    parsed = await channel.reply(f"the reply to {verb}")
    session.due -= session.pipelined
    opened.reply = parsed.reply
    require(parsed.reply, _COMPLETED, f"the reply to {verb}")


async def _send_flight(session: Session) -> None:
    flight, session.unsent = session.unsent[:_FLIGHT], session.unsent[_FLIGHT:]
    session.due = len(flight)
    session.quit_sent = "QUIT" in flight
    session.rset_sent = "RSET" in flight
    data = b"".join(line(command) for command in flight)
    await session.connection.send(data, "\r\n".join(flight))


async def _spent_replies(session: Session, recipients: Sequence[str]) -> None:
    """Reads what the server says to the RCPTs that shared a flight with a refused MAIL: theirs, and pointless."""
    for recipient in recipients[: max(0, session.due - session.rset_sent - session.quit_sent)]:
        step = await session.step(Stage.RECIPIENT, _pointless(recipient))
        if step.reply is None:
            return


def _pointless(address: str) -> Work:
    async def work(session: Session, opened: OpenStep) -> None:
        with suppress(Refused, Broken):
            await _recipient(address)(session, opened)
        opened.outcome = Outcome.SKIPPED
        opened.why = "MAIL was refused, and this RCPT had been sent with it"

    return work
