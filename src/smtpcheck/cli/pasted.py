"""Text that was piped in or stands in a file, as characters: logs are in any encoding, and often in two.

A byte that is no UTF-8 becomes the Latin-1 character of its number, line by line, so that nothing is lost and the rest
stays readable. UTF-16 is what PowerShell writes.
"""

import codecs
import os
import stat
import sys

from smtpcheck.cli.misuse import Misuse

LARGEST = 64 * 1024 * 1024

_TOO_LARGE = "is larger than 64 MiB: give its end, where the last failure stands (tail -c 60M FILE)"


def from_stdin(*, asked: bool) -> str:
    """What standard input holds. Raises Misuse where there is none; `asked`: the user gave `-`, so a terminal is
    read too.
    """
    stream = getattr(sys.stdin, "buffer", None)
    if stream is None or (sys.stdin.isatty() and not asked):
        raise Misuse("nothing to explain: give a cause's id, a text in quotes, or a log on standard input (< app.log)")
    try:
        content = stream.read(LARGEST + 1)
    except OSError as error:
        raise Misuse(f"standard input cannot be read: {error.strerror}") from None
    if not content.strip():
        raise Misuse("nothing to explain: standard input is empty (smtpcheck explain --help)")
    if len(content) > LARGEST:
        raise Misuse(f"standard input {_TOO_LARGE}")
    return decoded(content)


def from_file(path: str) -> str:
    """What a regular file holds. Raises Misuse for what is none, cannot be read, is empty or too large."""
    name = ascii(path)
    try:
        # Without O_NONBLOCK a named pipe would hold us before we can see that it is one.
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this cannot be a path"
        raise Misuse(f"--file {name} cannot be opened: {reason}") from None
    try:
        if not stat.S_ISREG(os.fstat(opened).st_mode):
            raise Misuse(f"--file {name} has to be a regular file; a pipe is read with -")
        with open(opened, "rb", closefd=False) as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise Misuse(f"--file {name} cannot be read: {error.strerror}") from None
    finally:
        os.close(opened)
    if not content.strip():
        raise Misuse(f"--file {name} is empty")
    if len(content) > LARGEST:
        raise Misuse(f"--file {name} {_TOO_LARGE}")
    return decoded(content)


def decoded(content: bytes) -> str:
    """The characters of a text whose encoding nobody said; never raises."""
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16"),
        (codecs.BOM_UTF16_BE, "utf-16"),
    ):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(map(_line, content.split(b"\n")))


def _line(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
