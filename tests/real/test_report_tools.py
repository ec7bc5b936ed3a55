"""Reports as other programs take them: the printed commands run as they stand, promtool lints, a browser shows.

The scripted server stands on loopback; nothing else is contacted.
"""

import json
import os
import shlex
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from smtpcheck import Report, check, render
from smtpcheck.dialogue import parse
from smtpcheck.report import render_all
from smtpcheck.report.reproduce import again, commands
from smtpcheck.report.told import tidy
from smtpcheck.serve import Running, running

from ..report import builders

HOST = "mail.example.com"
EHLO = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250-mail.example.com\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n"
TLS = EHLO + "! tls\nC: EHLO *\nS: 250 mail.example.com\n"
FULL = TLS + "C: MAIL FROM:*\nS: 250 ok\nC: RCPT TO:*\nS: 550 5.7.1 no\nC: *\nS: 221 bye\n"
CURL = TLS + "C: HELP\nS: 214 help yourself\nC: QUIT\nS: 221 bye\n"
OPENSSL = EHLO + "! tls\nC: *\nS: 221 bye\n"


def needs(program: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed: run tests/real/install.sh")


def checked(server: Running, ca_file: str) -> Report:
    return check(
        f"{HOST}:{server.port}",
        address="127.0.0.1",
        ca_file=ca_file,
        timeout=5.0,
        helo="client.example.com",
        sender="a@example.com",
        recipients=["it's$x&y@example.com"],
    )


def ran(words: list[str] | str, **more: str) -> subprocess.CompletedProcess[str]:
    environ = {key: value for key, value in os.environ.items() if "proxy" not in key.lower()} | more
    return subprocess.run(
        words, shell=isinstance(words, str), capture_output=True, text=True, timeout=60, env=environ, input=""
    )


@pytest.mark.parametrize(("tool", "dialogue"), [("swaks", FULL), ("openssl", OPENSSL), ("curl", CURL)])
def test_a_printed_command_runs_as_it_stands(tool: str, dialogue: str, ca_file: str) -> None:
    """Each tool reaches the server inside verified TLS, with our name and our envelope."""
    needs(tool)
    with running(parse(FULL), names=[HOST]) as first:
        report = tidy(checked(first, ca_file))
    with running(parse(dialogue), names=[HOST]) as server:
        here = replace(report, target=replace(report.target, port=server.port))
        line = next(each.line for each in commands(here) if each.tool == tool)
        assert line is not None
        done = ran(f"{line} </dev/null")
    session = server.sessions[0]
    said = [one.text for one in session.said]
    assert any("ClientHello" in text for text in said) or session.secured, (said, done.stdout, done.stderr)
    if tool == "swaks":
        assert "MAIL FROM:<a@example.com>" in said
        assert "RCPT TO:<it's$x&y@example.com>" in said
    if tool == "openssl":
        assert "Verify return code: 0 (ok)" in done.stdout
    else:
        assert "EHLO client.example.com" in said


def test_the_check_runs_again_from_its_own_line(ca_file: str) -> None:
    """The line of the report gives the same end, from a shell."""
    with running(parse(FULL), names=[HOST]) as server:
        report = tidy(checked(server, ca_file))
    with running(parse(FULL), names=[HOST]) as server:
        line = again(replace(report, target=replace(report.target, port=server.port)))
        smtpcheck = shutil.which("smtpcheck", path=str(Path(sys.executable).parent))
        assert smtpcheck is not None
        done = ran([smtpcheck, *shlex.split(line)[1:], "--json"])
    assert json.loads(done.stdout)["exit_code"] == report.exit_code == 18, done.stderr


def test_promtool_has_nothing_to_say() -> None:
    needs("promtool")
    text = render_all([builders.passed(), builders.refused_login(), builders.nothing_tried()], "prometheus")
    done = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [400, 1200])
def test_a_browser_shows_it_without_an_error_or_a_request(width: int, dark: bool, tmp_path: Path) -> None:
    """Chromium takes a screenshot, says nothing on its console, and its net log names the file alone."""
    needs("chromium")
    page = tmp_path / "report.html"
    page.write_text(render(builders.connection_refused(), "html"), "utf-8")
    shot, errors, urls = browsed(page, tmp_path, width, dark)
    assert shot.stat().st_size > 10_000
    assert errors == []
    assert urls == set()


def test_a_request_and_an_error_would_be_noticed(tmp_path: Path) -> None:
    """The same look at a page that does both."""
    needs("chromium")
    page = tmp_path / "bad.html"
    page.write_text("<script>console.error('seen')</script><img src='http://127.0.0.1:9/canary.png'>", "utf-8")
    _, errors, urls = browsed(page, tmp_path, 400, False)
    assert errors
    assert "http://127.0.0.1:9/canary.png" in urls


def browsed(page: Path, folder: Path, width: int, dark: bool) -> tuple[Path, list[str], set[str]]:
    """The screenshot, what stood on the console, and what the page itself asked the network for."""
    shot, log = folder / "shot.png", folder / "net.json"
    done = ran(
        [
            *[
                "chromium",
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--no-first-run",
                "--disable-sync",
            ],
            *["--disable-background-networking", "--disable-component-update", "--enable-logging=stderr"],
            f"--blink-settings=preferredColorScheme={0 if dark else 1}",
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={log}",
            "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--window-size={width},1400",
            f"--screenshot={shot}",
            page.as_uri(),
        ]
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    events = json.loads(log.read_text("utf-8"))["events"]
    asked = [event.get("params", {}) for event in events]
    # The browser's own requests have no origin; none of them finds a host here.
    urls = {str(each.get("url", "")) for each in asked if each.get("initiator", "not an origin") != "not an origin"}
    return shot, console, {url for url in urls if url.startswith(("http:", "https:", "ws:"))}
