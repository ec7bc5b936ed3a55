"""Where reports go: `--report FORMAT[=FILE]`, several at once, and standard output, which at most one of them owns.

A file is opened before the first packet, so that a run never ends in a report that nobody can have. What is written
stands beside the file and takes its name at the end: whoever reads it (a textfile collector, a CI job) sees the old
report or the new one, and never half of one. Devices, pipes and what the shell redirected are written to as they are.
"""

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import IO

from smtpcheck.cli.misuse import Misuse, Unwritten
from smtpcheck.model.record import record

_STDOUT = ("-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
_KERNELS = ("/dev/", "/proc/")
_ON_STDERR = "github"  # a runner reads annotations on both streams


@record
class Outputs:
    """What was asked for: the format that owns standard output (None: the terminal report does), whether annotations
    go to standard error, and formats with their files.
    """

    stdout: str | None = None
    annotations: bool = False
    files: tuple[tuple[str, str], ...] = ()

    @property
    def github(self) -> bool:
        """Whether a job of GitHub Actions is told, wherever its annotations go."""
        return self.annotations or "github" in (self.stdout, *(format for format, _ in self.files))


def parse_outputs(reports: Sequence[str], *, json: bool = False, nagios: bool = False) -> Outputs:
    """What `--report`, `--json` and `--nagios` ask for. Raises Misuse."""
    from smtpcheck.report import FORMATS

    owners = [*(["json"] if json else []), *(["nagios"] if nagios else [])]
    files: list[tuple[str, str]] = []
    for text in reports:
        format, equals, path = text.partition("=")
        if format not in FORMATS:
            raise Misuse(_unknown(format, FORMATS))
        if equals and not path:
            raise Misuse(f"--report {format}= names no file (a variable that is not set?)")
        if "\0" in path:
            raise Misuse(f"--report {format} names a file with a NUL in it: no file can have that name")
        if not equals or path in _STDOUT:
            owners.append(format)
        else:
            files.append((format, path))
    owners = list(dict.fromkeys(owners))
    beside = _ON_STDERR in owners and len(owners) > 1
    if beside:
        owners.remove(_ON_STDERR)
    if len(owners) > 1:
        raise Misuse(
            f"{' and '.join(owners)} are both to go to standard output: give all but one a file, such as "
            f"--report {owners[-1]}=FILE"
        )
    _refuse_same_file(files)
    return Outputs(stdout=owners[0] if owners else None, annotations=beside, files=tuple(files))


def _unknown(format: str, formats: Sequence[str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(format, formats, n=1)
    known = [*near, *(one for one in formats if one not in near)]
    return f"--report is {format[:80]!r}: there is no such format; there are {', '.join(known)}"


def _refuse_same_file(files: Sequence[tuple[str, str]]) -> None:
    seen: dict[str, str] = {}
    for format, path in files:
        place = os.path.realpath(path)
        if place in seen and not path.startswith(_KERNELS):
            raise Misuse(f"--report {seen[place]} and --report {format} would go to the same file, {path[:200]!r}")
        seen[place] = format


@contextmanager
def opened(outputs: Outputs) -> "Iterator[list[ReportFile]]":
    """The files, opened. Where they were not written by the end, nothing is left of them and the old ones stand.

    Raises Misuse, in one sentence, for the first that cannot be opened.
    """
    files: list[ReportFile] = []
    try:
        for format, path in outputs.files:
            files.append(ReportFile(format, path))
        yield files
    finally:
        for file in files:
            file.discard()


def write_all(files: "Sequence[ReportFile]", text: Callable[[str], str]) -> None:
    """Writes each file with `text` of its format; none takes its name before all are written. Raises Unwritten."""
    for file in files:
        file.write(text(file.format))
    for file in files:
        file.publish()


class ReportFile:
    """One report's file: a new one beside it until it is whole, or the very thing where it is no regular file."""

    def __init__(self, format: str, path: str) -> None:
        self.format = format
        self._path = path
        self._beside: str | None = None
        self._final = path
        try:
            self._stream = self._direct() if self._is_special() else self._new()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "this cannot be a path"
            raise Misuse(f"--report {format}: the file {path[:200]!r} cannot be written: {reason}") from None

    def write(self, text: str) -> None:
        """Puts the text where it stands until it is published."""
        try:
            self._stream.write(text.encode("utf-8", "backslashreplace"))
            self._stream.flush()
        except OSError as error:
            raise self._unwritten(error) from None

    def publish(self) -> None:
        """Gives it its name."""
        try:
            self._stream.close()
            if self._beside is not None:
                os.replace(self._beside, self._final)
                self._beside = None
        except OSError as error:
            raise self._unwritten(error) from None

    def discard(self) -> None:
        """Takes away what was not published."""
        with suppress(OSError):
            self._stream.close()
        if self._beside is not None:
            with suppress(OSError):
                os.unlink(self._beside)
            self._beside = None

    def _is_special(self) -> bool:
        """A device, a pipe, or a stream of the shell, which may well be a regular file that is not ours to replace."""
        if os.path.abspath(self._path).startswith(_KERNELS):
            return True
        try:
            mode = os.stat(self._path).st_mode
        except FileNotFoundError:
            return False
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(0, "it is a directory")
        return not stat.S_ISREG(mode)

    def _direct(self) -> IO[bytes]:
        # Without O_NONBLOCK a named pipe that nobody reads would hold us before the first packet.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | getattr(os, "O_NONBLOCK", 0))
        os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "wb")

    def _new(self) -> IO[bytes]:
        import tempfile  # loaded only where a file is asked for

        self._final = os.path.realpath(self._path)  # the target of a symbolic link is replaced, never the link
        existing = os.stat(self._final).st_mode if os.path.exists(self._final) else None
        if existing is not None and not os.access(self._final, os.W_OK):
            raise PermissionError(0, "it is not ours to write")
        folder, name = os.path.split(self._final)
        descriptor, self._beside = tempfile.mkstemp(prefix=f".{name[:100]}.", suffix=".tmp", dir=folder)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, stat.S_IMODE(existing) if existing is not None else 0o666 & ~_umask())
        return os.fdopen(descriptor, "wb")

    def _unwritten(self, error: OSError) -> Unwritten:
        return Unwritten(f"--report {self.format}: the file {self._path[:200]!r} was not written: {error.strerror}")


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def write_annotations(text: str) -> None:
    """Annotations on standard error, where standard output belongs to another report."""
    if sys.stderr is not None:
        sys.stderr.write(text)
        sys.stderr.flush()


def is_file(stream: object) -> bool:
    """Whether a stream was redirected to a file, which keeps what a runner would swallow."""
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)  # type: ignore[attr-defined]
    except (AttributeError, OSError, ValueError):
        return False


def append_step_summary(path: str, text: str) -> None:
    """Adds to the step summary of a GitHub job. Raises Unwritten."""
    try:
        with open(path, "a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "this cannot be a path"
        raise Unwritten(f"the step summary (GITHUB_STEP_SUMMARY) was not written: {reason}") from None
