"""A check that is watched: what it leaves behind is an error, and how long it took is known.

    with nothing_left():
        report = watched(target, {"auth": 0.3}, user="alice", password="...")

Steps have ten seconds each, but for the ones that the test names: so a loaded machine makes no other step stall.
"""

import asyncio
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.api import run
from smtpcheck.model import Options, Patience, Progress, Report, Secret, Step, Target
from smtpcheck.model.secret import SecretKind
from smtpcheck.net.resolve import resolve
from smtpcheck.settings.build import build
from smtpcheck.settings.request import Request

SLACK = 1.0 if os.environ.get("CI") else 0.25
"""Seconds that a step, and an interruption, may take beyond their deadline (and beyond our own recorded lag)."""

PASSWORD = "correct horse battery staple"
_ENDING = 5.0  # seconds that a daemon thread of ours may need to end by itself


def wanted(target: str, patience: Mapping[str, float], **words: Any) -> tuple[Target, Options]:
    """What `api.run` takes: `words` as in `Request`; `user` brings a password, unless a secret is given."""
    words = {"address": "127.0.0.1", **words}
    if "user" in words:
        words.setdefault("secret", Secret(PASSWORD, SecretKind.PASSWORD))
    built, options = build(Request(target=target, **words), {})
    calm = Patience(**{field.name: 10.0 for field in fields(Patience)})
    return built, replace(options, patience=replace(calm, **patience), secret=words.get("secret"))


def watched(target: str, patience: Mapping[str, float], **words: Any) -> Report:
    """One check in an event loop of its own; AssertionError if a task outlives it."""
    return asyncio.run(alone(*wanted(target, patience, **words)))


async def alone(target: Target, options: Options, **more: Any) -> Report:
    """`api.run`, after which this task has to be the only one."""
    report = await run(target, options, **more)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    return report


class Interruption:
    """Ctrl-C as soon as `when` says so of something that happens: `seconds` is how long the report then took."""

    def __init__(self, when: Callable[[Progress], bool]) -> None:
        self._when = when
        self._at: float | None = None
        self.event = asyncio.Event()
        self.seconds: float | None = None

    def progress(self, happened: Progress) -> None:
        if self._at is None and self._when(happened):
            # A moment later: the step that begins is to wait for its peer, not to be stopped before it asks.
            self._at = time.monotonic() + 0.1
            asyncio.get_running_loop().call_later(0.1, self.event.set)

    def on_report(self, report: Report) -> None:
        assert self._at is not None, "the check ended before it was interrupted"
        self.seconds = time.monotonic() - self._at


@contextmanager
def nothing_left() -> Iterator[None]:
    """AssertionError if a descriptor or a thread that was not there before is there after it."""
    descriptors, threads = _descriptors(), set(threading.enumerate())
    yield
    until = time.monotonic() + _ENDING
    # The scripted server is in this process, too: its end of a connection closes a moment after ours.
    while (set(threading.enumerate()) - threads or _descriptors() - descriptors) and time.monotonic() < until:
        time.sleep(0.01)
    assert set(threading.enumerate()) - threads == set()
    assert _descriptors() - descriptors == set()


def in_time(step: Step, deadline: float) -> bool:
    """Whether the step kept its deadline, our own lag and some slack left out."""
    return step.seconds <= deadline + SLACK + step.lag


def _descriptors() -> set[tuple[str, str]]:
    """Each open descriptor and what it stands for; empty where the kernel does not tell."""
    if not sys.platform.startswith("linux"):
        return set()
    found = set()
    for descriptor in os.listdir("/proc/self/fd"):
        try:
            found.add((descriptor, str(Path(f"/proc/self/fd/{descriptor}").readlink())))
        except FileNotFoundError:
            continue  # the listing's own
    return found


@contextmanager
def full_queue(family: int = socket.AF_INET, where: Any = ("127.0.0.1", 0)) -> Iterator[Any]:
    """A listener whose accept queue is full, so that a connect to it is not answered; gives its address."""
    with socket.socket(family) as listener, ExitStack() as waiting:
        listener.bind(where)
        listener.listen(0)
        for _ in range(4):
            one = waiting.enter_context(socket.socket(family))
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        time.sleep(0.05)  # the kernel's own handshakes
        yield listener.getsockname()


@contextmanager
def hanging_getaddrinfo() -> Iterator[None]:
    """The system resolver does not answer, until this context ends."""
    release = threading.Event()

    def getaddrinfo(*question: object) -> list[tuple[Any, ...]]:
        release.wait(60)
        return []

    assert resolve.__kwdefaults__ is not None
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(resolve.__kwdefaults__, "getaddrinfo", getaddrinfo)
        try:
            yield
        finally:
            release.set()
