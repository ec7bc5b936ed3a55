"""Profiles from the command line: real files, a real server, and attacks that must leave no trace at it."""

import json
import os
import stat
import subprocess
import sys
import threading
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from smtpcheck.cli.main import main
from smtpcheck.dialogue import parse
from smtpcheck.serve import Running, running

LOGIN = (
    "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250-mail.example.com\nS: 250 AUTH PLAIN LOGIN\n"
    "C: AUTH *\nS: 235 2.7.0 ok\nC: QUIT\nS: 221 bye\n"
)
PASSWORD = "correct horse battery"

Said = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home").mkdir()
    (tmp_path / "clone").mkdir()
    monkeypatch.chdir(tmp_path / "clone")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    for name in [name for name in os.environ if name.startswith("SMTPCHECK_")]:
        monkeypatch.delenv(name)
    return tmp_path / "home"


@pytest.fixture
def own(home: Path) -> Path:
    return home / ".config" / "smtpcheck" / "smtpcheck.toml"


@pytest.fixture
def server() -> Iterator[Running]:
    with running(parse(LOGIN)) as server:
        yield server


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def run(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def commands_of(server: Running) -> list[str]:
    return [line for session in server.sessions for line in session.lines]


def test_what_save_keeps_check_does(own: Path, server: Running, said: Said, tmp_path: Path) -> None:
    """The source of the secret is named in the file, asked by check alone, and the report says which file was used."""
    ran = tmp_path / "ran"
    command = f"sh -c 'touch {ran}; echo {PASSWORD}'"
    keep = ["--user", "al", "--timeout", "9", "--password-command", command, "--allow-cleartext-auth", "--tls", "off"]
    place = f"{server.host}:{server.port}"
    code, out, err = said("profile", "save", "work", place, *keep, "--expect", "auth=PLAIN", "--report", "junit=a.xml")
    assert (code, out, err) == (0, "saved the profile work in ~/.config/smtpcheck/smtpcheck.toml\n", "")
    assert not ran.exists()
    assert stat.S_IMODE(own.stat().st_mode) == 0o600
    assert stat.S_IMODE(own.parent.stat().st_mode) == 0o700
    assert tomllib.loads(own.read_text())["profile"]["work"]["host"] == place
    assert tomllib.loads(own.read_text())["profile"]["work"]["timeout"] == 9

    code, out, _ = said("check", "--profile", "work", "--json")
    report: dict[str, Any] = json.loads(out)
    assert (code, report["outcome"], report["expectations"][0]["met"]) == (0, "passed", True)
    assert ran.exists()
    assert Path("a.xml").exists()
    line = {"kind": "file", "detail": "profile work", "file": "~/.config/smtpcheck/smtpcheck.toml", "line": 2}
    assert report["target"]["origin"]["host"] == {**line, "key": "host"}
    assert "settings come from the profile 'work' of ~/.config/smtpcheck/smtpcheck.toml" in str(report["attempts"])
    assert PASSWORD not in out


def test_the_report_on_the_terminal_says_which_file_was_used(own: Path, server: Running, said: Said) -> None:
    own.parent.mkdir(parents=True)
    own.write_text(f"[profile.a]\nhost = '{server.host}'\nport = {server.port}\nuntil = 'ehlo'\n")
    code, out, _ = said("check", "--profile", "a")
    assert code == 0
    assert "profile 'a' of ~/.config/smtpcheck/smtpcheck.toml" in " ".join(out.split())


def test_an_anonymized_report_names_neither_profile_nor_folder(server: Running, said: Said, tmp_path: Path) -> None:
    """They are often named after a person or a customer."""
    folder = tmp_path / "globex"
    folder.mkdir()
    (folder / "our.toml").write_text(f"[profile.initech]\nhost = '{server.host}:{server.port}'\nuntil = 'ehlo'\n")
    words = ["check", "--profile", "initech", "--config", str(folder / "our.toml"), "--json"]
    assert "globex" in said(*words)[1]
    code, out, _ = said(*words, "--anonymize")
    assert code == 0
    assert "globex" not in out
    assert "initech" not in out
    assert json.loads(out)["target"]["origin"]["host"]["file"] == "our.toml"


def test_a_cloned_repository_runs_no_command(server: Running, said: Said, tmp_path: Path) -> None:
    """Neither with its profile nor without, and nothing is sent."""
    ran = tmp_path / "ran"
    place = f"{server.host}:{server.port}"
    Path("smtpcheck.toml").write_text(f"[profile.a]\nhost = '{place}'\nuser = 'al'\npassword_command = 'touch {ran}'\n")
    for words in (
        ["--profile", "a"],
        [place],
        [place, "--show-settings"],
        ["--profile", "a", "--password-env", "HOME"],
    ):
        code, out, err = said("check", *words)
        assert (code, out) == (2, "")
        assert "smtpcheck.toml, line 4: password_command is not taken" in err
    assert not ran.exists()
    assert commands_of(server) == []


def test_a_cloned_repository_gets_no_password_of_the_users_file(
    own: Path, server: Running, said: Said, tmp_path: Path
) -> None:
    """Although the user's defaults hold for all servers, and although the user named the repository's profile."""
    ran = tmp_path / "ran"
    own.parent.mkdir(parents=True)
    own.write_text(
        f"[defaults]\nuser = 'al'\npassword_command = \"sh -c 'touch {ran}; echo {PASSWORD}'\"\n"
        "allow_cleartext_auth = true\n"
    )
    Path("smtpcheck.toml").write_text(f"[profile.a]\nhost = '{server.host}'\nport = {server.port}\ntls = 'off'\n")
    code, _, err = said("check", "--profile", "a")
    assert code == 2
    assert "host in smtpcheck.toml, line 2 comes from the working directory's file" in err
    assert not ran.exists()
    assert commands_of(server) == []


def test_the_users_relaxation_does_not_send_a_named_secret_in_clear_to_a_guests_server(
    own: Path, server: Running, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PW", PASSWORD)
    own.parent.mkdir(parents=True)
    own.write_text("[defaults]\nallow_cleartext_auth = true\n")
    Path("smtpcheck.toml").write_text(f"[profile.a]\nhost = '{server.host}:{server.port}'\ntls = 'off'\nuser = 'al'\n")
    code, _, _ = said("check", "--profile", "a", "--password-env", "PW")
    assert code == 16
    assert not any(line.startswith("AUTH") for line in commands_of(server))


def test_a_file_with_a_password_is_refused_unseen(own: Path, said: Said) -> None:
    own.parent.mkdir(parents=True)
    own.write_text(f"[profile.a]\nhost = 'mail.example.com'\npassword = '{PASSWORD}'\n")
    for words in (["check", "--profile", "a"], ["profile", "list"], ["profile", "show", "a"], ["check", "localhost:1"]):
        code, out, err = said(*words)
        assert (code, out) == (2, "")
        assert "smtpcheck.toml, line 3: the key 'password' would hold a secret" in err
        assert PASSWORD not in err


def test_show_settings_sends_nothing_and_reads_no_secret(
    own: Path, server: Running, said: Said, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each value with where it came from; a source that was not asked."""
    ran = tmp_path / "ran"
    own.parent.mkdir(parents=True)
    own.write_text(
        f"[defaults]\ntimeout = 7\n[profile.a]\nhost = '{server.host}:{server.port}'\nuser = 'al'\n"
        f"password_command = 'touch {ran}'\nauth = 'plain'\n"
    )
    monkeypatch.setenv("SMTPCHECK_HELO", "me.example.com")
    code, out, _ = said("check", "--profile", "a", "--user", "bo", "--show-settings")
    assert code == 0
    rows = {line.split("  ")[0]: " ".join(line.split()[1:]) for line in out.splitlines() if "  " in line}
    file = "~/.config/smtpcheck/smtpcheck.toml"
    assert rows["user"] == "bo option --user"
    assert rows["helo"] == "me.example.com the variable SMTPCHECK_HELO"
    assert rows["timeout"] == f"7 [defaults]: {file}, line 2"
    assert rows["host"] == f"{server.host}:{server.port} profile a: {file}, line 4"
    assert rows["password_command"] == f"a command (not shown) profile a: {file}, line 6"
    assert rows["max_time"].endswith("default")

    code, out, _ = said("check", "--profile", "a", "--show-settings", "--json")
    shown = json.loads(out)
    assert (code, shown["schema"], shown["profile"]) == (0, 1, "a")
    assert shown["settings"]["user"] == {
        "value": "al",
        "origin": {"kind": "file", "detail": "profile a", "file": file, "line": 5, "key": "user"},
    }
    assert shown["settings"]["subject"] == {"value": None, "origin": None}
    assert str(ran) not in out
    assert not ran.exists()
    assert commands_of(server) == []


def test_a_narrow_terminal_gives_the_place_a_line_of_its_own() -> None:
    """At 60 columns nothing is broken within a word."""
    from smtpcheck.cli.shown_settings import Row, table
    from smtpcheck.model import Origin
    from smtpcheck.settings.layers import Settled

    origin = Origin(kind="file", detail="profile a", file="~/.config/smtpcheck/smtpcheck.toml", line=2, key="host")
    text = table(
        [Row("host", "mail.example.com", origin), *(Row(f"key{i}", None, None) for i in range(20))], Settled({}), 60
    )
    assert text.startswith(
        "host  mail.example.com\n    profile a: ~/.config/smtpcheck/smtpcheck.toml, line 2\n\nnot set: "
    )
    assert max(map(len, text.splitlines())) < 60


def test_show_settings_says_why_a_check_would_be_refused(own: Path, said: Said) -> None:
    own.parent.mkdir(parents=True)
    own.write_text("[defaults]\npassword_env = 'PW'\n")
    Path("smtpcheck.toml").write_text("[profile.a]\nhost = 'mail.example.com'\nuser = 'al'\n")
    code, out, _ = said("check", "--profile", "a", "--show-settings")
    assert code == 0
    assert "without effect:\n  password_env in ~/.config/smtpcheck/smtpcheck.toml, line 2 does not hold here" in out
    assert "a check with these settings is refused:\n  host in smtpcheck.toml, line 2 comes from" in out


def test_a_value_that_cannot_be_used_is_told_with_its_place(
    own: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The option that the sentence names was never typed."""
    own.parent.mkdir(parents=True)
    own.write_text("[profile.a]\nhost = 'mail.example.com'\n\nport = 99999\n")
    code, _, err = said("check", "--profile", "a")
    assert code == 2
    assert "(--port is port in ~/.config/smtpcheck/smtpcheck.toml, line 4)" in err
    monkeypatch.setenv("SMTPCHECK_MIN_TLS", "9")
    assert "(--min-tls is the variable SMTPCHECK_MIN_TLS)" in said("check", "localhost:1")[2]


def test_json_of_the_command_line_goes_before_a_report_of_the_profile(own: Path, server: Running, said: Said) -> None:
    own.parent.mkdir(parents=True)
    place = f"{server.host}:{server.port}"
    own.write_text(f"[profile.a]\nhost = '{place}'\nuntil = 'ehlo'\nreport = ['markdown', 'junit=b.xml']\n")
    assert said("check", "--profile", "a")[1].startswith("#")
    assert json.loads(said("check", "--profile", "a", "--json")[1])["outcome"] == "passed"
    assert Path("b.xml").exists()


HANDMADE = """\
# my servers

[defaults]   # for all
timeout = 10

# the first one
[profile.one]
host = "one.example.com"
expect = [ "starttls" ]

# the second one
[profile.two] # keep me
host = "two.example.com"
"""


def test_a_persons_comments_stay_when_a_profile_is_added_replaced_and_removed(own: Path, said: Said) -> None:
    """Every line outside of the profile's table is the same; nothing else is touched."""
    own.parent.mkdir(parents=True)
    own.write_text(HANDMADE)
    own.chmod(0o640)
    assert said("profile", "save", "three", "three.example.com")[0] == 0
    assert own.read_text() == HANDMADE + '\n[profile.three]\nhost = "three.example.com"\n'
    assert said("profile", "save", "one", "uno.example.com")[1].startswith("replaced the profile one")
    assert 'host = "one' not in own.read_text()
    assert own.read_text().count("#") == HANDMADE.count("#")
    assert said("profile", "remove", "one")[0] == 0
    assert said("profile", "remove", "three")[0] == 0
    assert (
        own.read_text().rstrip()
        == HANDMADE.replace('[profile.one]\nhost = "one.example.com"\nexpect = [ "starttls" ]\n', "").rstrip()
    )
    assert stat.S_IMODE(own.stat().st_mode) == 0o640
    assert os.listdir(own.parent) == ["smtpcheck.toml"]


@pytest.mark.parametrize("words", [["save", "two", "x.example.com"], ["remove", "two"]])
def test_a_comment_that_would_be_lost_is_a_refusal(own: Path, said: Said, words: list[str]) -> None:
    own.parent.mkdir(parents=True)
    own.write_text(HANDMADE)
    code, _, err = said("profile", *words)
    assert code == 2
    assert "line 12: there is a comment in the profile 'two', which would be lost" in err
    assert own.read_text() == HANDMADE


@pytest.mark.parametrize(
    "text",
    ["profile.two.host = 'x'\n", "profile = {two = {host = 'x'}}\n", "[profile]\ntwo.host = 'x'\n"],
)
def test_a_profile_that_is_no_table_of_its_own_is_left_to_its_author(own: Path, said: Said, text: str) -> None:
    own.parent.mkdir(parents=True)
    own.write_text(text)
    code, _, err = said("profile", "save", "two", "x.example.com")
    assert code == 2
    assert "by hand" in err
    assert own.read_text() == text


def test_a_link_stays_a_link(own: Path, said: Said, tmp_path: Path) -> None:
    """Configuration is often kept elsewhere and linked."""
    own.parent.mkdir(parents=True)
    (tmp_path / "dotfiles.toml").write_text("# mine\n")
    own.symlink_to(tmp_path / "dotfiles.toml")
    assert said("profile", "save", "a", "mail.example.com")[0] == 0
    assert own.is_symlink()
    assert (tmp_path / "dotfiles.toml").read_text() == '# mine\n\n[profile.a]\nhost = "mail.example.com"\n'


def test_save_goes_to_the_file_that_config_names_and_nowhere_else(own: Path, said: Said) -> None:
    assert said("profile", "save", "a", "mail.example.com", "--config", "team.toml")[0] == 0
    assert not own.exists()
    assert said("profile", "list", "--config", "team.toml")[1] == "a  mail.example.com  -  team.toml\n"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["a", "mail.example.com", "--password", PASSWORD], "--password is not taken"),
        (["a", "smtp://al:secret@mail.example.com"], "a URL with a password in it"),
        (["a", "mail.example.com", "--port", "0"], "--port"),
        (["a", "mail.example.com", "--password-env", "PW"], "--password-env needs --user"),
        (["a", "mail.example.com", "--expect", "what=1"], "--expect"),
        (["a", "mail.example.com", "--report", "paper"], "there is no such format"),
        (["a", "mail.example.com", "--ca-file", "missing.pem"], "missing.pem"),
        (["a", "mail.example.com", "--user", "u", "--password-command", "./pw"], "relative path"),
        (["a b", "mail.example.com"], "NAME is made of"),
        (["a", "mail.example.com", PASSWORD], "a word too many (not shown)"),
        (["a"], "there is nothing to keep"),
    ],
)
def test_save_refuses_what_check_would(own: Path, said: Said, words: list[str], reason: str) -> None:
    """And writes nothing."""
    code, out, err = said("profile", "save", *words)
    assert (code, out) == (2, "")
    assert reason in err
    assert PASSWORD not in err
    assert "secret@" not in err
    assert not own.exists()


