"""aiosmtpd: the server that many applications are tested with, in this process, with AUTH PLAIN and LOGIN."""

import contextlib
import logging
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from .accounts import USERS
from .certificates import Authority
from .process import HOST, Server, free_ports, public_directory

_MAXIMUM_MESSAGE = 1000


class _Recipients(Sink):
    """Accepts everybody but those for whom the other servers have a refusal too, and throws the message away."""

    async def handle_RCPT(
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if address.startswith("greylisted@"):
            return "451 4.7.1 Greylisted, please try again in 300 seconds"
        envelope.rcpt_tos.append(address)
        return "250 OK"


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, credentials: object
) -> AuthResult:
    assert isinstance(credentials, LoginPassword)
    known = {user.name.encode(): user.password.encode() for user in USERS}
    return AuthResult(success=known.get(credentials.login) == credentials.password, handled=False)


@pytest.fixture(scope="session")
def aiosmtpd(authority: Authority) -> Iterator[Server]:
    """A running aiosmtpd: `submission` (STARTTLS), `submissions` (implicit TLS) and `relay` (neither TLS nor AUTH)."""
    with public_directory("aiosmtpd") as directory, _started(directory / "aiosmtpd.log", authority) as server:
        yield server


@contextlib.contextmanager
def _started(log: Path, authority: Authority) -> Iterator[Server]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority.server_chain)
    ports = free_ports(["submission", "submissions", "relay"])
    common: dict[str, Any] = {
        "hostname": HOST,
        "server_hostname": "aiosmtpd.example.org",
        "data_size_limit": _MAXIMUM_MESSAGE,
    }
    controllers = (
        Controller(
            _Recipients(),
            port=ports["submission"],
            tls_context=context,
            require_starttls=True,
            authenticator=_authenticate,
            auth_required=True,
            **common,
        ),
        # aiosmtpd knows TLS by STARTTLS alone, and would ask for it here before it takes a password.
        Controller(
            _Recipients(),
            port=ports["submissions"],
            ssl_context=context,
            authenticator=_authenticate,
            auth_require_tls=False,
            **common,
        ),
        Controller(_Recipients(), port=ports["relay"], **common),
    )
    with contextlib.ExitStack() as running:
        running.enter_context(_logged_to(log))
        for controller in controllers:
            controller.start()
            running.callback(controller.stop)
        yield Server(name="aiosmtpd", host=HOST, ports=ports, ca_file=authority.ca_file, logs=(log,))


@contextlib.contextmanager
def _logged_to(path: Path) -> Iterator[None]:
    logger = logging.getLogger("mail.log")
    handler = logging.FileHandler(path)
    before = logger.level, logger.propagate
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        handler.close()
        logger.level, logger.propagate = before
