"""The cron line for Prometheus and the command of Nagios, as cron and Nagios would start them."""

import re
from pathlib import Path

import pytest

from smtpcheck.serve import running, scenario

from .shell import ENDS, EXAMPLES, PASSWORD, USER, Done, filled, run

# Nagios' codes: 0 OK, 2 CRITICAL.
STATES = [("passes", 0, "SMTP OK"), ("auth-refused-535", 2, "SMTP CRITICAL")]


def password_file(folder: Path) -> str:
    file = folder / "password"
    file.write_text(f"{PASSWORD}\n", encoding="utf-8")
    file.chmod(0o600)
    return str(file)


def run_cron_line(folder: Path, port: int, ca_file: str) -> Done:
    """The one line of the crontab, with the settings above it and ours where they name a place of a real machine."""
    lines = (EXAMPLES / "prometheus.cron").read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if line and not line.startswith("#")]
    settings = dict(line.split("=", 1) for line in lines if re.match(r"\w+=", line))
    (job,) = [line for line in lines if not re.match(r"\w+=", line)]
    *_, command = job.split(maxsplit=6)
    assert "%" not in command, "cron takes it for the end of the line"
    ours = {"SMTP_TARGET": f"127.0.0.1:{port}", "SMTP_USER": USER, "PASSWORD_FILE": password_file(folder)}
    ours |= {"TEXTFILES": str(folder), "SSL_CERT_FILE": ca_file}
    assert set(ours) - {"SSL_CERT_FILE"} <= set(settings)
    return run([settings["SHELL"], "-c", command], cwd=folder, **ours)


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_cron_feeds_the_textfile_collector(name: str, code: int, tmp_path: Path, ca_file: str) -> None:
    """Metrics are written whatever came out, cron gets nothing to mail, and no other file is left behind."""
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        done = run_cron_line(tmp_path, server.port, ca_file)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", code)
    metrics = (tmp_path / "smtpcheck.prom").read_text(encoding="utf-8")
    assert f"127.0.0.1:{server.port}" in metrics
    (up,) = re.findall(r"^smtpcheck_up\{.*\} (\d)$", metrics, re.MULTILINE)
    assert up == ("0" if code else "1")
    assert (re.search(r'^smtpcheck_stopped_info\{.*stage="auth"', metrics, re.MULTILINE) is not None) is (code == 16)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["password", "smtpcheck.prom"]


def test_cron_mails_what_is_wrong_with_the_line(tmp_path: Path, ca_file: str) -> None:
    """A password file that was never made is no metric that stays away in silence."""
    with running(scenario("passes").dialogue, names=["127.0.0.1"]) as server:
        (tmp_path / "password").mkdir()
        folder = tmp_path / "elsewhere"
        folder.mkdir()
        password_file(folder)
        done = run(
            ["/bin/sh", "-c", _cron_command()],
            SMTP_TARGET=f"127.0.0.1:{server.port}",
            SMTP_USER=USER,
            PASSWORD_FILE=str(tmp_path / "missing"),
            TEXTFILES=str(tmp_path),
            SSL_CERT_FILE=ca_file,
        )
    assert done.returncode == 2
    assert "missing" in done.stderr


def _cron_command() -> str:
    text = (EXAMPLES / "prometheus.cron").read_text(encoding="utf-8")
    found = re.search(r"^\*/\d+ \S+ \S+ \S+ \S+ \S+ (.*)$", text, re.MULTILINE)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(("name", "code", "words"), STATES)
def test_nagios_command(name: str, code: int, words: str, tmp_path: Path, ca_file: str) -> None:
    """One line with performance data, and the state of a plugin. The certificate's thresholds are in it."""
    text = (EXAMPLES / "nagios.cfg").read_text(encoding="utf-8")
    command = re.search(r"command_line\s+(.*)", text)
    service = re.search(r"check_command\s+(.*)", text)
    assert command is not None
    assert service is not None
    assert ";" not in command[1], "Nagios takes it for a comment"
    assert len(service[1].split("!")) == 1 + len(set(re.findall(r"\$ARG\d\$", command[1])))
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        values = {"ARG1": f"127.0.0.1:{server.port}", "ARG2": USER, "ARG3": password_file(tmp_path)}
        done = run(["/bin/sh", "-c", filled(r"\$(ARG\d)\$", command[1], values)], SSL_CERT_FILE=ca_file)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.startswith(words)
    assert done.stdout.count("\n") == 1
    assert "cert_days=" in done.stdout
    assert ";21:;7:" in done.stdout
