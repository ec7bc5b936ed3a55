"""Settings in Python source (Django): assignments of constants at the top of a module, read and never executed.

What is no constant (a call, a variable of the environment) is told as unread, with what it says. `os.environ.get("X",
"y")` and its relatives keep their default in mind, but what the environment held, nobody can know.
"""

import ast
from collections.abc import Iterator

from smtpcheck.model.settings import Entry, Value
from smtpcheck.settings.carriers.text import Source

LIMIT = 256 * 1024  # `ast.parse` of a few megabytes of legal Python can take gigabytes
_LONGEST_EXPRESSION = 80


def entries(source: Source) -> tuple[Entry, ...]:
    """The assignments in their order, those inside `if` and `try` too. Raises UsageError for what is no Python."""
    if len(source.text.encode("utf-8", "surrogatepass")) > LIMIT:
        raise source.refuse("this Python source has more than 256 KiB, the most that is read")
    _check_nesting(source)
    try:
        return tuple(_assignments(source, ast.parse(source.text).body))
    except SyntaxError as error:
        raise source.refuse("this is no Python that could be read", error.lineno) from None
    except (ValueError, RecursionError, MemoryError):
        raise source.refuse("this is no Python that could be read: it is nested too deep") from None


def _check_nesting(source: Source) -> None:
    """Raises UsageError for source whose brackets alone would exhaust the parser."""
    depth = 0
    for number, line in enumerate(source.text.split("\n"), 1):
        for character in line:
            depth += (character in "([{") - (character in ")]}")
            if depth > 90:
                raise source.refuse("this Python source is nested deeper than 90 brackets", number)


def _assignments(source: Source, body: list[ast.stmt]) -> Iterator[Entry]:
    for statement in body:
        match statement:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        yield from _entries(source, target.id, value, statement.lineno)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield from _entries(source, name, value, statement.lineno)
            case ast.If(body=inner, orelse=other):
                yield from _assignments(source, [*inner, *other])
            case ast.Try(body=inner, orelse=other, finalbody=last):
                yield from _assignments(source, [*inner, *other, *last])


def _entries(source: Source, key: str, value: ast.expr, line: int) -> Iterator[Entry]:
    """A constant, or the constants of a dictionary under its key: `MAILERS.default.HOST`."""
    if isinstance(value, ast.Dict):
        for name, member in zip(value.keys, value.values, strict=True):
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield from _entries(source, f"{key}.{name.value}", member, member.lineno)
        return
    known, found = constant(value)
    if known:
        yield source.entry(key, found, line)
    else:
        yield source.entry(key, None, line, unread=f"is an expression: {_shown(value)}")


def constant(value: ast.expr) -> tuple[bool, Value]:
    """Whether an expression is a constant, and which. Texts that are added or repeated count as such."""
    match value:
        case ast.Constant(value=None | bool() | int() | float() | str() as found):
            return True, found
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as found)):
            return True, -found
        case ast.BinOp(op=ast.Add(), left=left, right=right):
            (first, one), (second, two) = constant(left), constant(right)
            if first and second and isinstance(one, str) and isinstance(two, str):
                return True, one + two
    return False, None


def _shown(value: ast.expr) -> str:
    """The expression without its texts, one of which may be a password: only names and calls are kept."""
    kept = ast.unparse(_WithoutTexts().visit(value))
    return kept if len(kept) <= _LONGEST_EXPRESSION else kept[: _LONGEST_EXPRESSION - 3] + "..."


class _WithoutTexts(ast.NodeTransformer):
    """Leaves the name of a variable (`os.environ["X"]`, a call's first argument), and nothing else that is text."""

    def visit_Call(self, node: ast.Call) -> ast.AST:
        first = node.args[:1]
        keep = [one for one in first if isinstance(one, ast.Constant) and _is_name(one.value)]
        rest = [ast.Name(id="...")] if len(node.args) > len(keep) or node.keywords else []
        return ast.Call(func=self.visit(node.func), args=[*keep, *rest], keywords=[])

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if isinstance(node.slice, ast.Constant) and _is_name(node.slice.value):
            return ast.Subscript(value=self.visit(node.value), slice=node.slice)
        return ast.Subscript(value=self.visit(node.value), slice=ast.Name(id="..."))

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Name(id="...") if isinstance(node.value, str | bytes) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Name(id="...")


def _is_name(value: object) -> bool:
    """Whether a text is certainly the name of a variable: upper case with underscores."""
    return isinstance(value, str) and value.isascii() and value.isupper() and value.isidentifier() and "_" in value
