"""Stage `quit`: a courtesy that never changes a verdict, and never delays one.

QUIT's reply is taken if it is there already; otherwise the check is over, and the connection is drained after the
report is on the screen (`Channel.leave`): a close with unread replies would show as a reset in the server's log.
"""

from smtpcheck.model import Outcome, QuitFacts, Stage
from smtpcheck.probe.session import Session
from smtpcheck.probe.tape import OpenStep, Tape
from smtpcheck.smtp.commands import line

_AGREED = (Outcome.PASSED, Outcome.REFUSED, Outcome.SKIPPED, Outcome.DECLINED)


async def end(session: Session) -> None:
    """Says QUIT where both sides still agree where they are in the dialogue, else closes at once."""
    channel = session.channel
    if channel is None or not channel.open:
        return
    if _can_quit(session):
        step = await session.step(Stage.QUIT, _quit)
        if step.outcome in _AGREED:
            return
    channel.abort()


def mark_unrun(tape: Tape) -> None:
    """Records the stages of a connection that were not run as skipped, with the reason."""
    seen = {step.stage for step in tape.steps}
    stopper = tape.attempt().stopper
    order = list(Stage)
    for stage in order:
        if stage in seen or stage in (Stage.CONFIG, Stage.DNS):
            continue
        if stopper is None:
            tape.skip(stage, tape.clock.ended_by or "not asked for")
        elif order.index(stage) < order.index(stopper.stage) and stopper.stage is not Stage.TLS:
            tape.skip(stage, "not asked for")
        else:
            tape.skip(stage, "an earlier step did not pass")


def _can_quit(session: Session) -> bool:
    tape = session.tape
    if tape.late_alert is not None or not any(step.reply for step in tape.steps if step.stage is Stage.BANNER):
        return False
    last = tape.steps[-1]
    return last.outcome in _AGREED and (last.stage is not Stage.TLS or last.passed)


async def _quit(session: Session, opened: OpenStep) -> None:
    channel = session.connection
    rset = await _reset(session, opened)
    opened.command = "QUIT"
    opened.facts = QuitFacts(rset=rset)
    if not session.quit_sent:
        session.quit_sent = True
        await channel.send(line("QUIT"), "QUIT")
    answer = channel.buffered_reply()
    opened.facts = QuitFacts(rset=rset, answered=answer is not None)
    if answer is None:
        opened.outcome = Outcome.SKIPPED
        opened.why = "its reply was not waited for"
    else:
        opened.reply = answer.reply


async def _reset(session: Session, opened: OpenStep) -> int | None:
    """RSET, so that the server forgets the envelope: its reply's code, or None where there was nothing to reset."""
    if not (session.rset_sent or session.in_transaction):
        return None
    opened.command = "RSET"
    if not session.rset_sent:
        await session.connection.send(line("RSET"), "RSET")
    parsed = await session.connection.reply("the reply to RSET")
    return parsed.reply.code
