"""Who may import whom: the law that keeps the recording apart from the judgement, and both apart from the network."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import smtpcheck

ROOT = Path(smtpcheck.__file__).parent

MAY_IMPORT = {
    "model": set[str](),
    "smtp": set[str](),
    "dialogue": {"smtp"},
    "net": {"smtp"},
    "probe": {"net", "smtp"},
    "serve": {"dialogue", "net", "smtp"},
    "providers": set[str](),
    "replies": set[str](),
    "settings": {"providers"},
    "diagnose": {"dialogue", "providers", "replies", "smtp"},
    "compare": set[str](),  # pure: two recordings in, their differences out
    "report": {"smtp"},
    "inquiry": {"diagnose", "net", "probe", "smtp"},
    "application": {"diagnose", "settings"},
    "api": {"diagnose", "inquiry", "net", "probe", "report", "serve", "settings", "smtp"},
    "many": {"api", "probe"},
    "cli": {"api", "application", "compare", "diagnose", "many", "providers", "report", "serve", "settings"},
}
"""Beside `model` and `_version`, which all may import, and the package's own modules."""

ONLY_IN = {
    "asyncio": {"api", "cli", "inquiry", "many", "net", "probe", "serve"},
    "socket": {"net"},
    "ssl": {"net"},
    "dns": {"net"},
    "cryptography": {"net"},
}

PUBLIC = {"__init__", "__main__"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[tuple[str, int]]:
    """Each module that a file imports, anywhere in it, with its line; what only the type checker sees is left out."""
    tree = ast.parse(path.read_text("utf-8"))
    typing_only = {
        id(node)
        for guard in ast.walk(tree)
        if isinstance(guard, ast.If) and isinstance(guard.test, ast.Name) and guard.test.id == "TYPE_CHECKING"
        for statement in guard.body
        for node in ast.walk(statement)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} imports relatively"
            assert node.module is not None
            yield node.module, node.lineno
            if node.module == "smtpcheck":
                yield from ((f"smtpcheck.{alias.name}", node.lineno) for alias in node.names)


def breaches(path: Path) -> Iterator[str]:
    own = layer(path)
    for name, line in imported(path):
        parts = name.split(".")
        where = f"{path.relative_to(ROOT)}:{line} imports {name}"
        if parts[0] == "smtpcheck" and len(parts) > 1:
            if own not in PUBLIC and parts[1] not in {own, "model", "_version"} | MAY_IMPORT[own]:
                yield where
        elif own not in ONLY_IN.get(parts[0], {own}):
            yield where


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_its_layer_may(path: Path) -> None:
    """The law of CONTRIBUTING, for each module."""
    assert list(breaches(path)) == []


def test_the_law_sees_a_breach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule that cannot fail guards nothing."""
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "diagnose").mkdir()
    bad = tmp_path / "diagnose" / "rule.py"
    bad.write_text("import socket\nfrom smtpcheck.net.tls import TlsEngine\nfrom smtpcheck.model import Stage\n")
    found = list(breaches(bad))
    assert found == [
        "diagnose/rule.py:1 imports socket",
        "diagnose/rule.py:2 imports smtpcheck.net.tls",
    ]


def test_no_cycles_between_layers() -> None:
    """The layers stand above each other: none is reached from itself."""

    def reachable(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
        below = MAY_IMPORT.get(name, set()) - seen
        return below.union(*(reachable(one, seen | below) for one in below)) if below else set()

    assert [name for name in MAY_IMPORT if name in reachable(name)] == []
