"""Files that a named file refers to: followed within its own folder, and nowhere else.

A configuration that came with a ticket or a cloned repository must not make smtpcheck read `/etc/shadow`.
"""

import os

from smtpcheck.settings.carriers.text import Source
from smtpcheck.settings.quote import quoted


def nearby(source: Source, path: str, line: int, what: str) -> str:
    """The path of a file that `source` refers to, in its folder or below. Raises UsageError for one beyond it."""
    folder = os.path.realpath(os.path.dirname(source.file) or ".")
    place = os.path.realpath(os.path.join(folder, path))
    if os.path.commonpath([folder, place]) != folder:
        raise source.refuse(
            f"{what} names {quoted(path)}, which lies beyond the folder of this file and is not followed: name it on "
            "the command line as well, or leave it out",
            line,
        )
    return os.path.join(os.path.dirname(source.file), path)
