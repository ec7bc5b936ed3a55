"""Whatever a server or a saved report says, it is text in each format, and a real parser of the format agrees."""

import json
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from lxml import etree
from markdown_it import MarkdownIt
from prometheus_client.parser import text_string_to_metric_families

from smtpcheck.diagnose.engine import rediagnose
from smtpcheck.model import Expectation, Outcome, Report, Severity
from smtpcheck.report import render

from .builders import Session, reply, report, target

HOSTILE = (
    "</script></title></pre></style><script>alert(1)</script><img src=x onerror=alert(1)>",
    "\" ' > onmouseover=alert(1) &amp; &#60;",
    "\n::error title=forged::forged\r\n::add-mask::x",
    "%0A::warning::x %0D %25",
    "\x00\x01\x08\x0b\x1b[31mred\x1b]0;title\x07\x7f\x9b31m",
    "\u202egnp.exe\u2066 \u2028 \u2029 \ufeff \u200b \ufffe \uffff",
    "\ud800 \udfff \udcff",
    "```\n````\n~~~~\n# heading\n| a | b |\n</details><h1>x</h1>",
    "`a` ``b`` | c \\| d | [x](javascript:alert(1)) ![i](http://x.invalid/) <http://x.invalid>",
    "- item\n1. one\n> quote\n***\n<!-- ",
    "]]> <![CDATA[ <!DOCTYPE x [<!ENTITY a 'b'>]> &a;",
    'x"} 1\nforged_metric{a="b"} 2\n# HELP x y\\',
    "total=1s;1;1 | forged=1\nSECOND LINE",
    "'; rm -rf / #$(reboot)`reboot`",
    "-oProxyCommand=x",
    "a" * 20_000,
    "\u0301" * 400,
    "[red]bold[/red] 文字 العربية",
)
ALLOWED = {
    *[
        "html",
        "head",
        "meta",
        "link",
        "title",
        "style",
        "body",
        "article",
        "header",
        "section",
        "footer",
        "nav",
        "details",
        "summary",
    ],
    *[
        "p",
        "h1",
        "h2",
        "h3",
        "ol",
        "ul",
        "li",
        "b",
        "i",
        "span",
        "table",
        "tr",
        "td",
        "th",
        "br",
        "div",
        "dl",
        "dt",
        "dd",
        "pre",
        "a",
    ],
}


def said(text: str) -> Report:
    """A report in which this text stands wherever a server, a file or a user may have put it."""
    wire = text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")  # no server can send half a pair
    session = Session().to_tls().auth(Outcome.REFUSED, reply(535, wire, "end", enhanced="5.7.8"))
    told = rediagnose(report(session))
    assert told.cause is not None
    cause = replace(told.cause, title=f"T {text}", why=text, fix=(text, "next"), settle=text, means=text)
    whom = target(user=text, sender=text, recipients=(text,), ehlo=text, host=text)
    failed = (Expectation(rule=text, met=False, actual=text), Expectation(rule="starttls", met=True))
    soft = Expectation(rule=f"{text}:warning", met=False, severity=Severity.WARNING, actual=text)
    also = (replace(cause, severity=Severity.WARNING),)
    return replace(told, cause=cause, target=whom, expectations=(*failed, soft), also=also, local={text[:50]: text})


@pytest.fixture(params=HOSTILE, ids=range(len(HOSTILE)))
def hostile(request: pytest.FixtureRequest) -> Report:
    return said(request.param)


@pytest.mark.parametrize("format", ["markdown", "html", "junit", "github", "prometheus", "nagios", "jsonl"])
def test_every_character_is_visible_and_can_be_written(hostile: Report, format: str) -> None:
    """No control character but the newline, no bidi mark, no half of a surrogate pair."""
    text = render(hostile, format)
    assert all(char == "\n" or char.isprintable() for char in text)
    text.encode()


def test_jsonl_is_one_line(hostile: Report) -> None:
    text = render(hostile, "jsonl")
    assert text.splitlines() == [text.removesuffix("\n")]
    assert json.loads(text)["stage"] == "auth"


def test_junit_is_valid(hostile: Report) -> None:
    schema = etree.XMLSchema(etree.parse(str(Path(__file__).with_name("junit.xsd"))))
    document = etree.fromstring(render(hostile, "junit").encode())
    schema.assertValid(document)
    assert len(document.findall(".//testcase")) == 12 + 3


def test_an_annotation_is_a_line_and_begins_no_other(hostile: Report) -> None:
    lines = render(hostile, "github").splitlines()
    assert len(lines) == 3
    for line in lines:
        found = re.fullmatch(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)", line)
        assert found, line[:300]


def test_prometheus_reads_one_sample_of_each_series(hostile: Report) -> None:
    names = {family.name for family in text_string_to_metric_families(render(hostile, "prometheus"))}
    assert "forged_metric" not in names
    assert all(name.startswith("smtpcheck_") for name in names)


def test_nagios_is_one_line_with_one_bar(hostile: Report) -> None:
    text = render(hostile, "nagios")
    assert text.count("\n") == 1
    assert text.count("|") == 1
    for word in text.split(" | ")[1].split():
        assert re.fullmatch(r"[a-z_]+=[0-9.]+s?;[0-9.:]*;[0-9.:]*;0?;", word), word


def test_html_holds_our_elements_alone(hostile: Report) -> None:
    tags: list[tuple[str, list[str]]] = []

    class Parser(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            tags.append((tag, [name for name, _ in attrs]))

        def handle_comment(self, data: str) -> None:
            tags.append((f"comment {data}", []))

    Parser().feed(render(hostile, "html"))
    assert {tag for tag, _ in tags} <= ALLOWED
    assert not {name for _, names in tags for name in names if name.startswith("on") or name == "src"}


def test_markdown_holds_our_html_and_no_links(hostile: Report) -> None:
    """What CommonMark with tables makes of it: only `<details>` is HTML, and only what we wrote is a heading."""
    tokens = MarkdownIt("commonmark").enable("table").parse(render(hostile, "markdown"))
    blocks = [token.content.strip() for token in tokens if token.type == "html_block"]
    assert all(re.fullmatch(r"</details>|<details>\n<summary>[^<>]*</summary>", block) for block in blocks), blocks
    assert [token.tag for token in tokens if token.type == "heading_open"] == ["h2"]
    assert sum(token.type == "table_open" for token in tokens) == 2
    inline = [child for token in tokens for child in token.children or ()]
    assert {child.content for child in inline if child.type == "html_inline"} <= {"<br>"}
    assert not [child for child in inline if child.type in ("link_open", "image")]
    rows = "".join({"tr_open": "\n", "td_open": "c"}.get(token.type, "") for token in tokens).split()
    assert set(rows) <= {"cccc", "cc"}


def test_commands_are_one_word_for_each_value(hostile: Report) -> None:
    """A shell reads the value back as it stands in the report, and nothing of it as a word of its own."""
    from smtpcheck.report.reproduce import again, commands
    from smtpcheck.report.told import tidy

    clean = tidy(hostile)
    words = shlex.split(again(clean))
    user = clean.target.user or ""
    assert (f"--user={user}" in words) or words[words.index("--user") + 1] == user
    assert words[-1] == clean.target.label
    for each in commands(clean):
        if each.line is not None:
            assert shlex.split(each.line)[0] == each.tool
