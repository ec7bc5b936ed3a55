"""One blocking call in a daemon thread: nobody waits for it who does not want to."""

import asyncio
import threading
import time

import pytest

from smtpcheck.net.threads import in_daemon_thread


def _ended(name: str) -> None:
    for thread in threading.enumerate():
        if name in thread.name:
            thread.join(5)
            assert not thread.is_alive()


def test_it_gives_what_the_call_returns() -> None:
    async def run() -> tuple[int, str]:
        main = threading.get_ident()
        where = await in_daemon_thread(threading.get_ident)
        assert where != main
        return await in_daemon_thread(max, 1, 2), await in_daemon_thread(str.upper, "a")

    assert asyncio.run(run()) == (2, "A")


@pytest.mark.parametrize(("error", "raised"), [(OSError(5, "no"), OSError), (StopIteration(1), RuntimeError)])
def test_it_raises_what_the_call_raises(error: Exception, raised: type[Exception]) -> None:
    def fails() -> None:
        raise error

    with pytest.raises(raised):
        asyncio.run(in_daemon_thread(fails))


def test_cancelled_it_returns_at_once_and_the_late_result_goes_nowhere() -> None:
    release = threading.Event()

    def waits_for_release() -> None:
        release.wait(30)

    async def run() -> None:
        task = asyncio.create_task(in_daemon_thread(waits_for_release))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        release.set()
        _ended("waits_for_release")
        await asyncio.sleep(0)  # the late result comes to a future that was cancelled

    asyncio.run(run())


def test_a_result_that_comes_after_the_loop_has_closed_goes_nowhere() -> None:
    """An exception in the thread would be a warning, and that an error (filterwarnings)."""
    release = threading.Event()

    def outlives_the_loop() -> None:
        release.wait(30)

    async def run() -> None:
        async with asyncio.timeout(0.05):
            await in_daemon_thread(outlives_the_loop)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(run())
    assert time.monotonic() - began < 5
    release.set()
    _ended("outlives_the_loop")
