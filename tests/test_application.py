"""An application's configuration, judged: over the real files of every reader, and each trap in its own words."""

import json
import os
import shlex
import shutil
import subprocess
import sys
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from smtpcheck.application import findings, in_own_words, kept_inside, service_of
from smtpcheck.model import Severity
from smtpcheck.report.codec import services_to_json
from smtpcheck.report.codec import text as json_text
from smtpcheck.report.settings import settings_text
from smtpcheck.settings.applications import Application, read_applications

SCHEMA = json.loads(files("smtpcheck.report").joinpath("schema.json").read_text(encoding="utf-8"))
SERVICES = jsonschema.Draft202012Validator({"$ref": "#/$defs/Services", "$defs": SCHEMA["$defs"]})
FOLDER = Path(__file__).parent / "settings" / "apps" / "cases"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(FOLDER.glob("*.toml"))
    for case in tomllib.loads(file.read_text("utf-8"))["case"]
]


def application(case: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Application:
    """What is read of a case's files, named as a user names them."""
    monkeypatch.chdir(folder)
    for name, content in case["files"].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, "utf-8")
    named = [name for name in case["files"] if name not in case.get("beside", ())]
    (found,) = read_applications(named, app=case.get("app"), service=case.get("service"))
    return found


@pytest.mark.parametrize("case", CASES)
def test_every_configuration_is_shown_without_its_password(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As JSON and as a table, whatever is wrong with it."""
    found = application(case, tmp_path, monkeypatch)
    service = service_of(found)
    table = settings_text([service], [found.reader.title], width=60, color=False, ascii=True)
    SERVICES.validate(services_to_json([service]))
    assert found.reader.title in table
    assert all(len(line) <= 60 for line in table.splitlines())
    secret = found.reading.secret
    if secret is not None and len(secret.reveal()) >= 6:
        assert secret.reveal() not in table.replace("\n", "")
        assert secret.reveal() not in json_text(services_to_json([service]))


TRAPS = [case for case in CASES if case.values[0].get("does")]  # type: ignore[union-attr]


@pytest.mark.parametrize("case", TRAPS)
def test_each_trap_is_a_finding_that_says_what_the_application_does(
    case: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its sentence is the reader's own, and some step names a key or a command."""
    found = application(case, tmp_path, monkeypatch)
    told = findings(found)
    said = " ".join(one.why for one in told)
    for effect in found.reading.effects:
        assert effect.told.rstrip(".") in said
    assert all(one.fix for one in told)
    assert list(told) == sorted(told, key=lambda one: list(Severity).index(one.severity))


@pytest.mark.parametrize(
    ("name", "text", "app", "id", "step"),
    [
        (
            "wg-dashboard.ini",
            "[Email]\nserver = a.example.com\nport = 587\nencryption = TLS\nusername = u@b.c\nemail_password = pppppp\n"
            "send_from = u@b.c\n",
            "wgdashboard",
            "application-sends-in-clear",
            "set `encryption = STARTTLS` in `wg-dashboard.ini` line 4 (now `TLS`)",
        ),
        (
            ".env",
            "MAIL_MAILER=log\nMAIL_HOST=a.example.com\nMAIL_PORT=587\n",
            "laravel",
            "application-sends-nothing",
            "set `MAIL_MAILER=smtp` in `.env` line 1 (now `log`)",
        ),
        (
            ".env",
            "MAIL_MAILER=smtp\nMAIL_HOST=a.example.com\nMAIL_PORT=587\nMAIL_USERNAME=u\nMAIL_PASSWORD=abcdef#ghi\n",
            "laravel",
            "password-mangled-by-config",
            "put the value of `MAIL_PASSWORD` in `.env` line 5 between `'` and `'`, which keep it whole",
        ),
        (
            "settings.py",
            "EMAIL_HOST = 'a.example.com'\nEMAIL_PORT = 465\nEMAIL_USE_TLS = True\nEMAIL_TIMEOUT = 5\n",
            "django",
            "port-and-tls-mode-disagree",
            "set `EMAIL_USE_TLS=False` in `settings.py` line 3 (now `True`), and add `EMAIL_USE_SSL=True` to "
            "`settings.py`",
        ),
        (
            "settings.py",
            "EMAIL_USE_TLS = True\nEMAIL_PORT = 587\nEMAIL_TIMEOUT = 5\n",
            "django",
            "app-calls-localhost",
            "set `EMAIL_HOST` in `settings.py` to the name of your mail server",
        ),
        (
            "config.php",
            "<?php\n$CONFIG = [\n'mail_smtphost' => 'a.example.com',\n'mail_smtpport' => 465,\n"
            "'mail_smtpsecure' => 'ssl',\n'mail_smtpname' => 'u',\n'mail_smtppassword' => 'pppppp',\n];\n",
            "nextcloud",
            "application-skips-login",
            "add `'mail_smtpauth' => true` to `config.php`",
        ),
        (
            ".env",
            "SMTP_HOST=smtp.resend.com\nSMTP_PORT=465\nSMTP_SECURITY=force_tls\nSMTP_FROM=a@b.example\n"
            "SMTP_USERNAME=a@b.example\nSMTP_PASSWORD=re_abcdefgh\n",
            "vaultwarden",
            "username-must-be-fixed-word",
            "set `SMTP_USERNAME=resend` in `.env` line 5 (now `a@b.example`)",
        ),
        (
            ".env",
            "SMTP_HOST=a.example.com\nSMTP_FROM=a@b.example\nSMTP_SECURITY=starttls\nSMTP_ACCEPT_INVALID_CERTS=true\n",
            "vaultwarden",
            "application-trusts-any-certificate",
            "take `SMTP_ACCEPT_INVALID_CERTS` out of `.env` line 4 (now `true`)",
        ),
        (
            ".env",
            "SYSTEM_EMAIL_HOST=a.example.com\nSYSTEM_EMAIL_PORT=465\n",
            "checkmate",
            "setting-has-no-effect",
            "take `SYSTEM_EMAIL_PORT` in `.env` line 2 out, and write the value where the application reads it",
        ),
    ],
)
def test_the_first_step_is_in_the_application_s_own_words(
    name: str, text: str, app: str, id: str, step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Key, file, line, the present value and the new one."""
    found = application({"files": {name: text}, "app": app}, tmp_path, monkeypatch)
    assert step in {one.fix[0] for one in findings(found) if one.id == id}


def test_steps_for_other_applications_are_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'\nEMAIL_HOST = 'a.b'\nEMAIL_TIMEOUT = 5\n"
    found = application({"files": {"settings.py": text}}, tmp_path, monkeypatch)
    (sends_nothing,) = (one for one in findings(found) if one.id == "application-sends-nothing")
    told = " ".join(sends_nothing.fix)
    assert "Django" in told
    assert not any(other in told for other in ("Laravel", "Rails", "Grafana", "Gitea", "Symfony"))


def test_a_password_that_another_key_holds_is_not_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A URL with a login in it, and a user that is the password."""
    text = (
        "SMTP_HOST=smtps://u:hunter2@a.example.com\nSMTP_FROM=a@b.example\nSMTP_SECURITY=tls\n"
        "SMTP_USERNAME=s3cr3t-x\nSMTP_PASSWORD=s3cr3t-x\n"
    )
    found = application({"files": {".env": text}, "app": "vaultwarden"}, tmp_path, monkeypatch)
    steps = " ".join(step for one in findings(found) for step in one.fix)
    assert "hunter2" not in steps
    assert "s3cr3t-x" not in steps


COMPOSE = """\
services:
  vault:
    env_file: mail.env
"""
MANIFEST = """\
apiVersion: v1
kind: Pod
metadata: {name: vault}
spec:
  containers:
    - name: web
      env:
        - {name: SMTP_HOST, value: mailhost}
        - {name: SMTP_FROM, value: a@b.example}
        - {name: SMTP_SECURITY, value: "off"}
"""


def test_the_command_that_repeats_a_check_names_the_files_that_were_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Quoted for the shell; without a container's name it is asked of Compose."""
    variables = "SMTP_HOST=localhost\nSMTP_FROM=a@b.example\nSMTP_SECURITY=off\n"
    given = {"my compose.yml": COMPOSE, "mail.env": variables}
    found = application({"files": given, "beside": ["mail.env"]}, tmp_path, monkeypatch)
    told = kept_inside(found)
    assert told is not None
    command = told.fix[0].split("`")[1]
    words = shlex.split(command)
    assert words[:4] == ["docker", "run", "--rm", "-it"]
    assert "container:$(docker compose -f 'my compose.yml' ps -q vault)" in words
    assert words[words.index("smtpcheck:1") :] == [
        *("smtpcheck:1", "check", "--app-config", "my compose.yml", "--app", "vaultwarden"),
        *("--service", "vault", "--from-here"),
    ]


def test_in_kubernetes_it_is_a_container_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = kept_inside(application({"files": {"pod.yaml": MANIFEST}}, tmp_path, monkeypatch))
    assert told is not None
    assert told.id == "host-is-a-container-name"
    command = "kubectl debug -it POD --image=smtpcheck:1 --target=web -- smtpcheck check mailhost:25 --tls off"
    assert f"`{command}`" in told.fix[0]


def test_a_process_with_a_network_of_its_own_is_entered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root in a container without a network; elsewhere the sentence cannot be met."""
    command = ["unshare", "--net", sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"]
    environ = {"SMTP_SECURITY": "off", "SMTP_HOST": "localhost", "SMTP_FROM": "a@b.example"}
    if shutil.which("unshare") is None:
        pytest.skip("unshare is not here")
    child = subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=os.environ | environ
    )
    try:
        assert child.stdout is not None
        if not child.stdout.readline():
            pytest.skip("no network of its own may be made here")
        (found,) = read_applications([], process=child.pid, app="vaultwarden")
    finally:
        child.communicate()
    told = kept_inside(found)
    assert told is not None
    assert told.id == "app-calls-localhost"
    expected = f"sudo nsenter --target {child.pid} --net smtpcheck check --app-process {child.pid} --app vaultwarden"
    assert told.fix[0].startswith(f"`{expected} --from-here`")


def test_a_check_from_here_is_kept_from_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server of the network means the same everywhere, and a file of no container is read as it stands."""
    outside = application({"files": {"pod.yaml": MANIFEST.replace("mailhost", "a.b.example")}}, tmp_path, monkeypatch)
    assert kept_inside(outside) is None
    plain = application({"files": {".env": "SMTP_SECURITY=off\nSMTP_HOST=mailhost\n"}}, tmp_path, monkeypatch)
    assert kept_inside(plain) is None


def test_a_report_without_a_cause_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.report.builders import passed

    found = application({"files": {".env": "SMTP_SECURITY=starttls\n"}}, tmp_path, monkeypatch)
    assert in_own_words(passed(), found) == passed()
