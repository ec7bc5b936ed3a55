"""JSON values as indented text.

`json.dumps` is quick without `indent` and slow with it, since only the former is written in C: a report took it longer
than all its other formatting. What is written is the same to the letter.
"""

import math
from collections.abc import Callable
from json.encoder import encode_basestring_ascii

_WORDS = {None: "null", True: "true", False: "false"}


def indented(value: object) -> str:
    """The text, as `json.dumps(value, indent=2, allow_nan=False)` gives it.

    Raises ValueError for a number that is none, TypeError for what is no JSON value.
    """
    parts: list[str] = []
    _write(value, "\n", parts.append)
    return "".join(parts)


def _write(value: object, line: str, put: Callable[[str], None]) -> None:
    if isinstance(value, str):
        put(encode_basestring_ascii(value))
    elif value is None or value is True or value is False:
        put(_WORDS[value])
    elif isinstance(value, int):
        put(int.__repr__(value))
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError("a number that JSON does not have")
        put(float.__repr__(value))
    elif isinstance(value, dict):
        _members(value, line, put)
    elif isinstance(value, list | tuple):
        _items(value, line, put)
    else:
        raise TypeError(f"{type(value).__name__} is no JSON value")


def _members(value: dict[str, object], line: str, put: Callable[[str], None]) -> None:
    if not value:
        put("{}")
        return
    below, before = line + "  ", "{"
    for key, member in value.items():
        put(before + below + encode_basestring_ascii(key) + ": ")
        _write(member, below, put)
        before = ","
    put(line + "}")


def _items(value: list[object] | tuple[object, ...], line: str, put: Callable[[str], None]) -> None:
    if not value:
        put("[]")
        return
    below, before = line + "  ", "["
    for item in value:
        put(before + below)
        _write(item, below, put)
        before = ","
    put(line + "]")
