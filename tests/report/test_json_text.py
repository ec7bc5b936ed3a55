"""Indented JSON is what the standard library writes, to the letter."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.report.json_text import indented

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=30,
)


@given(value=VALUES)
def test_it_is_what_json_dumps_writes(value: object) -> None:
    assert indented(value) == json.dumps(value, indent=2, allow_nan=False)


@pytest.mark.parametrize("value", [float("nan"), [float("inf")]])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON"):
        indented(value)


def test_what_is_no_json_value_is_refused() -> None:
    with pytest.raises(TypeError):
        indented({"a": b"bytes"})
