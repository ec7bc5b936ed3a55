"""A report goes to JSON and comes back the same; anything else is refused in one sentence."""

import copy
import json
import os
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smtpcheck.model import Options, Secret, Surplus, UsageError
from smtpcheck.report.codec import dumps, from_json, load, to_json

from .builders import ENDINGS, passed, report, target
from .strategies import reports

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(reports())
@settings(max_examples=60, deadline=None)
def test_every_fact_and_event_comes_back(made: Any) -> None:
    assert from_json(json.loads(dumps(made))) == made


@pytest.mark.parametrize("name", ENDINGS)
def test_every_ending_comes_back(name: str) -> None:
    made = ENDINGS[name]()
    assert from_json(json.loads(dumps(made))) == made


def test_the_verdict_stands_before_the_recording() -> None:
    keys = list(to_json(passed()))
    assert keys[:6] == ["schema", "smtpcheck", "began", "seconds", "target", "options"]
    assert keys.index("outcome") < keys.index("cause") < keys.index("attempts")


def test_the_layout_is_the_documented_one() -> None:
    written = to_json(ENDINGS["refused_login"]())
    assert written["schema"] == 1
    assert written["began"] == "2026-11-22T17:30:00Z"
    assert (written["outcome"], written["stage"], written["exit_code"]) == ("refused", "auth", 16)
    assert written["cause"] is None
    auth = next(step for step in written["attempts"][0]["steps"] if step["stage"] == "auth")
    assert auth["command"] == "AUTH PLAIN ***"
    assert auth["reply"]["code"] == 535
    assert auth["reply"]["enhanced"] == "5.7.8"
    first, last = auth["events"]
    events = written["attempts"][0]["events"][first : last + 1]
    assert [event["kind"] for event in events] == ["sent", "replied"]


def test_bytes_have_base64_only_where_the_text_is_not_exact() -> None:
    written = to_json(ENDINGS["ssh_banner"]())
    surplus = next(event for event in written["attempts"][0]["events"] if event["kind"] == "surplus")
    assert surplus["raw"] == {"text": "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"}

    made = ENDINGS["ssh_banner"]()
    handshake = (Surplus(at=0.0, raw=b"\x16\x03", tls=False),)
    attempt = replace(made.attempts[0], steps=(), events=handshake)
    (event,) = to_json(replace(made, attempts=(attempt,)))["attempts"][0]["events"]
    assert event["raw"] == {"text": "\x16\x03", "base64": "FgM="}


def test_a_lone_carriage_return_is_not_plain_text() -> None:
    """Printed from the JSON by another program, it would overwrite the line."""
    made = ENDINGS["not_tls"]()
    step = made.attempts[0].steps[2]
    facts = replace(step.facts, first_bytes=b"evil\rgood")  # type: ignore[type-var]
    attempt = replace(made.attempts[0], steps=(replace(step, facts=facts),))
    written = to_json(replace(made, attempts=(attempt,)))
    assert "base64" in written["attempts"][0]["steps"][0]["facts"]["first_bytes"]


def test_secrets_have_no_key() -> None:
    """Whatever the options hold, the report holds nothing of it, and reads back without."""
    options = Options(secret=Secret("hunter2"), proxy_secret=Secret("proxy-pw"), client_key_secret=Secret("key-pw"))
    made = replace(passed(), options=options)
    text = dumps(made)
    assert not any(word in text for word in ("hunter2", "proxy-pw", "key-pw"))
    assert not {"secret", "proxy_secret", "client_key_secret"} & set(to_json(made)["options"])
    assert from_json(json.loads(text)).options == Options()


def test_the_text_is_ascii_and_harmless() -> None:
    made = report(target=target(host="\x1b[31m\x7f\u202e\ud800é"), exit_code=0)
    text = dumps(made)
    assert text.isascii()
    assert all(char.isprintable() or char == "\n" for char in text)
    assert from_json(json.loads(text)) == made


def test_unknown_keys_are_passed_over() -> None:
    """Schema 1 only grows: a newer report has to stay readable."""
    written = to_json(passed())
    written["novelty"] = {"deep": [1, 2, 3]}
    written["target"]["novelty"] = float("nan")
    written["attempts"][0]["steps"][0]["facts"]["novelty"] = 1
    assert from_json(written) == passed()


def test_keys_that_came_later_may_be_missing() -> None:
    written = to_json(passed())
    for key in ("deciding", "expected", "also", "local"):
        del written[key]
    assert from_json(written) == passed()


