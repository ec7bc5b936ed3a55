"""A cloned repository's `smtpcheck.toml`: what it may say, and what it must not be the reason of."""

from pathlib import Path

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.keys import FIELDS
from smtpcheck.settings.layers import Settled, settle

ALLOWED = {
    *("target", "port", "tls", "user", "sender", "recipients"),
    *("timeout", "max_time", "patience", "expect", "fail_on"),
}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "home/.config/smtpcheck").mkdir(parents=True)
    (tmp_path / "clone").mkdir()
    monkeypatch.chdir(tmp_path / "clone")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return tmp_path / "home"


def guest(text: str) -> None:
    Path("smtpcheck.toml").write_text(text)


def own(text: str) -> None:
    Path("../home/.config/smtpcheck/smtpcheck.toml").write_text(text)


def settled(named: dict[str, object] | None = None, profile: str | None = None, **environ: str) -> Settled:
    return settle(named or {}, profile, None, {"HOME": str(Path("../home").resolve()), **environ})


@pytest.mark.parametrize("table", ["defaults", "profile.a"])
@pytest.mark.parametrize("field", sorted(set(FIELDS) - ALLOWED))
def test_what_is_not_a_guests_to_say_is_refused_with_its_line(field: str, table: str) -> None:
    """Every key but those that are listed, also where no profile is asked for."""
    value = {"a number": "1", "true or false": "true", "a list of texts": "['x']"}.get(str(FIELDS[field].value), "'x'")
    guest(f"[{table}]\n{field} = {value}\n")
    with pytest.raises(UsageError, match=rf"^smtpcheck.toml, line 2: {field} is not taken from a file that only lies"):
        settled()


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("password_command = 'x'", "run a command"),
        ("keyring = 'x'", "choose a secret"),
        ("insecure = false", "take away a protection"),
        ("proxy = 'socks5://x'", "redirect a connection"),
        ("ca_file = 'x'", "choose who is trusted"),
        ("send = true", "send mail"),
    ],
)
def test_the_refusal_says_why(key: str, reason: str) -> None:
    guest(f"[profile.a]\nhost = 'x'\n{key}\n")
    with pytest.raises(UsageError, match=reason) as error:
        settled()
    assert "line 3" in str(error.value)
    assert "--config" in str(error.value)


def test_the_same_file_named_by_config_is_trusted() -> None:
    guest("[profile.a]\nhost = 'x'\nuser = 'u'\npassword_command = 'pass x'\ninsecure = true\n")
    values = settle({}, "a", "smtpcheck.toml", {}).values()
    assert values == {"target": "x", "user": "u", "password_command": "pass x", "insecure": True}


@pytest.mark.parametrize("key", ["host = 'x'", "port = 25", "tls = 'off'", "user = 'u'"])
def test_where_to_connect_never_comes_from_a_guests_defaults(key: str) -> None:
    guest(f"[defaults]\n{key}\n")
    with pytest.raises(UsageError, match=r"line 2: (host|port|tls|user) in \[defaults\]"):
        settled({"target": "mail.example.com"})


def test_a_guests_profile_counts_only_when_it_is_named() -> None:
    guest("[profile.a]\nhost = 'evil.example'\n[defaults]\ntimeout = 3\nexpect = ['starttls']\n")
    assert settled().values() == {"timeout": 3, "expect": ("starttls",)}
    assert settled({}, "a").values()["target"] == "evil.example"


@pytest.mark.parametrize("key", ["host = 'evil.example'", "port = 2525", "tls = 'off'", "user = 'bo'"])
@pytest.mark.parametrize("source", ["password_command = 'pass x'", "password_env = 'PW'", "keyring = 'mail'"])
def test_a_source_of_the_users_own_file_never_goes_to_a_guests_server(key: str, source: str) -> None:
    """Neither from the own defaults nor from the environment, whatever part of the connection is the guest's."""
    own(f"[defaults]\nhost = 'mail.example.com'\nuser = 'al'\n{source}\n")
    guest(f"[profile.a]\n{key}\n")
    with pytest.raises(UsageError, match="comes from the working directory's file, so the secret is taken from this"):
        settled({}, "a")
    with pytest.raises(UsageError, match="is taken from this command line"):
        settled({}, "a", SMTPCHECK_PASSWORD_ENV="PW")
    for values in (settled({}, "a", SMTPCHECK_PASSWORD="x").values(), settled({"ask_password": True}, "a").values()):
        assert not {"password_command", "password_keyring", "password_env"} & set(values)


