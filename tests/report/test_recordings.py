"""Saved reports of real sessions stay readable: by people, by programs, and by newer versions of smtpcheck."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

import smtpcheck.report
from smtpcheck.report import render
from smtpcheck.report.codec import load, to_json

RECORDINGS = sorted((Path(__file__).parent.parent / "recordings").glob("*.json"))
SCHEMA = json.loads((Path(smtpcheck.report.__file__).parent / "schema.json").read_text("utf-8"))


def test_there_are_recordings() -> None:
    """Of the scripted server and of real ones."""
    assert len(RECORDINGS) >= 10
    assert any(path.stem.startswith("postfix") for path in RECORDINGS)


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_a_saved_report_is_read_and_shown(path: Path) -> None:
    """Nothing of it is lost, whatever has been added since."""
    saved = json.loads(path.read_text("utf-8"))
    report = load(path)
    written = to_json(report)
    assert kept(saved, written), "a value of the saved report is gone"
    for width in (60, 100):
        assert report.target.label in render(report, width=width, verbose=True)
    assert render(report, "brief").count("\n") == 1


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_what_is_written_again_fits_the_schema(path: Path) -> None:
    """The schema of today holds for reports of yesterday once they are written again."""
    Draft202012Validator(SCHEMA).validate(to_json(load(path)))


def kept(saved: object, written: object) -> bool:
    """Whether everything in `saved` stands in `written` as well; keys may have been added."""
    if isinstance(saved, dict):
        return isinstance(written, dict) and all(key in written and kept(saved[key], written[key]) for key in saved)
    if isinstance(saved, list):
        return isinstance(written, list) and len(saved) == len(written) and all(map(kept, saved, written))
    return saved == written
