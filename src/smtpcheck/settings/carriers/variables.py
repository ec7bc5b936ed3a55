"""`${VAR}` in compose files, as Docker Compose replaces it: `${VAR:-x}`, `${VAR-x}`, `${VAR:?x}`, `${VAR:+x}`, `$$`."""

import re
from collections.abc import Mapping

_VARIABLE = re.compile(
    r"\$(?:(?P<escaped>\$)|(?P<plain>[A-Za-z_]\w*)|\{(?P<name>[A-Za-z_]\w*)(?:(?P<operator>:?[-?+])(?P<rest>[^{}]*))?\})"
)


def replaced(text: str, variables: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """The text with its variables replaced, and the names of those that are not set, which Compose makes empty."""
    missing: list[str] = []

    def value(found: "re.Match[str]") -> str:
        if found["escaped"]:
            return "$"
        name, operator, rest = found["plain"] or found["name"], found["operator"] or "", found["rest"] or ""
        known = variables.get(name)
        there = known is not None and (known != "" or not operator.startswith(":"))
        if operator.endswith("-"):
            return known if there and known is not None else rest
        if operator.endswith("+"):
            return rest if there else ""
        if not there:
            missing.append(name)
        return known or ""

    return _VARIABLE.sub(value, text), tuple(missing)


def names(text: str) -> tuple[str, ...]:
    """The variables that a text refers to."""
    return tuple(found["plain"] or found["name"] for found in _VARIABLE.finditer(text) if not found["escaped"])
