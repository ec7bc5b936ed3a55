"""Many checks at once, each report as it ends.

`concurrency` bounds the checks, `per_address` the connections to one IP address: a batch over one provider must not
earn the 421 that it then reports. What a check waits for the others is in none of its times.
"""

import asyncio
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping, Sequence
from typing import Unpack

from smtpcheck import api
from smtpcheck.model import Options, Report, Target, UsageError
from smtpcheck.probe.company import Company

CONCURRENCY = 32
PER_ADDRESS = 2

Job = tuple[int, Target, Options]


async def check_many_async(
    targets: Iterable[str | Mapping[str, object]],
    *,
    concurrency: int = CONCURRENCY,
    per_address: int = PER_ADDRESS,
    **wanted: Unpack[api.Wanted],
) -> AsyncGenerator[Report, None]:
    """Checks many servers: `async for report in check_many_async(["a.example:587", "b.example:465"]): ...`.

    A target is what `check` takes, or a mapping of its arguments with the key `target`; `wanted` holds for all of them
    that say nothing else. The reports come in the order in which the checks end. Raises UsageError, before anything
    is sent, where one of them cannot be used.
    """
    check_bounds(concurrency, per_address)
    jobs: list[Job] = []
    for number, each in enumerate(targets):
        own = {"target": each} if isinstance(each, str) else each
        words: dict[str, object] = {**wanted, **own}
        target, options = api.prepare(api.asked_for({"sibling_ports": "second_looks" in words, **words}))
        api.check_before_packet(target, options)
        jobs.append((number, target, options))
    running = run_many(jobs, concurrency=concurrency, per_address=per_address)
    try:
        async for _, report in running:
            yield report
    finally:
        await running.aclose()


def check_bounds(concurrency: int, per_address: int) -> None:
    """Raises UsageError unless both are numbers from 1 to 10,000."""
    for name, value in (("concurrency", concurrency), ("per-address", per_address)):
        if not 1 <= value <= 10_000:
            raise UsageError(f"--{name} is {value}: give a number from 1 to 10000")


async def run_many(
    jobs: Sequence[Job],
    *,
    concurrency: int,
    per_address: int,
    interrupt: asyncio.Event | None = None,
) -> AsyncGenerator[tuple[int, Report], None]:
    """Runs the jobs and gives each number with its report as it ends. Closed early, it ends what still runs.

    Once `interrupt` is set, no further job begins, and those that run end with a report.
    """
    company = Company(per_address)
    waiting = iter(jobs)
    ended: asyncio.Queue[tuple[int, Report] | None] = asyncio.Queue()
    workers = [
        asyncio.create_task(_work(waiting, ended, company, interrupt)) for _ in range(min(concurrency, len(jobs)))
    ]
    try:
        left = len(workers)
        while left:
            found = await ended.get()
            if found is None:
                left -= 1
            else:
                yield found
        for worker in workers:
            worker.result()  # a fault of our own is told, and never a missing report
    finally:
        for worker in workers:
            worker.cancel()
        if workers:
            await asyncio.wait(workers)


async def _work(
    waiting: Iterator[Job],
    ended: "asyncio.Queue[tuple[int, Report] | None]",
    company: Company,
    interrupt: asyncio.Event | None,
) -> None:
    try:
        for number, target, options in waiting:
            if interrupt is not None and interrupt.is_set():
                return
            report = await api.run(target, options, interrupt=interrupt, company=company)
            ended.put_nowait((number, report))
    finally:
        ended.put_nowait(None)
