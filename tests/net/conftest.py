"""What the tests of TLS share."""

from pathlib import Path

import pytest

from smtpcheck.net.tls_policy import TlsPolicy

from .tls_peer import AUTHORITY


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `ca.pem`, the root of the authority that issues the certificates of the tests."""
    folder = tmp_path_factory.mktemp("tls")
    (folder / "ca.pem").write_bytes(AUTHORITY.anchor)
    return folder


@pytest.fixture(scope="module")
def policy(folder: Path) -> TlsPolicy:
    """The default policy, with that root alone trusted."""
    return TlsPolicy(ca_file=str(folder / "ca.pem"))
