"""Options of one command that another takes as well, declared once: by name, with their help, values and headings."""

import inspect
from collections.abc import Callable
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])


def borrowing(source: Callable[..., Any], *names: str) -> Callable[[F], F]:
    """Gives a command the parameters `names` of `source`; it receives them in its `**` parameter."""

    def extended(command: F) -> F:
        lender, own = inspect.signature(source), inspect.signature(command)
        first = [one for one in own.parameters.values() if one.kind is not inspect.Parameter.VAR_KEYWORD]
        lent = [lender.parameters[name].replace(kind=inspect.Parameter.KEYWORD_ONLY) for name in names]
        command.__signature__ = own.replace(parameters=[*first, *lent])  # type: ignore[attr-defined]
        command.__annotations__ = {**command.__annotations__, **{one.name: one.annotation for one in lent}}
        return command

    return extended
