"""Each reader against files as its application's documentation shows them, and against each known trap.

`cases/NAME.toml` holds the files of each case, the record that they have to give, where values come from (file and
line), what the application does that its words do not say, and which keys are dead.
"""

import tomllib
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.model.settings import Reading
from smtpcheck.report.codec import text as json_text
from smtpcheck.settings.applications import read_applications
from smtpcheck.settings.apps import readers

FOLDER = Path(__file__).parent / "cases"
CASES = [
    pytest.param(file.stem, case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["case"]
]
SECRET = "s3cr3t-Passw0rd"


def read(case: dict[str, Any], folder: Path) -> Reading:
    paths = []
    for name, content in case["files"].items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content, "utf-8")
        if name not in case.get("beside", ()):
            paths.append(str(place))
    (found,) = read_applications(paths, app=case.get("app"), service=case.get("service"))
    return found.reading


@pytest.mark.parametrize(("app", "case"), CASES)
def test_the_record_is_what_the_application_will_do(app: str, case: dict[str, Any], tmp_path: Path) -> None:
    reading = read(case, tmp_path)
    settings = reading.settings

    assert reading.app == app
    wanted = {name: None if value == "" else value for name, value in case["record"].items() if name != "secret"}
    assert {name: getattr(settings, name).value for name in wanted} == wanted
    if "secret" in case["record"]:
        assert settings.secret.present is bool(case["record"]["secret"])
        if isinstance(case["record"]["secret"], str):
            assert reading.secret is not None
            assert reading.secret.reveal() == case["record"]["secret"]
            assert settings.secret.length == len(case["record"]["secret"])


@pytest.mark.parametrize(("app", "case"), CASES)
def test_each_value_says_where_it_stands(app: str, case: dict[str, Any], tmp_path: Path) -> None:
    settings = read(case, tmp_path).settings

    for name, place in case.get("lines", {}).items():
        origin = getattr(settings, name).origin
        file, _, line = place.rpartition(":")
        assert (origin.kind, Path(origin.file or "").name, origin.line) == ("file", file, int(line)), name
    for name, kind in case.get("origins", {}).items():
        assert getattr(settings, name).origin.kind == kind, name


@pytest.mark.parametrize(("app", "case"), CASES)
def test_what_it_does_besides_is_told(app: str, case: dict[str, Any], tmp_path: Path) -> None:
    reading = read(case, tmp_path)

    assert sorted(effect.does.value for effect in reading.effects) == sorted(case.get("does", []))
    assert sorted(one.key for one in reading.dead) == sorted(case.get("dead", []))
    told = " ".join(effect.told for effect in reading.effects)
    for words in case.get("told", []):
        assert words in told


@pytest.mark.parametrize(("app", "case"), CASES)
def test_the_password_is_nowhere_in_what_is_told(app: str, case: dict[str, Any], tmp_path: Path) -> None:
    reading = read(case, tmp_path)

    shown = repr(reading) + json_text({one.name: repr(getattr(reading, one.name)) for one in fields(reading)})
    assert SECRET not in shown


def test_every_reader_has_its_cases() -> None:
    assert {reader.name for reader in readers()} == {file.stem for file in FOLDER.glob("*.toml")}
