"""Records are frozen dataclasses in all that can be told from outside."""

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, field, fields, is_dataclass, replace
from typing import Any

import pytest

from smtpcheck.model.record import brief_record, record


@record
class Event:
    """Something with a time."""

    at: float


@record
class Sent(Event):
    """Something that was sent."""

    text: str
    tags: tuple[str, ...] = ()
    seen: list[int] = field(default_factory=list, compare=False)
    hidden: str = field(default="secret", repr=False, compare=False)


@brief_record
class Place:
    """Somewhere."""

    host: str
    port: int | None = None


def test_a_record_is_made_by_name_with_its_defaults() -> None:
    """Each with a list of its own; inherited fields come first."""
    one, other = Sent(at=1.0, text="a"), Sent(text="a", at=1.0)
    assert (one.at, one.text, one.tags, one.seen) == (1.0, "a", (), [])
    assert one.seen is not other.seen
    assert [known.name for known in fields(one)] == ["at", "text", "tags", "seen", "hidden"]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"at": 1.0}, "Sent needs the field text"),
        ({"at": 1.0, "text": "a", "other": 1}, "Sent has no field other"),
    ],
)
def test_a_record_takes_its_fields_and_no_others(values: dict[str, Any], words: str) -> None:
    """The error names the field and never a value."""
    with pytest.raises(TypeError, match=words):
        Sent(**values)


def test_a_record_is_not_made_by_position() -> None:
    """Only a brief one is."""
    made: Any = Sent
    with pytest.raises(TypeError):
        made(1.0, "a")
    assert Place("a", 25) == Place(host="a", port=25)
    assert Place("a").port is None
    brief: Any = Place
    with pytest.raises(TypeError, match="has 2 fields, and 3 values"):
        brief("a", 25, 1)
    with pytest.raises(TypeError, match="host"):
        brief("a", host="b")
    with pytest.raises(TypeError, match="needs the field host"):
        brief()


def test_a_record_stays_as_it_is() -> None:
    """No attribute can be set, added or deleted, and there is no dictionary to do it in."""
    one: Any = Sent(at=1.0, text="a")
    for name in ("text", "other"):
        with pytest.raises(FrozenInstanceError):
            setattr(one, name, "b")
    with pytest.raises(FrozenInstanceError):
        del one.text
    assert not hasattr(one, "__dict__")
    assert one.text == "a"


def test_records_are_compared_by_type_and_values() -> None:
    """Those fields left out that say so."""
    one = Sent(at=1.0, text="a", seen=[1], hidden="x")
    assert one == Sent(at=1.0, text="a")
    assert hash(one) == hash(Sent(at=1.0, text="a"))
    assert one != Sent(at=2.0, text="a")
    assert Event(at=1.0) != one
    values: object = (1.0, "a", ())
    assert one != values


def test_a_record_is_shown_without_what_is_hidden() -> None:
    """A field that is not to be printed is not."""
    assert repr(Sent(at=1.0, text="a")) == "Sent(at=1.0, text='a', tags=(), seen=[])"


def test_a_record_is_a_dataclass_to_the_standard_library() -> None:
    """`replace`, `asdict`, `copy` and `pickle` work."""
    one = Sent(at=1.0, text="a", tags=("t",), seen=[1])
    assert is_dataclass(one)
    assert replace(one, at=2.0) == Sent(at=2.0, text="a", tags=("t",))
    assert asdict(Place("a")) == {"host": "a", "port": None}
    for same in (copy.copy(one), copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
        assert (same, same.seen, same.hidden) == (one, [1], "secret")
