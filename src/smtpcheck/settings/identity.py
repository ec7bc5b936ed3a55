"""Which target is the same as before: a short name made of everything that decides what is checked, and no secret.

It stands in each line of a batch's results, so that `--resume` and `merge` know what was done; and since it does not
depend on the other targets, `--shard` gives a target to the same part however the list grows.
"""

import dataclasses
import json

from smtpcheck.settings.request import Request

_LEFT_OUT = frozenset(
    {"secret", "second_looks", "sibling_ports", "timeout", "max_time", "patience", "origins", "files"}
)


def identity(request: Request) -> str:
    """Sixteen hexadecimal digits, the same on every machine."""
    from hashlib import sha256

    said = {
        field.name: str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        for field in dataclasses.fields(request)
        if field.name not in _LEFT_OUT and (value := getattr(request, field.name)) not in (None, False, ())
    }
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


def in_shard(name: str, index: int, count: int) -> bool:
    """Whether the target belongs to part `index` (from 0) of `count`."""
    return int(name, 16) % count == index
