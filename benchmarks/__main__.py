"""`python -m benchmarks [start-up] [session] [delay] [flights]`: prints figures, and judges none of them."""

import argparse
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.real.servers.process import Server

from . import machine, many
from .pairs import Command, compared, cpu, measured, wall
from .relay import relay
from .sessions import environment, mail_server, port_of, smtpcheck, smtpcheck_session, swaks_session

_ROUND_TRIP = 0.1  # seconds
_COUNTED_AT = 0.01  # one way: enough that what crosses on its way is told from an answer

Figure = Callable[[Server, Path, int], str]


def start_up(directory: Path, pairs: int) -> str:
    """CPU of `smtpcheck --help` and of importing what it parses with."""
    ours, peer = (
        Command(name=name, words=words, environment=environment(), output=directory / "help.txt")
        for name, words in (
            ("smtpcheck --help", (smtpcheck(), "--help")),
            ("import typer", (sys.executable, "-c", "import typer")),
        )
    )
    return f"CPU of `smtpcheck --help`: {compared(ours, peer, pairs).text(cpu)}"


def session(server: Server, directory: Path, pairs: int) -> str:
    """Wall time of a whole session on loopback."""
    port = port_of(server)
    found = compared(smtpcheck_session(server, port, directory), swaks_session(server, port, directory), pairs)
    return f"a loopback session, wall: {found.text(wall)}\n  CPU: {found.text(cpu)}"


def delay(server: Server, directory: Path, pairs: int) -> str:
    """The same with 100 ms for each round trip."""
    with relay(port_of(server), _ROUND_TRIP / 2) as far:
        ours, peer = (make(server, far.port, directory) for make in (smtpcheck_session, swaks_session))
        found = compared(ours, peer, pairs)
    return f"a session through {_ROUND_TRIP * 1000:.0f} ms of round trip, wall: {found.text(wall)}"


def flights(server: Server, directory: Path, pairs: int) -> str:
    """How often each client has to wait for the network, plus one."""
    with relay(port_of(server), _COUNTED_AT) as counting:
        for make in (smtpcheck_session, swaks_session):
            measured(make(server, counting.port, directory))
    ours, peer = counting.flights
    return f"flights of the client, SYN and the end of TLS included: smtpcheck {ours}, swaks {peer}"


START_UP = "start-up"
WITH_SERVER: dict[str, Figure] = {"session": session, "delay": delay, "flights": flights}
SCRIPTED = {"batch": many.batch, "silent": many.silent}
FIGURES = (START_UP, *SCRIPTED, *WITH_SERVER)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("figures", nargs="*", metavar="FIGURE", help=f"{', '.join(FIGURES)} (default: all)")
    parser.add_argument("--pairs", type=int, default=21, help="how many pairs of runs (default: 21)")
    asked = parser.parse_args()
    if unknown := set(asked.figures) - set(FIGURES):
        parser.error(f"no such figure: {', '.join(sorted(unknown))}")
    wanted = [name for name in FIGURES if name in (asked.figures or FIGURES)]
    print(machine.described(), flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary)
        if START_UP in wanted:
            _show(START_UP, start_up(directory, asked.pairs))
        for name, scripted in SCRIPTED.items():
            if name in wanted:
                _show(name, scripted(directory))
        if set(wanted) & set(WITH_SERVER):
            with mail_server() as server:
                for name, figure in WITH_SERVER.items():
                    if name in wanted:
                        _show(name, figure(server, directory, asked.pairs))
    print(machine.load())


def _show(name: str, text: str) -> None:
    print(f"{name:<10} {text}", flush=True)


main()
