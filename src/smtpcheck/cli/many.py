"""A batch from the command line: the targets that are left to check, the table as results come, and the results' file.

Nothing runs before every target was found usable and every file is open. Ctrl-C ends what is under way; it has no
result then, and `--resume` checks it.
"""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress

from smtpcheck import api
from smtpcheck.cli.misuse import Misuse, Unwritten
from smtpcheck.cli.outputs import Outputs, opened, write_all
from smtpcheck.cli.session import ctrl_c, is_terminal, shareable
from smtpcheck.many import Job, run_many
from smtpcheck.model import Options, Outcome, Report, Target, UsageError
from smtpcheck.model.record import record
from smtpcheck.report import render_all
from smtpcheck.report.results import Result, line, newest, read_results
from smtpcheck.report.row import row, summary
from smtpcheck.report.style import choose_ascii, choose_color, choose_cursor
from smtpcheck.settings.build import build
from smtpcheck.settings.identity import identity, in_shard
from smtpcheck.settings.login import Known, names_source, needs_secret, with_secret
from smtpcheck.settings.request import Request
from smtpcheck.settings.secret_sources import PASSWORD_VARIABLE
from smtpcheck.settings.targets import located_targets

FAILED, INTERRUPTED = 1, 130
_REPAINT = 0.25


@record
class Shown:
    """What is shown while results come, and where reports go. `color` is auto, always or never."""

    outputs: Outputs = Outputs()
    json: bool = False
    quiet: bool = False
    color: str = "auto"
    anonymize: bool = False

    @property
    def table(self) -> bool:
        """Whether standard output has the table."""
        return not self.json and self.outputs.stdout is None


@record
class Batch:
    """A batch that was asked for; called, it is done and gives the exit code."""

    file: str
    format: str | None
    concurrency: int
    per_address: int
    out: str | None
    resume: str | None
    failed_only: bool
    shard: tuple[int, int] | None
    defaults: Mapping[str, object]
    shown: Shown

    def __call__(self) -> int:
        requests = self._requests()
        done = newest(self._done(set(requests)))
        names, jobs = self._jobs(requests, {result.name: result.report for result in done})
        keep = bool(self.shown.outputs.files) or self.shown.outputs.stdout is not None
        with ExitStack() as stack:
            files = stack.enter_context(opened(self.shown.outputs))
            results = stack.enter_context(ResultsFile(self.out or self.resume, adding=self.resume is not None))
            table = Table(self.shown, len(jobs))
            kept = done if keep else []
            interrupted = asyncio.run(_run(self, jobs, names, results, table, kept if keep else None))
            again = set(names)
            failed_before = sum(r.report.exit_code != 0 for r in done if r.name not in again)
            table.end(len(jobs), len(requests) - len(jobs), interrupted=interrupted)
            if keep:
                reports = [result.report for result in newest(kept)]
                if self.shown.anonymize:
                    reports = [shareable(report) for report in reports]
                try:
                    if self.shown.outputs.stdout is not None:
                        _print(render_all(reports, self.shown.outputs.stdout))
                finally:
                    write_all(files, lambda format: render_all(reports, format))
        return INTERRUPTED if interrupted else FAILED if table.failed or failed_before else 0

    def _requests(self) -> dict[str, tuple[str, Request]]:
        """The targets of this part by name, each once, with its place in the file."""
        found: dict[str, tuple[str, Request]] = {}
        for place, request in located_targets(self.file, self.format, self.defaults):
            name = identity(request)
            if self.shard is None or in_shard(name, *self.shard):
                found.setdefault(name, (place, request))
        return found

    def _done(self, wanted: set[str]) -> list[Result]:
        """The results of the earlier run, those of targets that are still in the list."""
        if self.resume is None or not (self.failed_only or os.path.exists(self.resume)):
            return []  # the first of several runs with the same command line
        return [result for result in read_results(self.resume).results if result.name in wanted]

    def _jobs(
        self, requests: Mapping[str, tuple[str, Request]], done: Mapping[str, Report]
    ) -> tuple[list[str], list[Job]]:
        """What is to be checked, and its names by number. Every target is looked at, also those that are done."""
        known: Known = {}
        names: list[str] = []
        jobs: list[Job] = []
        for name, (place, request) in requests.items():
            try:
                target, options = _prepared(request)
                due = name in done and done[name].exit_code != 0 if self.failed_only else name not in done
                if not due:
                    continue
                target, options = _with_secret(request, target, options, known)
            except UsageError as error:
                raise UsageError(f"{place}: {error}; nothing was checked") from None
            jobs.append((len(names), target, options))
            names.append(name)
        return names, jobs


def _prepared(request: Request) -> tuple[Target, Options]:
    target, options = build(request)
    api.check_before_packet(target, options)
    return target, options


def _with_secret(request: Request, target: Target, options: Options, known: Known) -> tuple[Target, Options]:
    if needs_secret(target, options) and not names_source(request) and PASSWORD_VARIABLE not in os.environ:
        raise UsageError(
            "a user needs a password, and a batch asks nobody: give password_env, password_file or password_command, "
            f"or set {PASSWORD_VARIABLE}"
        )
    return with_secret(request, target, options, known=known)


