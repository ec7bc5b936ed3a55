"""Reading a file of the system that anybody may have replaced: a pipe, a device or a huge file must not hold us up."""

import os
import stat

LIMIT = 16 * 1024 * 1024  # hosts files of ad blockers reach some megabytes


def read_regular_file(path: str, limit: int = LIMIT) -> bytes | None:
    """The first `limit` bytes; None if the file is absent, unreadable, or not a regular one."""
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return None
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        with open(descriptor, "rb", closefd=False) as file:
            return file.read(limit)
    except OSError:
        return None
    finally:
        os.close(descriptor)