def test_times_are_read_in_any_offset() -> None:
    written = to_json(passed())
    written["began"] = "2026-11-22T19:30:00+02:00"
    assert from_json(written).began == datetime(2026, 11, 22, 19, 30, tzinfo=timezone(timedelta(hours=2)))
    assert from_json(written).began.tzinfo is UTC


def put(written: Any, path: list[Any], value: Any) -> Any:
    written = copy.deepcopy(written)
    place = written
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return written


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (["schema"], 2, "schema 1"),
        (["schema"], True, "schema 1"),
        (["seconds"], float("nan"), "seconds should be a number"),
        (["seconds"], 10**400, "seconds should be a number"),
        (["seconds"], "PASSWORD", "seconds should be a number"),
        (["exit_code"], 1.5, "exit_code should be a whole number"),
        (["exit_code"], True, "exit_code should be a whole number"),
        (["temporary"], 0, "temporary should be true or false"),
        (["began"], "PASSWORD", "began should be a time"),
        (["began"], "2026-11-22T17:30:00", "began should be a time"),
        (["began"], "0001-01-01T00:00:00+23:59", "began should be a time"),
        (["outcome"], "waiting", "outcome should be"),
        (["outcome"], "PASSWORD", "outcome should be one of passed"),
        (["deciding"], 7, "deciding should be the index of an attempt"),
        (["deciding"], -1, "deciding should be the index of an attempt"),
        (["target"], [], "target should be an object"),
        (["target", "origin"], {"PASSWORD": 3}, "target.origin.* should be an object"),
        (["attempts", 0, "steps", 3, "stage"], "PASSWORD", "attempts[0].steps[3].stage should be one of config"),
        (["attempts", 0, "steps", 1, "events"], [0, 999], "attempts[0].steps[1].events should be"),
        (["attempts", 0, "steps", 1, "events"], [0], "attempts[0].steps[1].events should be a list of 2"),
        (["attempts", 0, "events", 2, "kind"], "PASSWORD", "attempts[0].events[2].kind should be"),
        (["attempts", 0, "events", 2, "raw"], {"text": "é"}, "raw.text should be ASCII"),
        (["attempts", 0, "events", 2, "raw"], {"text": "", "base64": "PASSWORD!"}, "raw.base64 should be base64"),
        (["attempts", 0, "events", 2], None, "attempts[0].events[2].kind should be"),
    ],
)
def test_what_does_not_fit_is_named_and_not_quoted(path: list[str | int], value: Any, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        from_json(put(to_json(passed()), path, value))
    assert words in str(caught.value)
    assert "PASSWORD" not in str(caught.value)
    assert "\n" not in str(caught.value)


@given(JSON)
def test_no_value_raises_anything_else(value: Any) -> None:
    with pytest.raises(UsageError):
        from_json(value)


WRITTEN = to_json(ENDINGS["untrusted"]())


@given(st.data())
@settings(max_examples=200, deadline=None)
def test_no_change_of_a_report_raises_anything_else(data: st.DataObject) -> None:
    """One value anywhere is replaced by any other: the result is a report, or one sentence."""
    path: list[Any] = []
    place: Any = WRITTEN
    while isinstance(place, dict | list) and place and (not path or data.draw(st.integers(0, 4))):
        path.append(data.draw(st.sampled_from(sorted(place) if isinstance(place, dict) else range(len(place)))))
        place = place[path[-1]]
    changed = put(WRITTEN, path, data.draw(JSON))
    with suppress(UsageError):
        from_json(changed)


def test_a_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(dumps(passed()), encoding="utf-8")
    assert load(path) == passed()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"PASSWORD",
        b"\xff\xfe\x00PASSWORD",
        b'{"schema": NaN}',
        b"[" * 200_000,
        b'{"schema": 1, "a":' * 100_000,
        b'{"schema": 1' + b"0" * 5000 + b"}",
        b"[]",
        b'{"schema": 1}',
        b'"\\ud800"',
    ],
)
def test_a_file_that_is_no_report_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad\n.json"
    path.write_bytes(content)
    with pytest.raises(UsageError) as caught:
        load(path)
    assert "bad\\n.json" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "PASSWORD" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_only_a_regular_file_is_opened(tmp_path: Path) -> None:
    """A pipe that nobody writes to must not hold the program."""
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", tmp_path / "absent", Path("/dev/zero"), Path("a\0b")):
        with pytest.raises(UsageError):
            load(path)


def test_a_file_beyond_the_limit_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.json"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024 + 1)
    with pytest.raises(UsageError, match="larger than 64 MiB"):
        load(path)