async def _run(
    asked: Batch,
    jobs: Sequence[Job],
    names: Sequence[str],
    results: "ResultsFile",
    table: "Table",
    kept: list[Result] | None,
) -> bool:
    """Runs the jobs; True if it was interrupted."""
    _raise_file_limit()
    interrupt = asyncio.Event()
    repainting = asyncio.create_task(table.repaint())
    running = run_many(jobs, concurrency=asked.concurrency, per_address=asked.per_address, interrupt=interrupt)
    try:
        with ctrl_c(interrupt):
            async for number, report in running:
                if interrupt.is_set() and report.outcome is Outcome.INTERRUPTED:
                    continue
                text = line(report, names[number]) if results.wanted or asked.shown.json else ""
                results.add(text)
                table.add(report, text)
                if kept is not None:
                    kept.append(Result(names[number], report))
    finally:
        await running.aclose()
        repainting.cancel()
        await asyncio.wait((repainting,))
    return interrupt.is_set()


def _raise_file_limit() -> None:
    """Each connection is an open file, and the soft limit is often 1,024 where the hard one is far above it."""
    with suppress(ImportError, ValueError, OSError):
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


class ResultsFile:
    """The file of results, open for adding; nothing if none was asked for."""

    def __init__(self, path: str | None, *, adding: bool) -> None:
        self._path = path
        self._descriptor: int | None = None
        if path is None:
            return
        whole = read_results(path).whole if adding and os.path.exists(path) else 0
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0) | (0 if adding else os.O_EXCL)
        try:
            self._descriptor = os.open(path, flags, 0o666)
            if adding:
                os.ftruncate(self._descriptor, whole)  # a torn last line was never a result
        except FileExistsError:
            raise Misuse(f"--out {path[:200]!r} is there already: --resume goes on with it, or name another") from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "this cannot be a path"
            raise Misuse(f"the results cannot be written to {path[:200]!r}: {reason}") from None

    @property
    def wanted(self) -> bool:
        """Whether there is a file."""
        return self._path is not None

    def __enter__(self) -> "ResultsFile":
        return self

    def __exit__(self, *ending: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def add(self, text: str) -> None:
        """Adds a line, handed to the system whole. Raises Unwritten."""
        if self._descriptor is None:
            return
        raw = memoryview(text.encode("ascii"))
        try:
            while raw:
                raw = raw[os.write(self._descriptor, raw) :]
        except OSError as error:
            raise Unwritten(f"the results were not written to {(self._path or '')[:200]!r}: {error.strerror}") from None


class Table:
    """The table on standard output, and the count on standard error where that is a terminal."""

    def __init__(self, shown: Shown, count: int) -> None:
        self._shown = shown
        self._count = count
        self._began = time.monotonic()
        self._ascii = choose_ascii(getattr(sys.stdout, "encoding", None))
        self._color = choose_color(shown.color, os.environ, is_terminal(sys.stdout))
        self._width = shutil.get_terminal_size().columns if is_terminal(sys.stdout) else None
        self._live = choose_cursor(os.environ, is_terminal(sys.stderr), os.name)
        self.passed = 0
        self.failed = 0

    def add(self, report: Report, text: str) -> None:
        """Shows one result; `text` is its line of JSON."""
        good = report.exit_code == 0
        self.passed += good
        self.failed += not good
        self._wipe()
        if self._shown.json:
            _print(text)
        elif self._shown.table and not (good and self._shown.quiet):
            shown = row(report, ascii=self._ascii, width=self._width)
            code = 32 if good else 31
            mark, _, rest = shown.partition(" ")
            _print(f"\x1b[{code}m{mark}\x1b[0m {rest}" if self._color else shown)

    def end(self, due: int, done_before: int, *, interrupted: bool) -> None:
        """The line below."""
        self._wipe()
        checked = self.passed + self.failed
        before = f"; {done_before} not checked again" if done_before else ""
        cut = f"; interrupted, {due - checked} left" if interrupted else ""
        if self._shown.table:
            _print(summary(checked, self.passed, f", {self._rate()}{before}{cut}"))

    async def repaint(self) -> None:
        """Shows how far it is, four times a second."""
        while self._live:
            done = self.passed + self.failed
            width = 20 * done // max(1, self._count)
            bar = "#" * width + "." * (20 - width)
            with suppress(OSError):
                sys.stderr.write(
                    f"\r\x1b[K[{bar}] {done}/{self._count}  {self.passed} passed  {self.failed} failed  {self._rate()}"
                )
                sys.stderr.flush()
            await asyncio.sleep(_REPAINT)

    def _rate(self) -> str:
        seconds = time.monotonic() - self._began
        return f"{(self.passed + self.failed) / max(seconds, 0.001):.1f}/s"

    def _wipe(self) -> None:
        if self._live:
            with suppress(OSError):
                sys.stderr.write("\r\x1b[K")
                sys.stderr.flush()


def _print(text: str) -> None:
    if sys.stdout is not None:
        sys.stdout.write(text)
        sys.stdout.flush()
