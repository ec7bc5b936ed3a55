"""Many checks at once, with real servers on loopback."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from smtpcheck import Report, UsageError, check_many_async
from smtpcheck.dialogue import parse
from smtpcheck.model import Outcome, Stage
from smtpcheck.probe.company import Company
from smtpcheck.serve import running

PASSES = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250 mail.example.com\nC: QUIT\nS: 221 bye\n"
LOGIN = "S: 220 hi ESMTP\nC: EHLO *\nS: 250-hi\nS: 250 AUTH PLAIN\n"
REFUSES = f"{LOGIN}C? AUTH PLAIN *\nS: 535 5.7.8 no\nC? QUIT\nS: 221 bye\n"
ACCEPTS = f"{LOGIN}C: AUTH PLAIN *\nS: 235 2.7.0 yes\nC: QUIT\nS: 221 bye\n"


async def gathered(targets: Sequence[str | Mapping[str, object]], **wanted: Any) -> list[Report]:
    return [report async for report in check_many_async(targets, **wanted)]


def test_every_target_has_its_report() -> None:
    """Those that nothing listens for as well."""
    with running(parse(PASSES)) as server:
        targets = [f"127.0.0.1:{server.port}"] * 5 + [{"target": "127.0.0.1", "port": 1}]
        reports = asyncio.run(gathered(targets, timeout=5.0))
    assert sorted(report.exit_code for report in reports) == [0, 0, 0, 0, 0, 11]


def test_a_target_that_cannot_be_used_stops_all() -> None:
    """Before anything is sent."""
    with running(parse(PASSES)) as server:
        with pytest.raises(UsageError, match="--tls"):
            asyncio.run(gathered([f"127.0.0.1:{server.port}", {"target": "h", "tls": "maybe"}]))
        assert server.sessions == ()


@pytest.mark.parametrize("target", [{"target": "h", "colour": "red"}, {"port": 25}])
def test_an_argument_that_does_not_exist_is_misuse(target: dict[str, object]) -> None:
    """As it is for one check."""
    with pytest.raises(UsageError):
        asyncio.run(gathered([target]))


def test_room_is_given_in_turn() -> None:
    """Never more than so many at one address, and another address does not wait."""

    async def visit() -> list[int]:
        company = Company(2)
        inside = 0
        seen: list[int] = []

        async def one() -> None:
            nonlocal inside
            await company.enter("192.0.2.1")
            inside += 1
            seen.append(inside)
            for _ in range(3):
                await asyncio.sleep(0)
            inside -= 1
            await company.leave("192.0.2.1")

        await asyncio.gather(*(one() for _ in range(9)))
        await company.enter("192.0.2.2")
        return seen

    seen = asyncio.run(visit())
    assert (len(seen), max(seen)) == (9, 2)


def test_no_address_gets_more_connections_than_allowed() -> None:
    """The dialogue refuses to be spoken to by more: each session is counted at the server while it lasts."""

    async def run() -> tuple[list[Report], int]:
        inside = most = 0

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal inside, most
            inside += 1
            most = max(most, inside)
            writer.write(b"220 hi\r\n")
            while words := await reader.readline():
                writer.write(b"221 bye\r\n" if words.startswith(b"QUIT") else b"250 hi\r\n")
                if words.startswith(b"QUIT"):
                    break
            inside -= 1
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        names = [f"127.0.0.1:{port}", f"localhost:{port}"]  # the address counts, and not its name
        async with server:
            reports = await gathered(names * 10, per_address=2, timeout=5.0, ipv4=True)
        return reports, most

    reports, most = asyncio.run(run())
    assert {report.outcome for report in reports} == {Outcome.PASSED}
    assert most <= 2


def login(port: int, **more: object) -> dict[str, object]:
    return {"target": f"127.0.0.1:{port}", "user": "u", "tls": "off", "allow_cleartext_auth": True, **more}


def test_a_refused_login_is_not_repeated() -> None:
    """One AUTH reaches the server; the other targets stop before it, and say for whom it was refused."""
    with running(parse(REFUSES)) as server:
        targets = [login(server.port, password="hunter2-wrong", helo=f"c{number}") for number in range(6)]
        reports = asyncio.run(gathered(targets, per_address=6, timeout=5.0))
        port = server.port
    said = [line for session in server.sessions for line in session.lines if line.startswith("AUTH")]
    assert len(said) == 1
    assert sorted(report.outcome for report in reports) == [Outcome.REFUSED] + [Outcome.SKIPPED] * 5
    skipped = next(report for report in reports if report.outcome is Outcome.SKIPPED)
    assert (skipped.stage, skipped.exit_code) == (Stage.AUTH, 16)
    step = skipped.step(Stage.AUTH)
    assert step is not None
    assert f"127.0.0.1:{port}" in (step.why or "")


def test_logins_that_are_accepted_all_happen() -> None:
    """Whoever waits for the first one goes on after it."""
    with running(parse(ACCEPTS)) as server:
        targets = [login(server.port, password="right-enough", helo=f"c{number}") for number in range(6)]
        reports = asyncio.run(gathered(targets, per_address=6, timeout=5.0))
    assert {report.outcome for report in reports} == {Outcome.PASSED}


def test_waiting_for_others_is_not_counted() -> None:
    """A run whose whole time is short passes, although it begins long after that."""
    with running(parse(PASSES.replace("S: 220", "! sleep 0.2\nS: 220"))) as server:
        reports = asyncio.run(gathered([f"127.0.0.1:{server.port}"] * 8, per_address=1, max_time=1.2))
    assert {report.outcome for report in reports} == {Outcome.PASSED}


def test_a_caller_who_leaves_early_ends_the_rest() -> None:
    """Nothing of it runs on."""

    async def first() -> tuple[Report, int]:
        with running(parse(PASSES)) as server:
            many = check_many_async([f"127.0.0.1:{server.port}"] * 50, concurrency=2)
            report = await anext(many)
            await many.aclose()
            left = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
            return report, len(left)

    report, left = asyncio.run(first())
    assert report.passed
    assert left == 0
