"""Any report at all, made from the types of the model: what `to_json` may be asked to write."""

from collections.abc import Mapping
from dataclasses import is_dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from hypothesis import strategies as st

from smtpcheck.model import AnyEvent, Attempt, Outcome, Reply, Report, Stage, Step
from smtpcheck.report.codec import FACTS, shape

TEXT = st.text(max_size=12)
NUMBERS = st.floats(min_value=0, max_value=1e6, allow_nan=False)
OUTCOMES = st.sampled_from([outcome for outcome in Outcome if outcome is not Outcome.WAITING])
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(0, 2**40),
    float: NUMBERS,
    bytes: st.binary(max_size=12),
    datetime: st.datetimes(min_value=datetime(1950, 1, 1), timezones=st.just(UTC)),
    Outcome: OUTCOMES,
}


@cache
def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type hint of the model."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in SIMPLE:
        return SIMPLE[hint]
    if origin in (Union, UnionType):
        return st.one_of([st.none() if each is NoneType else values(each) for each in arguments])
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=2).map(tuple)
    if origin is not None and issubclass(origin, Mapping):
        return st.dictionaries(TEXT, values(arguments[1]), max_size=2)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    assert is_dataclass(hint)
    assert isinstance(hint, type)
    fields = {name: values(each) for name, (each, _) in shape(hint).items()}
    return st.builds(hint, **(fields | ({"code": st.integers(0, 999)} if hint is Reply else {})))


EVENT = st.one_of([values(event) for event in get_args(AnyEvent)])
FACT = {stage: values(facts) for stage, facts in FACTS.items()}


def fields_of(cls: Any, *without: str) -> dict[str, st.SearchStrategy[Any]]:
    """The strategies for the fields of a type, some left out."""
    return {name: values(hint) for name, (hint, _) in shape(cls).items() if name not in without}


STEPS = {
    stage: st.builds(Step, stage=st.just(stage), facts=st.none() | facts, **fields_of(Step, "stage", "facts", "events"))
    for stage, facts in FACT.items()
}
STEP = st.sampled_from(Stage).flatmap(STEPS.__getitem__)
SHELL = st.builds(Report, attempts=st.just(()), **fields_of(Report, "attempts", "deciding", "schema"))


@st.composite
def attempts(draw: st.DrawFn) -> Attempt:
    """An attempt whose steps have facts of their stage's type, and events that exist."""
    events = tuple(draw(st.lists(EVENT, max_size=3)))
    steps = []
    for step in draw(st.lists(STEP, max_size=3)):
        span = sorted(draw(st.tuples(*[st.integers(0, len(events) - 1)] * 2))) if events else None
        steps.append(replace(step, events=(span[0], span[1]) if span else None))
    return Attempt(look=draw(TEXT), address=draw(st.none() | TEXT), steps=tuple(steps), events=events)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    """A report that is whole, and otherwise without sense."""
    made = tuple(draw(st.lists(attempts(), max_size=2)))
    deciding = draw(st.integers(0, len(made) - 1)) if made else 0
    return replace(draw(SHELL), attempts=made, deciding=deciding)
