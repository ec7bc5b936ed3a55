"""Files of targets, in each of their formats."""

from pathlib import Path

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.identity import identity, in_shard
from smtpcheck.settings.request import Request
from smtpcheck.settings.targets import located_targets, read_targets

SAME = {
    "a.toml": '[defaults]\nuser = "u"\n[[target]]\nhost = "a.example"\nport = 25\nto = ["x@y.z", "v@w.z"]\n'
    '[[target]]\nhost = "b.example"\nuser = "other"\n',
    "a.csv": "host,port,to,user\na.example,25,x@y.z;v@w.z,u\nb.example,,,other\n",
    "a.jsonl": '# mine\n{"host": "a.example", "port": 25, "to": ["x@y.z", "v@w.z"], "user": "u"}\n\n'
    '{"host": "b.example", "user": "other"}\n',
}


def written(directory: Path, name: str, text: str | bytes) -> str:
    path = directory / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


@pytest.mark.parametrize("name", SAME)
def test_the_formats_say_the_same(tmp_path: Path, name: str) -> None:
    """Two targets, whatever they are written in; and each has the same name."""
    first, second = read_targets(written(tmp_path, name, SAME[name]))
    assert (first.target, str(first.port), first.recipients) == ("a.example", "25", ("x@y.z", "v@w.z"))
    assert (first.user, second.target, second.user, second.port) == ("u", "b.example", "other", None)
    toml = read_targets(written(tmp_path, "a.toml", SAME["a.toml"]))
    assert [identity(one) for one in (first, second)] == [identity(one) for one in toml]


def test_one_target_a_line(tmp_path: Path) -> None:
    """With comments; and the options of the command line hold for each."""
    path = written(tmp_path, "list", "# mine\na.example:25\n\n smtps://b.example \n")
    read = read_targets(path, defaults={"timeout": "2"})
    assert [(one.target, one.timeout) for one in read] == [("a.example:25", "2"), ("smtps://b.example", "2")]


def test_a_target_with_its_own_secret_takes_no_other(tmp_path: Path) -> None:
    """Else two sources would contradict each other."""
    path = written(tmp_path, "a.toml", '[defaults]\npassword_env="A"\n[[target]]\nhost="h"\npassword_file="f"\n')
    (request,) = read_targets(path, defaults={"password_command": "c"})
    assert (request.password_env, request.password_file, request.password_command) == (None, "f", None)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.toml", '[[target]]\nhost = "a"\n\n[[target]]\nhots = "b"\n', "a.toml, line 4, target 2: there is no key"),
        ("a.toml", '[[target]]\npassword = "hunter2\n', "not TOML at line 2"),
        ("a.toml", "[target]\nhost = 'a'\n", r"write \[defaults\] once"),
        ("a.toml", "[[target]]\nport = 25\n", "'host' is missing"),
        ("a.csv", "smtp.example.com,hunter2\n", "the first row of CSV names the keys"),
        ("a.csv", "host,port\na,25,hunter2\n", "a.csv, line 2: it has 3 cells"),
        ("a.csv", 'host,port\n"a,25\n', "this is not CSV"),
        ("a.csv", "host,password\na,hunter2\n", "would hold a secret"),
        ("a.jsonl", '{"host": "a"}\n{"host": hunter2}\n', "a.jsonl, line 2: this is not JSON"),
        ("a.jsonl", '["hunter2"]\n', "a target is an object"),
        ("a.jsonl", '{"host": ' + "[" * 100_000 + "\n", "nested too deep|not JSON"),
        ("a.jsonl", '{"host": "a", "ask_password": true}\n', "cannot be asked for many"),
        ("list", "a.example hunter2\n", "list, line 1: there is more than one word"),
        ("list", "# nothing\n", "there is no target in it"),
        ("list", b"\xff\xfea", "not UTF-8"),
        ("list", b"a\0b", "NUL"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path: Path, name: str, text: str | bytes, said: str) -> None:
    """It says where, and never repeats what may be a secret."""
    with pytest.raises(UsageError, match=said) as caught:
        read_targets(written(tmp_path, name, text))
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_only_regular_files_are_read(tmp_path: Path) -> None:
    """A directory or a device could never end."""
    for path in (str(tmp_path), "/dev/zero"):
        with pytest.raises(UsageError, match=r"regular file|cannot be"):
            read_targets(path)


def test_a_place_names_the_line(tmp_path: Path) -> None:
    """For what only the building of the request finds."""
    ((place, _),) = located_targets(written(tmp_path, "a.jsonl", '\n\n{"host": "a"}\n'))
    assert place == "a.jsonl, line 3"


def test_parts_are_whole_and_stay() -> None:
    """Each target is in one part, and another one in the list moves none."""
    names = [identity(Request(target=f"h{number}.example")) for number in range(100)]
    parts = [[name for name in names if in_shard(name, index, 4)] for index in range(4)]
    assert sorted(name for part in parts for name in part) == sorted(names)
    assert all(parts)


def test_a_name_depends_on_what_is_checked() -> None:
    """Not on the patience, which another run may raise."""
    base = Request(target="h.example")
    assert identity(base) == identity(Request(target="h.example", timeout="3"))
    assert identity(base) != identity(Request(target="h.example", user="u"))
    assert identity(Request(target="h", port=25)) == identity(Request(target="h", port="25"))


def test_a_key_that_would_hold_the_parser_for_minutes_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "targets.toml"
    file.write_text("a" + ".a" * 100_000 + " = 1\n")
    with pytest.raises(UsageError, match=r"line 1: it has more than 200 dots"):
        list(located_targets(str(file), None, {}))