def test_a_source_named_on_this_command_line_does() -> None:
    guest("[profile.a]\nhost = 'mail.example.com'\nuser = 'al'\n")
    assert settled({"password_env": "PW"}, "a").values()["password_env"] == "PW"


def test_no_login_needs_no_secret() -> None:
    guest("[profile.a]\nhost = 'mail.example.com'\nuser = 'al'\n")
    assert settled({"until": "tls"}, "a").values()["user"] == "al"
    assert "user" not in settled({"auth": "none"}, "a").values()


def test_a_ticket_or_certificate_is_a_secret_too() -> None:
    """The own defaults' mechanism asks for none, and would log in at the guest's server all the same."""
    own("[defaults]\nauth = 'external'\nclient_cert = '/c.pem'\n")
    guest("[profile.a]\nhost = 'evil.example'\n")
    with pytest.raises(UsageError, match="--auth external"):
        settled({}, "a")
    assert "client_cert" not in settled({"auth": "external"}, "a").values()


def test_what_the_user_relaxes_for_his_servers_does_not_hold_for_a_guests() -> None:
    own("[defaults]\ninsecure = true\nallow_cleartext_auth = true\nmin_tls = '1.3'\n")
    guest("[profile.a]\nhost = 'evil.example'\ntls = 'off'\n")
    found = settled({}, "a")
    assert found.values() == {"target": "evil.example", "tls": "off", "min_tls": "1.3"}
    assert len(found.unused) == 2
    assert settled({"insecure": True}, "a").values()["insecure"] is True


def test_a_guest_does_not_take_the_place_of_the_users_profile() -> None:
    """The same name in both files is nobody's."""
    own("[profile.work]\nhost = 'mail.example.com'\n")
    guest("[profile.work]\nhost = 'evil.example'\n")
    with pytest.raises(UsageError, match=r"'work' stands in smtpcheck.toml and in ~/.config.*--config"):
        settled({}, "work")


def test_own_profile_and_own_secret_stay_together_beside_a_guest() -> None:
    own("[profile.work]\nhost = 'mail.example.com'\nuser = 'al'\npassword_env = 'PW'\n")
    guest("[defaults]\nfrom = 'x@y.z'\ntimeout = 2\n")
    assert settled({}, "work").values() == {
        "target": "mail.example.com",
        "user": "al",
        "password_env": "PW",
        "sender": "x@y.z",
        "timeout": 2,
    }


def test_a_guest_does_not_choose_who_gets_mail_that_only_the_own_file_sends() -> None:
    own("[profile.work]\nhost = 'mail.example.com'\nsend = true\nfrom = 'a@b.c'\n")
    guest("[defaults]\nto = 'evil@example.com'\n")
    with pytest.raises(UsageError, match=r"its recipients come from to in smtpcheck.toml, line 2"):
        settled({}, "work")
    assert settled({"recipients": ("me@example.com",)}, "work").values()["send"] is True


@pytest.mark.parametrize(
    "report",
    [
        "json=/tmp/x",
        "json=../x",
        "json=a/../../x",
        "markdown=.git/hooks/pre-commit",
        "json=a/.b",
        "json=link/x",
        "json=l",
    ],
)
def test_a_guests_report_stays_in_the_working_directory(report: str, tmp_path: Path) -> None:
    """Not beside it, not in hidden directories, and not behind a link."""
    Path("link").symlink_to(tmp_path)
    Path("l").symlink_to(tmp_path / "elsewhere")
    guest(f"[defaults]\nreport = ['junit=out/a.xml', '{report}']\n")
    with pytest.raises(UsageError, match=r"line 2: (a|the) report"):
        settled()


def test_a_guests_report_in_the_directory_is_written() -> None:
    guest("[defaults]\nreport = ['junit=out/a.xml', 'json']\n")
    assert settled().values() == {"report": ("junit=out/a.xml", "json")}


def test_a_link_to_the_users_own_file_is_the_users_own_file() -> None:
    own("[profile.a]\nhost = 'x'\nuser = 'u'\npassword_env = 'PW'\n")
    Path("smtpcheck.toml").symlink_to(Path("../home/.config/smtpcheck/smtpcheck.toml").resolve())
    assert settled({}, "a").values()["password_env"] == "PW"
