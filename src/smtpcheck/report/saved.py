"""Opening a file that smtpcheck wrote earlier, and that somebody may have replaced: a regular file, and nothing that
would hold us (a pipe) or never end (a device).
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from smtpcheck.model import UsageError


@contextmanager
def opened(path: str | os.PathLike[str], what: str) -> Iterator[BinaryIO]:
    """The open file. Raises UsageError, which begins with `what` ("the report"), also where reading it fails."""
    try:
        # Without O_NONBLOCK a named pipe would hold us before we can see that it is one.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "this cannot be a path"
        raise UsageError(f"{what} cannot be opened: {reason}") from None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise UsageError(f"{what} has to be a regular file")
        with open(descriptor, "rb", closefd=False) as file:
            yield file
    except OSError as error:
        raise UsageError(f"{what} cannot be read: {error.strerror}") from None
    finally:
        os.close(descriptor)
