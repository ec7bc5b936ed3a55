"""Standard output for commands that print one text: its width, colour and characters, or JSON."""

import os
import shutil
import sys
from collections.abc import Mapping

from smtpcheck.model.record import record
from smtpcheck.report.style import choose_ascii, choose_color


@record
class Style:
    """How a command prints. `color` is auto, always or never."""

    json: bool = False
    color: str = "auto"

    @property
    def width(self) -> int:
        """Columns of the terminal."""
        return shutil.get_terminal_size().columns

    @property
    def colored(self) -> bool:
        """Whether to use colour on standard output."""
        isatty = getattr(sys.stdout, "isatty", None)
        return choose_color(self.color, os.environ, bool(isatty is not None and isatty()))

    @property
    def ascii(self) -> bool:
        """Whether standard output takes ASCII only."""
        return choose_ascii(getattr(sys.stdout, "encoding", None))

    def write(self, text: str) -> None:
        """Prints the text; raises OSError where standard output takes none."""
        if sys.stdout is not None:
            sys.stdout.write(text)
            sys.stdout.flush()

    def write_json(self, value: Mapping[str, object]) -> None:
        """Prints one JSON object."""
        from smtpcheck.report.codec import text

        self.write(text(value))
