"""The shipped JSON Schema says what reports look like, and stays in step with the types."""

import json
from dataclasses import is_dataclass
from importlib.resources import files
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from smtpcheck import model
from smtpcheck.model import Event, Outcome, Report, Stage
from smtpcheck.report.codec import EVENTS, FACTS, SCHEMA, shape, to_json

from .builders import ENDINGS, passed
from .strategies import reports
from .test_codec import put

DOCUMENT = json.loads(files("smtpcheck.report").joinpath("schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(DOCUMENT)


def test_it_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(DOCUMENT)
    assert DOCUMENT["properties"]["schema"] == {"const": SCHEMA}


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_is_valid(name: str) -> None:
    VALIDATOR.validate(json.loads(json.dumps(to_json(ENDINGS[name]()))))


@given(reports())
@settings(max_examples=40, deadline=None)
def test_every_recording_is_valid(made: Report) -> None:
    """Whatever the recording holds; the verdict over it is another matter."""
    written = json.loads(json.dumps(to_json(made)))
    VALIDATOR.validate(to_json(passed()) | {key: written[key] for key in ("attempts", "target", "options", "also")})


TYPES = [name for name in DOCUMENT["$defs"] if name != "Event" and is_dataclass(getattr(model, name, None))]


@pytest.mark.parametrize("name", TYPES)
def test_each_type_has_the_keys_of_its_fields(name: str) -> None:
    """A field that is added to a type has to be added here, by name, with what it may hold."""
    cls: Any = getattr(model, name)
    keys = [*(["kind"] if issubclass(cls, Event) else []), *shape(cls)]
    assert sorted(DOCUMENT["$defs"][name]["required"]) == sorted(keys)
    written = {*DOCUMENT["$defs"][name]["properties"], *(["facts"] if name == "Step" else [])}
    assert sorted(written) == sorted(keys)


def test_the_report_has_the_keys_of_its_fields() -> None:
    assert sorted(DOCUMENT["required"]) == sorted(DOCUMENT["properties"]) == sorted(shape(Report))


def test_the_vocabularies_are_the_same() -> None:
    assert DOCUMENT["$defs"]["Stage"]["enum"] == [stage.value for stage in Stage]
    assert DOCUMENT["$defs"]["Outcome"]["enum"] == [each.value for each in Outcome if each is not Outcome.WAITING]
    assert DOCUMENT["$defs"]["Event"]["properties"]["kind"]["enum"] == list(EVENTS)
    branches = {
        each["if"]["properties"]["stage"]["const"]: each["then"]["properties"]["facts"]["anyOf"][0]["$ref"]
        for each in DOCUMENT["$defs"]["Step"]["allOf"]
    }
    assert branches == {stage.value: f"#/$defs/{facts.__name__}" for stage, facts in FACTS.items()}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (["schema"], 2),
        (["stage"], "auth"),
        (["outcome"], "ok"),
        (["exit_code"], 99),
        (["began"], "yesterday"),
        (["seconds"], "0.4"),
        (["attempts", 0, "steps", 1, "stage"], "resolve"),
        (["attempts", 0, "steps", 1, "outcome"], "waiting"),
        (["attempts", 0, "steps", 1, "facts"], {"name": "x"}),
        (["attempts", 0, "steps", 1, "events"], [1]),
        (["attempts", 0, "events", 0, "kind"], "received"),
        (["attempts", 0, "events", 2, "raw"], "220 hi"),
        (["target", "tls"], "ssl"),
        (["cause"], {"id": "x"}),
    ],
)
def test_a_mistake_is_caught(path: list[Any], value: Any) -> None:
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(put(to_json(passed()), path, value))


def test_a_key_that_comes_later_is_allowed() -> None:
    VALIDATOR.validate(put(to_json(passed()), ["target", "novelty"], 1))
