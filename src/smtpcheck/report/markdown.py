"""Markdown as paragraphs for a terminal: headings, lists, fenced blocks, prose; the rest stays as it was typed.

The pages of the causes are written in this much of CommonMark. Code keeps its backquotes: they are how a reader tells
what to type.
"""

import re
from collections.abc import Iterator

from smtpcheck.report.layout import Paragraph, words

_ITEM = re.compile(r"( *)([*+-]|[0-9]{1,3}[.)]) +(.*)")
_FENCE = re.compile(r"(`{3,}) *(.*)")
_STRONG = re.compile(r"(`[^`]*`)|\*\*([^*]+)\*\*|(?<![\w*])\*([^*\s][^*]*)\*(?![\w*])")
_LINK = re.compile(r"\[([^\]]+)\]\(([^)\s]+)\)")
_BLANK = Paragraph()


def markdown(text: str, indent: int = 0) -> list[Paragraph]:
    """The paragraphs of a text, a blank one between blocks."""
    spaced: list[Paragraph] = []
    for block in _blocks(text.split("\n"), indent):
        spaced += [_BLANK, *block] if spaced else block
    return spaced


def _blocks(lines: list[str], indent: int) -> Iterator[list[Paragraph]]:
    """Each heading, list, fenced block or paragraph as a block of its own."""
    at = 0
    while at < len(lines):
        line = lines[at]
        if not line.strip():
            at += 1
        elif fence := _FENCE.match(line):
            end = next((n for n in range(at + 1, len(lines)) if lines[n].strip() == fence[1]), len(lines))
            yield _fenced(fence[2], lines[at + 1 : end], indent)
            at = end + 1
        elif line.startswith("#"):
            yield [words(line.lstrip("# "), "bold", indent=max(indent - 2, 0))]
            at += 1
        else:
            end = _end(lines, at)
            yield list(_prose(lines[at:end], indent))
            at = end


def _end(lines: list[str], at: int) -> int:
    """Where the prose that begins at a line ends: before a blank line, a heading or a fence."""
    for number in range(at + 1, len(lines)):
        if not lines[number].strip() or lines[number].startswith("#") or _FENCE.match(lines[number]):
            return number
    return len(lines)


def _prose(lines: list[str], indent: int) -> Iterator[Paragraph]:
    """A paragraph, or the items of a list; a line that begins no item goes on with the one before it."""
    found: list[tuple[str, list[str]]] = []
    for line in lines:
        item = _ITEM.match(line)
        if item is not None:
            bullet = "*" if item[2] in "*+-" else item[2]
            found.append((f"{item[1]}{bullet} ", [item[3]]))
        elif found:
            found[-1][1].append(line.strip())
        else:
            found.append(("", [line.strip()]))
    for bullet, said in found:
        yield words(plain(" ".join(said)), indent=indent, bullet=bullet)


def _fenced(info: str, lines: list[str], indent: int) -> list[Paragraph]:
    """The lines as they are, in the colours of a dialogue. A saved report is for programs: it is only mentioned."""
    if info.split(" ")[0] == "evidence":
        return [words("(An example is kept as a saved report; --json has it.)", "dim", indent=indent)]
    caption = _caption(info)
    shown = [words(caption, "dim", indent=indent)] if caption else []
    return shown + [words(line, "cyan" if line.startswith("S:") else "", indent=indent + 2) for line in lines]


def _caption(info: str) -> str:
    """What an example is, for a reader who does not know what its info string says to the tests."""
    kind, _, hints = info.partition(" ")
    about = {"smtp": "A session", "text": "A text", "settings": "A setting"}.get(kind)
    if about is None:
        return ""
    host = re.search(r"(?<![a-z_])host=(\S+)", hints)
    options = re.search(r'(?<![a-z_])options="([^"]*)"', hints)
    asked = " ".join(part for part in (host and host[1], options and options[1]) if part)
    given = f", checked with {asked}" if asked and kind == "smtp" else ""
    other = " that looks like it and has another cause" if "gives_not=" in hints else ""
    return f"{about}{other}{given}:"


def plain(text: str) -> str:
    """Prose without the signs of emphasis and links; code as it was."""
    linked = _LINK.sub(lambda found: f"{found[1]} ({found[2]})", text)
    return _STRONG.sub(lambda found: found[1] or found[2] or found[3], linked)
