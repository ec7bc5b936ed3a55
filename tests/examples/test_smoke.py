"""The smoke tests of `examples/`, in shell and in Python, run as their first lines say."""

import sys

import pytest

from smtpcheck.serve import running, scenario

from .shell import ENDS, EXAMPLES, PASSWORD, USER, run


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_smoke_test_in_python(name: str, code: int, ca_file: str) -> None:
    """It passes and fails with the session, and shows the server's words."""
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        done = run(
            [sys.executable, str(EXAMPLES / "smoke_test.py"), f"127.0.0.1:{server.port}", USER],
            SMTP_PASSWORD=PASSWORD,
            SMTP_CA_FILE=ca_file,
        )
    assert done.returncode == code, done.stderr
    assert ("535 5.7.8" in done.stdout) is (code == 16)
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_smoke_test_in_shell(name: str, code: int, ca_file: str) -> None:
    """One line and the exit code of the stage."""
    words = ["sh", str(EXAMPLES / "before_deploy.sh")]
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        at = f"127.0.0.1:{server.port}"
        done = run([*words, at, USER, "--ca-file", ca_file], SMTPCHECK_PASSWORD=PASSWORD)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1


@pytest.mark.parametrize(("name", "failed"), [("passes", 0), ("auth-refused-535", 1)])
def test_tests_for_the_suite_of_an_application(name: str, failed: int, ca_file: str) -> None:
    """They pass with the session; where it stops, the failure shows the report. One login for all of them."""
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLES / "test_relay.py")]
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        at = f"127.0.0.1:{server.port}"
        done = run(words, SMTP_TARGET=at, SMTP_USER=USER, SMTP_PASSWORD=PASSWORD, SSL_CERT_FILE=ca_file)
    assert done.returncode == (1 if failed else 0), done.stdout
    assert (f"{failed} failed, 1 passed" if failed else "2 passed") in done.stdout
    assert ("535 5.7.8" in done.stdout) is (failed > 0)
    assert PASSWORD not in done.stdout
    logins = [line for session in server.sessions for line in session.lines if line.startswith("AUTH")]
    assert len(logins) == 1


def test_no_example_is_left_out() -> None:
    """A new example needs a test in this directory."""
    tests = "".join(path.read_text(encoding="utf-8") for path in EXAMPLES.parent.glob("tests/examples/test_*.py"))
    assert [path.name for path in EXAMPLES.iterdir() if path.is_file() and f'"{path.name}"' not in tests] == []
