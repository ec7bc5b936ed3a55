"""Files of settings: what is read, with its line; what is refused, with line and reason; what goes before what."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.layers import Settled, settle
from smtpcheck.settings.profiles import read_profiles

SECRET = "hunter2-hunter2"


class Files:
    """The user's own file, that of the working directory, and what holds with them."""

    def __init__(self, root: Path) -> None:
        self.home, self.here = root / "home", root / "clone"
        self.own = self.home / ".config" / "smtpcheck" / "smtpcheck.toml"
        self.guest = self.here / "smtpcheck.toml"
        self.own.parent.mkdir(parents=True)
        self.here.mkdir()
        self.environ: dict[str, str] = {"HOME": str(self.home)}

    def settle(self, named: Mapping[str, object] | None = None, profile: str | None = None) -> Settled:
        return settle(named or {}, profile, None, self.environ)


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    made = Files(tmp_path)
    monkeypatch.chdir(made.here)
    monkeypatch.setenv("HOME", str(made.home))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    return made


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[str], str]:
    """The sentence that refuses a file which is trusted."""

    def refused(text: str) -> str:
        path = tmp_path / "it.toml"
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(UsageError) as error:
            read_profiles(str(path), guest=False)
        return str(error.value).removeprefix(f"{tmp_path}/")

    return refused


def test_a_profile_holds_what_its_keys_say_each_with_its_line(tmp_path: Path) -> None:
    """A line counts also behind strings and lists of several lines."""
    path = tmp_path / "it.toml"
    path.write_text(
        '# a comment with "quotes\n[defaults]\ntimeout = 5\n\n[profile.work] # [profile.no]\nexpect = [\n'
        '  "starttls", # ]\n  "min-tls=1.2",\n]\nsubject = """\na # b\n[profile.c]\n"""\nhost = \'mail.example.com\'\n'
    )
    read = read_profiles(str(path), guest=False)
    assert list(read.profiles) == ["work"]
    work = read.profiles["work"]
    assert work["expect"].value == ("starttls", "min-tls=1.2")
    assert {field: value.origin.line for field, value in work.items()} == {"expect": 6, "subject": 10, "target": 14}
    assert (read.defaults["timeout"].value, read.defaults["timeout"].origin.line) == (5, 3)
    assert work["target"].origin.key == "host"


