"""What it takes to run a mail server for the length of a test session.

A server gets a directory of its own that its unprivileged user may enter (pytest's are for the owner alone), ports that
were free a moment ago, configuration rendered from a template, and a process group that is gone when the session ends.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

from .accounts import USERS, User

HOST = "127.0.0.1"
TEMPLATES = Path(__file__).parent / "templates"
INSTALLED = Path(
    os.environ.get("SMTPCHECK_REAL_DIR")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smtpcheck-real"
)

_START_SECONDS = 15.0
_STOP_SECONDS = 5.0
_TAIL_LINES = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server: `ports` by role, `ca_file` signed its certificates, `users` may log in, `logs` it writes."""

    name: str
    host: str
    ports: Mapping[str, int]
    ca_file: Path
    logs: tuple[Path, ...]
    users: tuple[User, ...] = USERS


def program(*names: str | Path) -> Path:
    """The first of `names` that is installed. Otherwise the test is skipped, or fails where CI=true."""
    for name in names:
        found = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin")
        if found is not None:
            return Path(found)
    unavailable(f"{Path(names[0]).name} is not installed: run tests/real/install.sh")


def unavailable(reason: str) -> NoReturn:
    """Skips the test for this reason, or fails it where CI=true: there every server has to be present."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def require_root(server: str) -> None:
    """These servers start as root and give up what they do not need."""
    if os.geteuid() != 0:
        unavailable(f"{server} can be started by root alone")


@contextlib.contextmanager
def public_directory(name: str) -> Iterator[Path]:
    """A temporary directory that every user may enter and read, removed at the end."""
    path = Path(tempfile.mkdtemp(prefix=f"smtpcheck-{name}-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def free_ports(roles: Sequence[str]) -> dict[str, int]:
    """A different unprivileged port for each role, free on HOST at the moment of asking."""
    with contextlib.ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in roles]
        for listener in sockets:
            listener.bind((HOST, 0))
        return {role: listener.getsockname()[1] for role, listener in zip(roles, sockets, strict=True)}


def roles(template: str) -> list[str]:
    """The roles that a template names as <<port:ROLE>>, in order."""
    return list(dict.fromkeys(re.findall(r"<<port:(\w+)>>", (TEMPLATES / template).read_text())))


def render(template: str, values: Mapping[str, object]) -> str:
    """The template with every <<NAME>> replaced; KeyError if a name has no value."""
    return re.sub(r"<<([\w:]+)>>", lambda match: str(values[match[1]]), (TEMPLATES / template).read_text())


def port_values(ports: Mapping[str, int]) -> dict[str, object]:
    """The ports under the names by which a template asks for them."""
    return {f"port:{role}": port for role, port in ports.items()}


def answers(family: socket.AddressFamily, address: str | tuple[str, int]) -> bool:
    """Whether something accepts connections at this address."""
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        return probe.connect_ex(address) == 0


@contextlib.contextmanager
def running(command: Sequence[str | Path], *, ready: Callable[[], bool], logs: Sequence[Path]) -> Iterator[None]:
    """Runs a server that stays in the foreground until the block ends, from the moment it is `ready`.

    Raises RuntimeError with the end of its logs if it stops early or is not ready in time.
    """
    output = logs[0].with_suffix(".out")
    with output.open("wb") as sink:
        # A session of its own: Postfix signals its whole process group when it stops.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=sink, stderr=sink, start_new_session=True)
    try:
        _wait_until_ready(process, ready, (output, *logs))
        yield
    finally:
        _stop(process)


def _wait_until_ready(process: subprocess.Popen[bytes], ready: Callable[[], bool], logs: Sequence[Path]) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            said = "\n".join(tail(log) for log in logs)
            raise RuntimeError(f"{process.args!r} did not start (status {process.returncode}):\n{said}")
        time.sleep(0.02)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def tail(log: Path) -> str:
    """The last lines of a log, or nothing if it was never written."""
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-_TAIL_LINES:])
