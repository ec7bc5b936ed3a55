"""Reading one configuration file: a regular file, of bounded size, in UTF-8; and saying where in it something is wrong.

What is said of a file names file and line, and never a value: it may be a password.
"""

from smtpcheck.model import Origin, UsageError
from smtpcheck.model.record import record
from smtpcheck.model.settings import Entry, Value
from smtpcheck.settings.files import read_file
from smtpcheck.settings.quote import quoted

LIMIT = 4 * 1024 * 1024  # a realm that Keycloak exported has some hundred KiB
DEPTH = 100
ENTRIES = 20_000
_LONGEST_PATH = 80


@record
class Source:
    """A file's text and its name, as it is shown."""

    file: str
    text: str

    def entry(
        self, key: str, value: Value, line: int | None, *, unread: str | None = None, raw: str | None = None
    ) -> Entry:
        """A key that stands in this file."""
        origin = Origin(kind="file", file=self.file, line=line, key=key)
        return Entry(key=key, value=value, origin=origin, unread=unread, raw=raw)

    def refuse(self, problem: str, line: int | None = None) -> UsageError:
        """The one sentence about this file, to be raised: `problem` goes on after the place."""
        return UsageError(f"{_shown(self.file)}{f' line {line}' if line else ''}: {problem}")


def _shown(path: str) -> str:
    """A path in quotes; of a long one the end, which tells the file."""
    return quoted(path if len(path) <= _LONGEST_PATH else f"...{path[3 - _LONGEST_PATH :]}")


def read_source(path: str, *, limit: int = LIMIT) -> Source:
    """The file as text. Raises UsageError for what is no regular file, too large, or not UTF-8."""
    raw = read_file(path, "a configuration file", limit).raw
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(f"{quoted(path)} is UTF-16: save it as UTF-8")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise UsageError(f"{quoted(path)} line {line}: this is not UTF-8") from None
    if "\0" in text:
        raise UsageError(f"{quoted(path)} line {text.count(chr(10), 0, text.index(chr(0))) + 1}: a NUL character")
    return Source(file=path, text=text.replace("\r\n", "\n"))
