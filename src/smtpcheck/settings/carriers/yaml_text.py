"""YAML as plain values with the line of each, through PyYAML, bounded: what a few lines of aliases can blow up to
gigabytes is refused (1,000 nodes after expansion, depth 100).

Only the composer is used, which builds nodes and calls nothing; scalars are resolved as YAML 1.1 does.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from smtpcheck.model import UsageError
from smtpcheck.model.record import record
from smtpcheck.model.settings import Entry, Value
from smtpcheck.settings.carriers.text import DEPTH, Source

if TYPE_CHECKING:
    import yaml

NODES = 1000
_LARGEST = 1024 * 1024


@record
class Node:
    """One value: a scalar in `value`, or the members of a mapping (by key, in order), or the items of a list."""

    line: int
    value: Value = None
    members: "dict[str, Node] | None" = None
    items: "tuple[Node, ...] | None" = None

    def at(self, *path: str) -> "Node | None":
        """The node at that path of keys, or None."""
        node: Node | None = self
        for key in path:
            node = node.members.get(key) if node is not None and node.members is not None else None
        return node

    @property
    def text(self) -> str | None:
        """A scalar as text, None for anything else."""
        if self.members is not None or self.items is not None or self.value is None:
            return None
        return str(self.value).lower() if isinstance(self.value, bool) else str(self.value)


def documents(source: Source) -> tuple[Node, ...]:
    """Every document of a file. Raises UsageError for what is no YAML, too large, and where PyYAML is missing."""
    try:
        import yaml
    except ImportError:
        raise UsageError(
            "YAML files need a library that is not installed: pip install 'smtpcheck[apps]', or give the variables as "
            "a file of KEY=VALUE lines"
        ) from None
    if len(source.text) > _LARGEST:
        raise source.refuse("this YAML has more than 1 MiB, the most that is read")
    try:
        composed: list[Any] = list(yaml.compose_all(source.text, Loader=yaml.SafeLoader))
        counter = _Counter(source, yaml.SafeLoader(""))
        return tuple(counter.node(document, 0) for document in composed if document is not None)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise source.refuse(
            f"this is no YAML: {_plain(error.problem)}", mark.line + 1 if mark is not None else None
        ) from None
    except UsageError:  # ours, and a ValueError as well
        raise
    except (yaml.YAMLError, ValueError):
        raise source.refuse("this is no YAML: a character or a value that cannot stand in it") from None
    except (RecursionError, MemoryError):
        raise source.refuse(f"this is nested deeper than {DEPTH} levels") from None


def entries(source: Source) -> tuple[Entry, ...]:
    """Every scalar of every document, flat: `spring.mail.host`."""
    return tuple(entry for document in documents(source) for entry in flat(source, document))


def flat(source: Source, node: Node, key: str = "") -> Iterator[Entry]:
    """The scalars below a node, each under its path of keys."""
    if node.members is not None:
        for name, member in node.members.items():
            yield from flat(source, member, f"{key}.{name}" if key else name)
    elif node.items is not None:
        for number, item in enumerate(node.items):
            yield from flat(source, item, f"{key}.{number}" if key else str(number))
    elif key:
        yield source.entry(key, node.value, node.line)


def _plain(problem: str | None) -> str:
    """PyYAML's words without a piece of the file, which may be a password."""
    return (problem or "it cannot be parsed").partition("'")[0].strip() or "it cannot be parsed"


class _Counter:
    """Turns PyYAML's nodes into ours and counts them as it goes: an alias costs what it stands for."""

    def __init__(self, source: Source, loader: "yaml.SafeLoader") -> None:
        self.source, self.loader, self.count = source, loader, 0

    def node(self, node: Any, depth: int) -> Node:
        import yaml

        self.count += 1
        line = node.start_mark.line + 1
        if self.count > NODES:
            raise self.source.refuse(
                f"this YAML has more than {NODES} values when its aliases are written out, the most that is read", line
            )
        if depth > DEPTH:
            raise self.source.refuse(f"this is nested deeper than {DEPTH} levels", line)
        if isinstance(node, yaml.MappingNode):
            return Node(line=line, members=self.members(node, depth))
        if isinstance(node, yaml.SequenceNode):
            return Node(line=line, items=tuple(self.node(item, depth + 1) for item in node.value))
        return Node(line=line, value=self.scalar(node))

    def members(self, node: Any, depth: int) -> dict[str, Node]:
        """The members, what `<<` merges before the mapping's own (a key of its own wins)."""
        merged: dict[str, Node] = {}
        own: dict[str, Node] = {}
        for key, value in node.value:
            name = str(getattr(key, "value", ""))
            member = self.node(value, depth + 1)
            if key.tag == "tag:yaml.org,2002:merge":
                sources = member.items if member.items is not None else (member,)
                for one in reversed(sources):
                    merged |= one.members or {}
            else:
                own[name] = member
        return merged | own

    def scalar(self, node: Any) -> Value:
        """A scalar as YAML 1.1 resolves it; dates and the like stay text."""
        kind = node.tag.removeprefix("tag:yaml.org,2002:")
        if kind in ("bool", "int", "float", "null"):
            value = self.loader.construct_object(node)
            return value if isinstance(value, bool | int | float) or value is None else str(node.value)
        return str(node.value)
