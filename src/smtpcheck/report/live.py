"""The list of stages while a check runs: what is done, what is being waited for, and for how long.

Made by hand from two cursor movements: no thread, no hidden cursor, nothing to restore when the process is killed.
The caller feeds it (`Progress`), lets it repaint (`tick`, some four times a second), and clears it, once, before the
final report. Everything shown is ASCII apart from the marks, so one character is one cell.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, TracebackType
from typing import Self, TextIO

from smtpcheck.model import Progress, Stage
from smtpcheck.report.lines import ended
from smtpcheck.report.phrases import clock, lasting
from smtpcheck.report.printable import cleaned
from smtpcheck.report.style import marks

MOST_ROWS = 16
_LONGEST_TEXT = 80
_COLORS: Mapping[str, str] = MappingProxyType({"passed": "32", "skipped": "2", "waiting": "33"})


@dataclass(slots=True)
class _Row:
    """A stage of an attempt; `since` is our clock when it began."""

    progress: Progress
    since: float


class Live:
    """A listener for `Progress`. With `active` false it shows nothing: progress is for a terminal only."""

    def __init__(
        self,
        stream: TextIO,
        *,
        width: int = 80,
        color: bool = False,
        ascii: bool = False,
        active: bool = True,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._width = width
        self._color = color
        self._marks = marks(ascii)
        self._active = active
        self._now = now
        self._rows: list[_Row] = []
        self._painted = 0

    def __call__(self, progress: Progress) -> None:
        """Takes in what a check tells; the next `tick` shows it."""
        if not self._active:
            return
        progress = cleaned(progress, limit=_LONGEST_TEXT, ascii=True)
        row = next((row for row in reversed(self._rows) if _same(row.progress, progress)), None)
        if progress.kind == "began" or row is None or row.progress.kind == "ended":
            self._rows.append(_Row(progress, self._now()))
        else:
            row.progress = progress

    def tick(self) -> None:
        """Repaints the list."""
        if self._active:
            lines = [self._line(row) for row in self._rows if _worth_showing(row.progress)][-MOST_ROWS:]
            self._stream.write(self._erasure() + "".join(f"{line}\n" for line in lines))
            self._stream.flush()
            self._painted = len(lines)

    def clear(self) -> None:
        """Takes the list away for good: the cursor stands where it stood before, and what follows shows nothing."""
        self._active = False
        if self._painted:
            self._stream.write(self._erasure())
            self._stream.flush()
            self._painted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def _erasure(self) -> str:
        return f"\x1b[{self._painted}A\r\x1b[J" if self._painted else ""

    def _line(self, row: _Row) -> str:
        progress = row.progress
        if progress.step is not None:
            mark, seconds, text = self._marks.of(progress.step.outcome), progress.step.seconds, _done(progress)
            style = _COLORS.get(progress.step.outcome.value, "31")
        else:
            mark, seconds, text = self._marks.waiting, self._now() - row.since, _waited_for(progress)
            style = _COLORS["waiting"]
        mark_width = max(len(self._marks.passed), len(self._marks.failed))
        rest = f" {progress.stage:<9} {clock(seconds):>7}  {text}"[: self._width - 1 - mark_width]
        mark = f"{mark:<{mark_width}}"
        return (f"\x1b[{style}m{mark}\x1b[0m" if self._color else mark) + rest.rstrip()


def _same(one: Progress, other: Progress) -> bool:
    return (one.attempt, one.stage) == (other.attempt, other.stage)


def _worth_showing(progress: Progress) -> bool:
    """Skipped stages and the stages that tell nothing wait for the final report."""
    if progress.stage in (Stage.CONFIG, Stage.QUIT):
        return False
    return progress.step is None or progress.step.outcome.value != "skipped"


def _done(progress: Progress) -> str:
    step = progress.step
    text = "" if step is None or step.passed else ended(step)
    return _of_attempt(progress, text)


def _waited_for(progress: Progress) -> str:
    limit = f" (at most {lasting(progress.deadline)})" if progress.deadline else ""
    what = f"waiting for {progress.waiting_for}" if progress.waiting_for else "waiting"
    return _of_attempt(progress, what + limit)


def _of_attempt(progress: Progress, text: str) -> str:
    """The text, begun with the connection that it belongs to, where that is not the only one."""
    if progress.stage is Stage.CONNECT or progress.look != "first":
        which = (
            progress.address or "" if progress.look == "first" else f"{progress.look} {progress.address or ''}".strip()
        )
        return ", ".join(part for part in (which, text) if part)
    return text
