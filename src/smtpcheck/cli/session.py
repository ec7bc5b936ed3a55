"""One check from the command line: what was asked for, the session with its live list, the report, the exit code.

Ctrl-C ends the session and the report is printed all the same; a second one ends the process at once.
"""

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from types import FrameType
from typing import TYPE_CHECKING

from smtpcheck import api
from smtpcheck.model import Options, Report, Target
from smtpcheck.model.record import record
from smtpcheck.report import render
from smtpcheck.report.style import choose_ascii, choose_color, choose_cursor
from smtpcheck.settings.build import UnusableTarget, build
from smtpcheck.settings.login import with_secret
from smtpcheck.settings.request import Request

if TYPE_CHECKING:
    from smtpcheck.report.live import Live

_REPAINT = 0.25


@record
class Display:
    """How the report is shown. `color` is auto, always or never."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"

    @property
    def format(self) -> str:
        return "json" if self.json else "brief" if self.quiet else "terminal"


@record
class Check:
    """A check that was asked for; called, it is done and gives the exit code."""

    request: Request
    display: Display

    def __call__(self) -> int:
        try:
            target, options = prepare(self.request)
        except UnusableTarget as error:
            report = api.refuse(error.target, Options(), str(error))
            show(report, self.display)
            return report.exit_code
        return asyncio.run(session(target, options, self.display)).exit_code


def prepare(request: Request, environ: Mapping[str, str] = os.environ) -> tuple[Target, Options]:
    """What to check and how, the secret included. Raises UsageError."""
    target, options = build(request, environ)
    api.check_before_packet(target, options)  # before anybody is asked for a password
    return with_secret(request, target, options, environ)


async def session(target: Target, options: Options, display: Display) -> Report:
    """Runs the check and prints its report. Raises OSError when the report could not be written."""
    live = live_list(display)
    failures: list[OSError] = []

    def on_report(report: Report) -> None:
        if live is not None:
            live.clear()
        try:
            show(report, display)
        except OSError as error:  # it is our reader's, and no part of the session
            failures.append(error)

    report = await watched(target, options, live, on_report)
    if failures:
        raise failures[0]
    return report


async def watched(target: Target, options: Options, live: "Live | None", on_report: Callable[[Report], None]) -> Report:
    """Runs the check with its live list; Ctrl-C ends it."""
    interrupt = asyncio.Event()
    with live or nullcontext(), _ctrl_c(interrupt):
        async with _repainting(live):
            return await api.run(target, options, progress=live, on_report=on_report, interrupt=interrupt)


def show(report: Report, display: Display) -> None:
    """Prints the report on standard output."""
    text = render(
        report,
        display.format,
        width=shutil.get_terminal_size().columns,
        color=choose_color(display.color, os.environ, _is_terminal(sys.stdout)),
        ascii=choose_ascii(getattr(sys.stdout, "encoding", None)),
        verbose=display.verbose,
    )
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()


def live_list(display: Display) -> "Live | None":
    """The live list, where there is a terminal to show it on."""
    terminal = _is_terminal(sys.stderr)
    if display.quiet or not choose_cursor(os.environ, terminal, os.name):
        return None
    from smtpcheck.report.live import Live

    return Live(
        sys.stderr,
        width=shutil.get_terminal_size().columns,
        color=choose_color(display.color, os.environ, terminal),
        ascii=choose_ascii(getattr(sys.stderr, "encoding", None)),
    )


def _is_terminal(stream: object) -> bool:
    isatty = getattr(stream, "isatty", None)
    return bool(isatty is not None and isatty())


@asynccontextmanager
async def _repainting(live: "Live | None") -> AsyncIterator[None]:
    if live is None:
        yield
        return

    async def repaint() -> None:
        with suppress(OSError):  # a terminal that went away takes nothing from the check
            while True:
                live.tick()
                await asyncio.sleep(_REPAINT)

    task = asyncio.create_task(repaint())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextmanager
def _ctrl_c(interrupt: asyncio.Event) -> Iterator[None]:
    """The first Ctrl-C sets the event, the second raises KeyboardInterrupt wherever we are.

    Not `add_signal_handler`, which Windows lacks, and which waits for the loop.
    """
    loop = asyncio.get_running_loop()
    pressed = False

    def on_signal(number: int, frame: FrameType | None) -> None:
        nonlocal pressed
        if pressed:
            raise KeyboardInterrupt
        pressed = True
        loop.call_soon_threadsafe(interrupt.set)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, on_signal)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