def test_a_path_in_a_file_is_read_from_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A profile is used from everywhere."""
    monkeypatch.setenv("HOME", "/home/al")
    path = tmp_path / "it.toml"
    path.write_text('[profile.a]\nca_file = "ca.pem"\npassword_file = "~/pw"\nclient_cert = "/etc/c.pem"\n')
    read = read_profiles(str(path), guest=False).profiles["a"]
    assert [read[field].value for field in ("ca_file", "password_file", "client_cert")] == [
        f"{tmp_path}/ca.pem",
        "/home/al/pw",
        "/etc/c.pem",
    ]


@pytest.mark.parametrize("key", ["password", "Password", "token", "pass", "api-key"])
def test_a_literal_secret_is_refused_with_its_line_and_unseen(refusal: Callable[[str], str], key: str) -> None:
    said = refusal(f'[profile.work]\nhost = "mail.example.com"\n{key} = "{SECRET}"\n')
    assert said.startswith("it.toml, line 3: ")
    assert "names" in said or "name its source" in said
    assert SECRET not in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'[profile.a]\nuser = "{SECRET}\n', "it.toml, line 2, column 24: this is not TOML (key 'user')"),
        (f"[profile.a]\npassword = {SECRET}\n", "it.toml, line 2, column 12: this is not TOML (key 'password')"),
        (f'[profile.a]\nuser = """\n{SECRET}=\n', "it.toml: it breaks off at its end: this is not TOML"),
        (
            "[profile.a]\nport = 1\nport = 2\n",
            "it.toml, line 3, column 9: this is not TOML, or given twice (key 'port')",
        ),
        ("[profile.a]\nport = 1" + "0" * 5000, "number or date"),
    ],
)
def test_broken_toml_is_told_with_line_column_and_key_and_no_value(
    refusal: Callable[[str], str], text: str, said: str
) -> None:
    sentence = refusal(text)
    assert said in sentence
    assert SECRET not in sentence


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[profile.a]\ntimout = 3\n", "line 2: there is no key 'timout': did you mean timeout?"),
        ("[profile.a]\ninsecure = 'yes'\n", "line 2: the key 'insecure' holds a text: it takes true or false"),
        ("[profile.a]\nexpect = [1]\n", "line 2: the key 'expect' holds a list of something else"),
        ("[profile.a.b]\nhost = 'x'\n", "line 1: there is no key 'b'"),
        ("[[profile]]\nhost = 'x'\n", "line 1: 'profile' is a table: write [profile.NAME]"),
        ("[profile]\na = 1\n", "line 2: a profile is a table"),
        ("host = 'x'\n", "line 1: there is something besides [defaults] and [profile.NAME]"),
        ("[profile.a]\nsender = 'a@b.c'\nfrom = 'a@b.c'\n", "mean the same"),
        (
            "[profile.a]\npassword_command = './get secret'\n",
            "line 2: password_command names its program by a relative",
        ),
        (
            "[profile.a]\n\nhost = 'smtp://a:hunter2@mail.example.com'\n",
            "line 3: TARGET is a URL with a password in it (not",
        ),
        ("[profile.a]\nproxy = 'socks5://a:hunter2@proxy.example'\n", "line 2: --proxy"),
        ('[profile."\\u001b[2J"]\nhost = "x"\n', "line 1: a profile's name has 1 to 64 printable characters"),
        ("[profile.a]\nhost = '\udc80'\n", "it is not UTF-8 at byte 20"),
    ],
)
def test_what_cannot_be_used_is_one_sentence_with_its_line(refusal: Callable[[str], str], text: str, said: str) -> None:
    sentence = refusal(text)
    assert said in sentence
    assert sentence.isprintable()
    assert "hunter2" not in sentence


@pytest.mark.parametrize(
    "bomb",
    [
        "x = " + "[" * 60_000,
        "x = " + "{a=" * 20_000,
        "a." * 20_000 + "a = 1",
        "[" + "a." * 20_000 + "a]",
        "#" * 2**20,
    ],
    ids=["lists", "tables", "dotted", "header", "size"],
)
@pytest.mark.timeout(20)
def test_a_bomb_is_bad_input(refusal: Callable[[str], str], bomb: str) -> None:
    assert refusal(bomb)


@pytest.mark.parametrize("kind", ["fifo", "directory", "device"])
def test_what_is_no_regular_file_is_not_read(files: Files, kind: str) -> None:
    """Nothing waits for it either."""
    if kind == "fifo":
        os.mkfifo(files.guest)
    elif kind == "directory":
        files.guest.mkdir()
    else:
        files.guest.symlink_to("/dev/zero")
    with pytest.raises(UsageError, match="not a regular file"):
        files.settle()


def test_an_option_goes_before_the_environment_the_profile_and_the_defaults(files: Files) -> None:
    files.own.write_text(
        '[defaults]\ntimeout = 1\nhelo = "d"\nsubject = "d"\nauth = "plain"\n'
        '[profile.a]\ntimeout = 2\nhelo = "p"\nsubject = "p"\n'
    )
    files.guest.write_text("[defaults]\nmax_time = 6\n")
    files.own.write_text(files.own.read_text().replace('auth = "plain"', 'auth = "plain"\nmax_time = 5'))
    files.environ |= {"SMTPCHECK_TIMEOUT": "3", "SMTPCHECK_HELO": "e"}
    settled = files.settle({"timeout": "4"}, "a")
    assert settled.values() == {"timeout": "4", "helo": "e", "subject": "p", "auth": "plain", "max_time": 6}
    assert {field: each.origin.kind for field, each in settled.fields.items()} == {
        "timeout": "option",
        "helo": "environment",
        "subject": "file",
        "auth": "file",
        "max_time": "file",
    }
    assert settled.files == (
        "the profile 'a' of ~/.config/smtpcheck/smtpcheck.toml",
        "[defaults] of smtpcheck.toml",
        "[defaults] of ~/.config/smtpcheck/smtpcheck.toml",
    )