def test_save_asks_no_source_of_a_secret(own: Path, said: Said) -> None:
    """Not even for the passwords of a proxy or a key, which check reads when it begins."""
    code, _, _ = said(
        *("profile", "save", "a", "mail.example.com", "--proxy", "socks5://me@proxy.example.com:1080"),
        *("--proxy-password-env", "NOT_SET", "--user", "u", "--password-file", "not-there"),
    )
    assert code == 0
    kept = tomllib.loads(own.read_text())["profile"]["a"]
    assert (kept["proxy_password_env"], kept["password_file"]) == ("NOT_SET", str(Path("not-there").absolute()))


def test_list_show_and_path(own: Path, said: Said) -> None:
    assert said("profile", "path") == (0, f"{own}\n", "")
    assert "there are no profiles" in said("profile", "list")[1]
    said("profile", "save", "work", "mail.example.com", "--user", "al", "--password-env", "PW")
    Path("smtpcheck.toml").write_text("[profile.ci]\nhost = 'ci.example.com'\n")
    file = "~/.config/smtpcheck/smtpcheck.toml"
    assert said("profile", "list")[1].splitlines() == [
        "ci    ci.example.com    -   smtpcheck.toml",
        f"work  mail.example.com  al  {file}",
    ]
    listed = json.loads(said("profile", "list", "--json")[1])
    assert listed["profiles"][1] == {"name": "work", "host": "mail.example.com", "user": "al", "file": file}
    assert f"PW                profile work: {file}, line 4" in said("profile", "show", "work")[1]
    assert said("profile", "show", "wrk")[2].endswith("did you mean work?\n")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--app-config", "x.env", "--profile", "a"], "--profile and --app-config both say what to check"),
        (["--app-config", "x.env", "--show-settings"], "smtpcheck settings shows those"),
        (["--config", "missing.toml", "localhost:1"], "--config names missing.toml, which cannot be opened"),
    ],
)
def test_what_cannot_go_together_is_one_sentence(said: Said, words: list[str], reason: str) -> None:
    code, _, err = said("check", *words)
    assert code == 2
    assert reason in err


