"""Every pattern is linear: twice the text takes about twice the time, whatever the text is made of."""

import re
from collections.abc import Iterator
from importlib import import_module
from time import process_time

import pytest

from smtpcheck import providers, replies
from smtpcheck.diagnose.text import library

SIZE = 100_000
MODULES = ("entries", "quoted", "transcript", "stack", "oauth", "shown", "letters", "scene", "clues", "judge")


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    rows = [*replies.rows(), *library.client_rows(), *(row for one in providers.providers() for row in one.replies)]
    yield from ((row.example[:40], row.regex) for row in rows if row.regex is not None)
    for name in MODULES:
        module = vars(import_module(f"smtpcheck.diagnose.text.{name}"))
        yield from ((f"{name}.{key}", value) for key, value in module.items() if isinstance(value, re.Pattern))


def friends(pattern: str) -> set[str]:
    """Texts that a pattern likes best: its own words over and over, without an end that would let it match."""
    words = re.findall(
        r"[a-z@<>\[\]{}:.=/ \"'#-]{2,}", re.sub(r"\\[a-zA-Z]|\(\?[^)]{1,3}|\{\d*,?\d*\}", " ", pattern.lower())
    )
    return {
        "5",
        "a",
        " ",
        "<",
        "a@",
        "1.",
        "550 ",
        "550-5.7.1 ",
        ": ",
        "eyJ",
        '{"status":"1',
        "AUTH ",
        "220 x ",
        "ab " * 9,
    } | {word for word in words if len(word) < 40}


@pytest.mark.parametrize(("where", "pattern"), list(patterns()))
def test_twice_the_text_takes_about_twice_the_time(where: str, pattern: re.Pattern[str]) -> None:
    """Compared in CPU time at two sizes; what is over in no time proves itself."""
    for friend in friends(pattern.pattern):
        whole = (friend * (SIZE // len(friend) + 1))[:SIZE]
        long = spent(pattern, whole)
        if long > 0.05:
            assert long < 5 * spent(pattern, whole[: SIZE // 2]) + 0.05, repr(friend)
        assert long < 2, repr(friend)


def spent(pattern: re.Pattern[str], text: str) -> float:
    began = process_time()
    pattern.search(text)
    return process_time() - began
