"""Reading from a pipe or a command that may never end: one deadline over everything, and a bound on the size.

A command runs without a shell, without a terminal and in a session of its own, so that whatever it started can be ended
with it: after its time, after Ctrl-C, and also when it has succeeded and left something behind.
"""

import os
import selectors
import shlex
import signal
import subprocess
import time
from contextlib import suppress

from smtpcheck.model import UsageError
from smtpcheck.settings.quote import quoted

_CHUNK = 16 * 1024
_ERRORS_LIMIT = 4 * 1024
_SHOWN_ERROR = 200
_PAUSE = 0.05  # how often an ended command is noticed whose pipe somebody else still holds open


def read_descriptor(descriptor: int, seconds: float, limit: int, option: str) -> bytes:
    """Everything up to the end of file. Raises UsageError when the time or the size is exceeded."""
    ends = time.monotonic() + seconds
    raw = b""
    with selectors.DefaultSelector() as selector:
        waits = _registered(selector, descriptor)
        while True:
            if waits and not selector.select(max(0.0, ends - time.monotonic())):
                raise UsageError(f"{option} waited {seconds:.0f} s for the end of its input: close it")
            chunk = os.read(descriptor, _CHUNK)
            if not chunk:
                return raw
            raw += chunk
            if len(raw) > limit:
                raise UsageError(f"{option} found more than {limit // 1024} KiB, the most that is read")


def _registered(selector: selectors.BaseSelector, descriptor: int) -> bool:
    """False for what needs no waiting: epoll refuses regular files and /dev/null."""
    try:
        selector.register(descriptor, selectors.EVENT_READ)
    except (PermissionError, ValueError, OSError):
        return False
    return True


def run_command(line: str, seconds: float, limit: int, option: str) -> bytes:
    """What the command printed. Raises UsageError when it cannot be started, fails, or exceeds its time or the size."""
    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(f"{option} cannot be split into words ({str(error).lower()}): quote as for a shell") from None
    if not words:
        raise UsageError(f"{option} is empty: give a command that prints the secret")
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or "its words cannot be passed on"
        raise UsageError(f"{option} cannot be started: {reason} (no shell runs it: give a program)") from None
    try:
        out, err = _output(process, seconds, limit, option)
    finally:
        _end(process)
    if process.returncode:
        raise UsageError(f"{option} {_ending(process.returncode)}{_complaint(err, out)}")
    return out


def _output(process: "subprocess.Popen[bytes]", seconds: float, limit: int, option: str) -> tuple[bytes, bytes]:
    """Standard output and the beginning of standard error, once the command has ended."""
    if os.name != "posix":  # pipes cannot be selected there
        with suppress(subprocess.TimeoutExpired):
            out, err = process.communicate(timeout=seconds)
            return out[:limit], err[:_ERRORS_LIMIT]
        raise UsageError(f"{option} did not end within {seconds:.0f} s")
    ends = time.monotonic() + seconds
    read: dict[str, bytes] = {"out": b"", "err": b""}
    with selectors.DefaultSelector() as selector:
        for name, pipe in (("out", process.stdout), ("err", process.stderr)):
            assert pipe is not None
            os.set_blocking(pipe.fileno(), False)
            selector.register(pipe, selectors.EVENT_READ, name)
        ended = False
        while selector.get_map():
            ready = selector.select(0.0 if ended else min(_PAUSE, max(0.0, ends - time.monotonic())))
            for key, _ in ready:
                chunk = os.read(key.fd, _CHUNK)
                if not chunk:
                    selector.unregister(key.fileobj)
                elif key.data == "out" or len(read["err"]) < _ERRORS_LIMIT:
                    read[key.data] += chunk
            if len(read["out"]) > limit:
                raise UsageError(f"{option} printed more than {limit // 1024} KiB, the most that is read")
            if ended and not ready:
                break  # what it left running holds the pipe, and has nothing to say
            ended = process.poll() is not None
            if not ended and time.monotonic() >= ends:
                raise UsageError(f"{option} did not end within {seconds:.0f} s")
    try:
        process.wait(max(0.0, ends - time.monotonic()))
    except subprocess.TimeoutExpired:
        raise UsageError(f"{option} did not end within {seconds:.0f} s") from None
    return read["out"], read["err"]


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ends the command with everything that it started, and closes the pipes."""
    with suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    for pipe in (process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()
    process.wait()


def _ending(code: int) -> str:
    if code > 0:
        return f"ended with exit code {code}"
    try:
        return f"was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"was ended by signal {-code}"


def _complaint(err: bytes, out: bytes) -> str:
    """What it said on standard error, shortened, without anything that it printed as the secret."""
    text = err.decode("utf-8", "replace")
    for printed in {out.strip(), *out.split()}:
        word = printed.decode("utf-8", "replace")
        if word:
            text = text.replace(word, "***")
    text = " ".join(text.split())[:_SHOWN_ERROR]
    return f": {text if text.isprintable() else quoted(text)}" if text else ""
