"""Stage `message`: DATA, the test message, the final dot (RFC 5321 sections 4.1.1.4 and 4.5.3.2.6).

After the final dot the server may take long, and may have taken the message even if it then says nothing: the
facts keep how far the message got, so that nobody claims more than was proven.
"""

from dataclasses import replace

from smtpcheck.model import MessageFacts, Protocol, Reply
from smtpcheck.probe.run import require
from smtpcheck.probe.session import Session
from smtpcheck.probe.tape import OpenStep
from smtpcheck.smtp.commands import line
from smtpcheck.smtp.message import dot_stuffed, queue_id


async def message(session: Session, opened: OpenStep) -> None:
    """Sends the message and reads the final reply; with LMTP one for each recipient (RFC 2033 section 4.2)."""
    channel, test = session.connection, session.test_message
    assert test is not None
    facts = MessageFacts(message_id=test.message_id, size=len(test.content), phase="data")
    opened.facts = facts
    opened.command = "DATA"
    parsed = await channel.command(line("DATA"), "DATA", "the reply to DATA")
    opened.reply = parsed.reply
    require(parsed.reply, (354,), "the reply to DATA")
    opened.reply = None
    opened.facts = replace(facts, phase="body")
    session.tape.waiting("the server to take the message")
    await channel.send(dot_stuffed(test.content), f"(the message, {len(test.content)} bytes)\r\n.")
    opened.extend(session.options.patience.message_end)
    opened.facts = replace(facts, phase="dot")
    opened.command = "the final dot"
    replies = await _final_replies(session)
    clean = [session.tape.clean_reply(reply) for reply in replies]
    opened.reply = max(replies, key=_worst)
    opened.facts = replace(
        facts,
        phase="dot",
        queue_id=next((found for reply in clean if (found := queue_id(reply))), None),
        lmtp=tuple(f"{reply.code} {reply.text}" for reply in clean) if session.target.protocol is Protocol.LMTP else (),
    )
    for reply in replies:
        require(reply, range(200, 300), "the reply to the final dot")


def _worst(reply: Reply) -> int:
    """Of several replies the one that speaks for all: a permanent refusal before a temporary one."""
    return 0 if reply.positive else 1 if reply.temporary else 2


async def _final_replies(session: Session) -> list[Reply]:
    due = len(session.target.recipients) if session.target.protocol is Protocol.LMTP else 1
    return [(await session.connection.reply("the reply to the final dot")).reply for _ in range(due)]
