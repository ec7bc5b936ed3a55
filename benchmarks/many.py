"""Many targets: the rate of `smtpcheck batch` beside `xargs -P 32 swaks`, its memory, and a thousand silent servers.

Both speak to the scripted server in another process. Its hosts differ in the EHLO name alone, so that no target is the
same as another.
"""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from .pairs import Command, measured
from .sessions import environment, smtpcheck, swaks

_MANY, _FEW, _OF_SWAKS, _SILENT = 2000, 200, 200, 1000
_SECRET = "correct horse"


@contextlib.contextmanager
def scripted(name: str, root: Path) -> Iterator[int]:
    """The port of a scripted server in another process, until the block ends."""
    words = (sys.executable, "-m", "benchmarks.scripted", name, str(root))
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            yield port
        finally:
            process.kill()  # it would give its thousand clients time to leave


def batch(directory: Path) -> str:
    """Sessions a second, and the memory of two sizes."""
    root = directory / "root.pem"
    with scripted("passes", root) as port:
        few, memory_few = _sessions(_FEW, port, root, directory)
        many, memory_many = _sessions(_MANY, port, root, directory)
        theirs = _swaks(port, root, directory)
    return (
        f"{many / theirs:.1f} times (smtpcheck {many:.1f}/s with {_MANY} targets, {few:.1f}/s with {_FEW}; "
        f"xargs -P 32 swaks {theirs:.1f}/s)\n"
        f"  memory: {memory_many:.0f} MiB with {_MANY} targets, {memory_few:.0f} MiB with {_FEW}"
    )


def silent(directory: Path) -> str:
    """Seconds until a thousand targets that say nothing are told."""
    with scripted("silent", directory / "root.pem") as port:
        targets = directory / "silent.jsonl"
        targets.write_text(_listed(_SILENT, port))
        words = (smtpcheck(), "batch", str(targets), "--concurrency", "1000", "--per-address", "1000")
        began = time.perf_counter()
        done = subprocess.run((*words, "--timeout", "2", "-q"), capture_output=True, text=True, env=environment())
        seconds = time.perf_counter() - began
    last = done.stdout.strip().rpartition("\n")[2]
    return f"{seconds:.2f} s for {_SILENT} silent servers ({last})"


def _listed(count: int, port: int) -> str:
    return "".join(f'{{"host": "127.0.0.1", "port": {port}, "ehlo": "c{number}"}}\n' for number in range(count))


def _sessions(count: int, port: int, root: Path, directory: Path) -> tuple[float, float]:
    """Sessions a second, and the largest memory in MiB."""
    targets = directory / f"{count}.jsonl"
    targets.write_text(_listed(count, port))
    results = directory / f"{count}.results.jsonl"
    words = (
        *(smtpcheck(), "batch", str(targets), "--out", str(results), "-q", "--per-address", "32"),
        *("--user", "alice@example.com", "--password-env", "SMTP_PASSWORD", "--ca-file", str(root)),
        *("--from", "alice@example.com", "--to", "bob@example.net"),
    )
    run = measured(
        Command(
            name="smtpcheck batch",
            words=words,
            environment=environment(SMTP_PASSWORD=_SECRET),
            output=directory / "batch.txt",
        )
    )
    return count / run.wall, run.memory


def _swaks(port: int, root: Path, directory: Path) -> float:
    one = (
        *(swaks(), "--server", "127.0.0.1", "--port", str(port), "-tls", "--tls-verify", "--tls-ca-path", str(root)),
        *("--auth", "PLAIN", "--auth-user", "alice@example.com", "--auth-password", _SECRET, "--helo", "c{}"),
        *("--from", "alice@example.com", "--to", "bob@example.net", "--quit-after", "RCPT"),
    )
    numbers = "\n".join(map(str, range(_OF_SWAKS)))
    began = time.perf_counter()
    done = subprocess.run(
        ("xargs", "-P", "32", "-I", "{}", *one), input=numbers, text=True, env=environment(), capture_output=True
    )
    if done.returncode:
        raise RuntimeError(f"swaks failed:\n{done.stdout[-2000:]}")
    return _OF_SWAKS / (time.perf_counter() - began)
