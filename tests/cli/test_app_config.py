"""`check --app-config`: a session with exactly the application's values, and the diagnosis in its own words."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtpcheck.cli.main import main
from smtpcheck.dialogue import parse
from smtpcheck.serve import Running, running

SECRET = "correct-horse-battery"
LOGIN = """\
S: 220 mail.example.com ESMTP
C: EHLO *
S: 250-mail.example.com
S: 250 STARTTLS
C: STARTTLS
S: 220 ready
! tls
C: EHLO *
S: 250-mail.example.com
S: 250 AUTH PLAIN
C: AUTH PLAIN *
S: 235 2.7.0 ok
C: MAIL FROM:<alice@example.com>
S: 250 2.1.0 ok
C: RSET
S: 250 ok
C: QUIT
S: 221 bye
"""
REFUSED = LOGIN.partition("S: 235")[0] + "S: 535 5.7.8 Error: authentication failed\nC: QUIT\nS: 221 bye\n"
CLEAR = """\
S: 220 mail.example.com ESMTP
C: EHLO *
S: 250-mail.example.com
S: 250 AUTH PLAIN LOGIN
C? QUIT
S: 221 bye
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMTPCHECK_PASSWORD", raising=False)
    return tmp_path


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    """The dialogue that the test is parametrized with, or the login."""
    with running(parse(getattr(request, "param", LOGIN)), names=["mail.example.com"]) as started:
        yield started


def env(server: Running, **more: str) -> str:
    """Vaultwarden's variables for the scripted server."""
    values = {
        "SMTP_HOST": "mail.example.com",
        "SMTP_PORT": str(server.port),
        "SMTP_SECURITY": "starttls",
        "SMTP_FROM": "alice@example.com",
        "SMTP_USERNAME": "alice",
        "SMTP_PASSWORD": SECRET,
        **more,
    }
    return "".join(f"{key}={value}\n" for key, value in values.items() if value)


def check(capsys: pytest.CaptureFixture[str], *words: str, code: int) -> str:
    """Standard output of a check against the server on loopback."""
    assert main(["check", "--address", "127.0.0.1", "--timeout", "5", *words]) == code
    out = capsys.readouterr().out
    assert SECRET not in out
    return out


