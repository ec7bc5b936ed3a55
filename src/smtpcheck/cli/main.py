"""The way in, and every way out: each ending is an exit code and at most one sentence on standard error.

`2` what was asked for cannot be, `3` smtpcheck's own fault, `130` Ctrl-C, `141` a closed pipe (as if SIGPIPE had ended
it). Typer's own 1 never comes through.
"""

import errno
import gc
import io
import os
import sys
from collections.abc import Callable, Sequence
from typing import Never

from smtpcheck.cli.misuse import Misuse, Unwritten
from smtpcheck.cli.spelled_out import refuse_spelled_out_secret

PROGRAM = "smtpcheck"
USAGE, BUG, INTERRUPTED, CLOSED_PIPE = 2, 3, 130, 141
UNKNOWN = 3

_PLUGIN = (0, 1, 2, 3, CLOSED_PIPE)  # what a monitoring plugin may end with; a closed pipe is heard by nobody

_UNWRITABLE = (errno.ENOSPC, errno.EIO, errno.EFBIG)
_COMPLETE = "_SMTPCHECK_COMPLETE"


def run() -> Never:
    """The whole process: `main`, and an end that knows that it is one.

    What imports make stays to the end: looking through it for garbage, again and again, was 45 of the 300 ms of CPU of
    a session, and taking it apart once more at the exit 10. Everything that was written is flushed, and no thread of
    ours is worth waiting for.
    """
    gc.set_threshold(200_000, 20, 100)
    code = main()
    _drop_output()
    os._exit(code)


def main(words: Sequence[str] | None = None) -> int:
    """Runs one command line (that of the process by default) and returns its exit code."""
    given = list(sys.argv[1:] if words is None else words)
    if "--nagios" in given:
        return _monitored(given)
    return _guarded(given)


def _monitored(given: list[str]) -> int:
    """`--nagios`: a monitoring system reads one line on standard output, and knows the exit codes 0 to 3."""
    said: list[str] = []
    code = _guarded(given, tell=said.append)
    if not said:
        return code if code in _PLUGIN else UNKNOWN
    sentence = " ".join(said[0].split()).replace("|", "/")
    try:
        print(f"SMTP UNKNOWN - {sentence}", flush=True)  # noqa: T201
    except (OSError, ValueError, AttributeError):
        _drop_output()
    return UNKNOWN


def _guarded(given: list[str], tell: Callable[[str], None] | None = None) -> int:
    """The command line, and each of its endings; what there is to say of one goes to `tell`, or standard error."""

    def say(sentence: str, code: int) -> int:
        if tell is None:
            return _say(sentence, code)
        tell(sentence)
        return code

    try:
        _write_anything(sys.stdout)
        _write_anything(sys.stderr)
        code = _run(given)
        if sys.stdout is not None:
            sys.stdout.flush()
        return code
    except Misuse as error:
        return say(str(error), USAGE)
    except Unwritten as error:
        return say(str(error), BUG)
    except BrokenPipeError:
        _drop_output()
        return CLOSED_PIPE
    except KeyboardInterrupt:
        return say("interrupted", INTERRUPTED)
    except Exception as error:  # the one place where nothing may come through
        code = say(*_failed(error, verbose="-v" in given or "--verbose" in given))
        _drop_output()
        return code


def _failed(error: Exception, *, verbose: bool) -> tuple[str, int]:
    """What to say of an error, and the exit code."""
    from smtpcheck.model import UsageError  # whoever raised it has loaded it

    if isinstance(error, UsageError):
        return str(error), USAGE
    if isinstance(error, OSError) and error.errno in _UNWRITABLE:
        return f"standard output cannot be written: {error.strerror}", BUG
    return _own_fault(error, verbose=verbose), BUG


def _run(words: list[str]) -> int:
    from smtpcheck.cli.app import parse

    if _COMPLETE in os.environ:
        from smtpcheck.cli.completion import register_shells

        register_shells()
    else:
        refuse_spelled_out_secret(words)
    return parse(words, PROGRAM)()


def _write_anything(stream: io.TextIOBase | object) -> None:
    """Characters that the pipe's or terminal's encoding lacks (cp1252, ASCII) are escaped and never an error."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")


def _say(sentence: str, code: int) -> int:
    try:
        print(f"{PROGRAM}: {sentence}", file=sys.stderr, flush=True)  # noqa: T201
    except (OSError, ValueError):
        _drop_output()
    return code


def _drop_output() -> None:
    """Nobody reads any more (or the disk is full): the interpreter must not complain when it flushes at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            try:
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
            except (OSError, ValueError, AttributeError):
                pass


def _own_fault(error: Exception, *, verbose: bool) -> str:
    """What may be said of our own fault: its class and place. Its text and the values around it may hold a secret."""
    import traceback

    from smtpcheck._version import __version__

    frames = traceback.extract_tb(error.__traceback__)
    name = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        name = f"{name} ({error.strerror})"
    places = [f"{os.path.join(*frame.filename.split(os.sep)[-2:])}:{frame.lineno} in {frame.name}" for frame in frames]
    if verbose:
        return f"its own fault (smtpcheck {__version__}): {name}\n  " + "\n  ".join(places)
    return f"its own fault (smtpcheck {__version__}): {name} at {places[-1]}; -v shows the way there, please report it"


if __name__ == "__main__":
    run()
