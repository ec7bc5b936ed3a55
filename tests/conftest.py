"""Fixtures for every test that needs a server: a dialogue in, a report out.

    def test_relay_is_denied(play: Play) -> None:
        report = play("S: 220 hi\nC: EHLO *\n...", sender="a@example.com", recipients=["b@example.net"])
        assert (report.stage, report.outcome, report.exit_code) == (Stage.RECIPIENT, Outcome.REFUSED, 18)
        assert play.sessions[-1].lines == ("EHLO *", ...)  # what the server saw

The dialogue is played on 127.0.0.1 with real TLS, by a server in a thread of its own that is gone when the report comes
back. The certificate is for `HOST`, whose root the check trusts. Whatever `smtpcheck.api.check` takes, `play` takes.
"""

from pathlib import Path
from typing import Unpack

import pytest

from smtpcheck.api import Wanted, check
from smtpcheck.dialogue import parse
from smtpcheck.model import Report
from smtpcheck.serve import Observation, anchor, running

HOST = "mail.example.com"


class Play:
    """Callable; see the module. `sessions` is what the server of the last call saw, one for each connection."""

    def __init__(self, ca_file: str) -> None:
        self.ca_file = ca_file
        self.sessions: tuple[Observation, ...] = ()

    def __call__(self, text: str, **wanted: Unpack[Wanted]) -> Report:
        """The report of one check of `HOST` at 127.0.0.1, where `text` is played. Steps get 5 s unless told."""
        told: Wanted = {"address": "127.0.0.1", "ca_file": self.ca_file, "timeout": 5.0}
        told.update(wanted)
        with running(parse(text), names=[HOST]) as server:
            report = check(f"{HOST}:{server.port}", **told)
        self.sessions = server.sessions
        return report


@pytest.fixture(scope="session")
def ca_file(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The path of the root certificate that every scripted server's certificate leads to, PEM."""
    path: Path = tmp_path_factory.mktemp("trust") / "root.pem"
    path.write_bytes(anchor())
    return str(path)


@pytest.fixture
def play(ca_file: str) -> Play:
    """Plays a dialogue and checks it."""
    return Play(ca_file)
