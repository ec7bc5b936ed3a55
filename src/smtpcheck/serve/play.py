"""One session of a dialogue, played on one connection.

The dialogue decides everything: the server has no opinion about SMTP. It knows three things only, because a line cannot
say them: that AUTH data is secret, that a BDAT command has octets behind it (RFC 3030), and how TLS starts.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import repeat
from typing import TYPE_CHECKING

from smtpcheck.dialogue import Drip, End, Ending, Expects, Message, Says, Session, Sleep, StartTls, Step, Tls
from smtpcheck.net.listen import Peer, Secured, TlsBroken
from smtpcheck.serve.observation import Ended, Failure, Observation, Said, mechanism, shown

if TYPE_CHECKING:
    from ssl import SSLContext

_CHUNK = 65536


class _Unexpected(Exception):
    """The client said something else than the dialogue wants."""


async def play(session: Session, peer: Peer, contexts: "Mapping[Tls, SSLContext]") -> Observation:
    """Plays `session` to its end, or until the client ends it, and says what the client did."""
    player = _Player(peer, contexts)
    tls_failure = None
    try:
        ended = Ended.PLAYED
        await player.play(session.steps)
    except _Unexpected:
        ended = Ended.UNEXPECTED
    except TlsBroken as broken:
        ended, tls_failure = Ended.TLS_FAILED, broken.reason
        await peer.close()
    except OSError:
        ended = Ended.LEFT
    except asyncio.CancelledError:
        ended = Ended.STOPPED  # the server is being stopped: what was seen until now is still worth having
    finally:
        peer.abandon()
    return Observation(
        client=peer.address,
        said=tuple(player.said),
        ended=ended,
        mechanism=player.mechanism,
        secured=player.secured,
        tls_failure=tls_failure,
        failure=player.failure,
    )


class _Player:
    def __init__(self, peer: Peer, contexts: "Mapping[Tls, SSLContext]") -> None:
        self.said: list[Said] = []
        self.mechanism: str | None = None
        self.secured: Secured | None = None
        self.failure: Failure | None = None
        self._peer = peer
        self._contexts = contexts
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._drip = 0.0
        self._in_auth = False
        self._unanswered: bytes | None = None  # a line that was read, and that no step has taken yet

    async def play(self, steps: tuple[Step, ...]) -> None:
        position = 0
        while position < len(steps):
            step = steps[position]
            position += 1
            match step:
                case Says():
                    run = _run(steps[position - 1 :])
                    position += len(run) - 1
                    await self._say(_chunks(run))
                case Expects():
                    if not await self._expect(step):
                        position += _skipped(steps[position:])
                case Message():
                    ending = steps[position]
                    assert isinstance(ending, Expects)
                    await self._read_message(ending)
                case Sleep():
                    await asyncio.sleep(step.seconds)
                case Drip():
                    self._drip = step.seconds
                case StartTls():
                    if not await self._start_tls(step.tls):
                        return
                case End():
                    await self._say(_cut(_chunks(_run(steps[position:])), step.after or 0))
                    await self._end(step.ending)
                    return
        await self._peer.close()

    async def _say(self, chunks: Iterable[bytes]) -> None:
        first = b""
        for chunk in chunks:
            first = first or chunk
            if not self._drip:
                await self._peer.send(chunk)
                continue
            for byte in chunk:
                await self._peer.send(bytes([byte]))
                await asyncio.sleep(self._drip)
        self._in_auth = first.startswith(b"334") if first else self._in_auth

    async def _expect(self, step: Expects) -> bool:
        """Whether the client said what it should; False only where it need not."""
        line = await self._line()
        if step.matches(line):
            self._note(line)
            await self._skip_chunk(line)
            return True
        if step.optional:
            self._unanswered = line
            return False
        self._note(line)
        self.failure = Failure(step.line, step.pattern, self.said[-1].text)
        wanted = step.pattern.encode("ascii", "backslashreplace")
        with suppress(OSError):
            await self._peer.send(b"500 5.5.1 smtpcheck demo server: expected " + wanted + b"\r\n")
        await self._peer.close()
        raise _Unexpected

    async def _read_message(self, ending: Expects) -> None:
        size = 0
        while not ending.matches(line := await self._line()):
            size += len(line) + 2
        self._unanswered = line
        self.said.append(Said(self._clock() - self._began, f"({size} bytes)", self.secured is not None))

    async def _line(self) -> bytes:
        line, self._unanswered = self._unanswered, None
        if line is None:
            line = await self._peer.read_line()
        if line is None:
            raise ConnectionAbortedError("the client closed")
        return line

    def _note(self, line: bytes) -> None:
        text = shown(line, in_auth=self._in_auth)
        self.said.append(Said(self._clock() - self._began, text, self.secured is not None))
        if text.startswith("AUTH"):
            self.mechanism = mechanism(line)
            self._in_auth = True

    async def _skip_chunk(self, line: bytes) -> None:
        match line.upper().split():
            case [b"BDAT", size, *_] if size.isdigit():
                await self._peer.skip(int(size))

    async def _start_tls(self, tls: Tls) -> bool:
        """False if the handshake was stopped, as the dialogue wants."""
        before = "server-hello" if tls.alert is not None else tls.stop[1] if tls.stop else None
        self.secured = await self._peer.start_tls(self._contexts[tls], before)
        if tls.alert is not None:
            # A fatal alert as a record of its own: type, version, length, level, number (RFC 8446 section 6).
            await self._peer.send_in_clear(bytes([21, 3, 3, 0, 2, 2, tls.alert]))
            await self._peer.close()
        elif tls.stop:
            await self._end(tls.stop[0])
        return self.secured is not None

    async def _end(self, ending: Ending) -> None:
        match ending:
            case Ending.STALL:
                await self._peer.ignore()
            case Ending.CLOSE:
                await self._peer.close()
            case Ending.RESET:
                self._peer.reset()
            case Ending.HALF_CLOSE:
                self._peer.half_close()
                await self._peer.ignore()


def _run(steps: Iterable[Step]) -> list[Says]:
    """The S: lines that these steps begin with."""
    run = []
    for step in steps:
        if not isinstance(step, Says):
            break
        run.append(step)
    return run


def _skipped(steps: tuple[Step, ...]) -> int:
    """How many steps are left out after a `C?` that did not match: all up to the next C: line."""
    return next((index for index, step in enumerate(steps) if isinstance(step, Expects | Message)), len(steps))


def _chunks(run: Iterable[Says]) -> Iterator[bytes]:
    """What these lines say, in few pieces of moderate size, however often a line is repeated."""
    waiting = b""
    for says in run:
        per_chunk = max(1, _CHUNK // len(says.data))
        whole, rest = divmod(says.times, per_chunk)
        for data in repeat(says.data * per_chunk, whole):
            yield waiting + data
            waiting = b""
        waiting += says.data * rest
    if waiting:
        yield waiting


def _cut(chunks: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The first `size` bytes of these chunks."""
    for chunk in chunks:
        if size <= 0:
            return
        yield chunk[:size]
        size -= len(chunk)