@pytest.mark.parametrize(
    ("named", "left"),
    [
        ({"target": "other.example"}, {"target": "other.example", "port": 465, "timeout": 9}),
        ({"target": "other.example:25"}, {"target": "other.example:25", "timeout": 9}),
        ({"target": "smtp://al@other.example"}, {"target": "smtp://al@other.example", "port": 465, "timeout": 9}),
        ({"patience": "rfc"}, {"target": "mail.example.com", "port": 465, "patience": "rfc"}),
    ],
)
def test_an_option_takes_the_place_of_what_contradicts_it(
    files: Files, named: dict[str, object], left: dict[str, object]
) -> None:
    """The port of a TARGET goes before the profile's, as --port would."""
    files.own.write_text("[profile.a]\nhost = 'mail.example.com'\nport = 465\ntimeout = 9\n")
    assert files.settle(named, "a").values() == {**left}


def test_a_port_of_the_command_line_goes_before_the_one_in_the_profiles_host(files: Files) -> None:
    files.own.write_text("[profile.a]\nhost = 'smtp://al@[::1]:465'\n")
    assert files.settle({"port": "25", "user": "bo"}, "a").values()["target"] == "smtp://[::1]"


def test_a_secrets_source_takes_the_place_of_every_other(files: Files) -> None:
    files.own.write_text("[defaults]\ntoken_file = '/t'\n[profile.a]\nuser='u'\npassword_command = 'pass x'\n")
    assert set(files.settle({"password_env": "PW"}, "a").values()) == {"user", "password_env"}
    assert set(files.settle({}, "a").values()) == {"user", "password_command"}


def test_no_takes_back_what_a_profile_allows(files: Files) -> None:
    files.own.write_text("[profile.a]\ninsecure = true\nsend = true\n")
    assert files.settle({"insecure": False, "send": False}, "a").values() == {"insecure": False, "send": False}


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("SMTPCHECK_HOST", "mail.example.com", "target", "mail.example.com"),
        ("SMTPCHECK_TO", "a@b.c;d@e.f", "recipients", ("a@b.c", "d@e.f")),
        ("SMTPCHECK_INSECURE", "yes", "insecure", True),
        ("SMTPCHECK_SECOND_LOOKS", "0", "second_looks", False),
        ("SMTPCHECK_REPORT", "json=a.json junit=b.xml", "report", ("json=a.json", "junit=b.xml")),
        ("SMTPCHECK_PASSWORD_ENV", "PW", "password_env", "PW"),
    ],
)
def test_each_option_has_its_variable(files: Files, name: str, text: str, field: str, value: object) -> None:
    files.environ[name] = text
    assert files.settle().values() == {field: value}


def test_an_empty_variable_is_not_set_and_a_senseless_one_is_told(files: Files) -> None:
    files.environ["SMTPCHECK_TLS"] = ""
    assert files.settle().values() == {}
    files.environ["SMTPCHECK_INSECURE"] = SECRET
    with pytest.raises(UsageError, match=r"SMTPCHECK_INSECURE: .* takes true or false") as error:
        files.settle()
    assert SECRET not in str(error.value)


def test_a_secret_has_no_variable_but_one(files: Files) -> None:
    """The one that holds the password is no setting; there is none for a token."""
    files.environ |= {"SMTPCHECK_PASSWORD": SECRET, "SMTPCHECK_TOKEN": SECRET}
    settled = files.settle()
    assert settled.values() == {}
    assert SECRET not in str(settled)


def test_an_unknown_profile_is_told_with_the_nearest(files: Files) -> None:
    files.own.write_text("[profile.work]\n")
    with pytest.raises(UsageError, match=r"no profile 'wrok' in ~/.config.*: did you mean work\?"):
        files.settle({}, "wrok")
