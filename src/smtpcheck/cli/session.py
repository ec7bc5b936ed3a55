"""One check from the command line: what was asked for, the session with its live list, the report, the exit code.

Ctrl-C ends the session and the report is printed all the same; a second one ends the process at once.
"""

import asyncio
import os
import shutil
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from types import FrameType
from typing import TYPE_CHECKING

from smtpcheck import api
from smtpcheck.cli.misuse import Unwritten
from smtpcheck.cli.outputs import (
    Outputs,
    ReportFile,
    append_step_summary,
    is_file,
    opened,
    write_all,
    write_annotations,
)
from smtpcheck.model import Options, Report, Target
from smtpcheck.model.record import record
from smtpcheck.report import render
from smtpcheck.report.style import choose_ascii, choose_color, choose_cursor
from smtpcheck.settings.build import UnusableTarget, build, refused_options
from smtpcheck.settings.login import with_secret
from smtpcheck.settings.origins import placed
from smtpcheck.settings.request import Request

if TYPE_CHECKING:
    from smtpcheck.report.live import Live

_REPAINT = 0.25

Retell = Callable[[Report], Report]
"""What says a diagnosis in the words of an application."""


@record
class Display:
    """How the report is shown. `color` is auto, always or never."""

    json: bool = False
    quiet: bool = False
    verbose: bool = False
    color: str = "auto"
    outputs: Outputs = Outputs()
    anonymize: bool = False
    nagios: bool = False

    @property
    def format(self) -> str:
        return self.outputs.stdout or ("json" if self.json else "brief" if self.quiet else "terminal")


@record
class Check:
    """A check that was asked for; called, it is done and gives the exit code. `spell_as` names the application in whose
    words the settings are to be written if they work.
    """

    request: Request
    display: Display
    spell_as: str | None = None

    def __call__(self) -> int:
        write = self._writer()
        with opened(self.display.outputs) as files:
            try:
                target, options, retell = self._prepared()
            except UnusableTarget as error:
                report = api.refuse(error.target, refused_options(self.request), str(error), error.cause)
                deliver(report, self.display, files)
            else:
                _mask(options, self.display.outputs)
                report = asyncio.run(session(target, options, self.display, files, retell=retell))
        if write is not None:
            write(report)
        if self.display.nagios:
            from smtpcheck.report.nagios import state

            return state(report)
        return report.exit_code

    def _prepared(self) -> tuple[Target, Options, Retell | None]:
        if not self.request.app_config and self.request.app_process is None:
            return *prepare(self.request), None
        from smtpcheck.cli.application import prepare_application

        return prepare_application(self.request)

    def _writer(self) -> Callable[[Report], None] | None:
        """What writes the settings that worked, if that was asked for. Raises UsageError for an unknown application."""
        if self.spell_as is None:
            return None
        from smtpcheck.cli.application import writer

        return writer(self.spell_as)


def prepare(request: Request, environ: Mapping[str, str] = os.environ) -> tuple[Target, Options]:
    """What to check and how, the secret included. Raises UsageError."""
    with placed(request.origins):
        target, options = build(request, environ)
        api.check_before_packet(target, options)  # before anybody is asked for a password
        return with_secret(request, target, options, environ)


async def session(
    target: Target,
    options: Options,
    display: Display,
    files: Sequence[ReportFile] = (),
    *,
    retell: Retell | None = None,
) -> Report:
    """Runs the check, prints its report and writes its files. Raises OSError or Unwritten when one could not be
    written.
    """
    live = live_list(display)
    failures: list[OSError | Unwritten] = []

    def on_report(report: Report) -> None:
        if live is not None:
            live.clear()
        try:
            deliver(report, display, files)
        except (OSError, Unwritten) as error:  # it is our reader's, and no part of the session
            failures.append(error)

    report = await watched(target, options, live, on_report, retell)
    if failures:
        raise failures[0]
    return report


async def watched(
    target: Target,
    options: Options,
    live: "Live | None",
    on_report: Callable[[Report], None],
    retell: Retell | None = None,
) -> Report:
    """Runs the check with its live list; Ctrl-C ends it."""
    interrupt = asyncio.Event()
    with live or nullcontext(), ctrl_c(interrupt):
        async with _repainting(live):
            return await api.run(
                target, options, progress=live, on_report=on_report, interrupt=interrupt, retell=retell
            )


def deliver(report: Report, display: Display, files: Sequence[ReportFile]) -> None:
    """The report to everybody who asked for it. A reader of standard output that went away takes nothing from the
    files.
    """
    if display.anonymize:
        report = shareable(report)
    try:
        show(report, display)
    finally:
        write_all(files, lambda format: _text(report, format, display))
        if display.outputs.github:
            _tell_github(report, display)


def shareable(report: Report) -> Report:
    """The report without names and addresses; a provider's own hosts stay, since they are nobody's."""
    from smtpcheck.providers import by_host
    from smtpcheck.report.anonymize import anonymized

    return anonymized(report, keep=lambda name: by_host(name) is not None)


def _tell_github(report: Report, display: Display) -> None:
    """Annotations beside another report, and the summary of the job's step."""
    if display.outputs.annotations:
        write_annotations(render(report, "github"))
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path:
        from smtpcheck.report.github import summary

        append_step_summary(path, summary((report,)))


def _mask(options: Options, outputs: Outputs) -> None:
    """Tells the runner of GitHub Actions which values to hide in the job's log from here on. Nobody but a runner is
    told: the command holds the value.
    """
    secrets = (options.secret, options.proxy_secret, options.client_key_secret)
    if outputs.github and os.environ.get("GITHUB_ACTIONS") == "true" and not is_file(sys.stderr):
        from smtpcheck.report.github import masks

        write_annotations(masks(secret.reveal() for secret in secrets if secret is not None))


def show(report: Report, display: Display) -> None:
    """Prints the report on standard output."""
    text = _text(report, display.format, display, to_stdout=True)
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()


def _text(report: Report, format: str, display: Display, *, to_stdout: bool = False) -> str:
    """In a file the terminal report has neither colour nor the width of this terminal."""
    if not to_stdout:
        return render(report, format, verbose=display.verbose)
    return render(
        report,
        format,
        width=shutil.get_terminal_size().columns,
        color=choose_color(display.color, os.environ, is_terminal(sys.stdout)),
        ascii=choose_ascii(getattr(sys.stdout, "encoding", None)),
        verbose=display.verbose,
    )


def live_list(display: Display) -> "Live | None":
    """The live list, where there is a terminal to show it on."""
    terminal = is_terminal(sys.stderr)
    if display.quiet or not choose_cursor(os.environ, terminal, os.name):
        return None
    from smtpcheck.report.live import Live

    return Live(
        sys.stderr,
        width=shutil.get_terminal_size().columns,
        color=choose_color(display.color, os.environ, terminal),
        ascii=choose_ascii(getattr(sys.stderr, "encoding", None)),
    )


def is_terminal(stream: object) -> bool:
    """Whether somebody watches this stream."""
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
def ctrl_c(interrupt: asyncio.Event) -> Iterator[None]:
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
