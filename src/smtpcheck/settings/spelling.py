"""Assignments written out in a syntax: as one line, for a step that names the line to change, and as a whole block, to
be copied into a file. The inverse of `carriers`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence

from smtpcheck.model.settings import Assignment, Value

_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./\-]*")
_TEXT_OF_YAML = re.compile(r"[A-Za-z_/][A-Za-z0-9_@+./\-]*")
_YAML_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")


def line(key: str, value: Value, syntax: str) -> str:
    """One assignment, as it stands in a file of that syntax."""
    name = key.rpartition(".")[2]
    match syntax:
        case "env":
            return f"{key}={_env(value)}"
        case "json" | "javascript":
            return f'"{name}": {json.dumps(value)}'
        case "yaml":
            return f"{name}: {_yaml(value)}"
        case "python":
            return f"{key}={value!r}"
        case "php":
            return f"'{name}' => {_php(value)}"
        case "ruby":
            return f"{name}: {_ruby(value)}" if "smtp_settings" in key else f"{_subscript(key)} = {_ruby(value)}"
        case "ini":
            return f"{name} = {_bare(value)}"
        case "postfix":
            return f"{key} = {_bare(value)}"
        case "msmtprc" | "postfix-table":
            return f"{_unsectioned(key)} {_bare(value)}"
    return f"{key}={_bare(value)}"


def block(assignments: Sequence[Assignment], syntax: str) -> str:
    """All of them, one under the other, with a newline at the end."""
    write = _BLOCKS.get(syntax, _lines)
    return write(assignments, syntax).rstrip("\n") + "\n"


def _lines(assignments: Sequence[Assignment], syntax: str) -> str:
    return "\n".join(_commented(line(one.key, one.value, syntax), one.comment) for one in assignments)


def _commented(text: str, comment: str | None) -> str:
    return f"# {comment}\n{text}" if comment else text


def _python(assignments: Sequence[Assignment], syntax: str) -> str:
    return "\n".join(_commented(f"{one.key} = {one.value!r}", one.comment) for one in assignments)


def _sections(assignments: Sequence[Assignment], syntax: str) -> str:
    """An ini file: each section once, in the order in which they come."""
    names = list(dict.fromkeys(one.key.rpartition(".")[0] for one in assignments))
    parts = []
    for name in names:
        own = [one for one in assignments if one.key.rpartition(".")[0] == name]
        parts.append("\n".join(([f"[{name}]"] if name else []) + [_lines(own, syntax)]))
    return "\n\n".join(parts)


Tree = dict[str, "Value | Tree"]


def _tree(assignments: Sequence[Assignment]) -> Tree:
    """The nesting that dotted keys stand for."""
    root: Tree = {}
    for one in assignments:
        *path, last = one.key.split(".")
        at = root
        for name in path:
            below = at.setdefault(name, {})
            assert isinstance(below, dict)
            at = below
        at[last] = one.value
    return root


def _json(assignments: Sequence[Assignment], syntax: str) -> str:
    return json.dumps(_tree(assignments), indent=2, ensure_ascii=False)


def _yaml_block(assignments: Sequence[Assignment], syntax: str) -> str:
    def written(tree: Tree, indent: int) -> list[str]:
        found = []
        for name, value in tree.items():
            if isinstance(value, dict):
                found += [f"{' ' * indent}{name}:", *written(value, indent + 2)]
            else:
                found.append(f"{' ' * indent}{name}: {_yaml(value)}")
        return found

    return "\n".join(written(_tree(assignments), 0))


def _php_block(assignments: Sequence[Assignment], syntax: str) -> str:
    def written(tree: Tree, indent: int) -> list[str]:
        found = []
        for name, value in tree.items():
            if isinstance(value, dict):
                found += [f"{' ' * indent}'{name}' => [", *written(value, indent + 2), f"{' ' * indent}],"]
            else:
                found.append(f"{' ' * indent}'{name}' => {_php(value)},")
        return found

    return "\n".join(written(_tree(assignments), 0))


def _javascript(assignments: Sequence[Assignment], syntax: str) -> str:
    return re.sub(r'^(\s*)"([A-Za-z_]\w*)":', r"\1\2:", _json(assignments, syntax), flags=re.MULTILINE)


def _ruby_block(assignments: Sequence[Assignment], syntax: str) -> str:
    """`config.x = { ... }` where the last name is a member of a hash, `name['key'] = ...` elsewhere."""
    hashes: dict[str, list[Assignment]] = {}
    lines = []
    for one in assignments:
        if "smtp_settings" in one.key:
            hashes.setdefault(one.key.rpartition(".")[0], []).append(one)
        else:
            lines.append(line(one.key, one.value, syntax))
    for name, members in hashes.items():
        lines += [f"{name} = {{", *(f"  {line(one.key, one.value, syntax)}," for one in members), "}"]
    return "\n".join(lines)


def _msmtprc(assignments: Sequence[Assignment], syntax: str) -> str:
    lines = []
    section = None
    for one in assignments:
        own = one.key.rpartition(".")[0]
        if own != section and own:
            section = own
            lines.append(own.replace(".", " ").strip() or "account default")
        lines.append(line(one.key, one.value, syntax))
    return "\n".join(lines)


_BLOCKS: Mapping[str, Callable[[Sequence[Assignment], str], str]] = {
    "ini": _sections,
    "json": _json,
    "javascript": _javascript,
    "yaml": _yaml_block,
    "php": _php_block,
    "python": _python,
    "ruby": _ruby_block,
    "msmtprc": _msmtprc,
}


# Values


def _bare(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def _env(value: Value) -> str:
    """Unquoted where every dialect of .env agrees, else in single quotes, which take everything as it is."""
    text = _bare(value)
    if _PLAIN.fullmatch(text):
        return text
    return f"'{text}'" if "'" not in text else json.dumps(text, ensure_ascii=False)


def _yaml(value: Value) -> str:
    if isinstance(value, str) and (not _TEXT_OF_YAML.fullmatch(value) or value.lower() in _YAML_WORDS):
        return json.dumps(value, ensure_ascii=False)
    return _bare(value)


def _php(value: Value) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return f"'{escaped}'"
    return "null" if value is None else _bare(value)


def _ruby(value: Value) -> str:
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("#{", "\\#{")
        return f'"{escaped}"'
    return "nil" if value is None else _bare(value)


def _subscript(key: str) -> str:
    """`gitlab_rails.smtp_address` as Ruby's `gitlab_rails['smtp_address']`."""
    if key.startswith("config."):
        return key
    first, *rest = key.split(".")
    return first + "".join(f"['{name}']" for name in rest)


def _unsectioned(key: str) -> str:
    return key.removeprefix("table:") if key.startswith("table:") else key.rpartition(".")[2]
