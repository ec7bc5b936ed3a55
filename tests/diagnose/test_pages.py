"""Every page is complete, speaks of facts that exist, and its examples give what they say, and no other error."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from smtpcheck import api
from smtpcheck.application import findings, kept_inside
from smtpcheck.cli.app import parse as parse_words
from smtpcheck.cli.session import Check, prepare
from smtpcheck.diagnose.pages import PLACEHOLDERS, Example, filled, ids, page
from smtpcheck.diagnose.text import explain
from smtpcheck.dialogue import parse
from smtpcheck.model import Report, Severity
from smtpcheck.report.codec import from_json
from smtpcheck.serve import running
from smtpcheck.settings.applications import read_applications

SECTIONS = ("## What was seen", "## Why it happens", "## What to do", "## How smtpcheck decides", "## Example")
HINTS = ("stage", "host", "port", "tls", "user", "sender", "provider")


@pytest.mark.parametrize("id", ids())
def test_a_page_is_complete(id: str) -> None:
    """Title, why, steps, sections: what the terminal, `explain` and the documentation print."""
    one = page(id)
    title = filled(one.title, {})
    assert 10 < len(title) < 100, title
    assert title[0].islower() or title.split()[0].isupper() or title[0].isdigit() or title.startswith(("EHLO", "AUTH"))
    assert not title.endswith(".")
    assert one.why.rstrip().endswith(".")
    assert 2 <= len(one.fix) <= 6
    places = [one.body.find(section) for section in SECTIONS if not (one.waiting and section == "## Example")]
    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("id", ids())
def test_placeholders_are_known_and_have_words_of_their_own(id: str) -> None:
    """A page reads well when no fact is known."""
    one = page(id)
    for text in (one.title, one.why, *one.fix):
        for name, words in re.findall(r"\{([a-z_]*)\|([^{}]*)\}", text):
            assert name in PLACEHOLDERS
            assert words
        assert not re.search(r"[{}]", filled(text, {})), text


def test_no_two_pages_have_the_same_steps() -> None:
    """The same steps would mean the same cause."""
    steps = [page(id).fix for id in ids()]
    assert len(set(steps)) == len(steps)


def test_what_a_page_beats_exists() -> None:
    """And nothing beats itself, by whatever way."""

    def beaten(id: str, seen: frozenset[str]) -> set[str]:
        below = set(page(id).beats)
        return below.union(*(beaten(one, seen | {one}) for one in below - seen)) if below else below

    for id in ids():
        assert set(page(id).beats) <= set(ids()), id
        assert id not in beaten(id, frozenset({id})), id


@pytest.mark.parametrize("id", ids())
def test_a_page_has_an_example_or_waits_for_one(id: str) -> None:
    one = page(id)
    assert any(example.gives == id for example in one.examples) or one.waiting


def examples(*kinds: str) -> list[tuple[str, int, Example]]:
    return [(id, n, one) for id in ids() for n, one in enumerate(page(id).examples) if one.kind in kinds]


@pytest.mark.parametrize(("id", "number", "example"), examples("text"), ids=lambda value: str(value)[:40])
def test_a_pasted_example_gives_its_cause(id: str, number: int, example: Example) -> None:
    """Text in, cause out."""
    hints = {name: int(value) if name == "port" else value for name, value in example.hints.items() if name in HINTS}
    told = explain(example.text, **hints)  # type: ignore[arg-type]  # the hints of the page are named as the parameters
    cause = told.cause.id if told.cause else None
    if example.gives is not None:
        assert cause == example.gives
    if example.gives_not is not None:
        assert cause != example.gives_not


@pytest.mark.parametrize(("id", "number", "example"), examples("smtp"), ids=lambda value: str(value)[:40])
def test_a_session_gives_its_cause(id: str, number: int, example: Example, ca_file: str) -> None:
    """A dialogue with the scripted server, checked as on the command line."""
    report = played(example, ca_file)
    named = [report.cause, *report.also] if report.cause else list(report.also)
    if example.gives is not None:
        given = page(example.gives)
        if given.severity is Severity.ERROR and not report.passed:
            assert report.cause is not None, (report.stage, report.outcome)
            assert report.cause.id == example.gives
        else:
            assert example.gives in {one.id for one in named}
        assert [one.id for one in named if one.severity is Severity.ERROR] in ([], [example.gives])
    if example.gives_not is not None:
        assert example.gives_not not in {one.id for one in named}


def played(example: Example, ca_file: str) -> Report:
    host = example.hints.get("host", "mail.example.com")
    with running(parse(example.text), names=[host]) as server:
        options = shlex.split(example.hints.get("options", ""))
        trusted = [] if "off" in options else ["--ca-file", ca_file]
        where = ["--address", "127.0.0.1", *trusted, "--timeout", "1.5"]
        asked = parse_words(["check", f"{host}:{server.port}", *where, *options], "smtpcheck")
        assert isinstance(asked, Check)
        environ = {"SMTPCHECK_PASSWORD": "any-password", "SMTPCHECK_TOKEN": "any-token-at-all"}
        target, chosen = prepare(asked.request, environ)
        return asyncio.run(api.run(target, chosen))


@pytest.mark.parametrize(("id", "number", "example"), examples("evidence"), ids=lambda value: str(value)[:40])
def test_a_saved_report_gives_its_cause(id: str, number: int, example: Example) -> None:
    """The recording alone is enough."""
    import json

    from smtpcheck.diagnose.engine import rediagnose

    report = rediagnose(from_json(json.loads(example.text)))
    named = [report.cause] if report.cause else list(report.also)
    assert example.gives in {one.id for one in named}


@pytest.mark.parametrize(("id", "number", "example"), examples("settings"), ids=lambda value: str(value)[:40])
def test_an_application_s_settings_give_their_cause(id: str, number: int, example: Example, tmp_path: Path) -> None:
    """A file and its application, and no other error."""
    file = tmp_path / example.hints["file"]
    file.write_text(example.text)
    (application,) = read_applications([str(file)], app=example.hints.get("app"))
    told = list(findings(application))
    if example.hints.get("by") == "check" and (inside := kept_inside(application)) is not None:
        told.append(inside)
    if example.gives is not None:
        assert example.gives in {one.id for one in told}
        assert [one.id for one in told if one.severity is Severity.ERROR] in ([], [example.gives])
    if example.gives_not is not None:
        assert example.gives_not not in {one.id for one in told}


def test_pages_lie_where_they_are_found() -> None:
    """Each is a Markdown file named by its id."""
    import smtpcheck.diagnose

    folder = Path(smtpcheck.diagnose.__file__).parent / "causes"
    assert {path.stem for path in folder.glob("*.md")} == set(ids())
