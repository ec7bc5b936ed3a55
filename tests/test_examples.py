"""Each file of `examples/` is run, as its first lines say, against the scripted server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smtpcheck.serve import running, scenario

EXAMPLES = Path(__file__).parent.parent / "examples"
BIN = Path(sys.executable).parent
USER = "alice@example.com"


def run(words: list[str], **environ: str) -> "subprocess.CompletedProcess[str]":
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {**os.environ, "PATH": path, "PYTHONUTF8": "1", **environ}
    return subprocess.run(words, capture_output=True, text=True, timeout=60, env=env)


@pytest.mark.parametrize(("name", "code"), [("passes", 0), ("auth-refused-535", 16)])
def test_smoke_test_in_python(name: str, code: int, ca_file: str) -> None:
    """It passes and fails with the session, and shows the server's words."""
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        done = run(
            [sys.executable, str(EXAMPLES / "smoke_test.py"), f"127.0.0.1:{server.port}", USER],
            SMTP_PASSWORD="not-the-password",
            SMTP_CA_FILE=ca_file,
        )
    assert done.returncode == code, done.stderr
    assert ("535 5.7.8" in done.stdout) is (code == 16)
    assert "not-the-password" not in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "code"), [("passes", 0), ("auth-refused-535", 16)])
def test_smoke_test_in_shell(name: str, code: int, ca_file: str) -> None:
    """One line and the exit code of the stage."""
    words = ["sh", str(EXAMPLES / "before_deploy.sh")]
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        at = f"127.0.0.1:{server.port}"
        done = run([*words, at, USER, "--ca-file", ca_file], SMTPCHECK_PASSWORD="not-the-password")
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1


def test_no_example_is_left_out() -> None:
    """A new example needs a test above."""
    assert {path.name for path in EXAMPLES.iterdir() if path.is_file()} == {"smoke_test.py", "before_deploy.sh"}
