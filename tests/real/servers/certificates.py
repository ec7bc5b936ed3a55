"""A certificate authority made on the spot, and what it signed for the servers and for a client.

The good certificate is for every name under which a test may call the servers; the others have one fault each.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from .process import public_directory

SERVER_NAMES = ("mail.example.org", "localhost", "127.0.0.1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Paths of PEM files. Those that end in `_chain` hold a private key and its certificate chain."""

    ca_file: Path
    server_chain: Path
    expired_chain: Path
    other_name_chain: Path
    client_chain: Path


@pytest.fixture(scope="session")
def authority() -> Iterator[Authority]:
    """The authority that signed the certificates of all real servers of this session."""
    with made() as authority:
        yield authority


@contextlib.contextmanager
def made() -> Iterator[Authority]:
    """The files of a new authority, removed at the end."""
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with public_directory("authority") as directory:
        ca = trustme.CA()
        ca_file = directory / "ca.pem"
        ca.cert_pem.write_to_path(str(ca_file))

        def chain(name: str, leaf: trustme.LeafCert) -> Path:
            path = directory / f"{name}.pem"
            leaf.private_key_and_cert_chain_pem.write_to_path(str(path))
            path.chmod(0o644)  # Exim reads it after it has given up root
            return path

        yield Authority(
            ca_file=ca_file,
            server_chain=chain("server", ca.issue_cert(*SERVER_NAMES)),
            expired_chain=chain(
                "expired",
                ca.issue_cert(*SERVER_NAMES, not_before=yesterday - timedelta(days=90), not_after=yesterday),
            ),
            other_name_chain=chain("other-name", ca.issue_cert("mail.example.com")),
            client_chain=chain("client", ca.issue_cert(common_name="application.example.org")),
        )
