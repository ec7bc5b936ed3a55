"""`smtpcheck settings`: the record with the place of each value, what is wrong with it, and other spellings."""

import json
from pathlib import Path

import pytest

from smtpcheck.cli.main import main

SECRET = "correct-horse-battery"
VAULTWARDEN = f"""\
# mail
SMTP_HOST=smtp.example.com
SMTP_FROM=alice@example.com
SMTP_SECURITY=starttls
SMTP_PORT=587
SMTP_USERNAME=alice
SMTP_PASSWORD={SECRET}
"""
COMPOSE = """\
services:
  vault:
    image: vaultwarden/server
    environment:
      SMTP_HOST: smtp.example.com
      SMTP_FROM: alice@example.com
      SMTP_SECURITY: starttls
  chat:
    environment:
      SMTP_SERVER: smtp.example.com
      SMTP_LOGIN: alice
      SMTP_PASSWORD: correct-horse-battery
      SMTP_FROM_ADDRESS: a@example.com
  database:
    image: postgres
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Files are named as a user names them: relative to where he stands."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """Standard output of the command; nothing may stand on standard error."""
    assert main(["settings", *words]) == code
    captured = capsys.readouterr()
    assert captured.err == ""
    return captured.out


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one sentence of a command line that cannot be done."""
    assert main(list(words)) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert SECRET not in captured.err
    return captured.err


def test_the_record_has_value_file_line_and_key(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As the issue writes it, and without the password."""
    (folder / ".env").write_text(VAULTWARDEN)
    out = run(capsys, ".env", "--json")
    told = json.loads(out)
    assert told["schema"] == 1
    (service,) = told["services"]
    assert (service["service"], service["app"], service["findings"], service["dead"]) == (None, "vaultwarden", [], [])
    settings = service["settings"]
    assert list(settings) == [
        *("host", "port", "security", "auth", "user", "secret", "sender", "envelope_sender", "ehlo", "verify"),
        "timeout",
    ]
    origin = {"kind": "file", "detail": None, "file": ".env", "line": 2, "key": "SMTP_HOST"}
    assert settings["host"] == {"value": "smtp.example.com", "origin": origin}
    assert settings["security"]["value"] == "starttls"
    secret = settings["secret"]
    assert (secret["value"], secret["present"], secret["length"], secret["hygiene"]) == (None, True, len(SECRET), [])
    assert settings["timeout"]["origin"]["kind"] == "default"
    assert SECRET not in out


@pytest.mark.parametrize("columns", [60, 80])
def test_the_table_fits_the_terminal(
    columns: int, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    (folder / ".env").write_text(VAULTWARDEN.replace("starttls", "tls"))
    out = run(capsys, ".env", code=1)
    assert max(map(len, out.splitlines())) <= columns
    words = " ".join(out.split())
    assert "Vaultwarden (vaultwarden)" in words
    assert "smtp.example.com (.env line 2, SMTP_HOST)" in words
    assert "Vaultwarden does not start: SMTP_SECURITY is 'tls'" in words
    assert "set `SMTP_SECURITY=starttls` in `.env` line 4 (now `tls`)" in words
    assert "More: smtpcheck explain client-config-error" in words
    assert SECRET not in out


def test_each_service_of_a_compose_file_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Those with mail settings; `--service` picks one."""
    (folder / "docker-compose.yml").write_text(COMPOSE)
    told = json.loads(run(capsys, "docker-compose.yml", "--json"))
    assert [(one["service"], one["app"]) for one in told["services"]] == [
        ("vault", "vaultwarden"),
        ("chat", "mastodon"),
    ]
    (chat,) = json.loads(run(capsys, "docker-compose.yml", "--json", "--service", "chat"))["services"]
    assert chat["settings"]["host"]["origin"]["line"] == 10


def test_a_service_that_is_not_there_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "docker-compose.yml").write_text(COMPOSE)
    said = refused(capsys, "settings", "docker-compose.yml", "--service", "web")
    assert "they have vault, chat, database" in said


def test_where_two_applications_fit_both_are_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    both = f"SMTP_SECURITY=starttls\nSMTP_LOGIN=alice\nSMTP_PASSWORD={SECRET}\nSMTP_HOST=h\nSMTP_SERVER=h\n"
    (folder / ".env").write_text(both)
    said = refused(capsys, "settings", ".env")
    assert "fits mastodon and vaultwarden: --app NAME decides" in said
    assert json.loads(run(capsys, ".env", "--app", "mastodon", "--json"))["services"][0]["app"] == "mastodon"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "a file is missing"),
        ((".env", "--app", "vaultwardn"), "did you mean vaultwarden?"),
        ((".env", "--as", "djang"), "did you mean django?"),
        ((".env", "--json", "--as", "django"), "--json and --as exclude each other"),
        ((".env", "--color", "blue"), "--color is 'blue'"),
        (("missing.env",), "cannot be opened: No such file or directory"),
        (("--app-process", "x"), "--app-process is 'x': give the number of a running process"),
    ],
)
def test_misuse_is_one_sentence(
    words: tuple[str, ...], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text(VAULTWARDEN)
    assert sentence in refused(capsys, "settings", *words)


def test_the_same_settings_in_another_spelling(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The password is a placeholder."""
    (folder / ".env").write_text(VAULTWARDEN)
    assert run(capsys, ".env", "--as", "django") == (
        "EMAIL_HOST = 'smtp.example.com'\nEMAIL_PORT = 587\nEMAIL_USE_TLS = True\nEMAIL_USE_SSL = False\n"
        "EMAIL_HOST_USER = 'alice'\nEMAIL_HOST_PASSWORD = 'PASSWORD'\nEMAIL_TIMEOUT = 15\n"
        "DEFAULT_FROM_EMAIL = 'alice@example.com'\n"
    )
    told = json.loads(run(capsys, ".env", "--as", "nodemailer"))
    assert told["auth"] == {"user": "alice", "pass": "PASSWORD"}
    assert (told["secure"], told["requireTLS"]) == (False, True)


def test_what_is_not_known_cannot_be_translated(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "settings.py").write_text("import os\nEMAIL_HOST = os.environ['MAIL_HOST']\nEMAIL_USE_TLS = True\n")
    said = refused(capsys, "settings", "settings.py", "--as", "vaultwarden")
    assert (
        "the host is not known (EMAIL_HOST in `settings.py` line 2 is an expression: os.environ['MAIL_HOST'])" in said
    )


def test_escapes_in_a_file_do_not_reach_the_terminal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / ".env").write_text(VAULTWARDEN.replace("smtp.example.com", "smtp\x1b[31m.example.com\u202e"))
    out = run(capsys, ".env", code=1)
    assert "\x1b" not in out
    assert "\u202e" not in out
    assert "host-value-malformed" in out
