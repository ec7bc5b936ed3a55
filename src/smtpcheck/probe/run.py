"""The one deadline and the one try/except: runs a stage's coroutine and turns whatever happens into a Step.

Nothing but cancellation leaves here. A stage raises what the layers below raise; this module alone decides which
outcome that is.
"""

import asyncio
import errno
import traceback
from collections.abc import Awaitable, Callable, Container

from smtpcheck.model import Closed, Outcome, Reply, Silent, Stage, Step, UsageError
from smtpcheck.net.channel import Channel, PeerClosed
from smtpcheck.net.dial import DialFailed
from smtpcheck.net.tls import HandshakeFailed, LateAlert
from smtpcheck.probe.lag import Lag
from smtpcheck.probe.tape import OpenStep, Tape
from smtpcheck.smtp.reply import ReplyMalformed

Work = Callable[[OpenStep], Awaitable[None]]


class Declined(Exception):
    """smtpcheck will not go on; the text says why, in one sentence."""


class Broken(Exception):
    """What the server did is not SMTP; the text says what."""


class Refused(Exception):
    """The stage was refused by a well-formed reply, which stands in the open step."""


def require(reply: Reply, due: Container[int], what: str) -> None:
    """Raises Refused for a 4yz or 5yz; Broken for another code that is not due: both sides then disagree where they
    are.
    """
    if reply.code in due:
        return
    if not reply.positive:
        raise Refused
    raise Broken(f"{what} has the code {reply.code}, which has no meaning there")


async def run_step(
    tape: Tape, lag: Lag, stage: Stage, seconds: float, work: Work, channel: Channel | None = None
) -> Step:
    """Runs one step of at most `seconds`. `channel`, where there is one, tells what had come when the step
    stalled.
    """
    opened = tape.begin(stage, seconds)
    outcome = Outcome.BUG
    try:
        outcome = await _outcome(tape, opened, seconds, work, channel)
    except asyncio.CancelledError:
        outcome = Outcome.INTERRUPTED
        opened.why = tape.clock.ended_by
        raise
    finally:
        step = tape.end(opened.outcome or outcome, lag.worst_since(opened.began))
    return step


async def _outcome(tape: Tape, opened: OpenStep, seconds: float, work: Work, channel: Channel | None) -> Outcome:
    limit = asyncio.timeout(seconds)
    opened.extend = lambda more: limit.reschedule(asyncio.get_running_loop().time() + more)
    try:
        async with limit:
            await work(opened)
        return Outcome.PASSED
    except Refused:
        return Outcome.REFUSED
    except TimeoutError:
        # The kernel's ETIMEDOUT is a TimeoutError too: only expired() tells whose patience ended.
        if not limit.expired():
            return Outcome.UNREACHABLE
        tape.record(
            Silent(
                at=tape.now(),
                waiting_for=opened.waiting_for,
                partial=channel.partial if channel else b"",
                tcp=channel.tcp_info() if channel else None,
            )
        )
        return Outcome.STALLED
    except PeerClosed:
        return Outcome.CLOSED
    except ReplyMalformed as error:
        opened.why = error.reason
        return Outcome.BROKEN
    except Broken as error:
        opened.why = str(error)
        return Outcome.BROKEN
    except HandshakeFailed as error:
        return _handshake_outcome(error)
    except DialFailed as error:
        opened.facts = error.facts
        tape.record(Closed(at=tape.now(), how=error.facts.errno_name or error.facts.failure or "failed"))
        return Outcome.UNREACHABLE
    except (Declined, UsageError) as error:
        opened.why = str(error)
        return Outcome.DECLINED
    except LateAlert as alert:
        tape.late_alert = alert
        opened.why = "the server ended the TLS session with an alert after the handshake"
        return Outcome.SKIPPED
    except OSError as error:
        opened.why = f"{errno.errorcode.get(error.errno or 0, type(error).__name__)}: {error.strerror or error}"
        return Outcome.UNREACHABLE
    except Exception as error:
        opened.why = "".join(traceback.format_exception(error, limit=-8))
        return Outcome.BUG


def _handshake_outcome(error: HandshakeFailed) -> Outcome:
    match error.failure:
        case "eof" | "reset":
            return Outcome.CLOSED
        case "untrusted":
            return Outcome.DECLINED
        case _:
            return Outcome.BROKEN
