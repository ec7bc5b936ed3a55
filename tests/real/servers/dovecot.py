"""Dovecot's SASL service, which Postfix asks at every AUTH, with each mechanism it has for passwords and tokens."""

import base64
import contextlib
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .accounts import OAUTH_KEY, USERS, User
from .process import answers, program, public_directory, render, require_root, running

MECHANISMS = frozenset(
    ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "OAUTHBEARER", "XOAUTH2")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SaslBackend:
    """A running Dovecot: the socket where Postfix asks, and the log."""

    socket: Path
    logs: tuple[Path, ...]


@pytest.fixture(scope="session")
def dovecot() -> Iterator[SaslBackend]:
    """The SASL backend with `accounts.USERS`."""
    with started() as backend:
        yield backend


@contextlib.contextmanager
def started() -> Iterator[SaslBackend]:
    """The same outside of pytest's fixtures (`benchmarks` uses it)."""
    binary = program("dovecot")
    require_root("Dovecot")
    with public_directory("dovecot") as directory, _running(binary, directory) as backend:
        yield backend


@contextlib.contextmanager
def _running(binary: Path, directory: Path) -> Iterator[SaslBackend]:
    log, listener = directory / "dovecot.log", directory / "auth"
    values = {"directory": directory, "log": log, "socket": listener}
    configuration = directory / "dovecot.conf"
    configuration.write_text(render("dovecot.conf", values))
    (directory / "oauth2.conf").write_text(render("dovecot-oauth2.conf", values))
    (directory / "users").write_text("".join(f"{user.name}:{_stored(user)}\n" for user in USERS))
    key = directory / "keys" / "default" / "HS256" / "default"
    key.parent.mkdir(parents=True)
    key.write_bytes(base64.b64encode(OAUTH_KEY))
    command = (binary, "-F", "-c", configuration)
    with running(command, ready=lambda: answers(socket.AF_UNIX, str(listener)), logs=(log,)):
        yield SaslBackend(socket=listener, logs=(log,))


def _stored(user: User) -> str:
    """The password as Dovecot's passwd-file has it; base64, because a colon separates its fields."""
    if not user.stored_hashed:
        return "{PLAIN.b64}" + base64.b64encode(user.password.encode()).decode()
    crypt = subprocess.run(
        (program("openssl"), "passwd", "-6", "-stdin"),
        input=user.password.encode(),
        capture_output=True,
        check=True,
    )
    return "{SHA512-CRYPT}" + crypt.stdout.decode().strip()
