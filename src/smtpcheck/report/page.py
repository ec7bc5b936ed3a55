"""The page of a cause on a terminal: what its front matter says and what its prose says, each under one heading."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from smtpcheck.model import Severity, Stage
from smtpcheck.report.cause import steps
from smtpcheck.report.layout import Paragraph, lay_out, words
from smtpcheck.report.markdown import markdown, plain
from smtpcheck.report.printable import printable

_WHY, _DO = "Why it happens", "What to do"
_BLANK = Paragraph()
_SIDE_BY_SIDE = 100  # from this width on, ids and titles stand in two columns


class Page(Protocol):
    """What is shown of a page; its title, why and fix have no placeholders left."""

    @property
    def id(self) -> str: ...
    @property
    def stage(self) -> Stage: ...
    @property
    def severity(self) -> Severity: ...
    @property
    def title(self) -> str: ...
    @property
    def why(self) -> str: ...
    @property
    def fix(self) -> tuple[str, ...]: ...
    @property
    def references(self) -> tuple[str, ...]: ...
    @property
    def body(self) -> str: ...


def page_text(page: Page, *, width: int, color: bool, ascii: bool) -> str:
    """The whole page, no line wider than `width`."""
    paragraphs = [
        words(page.id, "bold"),
        words(_shown(plain(page.title), ascii)),
        words(f"{page.severity}, usually seen at the stage {page.stage}", "dim"),
    ]
    for heading, body in _sections(page):
        told = markdown(_shown_lines(body, ascii), indent=2)
        first = [words(_shown(plain(page.why), ascii), indent=2)] if heading == _WHY else []
        first += steps([_shown(plain(step), ascii) for step in page.fix]) if heading == _DO else []
        paragraphs += [_BLANK, words(heading, "bold"), *first, *([_BLANK] if first and told else []), *told]
    if page.references:
        paragraphs += [_BLANK, words("References", "bold")]
        paragraphs += [words(_shown(reference, ascii), indent=2, bullet="* ") for reference in page.references]
    return lay_out(paragraphs, width, color)


def _sections(page: Page) -> Iterator[tuple[str, str]]:
    """Heading and text of each section, those of the front matter added where the prose has none."""
    before, *rest = f"\n{page.body}".split("\n## ")
    found = {heading.strip(): body.strip("\n") for heading, _, body in (part.partition("\n") for part in rest)}
    if before.strip():
        yield "What was seen", before.strip("\n")
    for heading in (_WHY, _DO):
        if heading not in found:
            yield heading, ""
    yield from found.items()


def list_text(pages: Sequence[Page], *, width: int, color: bool, ascii: bool) -> str:
    """Ids and titles, by stage in the order of a session."""
    longest = max((len(page.id) for page in pages), default=0)
    paragraphs: list[Paragraph] = []
    for stage in Stage:
        among = [page for page in pages if page.stage is stage]
        if among:
            paragraphs += [*([_BLANK] if paragraphs else []), words(stage.value, "bold")]
        for page in among:
            paragraphs += _entry(page.id, _shown(plain(page.title), ascii), longest if width >= _SIDE_BY_SIDE else None)
    return lay_out(paragraphs, width, color)


def _entry(id: str, title: str, column: int | None) -> list[Paragraph]:
    if column is None:
        return [words(id, indent=2), words(title, "dim", indent=6)]
    return [Paragraph(((title, "dim"),), ((f"  {id:<{column}}  ", ""),))]


def _shown(text: str, ascii: bool) -> str:
    return printable(text, ascii=ascii)


def _shown_lines(text: str, ascii: bool) -> str:
    return "\n".join(printable(line.replace("\t", "    "), ascii=ascii) for line in text.split("\n"))