def test_it_runs_with_exactly_the_application_s_values(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Host, port, TLS mode, user, password and sender; each says where it is from."""
    (folder / ".env").write_text(env(server))
    told = json.loads(check(capsys, "--app-config", ".env", "--ca-file", ca_file, "--json", code=0))
    target = told["target"]
    assert (target["host"], target["tls"], target["user"], target["sender"]) == (
        *("mail.example.com", "starttls", "alice"),
        "alice@example.com",
    )
    origin = {"kind": "file", "detail": None, "file": ".env", "line": 1, "key": "SMTP_HOST"}
    assert target["origin"]["host"] == origin
    assert target["secret"]["source"] == ".env line 6"
    server.join()
    assert server.sessions[0].lines[-4:] == ("AUTH PLAIN ***", "MAIL FROM:<alice@example.com>", "RSET", "QUIT")


@pytest.mark.parametrize("server", [REFUSED], indirect=True)
def test_a_refusal_names_the_application_s_own_key(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Key, file and line; never the password."""
    (folder / ".env").write_text(env(server))
    out = " ".join(check(capsys, "--app-config", ".env", "--ca-file", ca_file, code=16).split())
    assert "1. set `SMTP_PASSWORD` in `.env` line 6 to the password that belongs to it" in out


@pytest.mark.parametrize("server", ["! implicit\nS: 220 mail.example.com ESMTP\n"], indirect=True)
def test_a_wrong_tls_mode_is_mended_in_the_application_s_own_words(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not "use implicit TLS"."""
    (folder / ".env").write_text(env(server))
    words = ["--app-config", ".env", "--ca-file", ca_file, "--timeout", "1"]
    out = " ".join(check(capsys, *words, code=12).split())
    assert "1. set `SMTP_SECURITY=force_tls` in `.env` line 3 (now `starttls`)" in out


@pytest.mark.parametrize("server", [CLEAR], indirect=True)
def test_where_the_application_sends_in_clear_the_check_declines(
    server: Running, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And says that the application does not."""
    (folder / ".env").write_text(env(server, SMTP_SECURITY="off"))
    out = " ".join(check(capsys, "--app-config", ".env", code=16).split())
    assert "Vaultwarden does not stop here: it sends the password all the same." in out
    assert "Vaultwarden sends its password without encryption (application-sends-in-clear)" in out
    server.join()
    assert not any("AUTH" in line for line in server.sessions[0].lines)


@pytest.mark.parametrize("server", [CLEAR], indirect=True)
def test_opportunistic_is_never_auto(server: Running, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "mail.json").write_text(
        json.dumps({"host": "mail.example.com", "port": server.port, "auth": {"user": "alice", "pass": SECRET}})
    )
    told = json.loads(check(capsys, "--app-config", "mail.json", "--json", code=14))
    assert told["target"]["tls"] == "opportunistic"
    server.join()
    assert not any("AUTH" in line for line in server.sessions[0].lines)


def test_an_option_counts_more_than_the_file(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password option replaces the file's, also where the file only refers to one."""
    (folder / ".env").write_text(env(server, SMTP_PORT="1"))
    monkeypatch.setenv("OTHER", "another-password")
    words = ["--app-config", ".env", "--ca-file", ca_file, "--port", str(server.port), "--password-env", "OTHER"]
    target = json.loads(check(capsys, *words, "--json", code=0))["target"]
    assert target["secret"]["source"] == "env OTHER"
    assert target["origin"]["port"]["kind"] == "option"


COMPOSE = """\
services:
  vault:
    container_name: {name}
    environment:
      SMTP_HOST: {host}
      SMTP_PORT: "{port}"
      SMTP_SECURITY: starttls
      SMTP_FROM: alice@example.com
  mailpit:
    image: axllent/mailpit
"""


@pytest.mark.parametrize(
    ("host", "cause"),
    [
        ("localhost", "app-calls-localhost"),
        ("127.0.0.1", "app-calls-localhost"),
        ("mailpit", "host-is-a-container-name"),
        ("host.docker.internal", "host-is-a-container-name"),
        ("smtp", "host-is-a-container-name"),
    ],
)
def test_a_container_s_own_names_end_the_run_before_a_packet(
    host: str, cause: str, server: Running, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the line that repeats the check from inside its network."""
    (folder / "docker-compose.yml").write_text(COMPOSE.format(name="my-vault", host=host, port=server.port))
    assert main(["check", "--app-config", "docker-compose.yml", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert (told["stage"], told["outcome"], told["cause"]["id"]) == ("config", "declined", cause)
    command = told["cause"]["fix"][0]
    assert "docker run --rm -it --network container:my-vault " in command
    assert "--app-config docker-compose.yml --app vaultwarden --service vault --from-here" in command
    assert server.sessions == ()
    assert main(["check", "--app-config", "docker-compose.yml"]) == 2
    assert "docker-compose.yml line 5, SMTP_HOST" in capsys.readouterr().out


def test_from_here_means_this_machine(server: Running, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "docker-compose.yml").write_text(COMPOSE.format(name="v", host="127.0.0.1", port=server.port))
    words = ["check", "--app-config", "docker-compose.yml", "--from-here", "--insecure", "--until", "tls", "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert "app-calls-localhost" not in {one["id"] for one in told["also"]}


def test_what_the_settings_show_stands_beside_what_the_wire_shows(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """SMTP works, and the application never sends."""
    (folder / ".env").write_text(env(server, _ENABLE_SMTP="false"))
    words = ["--app-config", ".env", "--ca-file", ca_file, "--json"]
    told = json.loads(check(capsys, *words, code=0))
    assert [one["id"] for one in told["also"]][:2] == ["smtp-works-look-at-the-app", "application-sends-nothing"]
    check(capsys, *words, "--fail-on", "warning", code=1)


SLOW = "! sleep 0.6\n" + CLEAR.replace(
    "S: 250-mail.example.com\nS: 250 AUTH PLAIN LOGIN\n", "S: 250 mail.example.com\n"
)


@pytest.mark.parametrize("server", [SLOW], indirect=True)
def test_a_server_that_is_slower_than_the_application_waits(
    server: Running, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The check has more patience, and says so."""
    options = {"host": "mail.example.com", "port": server.port, "ignoreTLS": True, "auth": {}, "greetingTimeout": 100}
    (folder / "mail.json").write_text(json.dumps(options))
    told = json.loads(check(capsys, "--app-config", "mail.json", "--app", "nodemailer", "--json", code=0))
    (found,) = (one for one in told["also"] if one["id"] == "client-timeout-too-short")
    assert found["severity"] == "warning"
    assert "nodemailer gives up after 0.1 s" in found["title"]


def test_the_settings_that_worked_in_another_spelling(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text(env(server))
    out = check(capsys, "--app-config", ".env", "--ca-file", ca_file, "--as", "wgdashboard", code=0)
    assert out.endswith(
        f"[Email]\nserver = mail.example.com\nport = {server.port}\nencryption = STARTTLS\nusername = alice\n"
        "email_password = PASSWORD\nauthentication_required = true\nsend_from = alice@example.com\n"
    )


@pytest.mark.parametrize("server", [REFUSED], indirect=True)
def test_settings_that_did_not_work_are_not_written(
    server: Running, folder: Path, ca_file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / ".env").write_text(env(server))
    words = ["check", "--address", "127.0.0.1", "--app-config", ".env", "--ca-file", ca_file, "--as", "django"]
    assert main(words) == 16
    captured = capsys.readouterr()
    assert "EMAIL_HOST" not in captured.out
    assert "no settings are written for Django: the check did not pass with them" in captured.err


@pytest.mark.parametrize(
    ("files", "words", "sentence"),
    [
        ({".env": "SMTP_HOST=a.example.com\nSMTP_FROM=a@b.c\nSMTP_SECURITY=off\n"}, ["h"], "both name a server"),
        ({}, ["h", "--app", "django"], "--app needs --app-config FILE or --app-process PID"),
        ({}, ["h", "--from-here"], "--from-here needs --app-config FILE"),
        (
            {"settings.py": "import os\nEMAIL_HOST = 'a.example.com'\nEMAIL_HOST_USER = os.environ['U']\n"},
            [],
            "the user of Django is not known: EMAIL_HOST_USER in `settings.py` line 3 is an expression",
        ),
        (
            {"settings.py": "import os\nEMAIL_HOST = os.environ['H']\nEMAIL_PORT = 25\n"},
            [],
            "give the server as TARGET",
        ),
        ({"settings.py": "EMAIL_HOST = 'a.example.com'\nEMAIL_PORT = 'x'\n"}, [], "give --port"),
        ({"settings.py": "import os\nEMAIL_HOST = 'a.b'\nEMAIL_USE_TLS = os.environ['T']\n"}, [], "give --tls"),
        (
            {".env": "SMTP_HOST=a.b\nSMTP_FROM=not an address\nSMTP_SECURITY=off\n"},
            [],
            "SMTP_FROM in `.env` line 2 'not an address'",
        ),
        (
            {".env": "SMTP_HOST=a.b\nSMTP_FROM=a@b.c\nSMTP_USERNAME=a\nSMTP_SECURITY=starttls\nSMTP_PORT=99999\n"},
            [],
            "SMTP_PORT in `.env` line 5 has the port '99999'",
        ),
    ],
)
def test_what_cannot_be_checked_is_one_sentence(
    files: dict[str, str], words: list[str], sentence: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    named = [word for name in files for word in ("--app-config", name)]
    assert main(["check", *named, *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert sentence in captured.err


def test_several_services_have_to_be_chosen_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "compose.yml").write_text(
        COMPOSE.format(name="v", host="a.b", port=1) + "    environment: {SMTP_LOGIN: a, SMTP_SERVER: b.c}\n"
    )
    assert main(["check", "--app-config", "compose.yml"]) == 2
    assert "give --service, one of vault, mailpit" in capsys.readouterr().err


def test_a_password_that_is_only_referred_to_is_not_guessed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No terminal to ask on: one sentence, and nothing is sent."""
    (folder / "settings.py").write_text(
        "import os\nEMAIL_HOST = 'mail.example.com'\nEMAIL_HOST_USER = 'alice'\nEMAIL_USE_TLS = True\n"
        "EMAIL_HOST_PASSWORD = os.environ['MAIL_PASSWORD']\n"
    )
    assert main(["check", "--app-config", "settings.py", "--address", "127.0.0.1"]) == 2
    assert "no terminal to ask on" in capsys.readouterr().err
