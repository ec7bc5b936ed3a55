"""One blocking call in a thread of its own.

`getaddrinfo` takes no timeout, and asyncio's default executor joins its threads at exit: a resolver that never answers
would hold the process back after the report. A daemon thread holds nothing back: cancelled, the caller leaves, and the
result goes nowhere.
"""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple, Unpack

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


async def in_daemon_thread(call: Callable[[Unpack[Ts]], T], *args: *Ts) -> T:
    """What `call(*args)` returns or raises. Cancelled, it returns at once and the thread ends by itself, unheard."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():  # the caller was cancelled
            return
        if error is None:
            future.set_result(result)  # type: ignore[arg-type]  # without an error it is a T
        else:
            future.set_exception(error)

    def run() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = call(*args)
        except StopIteration as stop:  # a future cannot carry it
            error = RuntimeError(f"the call raised {stop!r}")
        except BaseException as raised:
            error = raised
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:
            return  # the loop has closed: nobody waits any more

    threading.Thread(target=run, name=f"smtpcheck {getattr(call, '__name__', 'call')}", daemon=True).start()
    return await future
