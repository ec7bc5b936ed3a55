"""Exim 4 (Debian's build, with GnuTLS): other words than Postfix for the same refusals, and other stages for some.

The roles stand in templates/exim.conf. What Exim accepts stays in a spool that is deleted at the end.
"""

import base64
import contextlib
import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from .accounts import USERS
from .certificates import Authority
from .process import (
    HOST,
    INSTALLED,
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

_DAEMON_USER = "Debian-exim"


@pytest.fixture(scope="session")
def exim(authority: Authority) -> Iterator[Server]:
    """A running Exim with PLAIN and LOGIN for `accounts.USERS`; its `ports` are the roles of templates/exim.conf."""
    binary = program(INSTALLED / "exim/usr/sbin/exim4")
    require_root("Exim")
    with public_directory("exim") as directory, _started(binary, directory, authority) as server:
        yield server


@contextlib.contextmanager
def _started(binary: Path, directory: Path, authority: Authority) -> Iterator[Server]:
    ports = free_ports(["submission", *roles("exim.conf")])
    values = {
        "host": HOST,
        "directory": directory,
        "server_chain": authority.server_chain,
        "all_ports": " : ".join(str(port) for port in ports.values()),
        **port_values(ports),
    }
    configuration = directory / "exim.conf"
    configuration.write_text(render("exim.conf", values))
    _write_table(directory / "addresses", {user.name: user.address for user in USERS})
    _write_table(
        directory / "passwords",
        {user.name: base64.b64encode(user.password.encode()).decode() for user in USERS},
    )
    shutil.chown(directory, user=_DAEMON_USER)
    logs = tuple(directory / f"exim-{kind}log" for kind in ("main", "panic"))
    command = (binary, "-C", configuration, "-bdf")
    with running(command, ready=lambda: answers(socket.AF_INET, (HOST, ports["submission"])), logs=logs):
        yield Server(name="Exim", host=HOST, ports=ports, ca_file=authority.ca_file, logs=logs)


def _write_table(path: Path, rows: dict[str, str]) -> None:
    path.write_text("".join(f"{key}: {value}\n" for key, value in rows.items()))
