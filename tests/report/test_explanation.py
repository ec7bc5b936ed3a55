"""Pages and explanations on a terminal: every page at every width, plain Markdown, and text that nobody can trust."""

import json
import re
from dataclasses import replace
from importlib.resources import files

import jsonschema  # type: ignore[import-untyped, unused-ignore]
import pytest
from rich.cells import cell_len

from smtpcheck.diagnose.pages import filled, ids, page
from smtpcheck.model import Certainty, Explained, Explanation, Severity, Stage
from smtpcheck.report.codec import explanation_to_json, text
from smtpcheck.report.explanation import explanation_text
from smtpcheck.report.markdown import markdown, plain
from smtpcheck.report.page import list_text, page_text

SGR = re.compile(r"\x1b\[[0-9;]*m")
EVIL = "535 \x1b[2J\x1b]0;owned\x07[bold red]\u202e\x00\r\n.."

CAUSE = Explained(
    id="bad-credentials",
    stage=Stage.AUTH,
    severity=Severity.ERROR,
    certainty=Certainty.LIKELY,
    title="the server refused the username or the password",
    why="Both are checked at once.",
    fix=("type it anew", "ask for a new one"),
    evidence=({"line": 12, "text": "535 5.7.8 Error: authentication failed"},),
    alternatives=("account-suspended-or-quota",),
    settle="log in on the web",
    means="this server says so of locked accounts too",
    count=312,
    first_line=3,
    last_line=9120,
    client="nodemailer",
)
OTHER = replace(CAUSE, id="greylisted", certainty=Certainty.CERTAIN, title="come back later", count=1, last_line=40)
FOUND = Explanation(cause=CAUSE, also=(OTHER,), stage=Stage.AUTH, count=313)


def told(explanation: Explanation, width: int = 80, color: bool = False, ascii: bool = False) -> str:
    return explanation_text(explanation, width=width, color=color, ascii=ascii)


def flat(said: str) -> str:
    return " ".join(said.split())


@pytest.mark.parametrize("id", ids())
def test_every_page_fits_and_leaves_no_placeholder(id: str) -> None:
    """With all of its front matter, each once, and no sign of Markdown left."""
    known = page(id)
    fix = tuple(filled(step, {}) for step in known.fix)
    known = replace(known, title=filled(known.title, {}), why=filled(known.why, {}), fix=fix)
    for width in (60, 80):
        shown = page_text(known, width=width, color=False, ascii=False)
        assert max(map(cell_len, shown.splitlines())) <= width
        assert not re.search(r"\{[a-z_]+\|", shown)
        assert "```" not in shown
        assert not re.search(r"^\s*#+ ", shown, re.MULTILINE)
    wide = flat(page_text(known, width=110, color=False, ascii=False))
    assert wide.count("What to do") == wide.count("Why it happens") == 1
    for said in (known.title, known.why, *known.fix, *known.references):
        assert flat(plain(said)) in wide
    colored = page_text(known, width=80, color=True, ascii=False)
    assert SGR.sub("", colored) == page_text(known, width=80, color=False, ascii=False)


def test_the_list_names_every_cause_once() -> None:
    """Under the stage that its page names, in the order of a session."""
    pages = [page(id) for id in ids()]
    for width in (60, 120):
        shown = list_text(pages, width=width, color=False, ascii=False)
        assert max(map(cell_len, shown.splitlines())) <= width
        lines = shown.splitlines()
        headings = [line for line in lines if line and not line.startswith(" ")]
        assert headings == [stage.value for stage in Stage if any(one.stage is stage for one in pages)]
        assert sorted(line.split()[0] for line in lines if re.match("  [a-z0-9]", line)) == sorted(ids())


def test_markdown_becomes_plain_paragraphs() -> None:
    """Lists keep their numbers, code keeps its quotes, emphasis and links become words."""
    source = """Text that
goes on, with *stress*, **more of it**, `a * b * c` and a [page](https://example.com/x).

1. first
   and more of it
2. second
- item

```smtp gives_not=greylisted host=mx.example.com
S: 450 4.2.0 later
```"""
    lines = ["".join(word for word, _ in (*one.lead, *one.body)) for one in markdown(source)]
    assert lines == [
        "Text that goes on, with stress, more of it, `a * b * c` and a page (https://example.com/x).",
        "",
        "1. first and more of it",
        "2. second",
        "* item",
        "",
        "A session that looks like it and has another cause, checked with mx.example.com:",
        "  S: 450 4.2.0 later",
    ]


def test_an_unclosed_fence_loses_nothing() -> None:
    lines = ["".join(word for word, _ in (*one.lead, *one.body)) for one in markdown("```text\nlast line")]
    assert lines == ["A text:", "  last line"]


def test_the_cause_comes_first_then_the_others() -> None:
    """With its evidence, its doubts, how often it came, and the name under which there is more."""
    shown = flat(told(FOUND))
    order = [
        "cause (likely): the server refused",
        "Both are checked at once.",
        "This server says so of locked accounts too.",
        "line 12: 535 5.7.8 Error: authentication failed",
        "at the stage auth, in the words of nodemailer, 312 times, first at line 3, last at line 9120",
        "1. type it anew",
        "2. ask for a new one",
        "It could also be account-suspended-or-quota.",
        "What would settle it: log in on the web.",
        "smtpcheck explain bad-credentials",
        "once, line 40: error: come back later (greylisted)",
    ]
    places = [shown.index(words) for words in order]
    assert places == sorted(places)


def test_what_is_not_known_is_called_so() -> None:
    """No cause is named, and the next step is."""
    shown = flat(told(Explanation(cause=None)))
    assert shown.startswith("not known: nothing in this text")
    assert "cause (" not in shown
    assert "smtpcheck check HOST" in shown


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_pasted_text_gives_no_orders_to_the_terminal(width: int) -> None:
    """Escapes, bidi marks and markup become visible, and no line is too wide."""
    evil = replace(CAUSE, title=EVIL, why=EVIL * 40, client=EVIL, evidence=({"line": 2, "text": EVIL},))
    for ascii in (False, True):
        shown = told(replace(FOUND, cause=evil), width=width, ascii=ascii)
        assert not set(shown) & {"\x1b", "\x07", "\u202e", "\x00", "\r"}
        assert "[bold red]" in shown.replace("\n", "").replace(" ", "").replace("[boldred]", "[bold red]")
        assert max(map(cell_len, shown.splitlines())) <= width
        assert shown.isascii() or not ascii


def test_json_is_the_same_cause_object() -> None:
    """Valid against the shipped schema, in the documented order."""
    document = json.loads(files("smtpcheck.report").joinpath("schema.json").read_text("utf-8"))
    schema = {"$schema": document["$schema"], "$defs": document["$defs"], "$ref": "#/$defs/Explanation"}
    for explanation in (FOUND, Explanation(cause=None)):
        written = json.loads(text(explanation_to_json(explanation)))
        jsonschema.Draft202012Validator(schema).validate(written)
        assert list(written) == ["schema", "stage", "cause", "also", "count"]
    assert explanation_to_json(FOUND)["cause"]["last_line"] == 9120
