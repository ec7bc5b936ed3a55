"""The two incidents that smtpcheck began with, end to end: the application as it was configured, a client that behaves
as it did, a server in the role of the provider; what the user saw, and what smtpcheck says, before and after the fix.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.serve import anchor, running

from .shell import BIN, EXAMPLES, run

WGDASHBOARD = EXAMPLES / "wgdashboard-resend"
CHECKMATE = EXAMPLES / "checkmate-localhost"
SMTPCHECK = str(BIN / "smtpcheck")
TOOLS = Path(
    os.environ.get("SMTPCHECK_REAL_DIR")
    or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "smtpcheck-real"
)


@pytest.fixture
def root(tmp_path: Path) -> str:
    path = tmp_path / "root.pem"
    path.write_bytes(anchor())
    return str(path)


def played(folder: Path, name: str) -> str:
    return (folder / name).read_text("utf-8")


# ---- WGDashboard through smtp.resend.com


def test_the_dashboard_hangs() -> None:
    """What its user saw: nothing at all. The client waits after MAIL FROM, and nothing ends it."""
    with running(parse(played(WGDASHBOARD, "provider.dialogue")), names=["127.0.0.1"]) as server:
        words = [sys.executable, str(WGDASHBOARD / "dashboard.py"), "wg-dashboard.ini", f"127.0.0.1:{server.port}"]
        with pytest.raises(subprocess.TimeoutExpired) as hung:
            subprocess.run(words, cwd=WGDASHBOARD, capture_output=True, timeout=4)
    said = [line for session in server.sessions for line in session.lines]  # once the server has ended, all of it
    assert not hung.value.stdout
    assert said[-1].upper().startswith("MAIL FROM:<RESEND>")


def test_its_configuration_alone_says_why() -> None:
    done = run([SMTPCHECK, "settings", "--json", "wg-dashboard.ini"], cwd=WGDASHBOARD)
    (service,) = json.loads(done.stdout)["services"]
    assert done.returncode == 1
    assert service["settings"]["envelope_sender"]["value"] == "resend"
    errors = [finding for finding in service["findings"] if finding["severity"] == "error"]
    assert [finding["id"] for finding in errors] == ["sender-is-the-username"]
    assert "send_from" in " ".join(errors[0]["fix"])
    assert "re_EXAMPLE" not in done.stdout + done.stderr


def test_on_the_wire_it_is_the_same(root: str) -> None:
    with running(parse(played(WGDASHBOARD, "provider.dialogue")), names=["smtp.resend.com"]) as server:
        words = ["check", "--app-config", "wg-dashboard.ini", "--address", "127.0.0.1", "--port", str(server.port)]
        done = run([SMTPCHECK, *words, "--ca-file", root, "--timeout", "1", "--json"], cwd=WGDASHBOARD)
    report = json.loads(done.stdout)
    assert (done.returncode, report["stage"], report["outcome"]) == (17, "sender", "stalled")
    assert report["cause"]["id"] == "sender-is-the-username"
    assert "re_EXAMPLE" not in done.stdout + done.stderr


def test_after_the_fix_it_sends_and_smtpcheck_passes(root: str) -> None:
    settings = run([SMTPCHECK, "settings", "wg-dashboard.fixed.ini"], cwd=WGDASHBOARD)
    assert settings.returncode == 0, settings.stdout
    dialogue = parse(played(WGDASHBOARD, "provider.fixed.dialogue"))
    with running(dialogue, names=["smtp.resend.com"]) as server:
        words = ["check", "--app-config", "wg-dashboard.fixed.ini", "--address", "127.0.0.1"]
        to = ["--port", str(server.port), "--ca-file", root, "--to", "ops@example.com"]
        done = run([SMTPCHECK, *words, *to], cwd=WGDASHBOARD)
    assert done.returncode == 0, done.stdout
    with running(dialogue, names=["127.0.0.1"]) as server:
        client = [sys.executable, "dashboard.py", "wg-dashboard.fixed.ini", f"127.0.0.1:{server.port}"]
        sent = run(client, cwd=WGDASHBOARD)
    assert sent.stdout == "sent\n", sent.stderr


# ---- Checkmate, which called 127.0.0.1:587


def node(*words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """nodemailer comes from npm, by tests/real/install.sh; CI has it."""
    modules = TOOLS / "node_modules"
    if shutil.which("node") is None or not (modules / "nodemailer").is_dir():
        if os.environ.get("CI"):
            pytest.fail("nodemailer is not installed: tests/real/install.sh installs it")
        pytest.skip("node or nodemailer is not installed (tests/real/install.sh)")
    return run(["node", "monitor.js", *words], cwd=CHECKMATE, NODE_PATH=str(modules), **environ)


@pytest.mark.real
def test_the_monitor_calls_this_machine() -> None:
    """What its user saw, to the letter."""
    done = node("appsettings.json")
    assert (done.returncode, done.stdout) == (1, "connect ECONNREFUSED 127.0.0.1:587\n")


def test_the_error_alone_says_why() -> None:
    done = run([SMTPCHECK, "explain", "--json", "connect ECONNREFUSED 127.0.0.1:587"])
    assert json.loads(done.stdout)["cause"]["id"] == "app-calls-localhost"


def test_its_settings_alone_say_why() -> None:
    words = [SMTPCHECK, "settings", "--json", "server.env", "appsettings.json"]
    done = run(words, cwd=CHECKMATE)
    (service,) = json.loads(done.stdout)["services"]
    assert done.returncode == 1
    assert (service["settings"]["host"]["value"], service["settings"]["port"]["value"]) == ("localhost", 587)
    assert service["findings"][0]["id"] == "app-calls-localhost"
    assert "systemEmailHost" in " ".join(service["findings"][0]["fix"])
    assert "SYSTEM_EMAIL_HOST" in [dead["key"] for dead in service["dead"]]
    assert "EXAMPLE-of" not in done.stdout + done.stderr


def test_on_the_wire_nothing_listens_there() -> None:
    """With the login left out, since there is none: as far as the connection, which is where it ended."""
    words = [SMTPCHECK, "check", "--app-config", "appsettings.json", "--auth", "none", "--until", "connect", "--json"]
    done = run(words, cwd=CHECKMATE)
    report = json.loads(done.stdout)
    assert (done.returncode, report["stage"]) == (11, "connect")
    assert report["cause"]["id"] == "app-calls-localhost"


@pytest.mark.real
def test_after_the_fix_the_monitor_sends(root: str) -> None:
    dialogue = parse(played(CHECKMATE, "server.dialogue"))
    with running(dialogue, names=["127.0.0.1"]) as server:
        done = node("appsettings.fixed.json", "127.0.0.1", str(server.port), NODE_EXTRA_CA_CERTS=root)
    assert done.stdout == "sent\n", done.stderr


def test_after_the_fix_smtpcheck_passes(root: str) -> None:
    settings = run([SMTPCHECK, "settings", "appsettings.fixed.json"], cwd=CHECKMATE)
    assert settings.returncode == 0, settings.stdout
    with running(parse(played(CHECKMATE, "server.dialogue")), names=["box.example"]) as server:
        words = ["check", "--app-config", "appsettings.fixed.json", "--address", "127.0.0.1"]
        to = ["--port", str(server.port), "--ca-file", root, "--to", "ops@example.com"]
        done = run([SMTPCHECK, *words, *to], cwd=CHECKMATE)
    assert done.returncode == 0, done.stdout
