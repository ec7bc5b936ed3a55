"""`smtpcheck explain`: the page of a cause, or the causes in a text that somebody pasted, piped in or keeps in a file.

An argument that is a cause's id asks for its page; everything else is text. Nothing is sent, and nothing is looked up.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from smtpcheck.cli.misuse import Misuse
from smtpcheck.settings.words import COLOR, STAGES, TLS_MODES

if TYPE_CHECKING:
    from smtpcheck.cli.printing import Style
    from smtpcheck.diagnose.pages import Page
    from smtpcheck.model import Explanation

KNOWN, NOT_KNOWN = 0, 1

_PAGES, _TEXT, _HINTS, _OUTPUT = "Pages", "Text", "What is known besides the text", "Output"
_STDIN = "-"
_NEAREST = 5


def _ids(incomplete: str) -> list[str]:
    from smtpcheck.diagnose.pages import ids

    return [id for id in ids() if id.startswith(incomplete)]


def explain(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[ID | TEXT | -]",
            rich_help_panel=_TEXT,
            autocompletion=_ids,
            help="A cause's id, or an error as it was shown (in quotes). -, or nothing: the text is on standard input.",
        ),
    ] = None,
    list_: Annotated[bool, typer.Option("--list", rich_help_panel=_PAGES, help="List all causes, by stage.")] = False,
    search: Annotated[
        str | None,
        typer.Option("--search", metavar="WORD", rich_help_panel=_PAGES, help="List the causes whose page has this."),
    ] = None,
    file: Annotated[
        str | None,
        typer.Option("--file", metavar="FILE", rich_help_panel=_TEXT, help="The text is in this file: up to 64 MiB."),
    ] = None,
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage",
            metavar="STAGE",
            rich_help_panel=_HINTS,
            autocompletion=lambda incomplete: [word for word in STAGES if word.startswith(incomplete)],
            help=f"Where it failed: {', '.join(STAGES)}.",
        ),
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", metavar="HOST", rich_help_panel=_HINTS, help="The server that was meant.")
    ] = None,
    port: Annotated[str | None, typer.Option("--port", metavar="N", rich_help_panel=_HINTS, help="Its port.")] = None,
    tls: Annotated[
        str | None,
        typer.Option(
            "--tls",
            metavar="MODE",
            rich_help_panel=_HINTS,
            autocompletion=lambda incomplete: [word for word in TLS_MODES if word.startswith(incomplete)],
            help=f"When TLS was to begin: {', '.join(TLS_MODES)}.",
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", rich_help_panel=_HINTS, help="The name of the login.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--from", metavar="ADDRESS", rich_help_panel=_HINTS, help="The envelope sender.")
    ] = None,
    provider: Annotated[
        str | None,
        typer.Option(
            "--provider", metavar="NAME", rich_help_panel=_HINTS, help="Whose server it is (smtpcheck providers)."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="One JSON object.")] = False,
    color: Annotated[
        str,
        typer.Option(
            "--color",
            metavar="WHEN",
            rich_help_panel=_OUTPUT,
            show_default=False,
            autocompletion=lambda incomplete: [word for word in COLOR if word.startswith(incomplete)],
            help="auto (on a terminal), always, never.",
        ),
    ] = "auto",
) -> Callable[[], int]:
    """Explain a cause, or an error that was pasted or piped in.

    The page of a cause: explain greylisted. A text: explain "535 5.7.8 Bad credentials", or explain < app.log, which
    may be an error message, a traceback, a log, a transcript or a bounce. Nothing is sent.

    Exit codes: 0 known, 1 not known.
    """
    given = list(words or ())
    if given and not "".join(given).strip():
        raise Misuse("the text is empty (a variable that is not set?): give an error as it was shown")
    asked = [name for name, on in (("--list", list_), ("--search", search is not None), ("--file", file)) if on]
    asked += ["a text"] if given else []
    if len(asked) > 1:
        raise Misuse(f"{asked[0]} and {asked[1]} exclude each other: give one of them")
    if color not in COLOR:
        raise Misuse(f"--color is {color!r}: give one of {', '.join(COLOR)}")
    hints = {
        "stage": _one_of(stage, "--stage", STAGES),
        "host": host,
        "port": _number(port),
        "tls": _one_of(tls, "--tls", TLS_MODES),
        "user": user,
        "sender": sender,
        "provider": provider,
    }

    def run() -> int:
        from smtpcheck.cli.printing import Style

        style = Style(json=json, color=color)
        if list_:
            return _list(_all_pages(), style)
        if search is not None:
            return _search(search, style)
        if len(given) == 1 and (page := _page_named(given[0])) is not None:
            return _page(page, style)
        return _text(given, file, hints, style)

    return run


def _one_of(text: str | None, option: str, allowed: tuple[str, ...]) -> str | None:
    if text is None or text.lower() in allowed:
        return text and text.lower()
    raise Misuse(f"{option} is {text[:40]!r}: give one of {', '.join(allowed)}")


def _number(port: str | None) -> int | None:
    if port is None or (port.isascii() and port.isdigit() and len(port) < 6 and 0 < int(port) < 65536):
        return None if port is None else int(port)
    raise Misuse(f"--port is {port[:40]!r}: give a number from 1 to 65535")


# Pages


def _all_pages() -> "list[Page]":
    from smtpcheck.diagnose.pages import ids, page

    return [_readable(page(id)) for id in ids()]


def _page_named(word: str) -> "Page | None":
    from smtpcheck.diagnose.pages import ids, page

    name = word.strip().lower()
    return _readable(page(name)) if name in ids() else None


def _readable(page: "Page") -> "Page":
    """The page with the words that stand for facts which nobody knows here."""
    from smtpcheck.diagnose.pages import filled

    return replace(
        page,
        title=filled(page.title, {}),
        why=filled(page.why, {}),
        fix=tuple(filled(step, {}) for step in page.fix),
    )


def _page(page: "Page", style: "Style") -> int:
    from smtpcheck.report.page import page_text

    if style.json:
        style.write_json({"schema": 1, "page": _as_json(page) | {"body": page.body}})
    else:
        style.write(page_text(page, width=style.width, color=style.colored, ascii=style.ascii))
    return KNOWN


def _list(pages: "list[Page]", style: "Style") -> int:
    from smtpcheck.report.page import list_text

    if style.json:
        style.write_json({"schema": 1, "pages": [_as_json(page) for page in pages]})
    else:
        style.write(list_text(pages, width=style.width, color=style.colored, ascii=style.ascii))
    return KNOWN


def _as_json(page: "Page") -> dict[str, object]:
    return {
        "id": page.id,
        "stage": page.stage.value,
        "severity": page.severity.value,
        "since": page.since,
        "title": page.title,
        "why": page.why,
        "fix": list(page.fix),
        "references": list(page.references),
    }


def _search(word: str, style: "Style") -> int:
    wanted = word.casefold().split()
    if not wanted:
        raise Misuse("--search is empty: give a word that the page has")
    found = [page for page in _all_pages() if _has(page, wanted)]
    if found or style.json:
        return _list(found, style) if found else max(_list([], style), NOT_KNOWN)
    style.write(f"no cause has {word[:80]!a} in its id, its title or its text: smtpcheck explain --list shows all\n")
    return NOT_KNOWN


def _has(page: "Page", wanted: list[str]) -> bool:
    text = "\n".join((page.id, page.title, page.why, *page.fix, page.prose)).casefold()
    return all(word in text for word in wanted)


# Text


def _text(given: list[str], file: str | None, hints: Mapping[str, object], style: "Style") -> int:
    from smtpcheck.diagnose.text import explain as explain_text

    typed = " ".join(given) if given and given != [_STDIN] else None
    told = explain_text(typed or _piped(given, file), **hints)  # type: ignore[arg-type]  # checked above
    if told.cause is None and typed is not None and not style.json and (meant := _meant(typed)):
        style.write(f"{meant}\n")
        return NOT_KNOWN
    _show(told, style)
    return KNOWN if told.cause is not None else NOT_KNOWN


def _piped(given: list[str], file: str | None) -> str:
    from smtpcheck.cli.pasted import from_file, from_stdin

    return from_file(file) if file is not None else from_stdin(asked=given == [_STDIN])


def _show(told: "Explanation", style: "Style") -> None:
    if style.json:
        from smtpcheck.report.codec import explanation_to_json

        style.write_json(explanation_to_json(told))
    else:
        from smtpcheck.report.explanation import explanation_text

        style.write(explanation_text(told, width=style.width, color=style.colored, ascii=style.ascii))


def _meant(typed: str) -> str | None:
    """What one word that is neither a cause nor a failure was probably meant to be: an id, or a file."""
    import os
    import re
    import shlex

    if os.path.isfile(typed):
        name = shlex.quote(typed)
        return f"this is the name of a file: to have it read, write smtpcheck explain --file {ascii(name)[1:-1]}"
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{2,79}", typed):
        return None
    near = _nearest(typed.lower().replace("_", "-"))
    listed = "".join(f"\n  {id}" for id in near)
    return f"there is no cause named {typed!r}" + (f"; near it are{listed}" if near else ": --list shows all causes")


def _nearest(name: str) -> list[str]:
    """Ids that are spelled alike, or have the same words."""
    from difflib import get_close_matches

    from smtpcheck.diagnose.pages import ids

    words = {word for word in name.split("-") if len(word) > 2}
    alike = get_close_matches(name, ids(), n=3, cutoff=0.6)
    shared = sorted(ids(), key=lambda id: -len(words & set(id.split("-"))))
    related = [id for id in shared if words & set(id.split("-"))] + [id for id in ids() if name in id]
    return list(dict.fromkeys([*alike, *related]))[:_NEAREST]
