"""Two commands in alternating pairs, and what came of it.

One figure by itself says more of the machine and its load than of the program. So each run of ours has a run of the
peer beside it, in turns first and second, and what is told is the median of the ratios of the pairs.
"""

import os
import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """A process to be measured. Its output goes to a file, as neither program knows a quicker way to write."""

    name: str
    words: Sequence[str | Path]
    environment: Mapping[str, str]
    output: Path


@dataclass(frozen=True, slots=True)
class Run:
    """Seconds that one process took: by the wall clock, and of the processor (user and system); its largest memory
    in MiB.
    """

    wall: float
    cpu: float
    memory: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The pairs of two commands, ours first."""

    ours: Command
    peer: Command
    pairs: tuple[tuple[Run, Run], ...]

    def text(self, kind: Callable[[Run], float]) -> str:
        """The ratio with its quartiles, and both medians in milliseconds."""
        ratios = [kind(ours) / kind(peer) for ours, peer in self.pairs]
        low, middle, high = statistics.quantiles(ratios, method="inclusive")
        mine, other = (statistics.median(kind(pair[side]) for pair in self.pairs) * 1000 for side in (0, 1))
        return (
            f"{middle:.2f} times (quartiles {low:.2f} to {high:.2f}; {self.ours.name} {mine:.0f} ms, "
            f"{self.peer.name} {other:.0f} ms; {len(self.pairs)} pairs)"
        )


def wall(run: Run) -> float:
    """The time somebody waits."""
    return run.wall


def cpu(run: Run) -> float:
    """The time a processor is busy."""
    return run.cpu


def compared(ours: Command, peer: Command, pairs: int) -> Comparison:
    """Measures so many pairs, after one that fills the caches. Raises RuntimeError if a process fails."""
    measured(ours), measured(peer)
    found = []
    for number in range(pairs):
        if number % 2:
            theirs, mine = measured(peer), measured(ours)
        else:
            mine, theirs = measured(ours), measured(peer)
        found.append((mine, theirs))
    return Comparison(ours=ours, peer=peer, pairs=tuple(found))


def measured(command: Command) -> Run:
    """Runs it once. Raises RuntimeError with its output if it ends with anything but 0: it measured something else."""
    with command.output.open("wb") as sink:
        began = time.perf_counter()
        process = subprocess.Popen(
            command.words, env=dict(command.environment), stdin=subprocess.DEVNULL, stdout=sink, stderr=sink
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        said = command.output.read_text(errors="replace")
        raise RuntimeError(f"{command.name} ended with {process.returncode}:\n{said}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)
