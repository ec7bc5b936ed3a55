"""Where the values of a request come from, when they do not stand on the command line: for the report, and for the
sentence that says that one cannot be used.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from smtpcheck.model import Origin, UsageError

_OPTION_OF = {"target": "TARGET", "sender": "--from", "recipients": "--to", "ipv4": "-4", "ipv6": "-6"}
_FIELD_OF = {"host": "target", "ehlo": "helo"}


def option_of(field: str) -> str:
    """The option of a field of Request, as it is typed."""
    return _OPTION_OF.get(field, "--" + field.replace("_", "-"))


def where(origin: Origin) -> str:
    """The place in words: `user in smtpcheck.toml, line 3`."""
    if origin.file is not None:
        return f"{origin.key} in {origin.file}, line {origin.line}"
    return f"the variable {origin.detail}" if origin.kind == "environment" else origin.detail or origin.kind


def with_origins(built: Mapping[str, Origin], asked: Mapping[str, Origin]) -> dict[str, Origin]:
    """The origins of a Target, those of the request's fields in the place of the options that were not typed."""
    told = {}
    for name, origin in built.items():
        field = "target" if origin.kind == "argument" else _FIELD_OF.get(name, name)
        told[name] = asked.get(field, origin) if origin.kind in ("argument", "option") else origin
    return told


@contextmanager
def placed(origins: Mapping[str, Origin]) -> Iterator[None]:
    """Adds to a UsageError where the options that it names were set, if they were not typed."""
    try:
        yield
    except UsageError as error:
        if origins:
            error.args = (_placed(str(error), origins),)
        raise


def _placed(sentence: str, origins: Mapping[str, Origin]) -> str:
    places = [
        f"{option} is {where(origin)}"
        for field, origin in origins.items()
        if re.search(rf"(?<![\w-]){re.escape(option := option_of(field))}(?![\w-])", sentence)
    ]
    return f"{sentence} ({'; '.join(places)})" if places else sentence