def test_an_applications_check_takes_no_login_from_the_defaults(own: Path, server: Running, said: Said) -> None:
    """It does exactly what the application does; only how it is judged may be kept."""
    own.parent.mkdir(parents=True)
    own.write_text("[defaults]\nuser = 'al'\npassword_env = 'PW'\nhost = 'x.example'\nexpect = ['max-total=60']\n")
    Path("app.env").write_text(f"SMTP_HOST={server.host}\nSMTP_PORT={server.port}\n")
    code, out, _ = said("check", "--app-config", "app.env", "--json", "--until", "ehlo", "--tls", "off")
    report = json.loads(out)
    assert (code, report["target"]["user"], report["target"]["host"]) == (0, None, server.host)
    assert report["expectations"][0]["rule"] == "max-total=60"


def test_a_keyring_is_asked_for_the_user(
    own: Path, server: Running, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the library's own interface; what it holds is never shown."""
    keyring = pytest.importorskip("keyring")
    backend = pytest.importorskip("keyring.backend")

    class Ring(backend.KeyringBackend):  # type: ignore[misc, name-defined]
        priority = 1

        def get_password(self, service: str, username: str) -> str | None:
            return PASSWORD if (service, username) == ("mail", "al") else None

        def set_password(self, service: str, username: str, password: str) -> None: ...

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        own.parent.mkdir(parents=True)
        own.write_text(
            f"[profile.a]\nhost = '{server.host}:{server.port}'\ntls = 'off'\nuser = 'al'\nkeyring = 'mail'\n"
            "allow_cleartext_auth = true\n"
        )
        code, out, _ = said("check", "--profile", "a", "--json")
        assert code == 0
        assert json.loads(out)["target"]["secret"]["source"] == "keyring"
        assert PASSWORD not in out
        code, _, err = said("check", "--profile", "a", "--user", "bo")
        assert code == 2
        assert "the keyring, which has no password of 'bo' under 'mail'" in err
    finally:
        keyring.set_keyring(before)


def test_a_keyring_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A locked one may wait for its owner for ever."""
    keyring = pytest.importorskip("keyring")
    from smtpcheck.model import UsageError
    from smtpcheck.settings.keyring import read_keyring

    done = threading.Event()
    monkeypatch.setattr(keyring, "get_password", lambda service, user: done.wait(60))
    with pytest.raises(UsageError, match=r"--password-keyring waited 0 s for the keyring: unlock it"):
        read_keyring("mail", "al", 0.05, "--password-keyring")
    done.set()


def test_without_the_extra_the_sentence_says_which(monkeypatch: pytest.MonkeyPatch) -> None:

    from smtpcheck.model import UsageError
    from smtpcheck.settings.keyring import read_keyring

    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(UsageError, match=r"pip install 'smtpcheck\[keyring\]'"):
        read_keyring("mail", "al", 1, "--password-keyring")


def test_a_check_without_settings_loads_nothing_of_them(home: Path) -> None:
    """Most checks have neither a file nor a variable."""
    probe = (
        "import sys; from smtpcheck.cli.main import main; "
        "code = main(['check', '127.0.0.1:1', '--until', 'connect', '-q']);"
        "print(code, *(name for name in sys.modules if name.startswith('smtpcheck.')))"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("SMTPCHECK_")}
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True, env=environ)
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "11"
    never = {"layers", "profiles", "trust", "toml_text", "profile_edit", "keyring"}
    assert not {f"smtpcheck.settings.{name}" for name in never} & set(modules)


def test_a_broken_file_of_a_directory_is_told_before_a_packet(server: Running, said: Said) -> None:
    Path("smtpcheck.toml").write_text(f"[defaults]\nexpect = ['starttls'\npassword = {PASSWORD}\n")
    code, out, err = said("check", f"{server.host}:{server.port}")
    assert (code, out) == (2, "")
    assert err.startswith("smtpcheck: smtpcheck.toml, line 3, column ")
    assert PASSWORD not in err
    assert commands_of(server) == []
