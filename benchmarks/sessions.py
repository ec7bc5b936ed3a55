"""The session that is compared: STARTTLS with a verified certificate, AUTH PLAIN, MAIL, RCPT, QUIT; nothing is sent.

Postfix with Dovecot's SASL is the one of `tests/real`. Both programs verify its certificate against its authority
(swaks does not compare the name), and both write what happened to a file.
"""

import contextlib
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.real.servers import certificates, dovecot, postfix
from tests.real.servers.accounts import ALICE, BOB
from tests.real.servers.process import Server

from .pairs import Command

_ROLE = "submission"
_NAME = certificates.SERVER_NAMES[0]


@contextlib.contextmanager
def mail_server() -> Iterator[Server]:
    """A running Postfix."""
    with (
        certificates.made() as authority,
        dovecot.started() as backend,
        postfix.started(authority, backend) as server,
    ):
        yield server


def environment(**more: str) -> dict[str, str]:
    """This process' environment, in which Python may keep its bytecode, as an installed program has it."""
    return {**{name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}, **more}


def port_of(server: Server) -> int:
    """Where it takes STARTTLS and a login."""
    return server.ports[_ROLE]


def smtpcheck() -> Path:
    """The command that is installed beside this Python."""
    return Path(sys.executable).with_name("smtpcheck")


def smtpcheck_session(server: Server, port: int, directory: Path) -> Command:
    """smtpcheck's session with what listens on this port."""
    words = (
        *(smtpcheck(), "check", f"{_NAME}:{port}", "--address", server.host, "--helo", "client.example.com"),
        *("--ca-file", server.ca_file, "--user", ALICE.name, "--password-env", "SMTP_PASSWORD", "--auth", "plain"),
        *("--from", ALICE.address, "--to", BOB.address, "--json"),
    )
    secret = environment(SMTP_PASSWORD=ALICE.password)
    return Command(name="smtpcheck", words=words, environment=secret, output=directory / "smtpcheck.json")


def swaks_session(server: Server, port: int, directory: Path) -> Command:
    """swaks' session with what listens on this port."""
    words = (
        *(swaks(), "--server", server.host, "--port", str(port), "--helo", "client.example.com"),
        *("-tls", "--tls-verify", "--tls-ca-path", server.ca_file),
        *("--auth", "PLAIN", "--auth-user", ALICE.name, "--auth-password", ALICE.password),
        *("--from", ALICE.address, "--to", BOB.address, "--quit-after", "RCPT"),
    )
    return Command(name="swaks", words=words, environment=environment(), output=directory / "swaks.txt")


def swaks() -> str:
    """The peer. Raises RuntimeError if it is not installed."""
    found = shutil.which("swaks")
    if found is None:
        raise RuntimeError("swaks is not installed: apt-get install swaks libnet-ssleay-perl")
    return found
