"""Postfix with Dovecot as its SASL backend: an instance of its own, with one port for each way to answer a client.

The roles and what each is for stand in templates/master.cf, the addresses that are refused in templates/main.cf. What
Postfix accepts it discards.
"""

import contextlib
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .certificates import Authority
from .dovecot import SaslBackend
from .dying_backend import dying_backend
from .process import (
    HOST,
    Server,
    answers,
    free_ports,
    port_values,
    program,
    public_directory,
    render,
    require_root,
    roles,
    running,
)

# The directories which "postfix check" would make, as far as mail can get here.
_QUEUES = ("active", "bounce", "corrupt", "defer", "deferred", "hold", "incoming", "private", "public", "trace")


@pytest.fixture(scope="session")
def postfix(authority: Authority, dovecot: SaslBackend) -> Iterator[Server]:
    """A running Postfix; its `ports` are the roles of templates/master.cf."""
    with started(authority, dovecot) as server:
        yield server


@contextlib.contextmanager
def started(authority: Authority, dovecot: SaslBackend) -> Iterator[Server]:
    """The same outside of pytest's fixtures (`benchmarks` uses it)."""
    binary = program("postfix")
    require_root("Postfix")
    with (
        public_directory("postfix") as directory,
        dying_backend(directory / "dying-backend"),
        _running(binary, directory, authority, dovecot) as server,
    ):
        yield server


@contextlib.contextmanager
def _running(binary: Path, directory: Path, authority: Authority, dovecot: SaslBackend) -> Iterator[Server]:
    ports = free_ports(roles("master.cf"))
    log = directory / "postfix.log"
    values = {
        "host": HOST,
        "directory": directory,
        "log": log,
        "sasl_socket": dovecot.socket,
        "dying_backend": directory / "dying-backend",
        "ca_file": authority.ca_file,
        "server_chain": authority.server_chain,
        "expired_chain": authority.expired_chain,
        "other_name_chain": authority.other_name_chain,
        **port_values(ports),
    }
    (directory / "etc").mkdir()
    (directory / "queue" / "pid").mkdir(parents=True)
    for name in ("data", *(f"queue/{name}" for name in _QUEUES)):
        (directory / name).mkdir(mode=0o700)
        shutil.chown(directory / name, user="postfix")
    for name in ("main.cf", "master.cf"):
        (directory / "etc" / name).write_text(render(name, values))
    # Not "postfix start-fg": it takes three seconds, and detaches the master from what we can stop.
    command = (_daemons(binary) / "master", "-c", directory / "etc", "-d")
    with running(command, ready=lambda: answers(socket.AF_INET, (HOST, ports["relay"])), logs=(log,)):
        yield Server(
            name="Postfix",
            host=HOST,
            ports=ports,
            ca_file=authority.ca_file,
            logs=(log, *dovecot.logs),
        )


def _daemons(binary: Path) -> Path:
    """Where this system keeps Postfix's daemons."""
    asked = subprocess.run(
        (binary.with_name("postconf"), "-dh", "daemon_directory"), capture_output=True, check=True, text=True
    )
    return Path(asked.stdout.strip())
