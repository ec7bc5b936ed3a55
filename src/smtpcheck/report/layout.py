"""Paragraphs with hanging indents, wrapped to an exact width.

Rich measures the cells and writes the colours; everything goes in as `Text`, never as markup, so that `[red]` of a
server is five characters. The environment is not asked: width, colour and characters are the caller's choice.
"""

from collections.abc import Iterable
from io import StringIO

from rich.console import Console
from rich.text import Text

from smtpcheck.model.record import brief_record

NARROWEST = 40
WIDEST = 110

Span = tuple[str, str]
"""A text and its style, the empty style for none."""


@brief_record
class Paragraph:
    """`body` wrapped after `lead`; its further lines begin where the first one began."""

    body: tuple[Span, ...] = ()
    lead: tuple[Span, ...] = ()


def words(text: str, style: str = "", *, indent: int = 0, bullet: str = "") -> Paragraph:
    """A paragraph of one style."""
    return Paragraph(((text, style),), ((" " * indent + bullet, ""),))


def lay_out(paragraphs: Iterable[Paragraph], width: int, color: bool) -> str:
    """The paragraphs as text, no line wider than `width` (from 40 on), and none wider than is good to read."""
    width = min(max(width, NARROWEST), WIDEST)
    out = StringIO()
    console = Console(
        file=out,
        width=width,
        color_system="standard" if color else None,
        force_terminal=color,
        no_color=not color,
        legacy_windows=False,
        _environ={},
    )
    for paragraph in paragraphs:
        for line in _lines(paragraph, console, width):
            line.rstrip()
            console.print(line, no_wrap=True, overflow="ignore", crop=False, soft_wrap=True)
    return out.getvalue()


def _lines(paragraph: Paragraph, console: Console, width: int) -> list[Text]:
    lead = Text.assemble(*paragraph.lead)
    body = Text.assemble(*paragraph.body)
    wrapped = body.wrap(console, max(width - lead.cell_len, 10), overflow="fold")
    if not wrapped:
        return [lead]
    blank = Text(" " * lead.cell_len)
    return [Text.assemble(lead if index == 0 else blank, line) for index, line in enumerate(wrapped)]
