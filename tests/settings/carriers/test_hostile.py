"""Configuration files are hostile: each bomb ends in one sentence with the file (and the line), and quickly."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.applications import read_applications
from smtpcheck.settings.carriers import given

ALIASES = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 12)
)
BOMBS = {
    "aliases.yml": (ALIASES, "more than 1000 values when its aliases are written out"),
    "self.yml": ("a: &a [*a]\n", "nested deeper than 100 levels"),
    "merge.yml": ("a: &a\n  <<: *a\n", "nested deeper than 100 levels"),
    "deep.yml": ("[" * 50_000, "nested deeper than 100 levels"),
    "deep-blocks.yml": ("".join(f"{' ' * n}a:\n" for n in range(300)), "nested deeper than 100 levels"),
    "many.yml": ("\n".join(f"k{n}: 1" for n in range(2000)), "more than 1000 values"),
    "tag.yml": ("a: !!python/object/apply:os.system ['echo no']\n", None),
    "broken.yml": ("a: [s3cr3t-Passw0rd\nb: }\n", "line 2: this is no YAML"),
    "deep.json": ("[" * 100_000, "nested deeper than 100 levels"),
    "deep-objects.json": ('{"a":' * 100_000, "nested deeper than 100 levels"),
    "number.json": ('{"port": ' + "9" * 100_000 + "}", "this is no JSON"),
    "broken.json": ('{"a": 1,\n "b": s3cr3t-Passw0rd}', "line 2: this is no JSON"),
    "many.json": ("[" + "1," * 30_000 + "1]", "more than 20000 values"),
    "deep.py": ("x = " + "(" * 5000 + ")" * 5000, "nested deeper than 90 brackets"),
    "unary.py": ("x = " + "-" * 100_000 + "1", "this is no Python that could be read"),
    "attributes.py": ("x = a" + ".b" * 50_000, "nested too deep"),
    "sum.py": ("x = " + "+".join(["1"] * 20_000), "nested too deep"),
    "some-attributes.py": ("x = a" + ".b" * 600, "nested too deep"),
    "some-sums.py": ("x = " + "+".join(["a"] * 600), "nested too deep"),
    "huge.py": ("# " + "x" * 300_000, "more than 256 KiB"),
    "broken.py": ("A = 1\nB = = s3cr3t\n", "line 2: this is no Python"),
    "deep.php": ("<?php\n$CONFIG = " + "[" * 50_000, "nested deeper than 100 levels"),
    "quote.php": ("<?php\n$CONFIG = ['a' => '" + "x" * 200_000, None),
    "deep.rb": ("gitlab_rails['a'] = " + "{" * 50_000, "nested deeper than 100 levels"),
    "calls.rb": ("gitlab_rails['a'] = " + "f(" * 50_000, "nested deeper than 100 levels"),
    "many.env": ("A=1\n" * 30_000, "more than 20000 lines"),
    "quotes.env": ("A='x\n" * 15_000, None),
    "line.env": ("A=" + "x" * 1_000_000, None),
    "words.env": ("this is no assignment s3cr3t-Passw0rd\n", "line 1: this is no KEY=VALUE"),
    "nul.env": ("A=1\nB=\0\n", "line 2: a NUL character"),
    "many.ini": ("[a]\n" + "b = 1\n" * 30_000, "more than 20000 keys"),
    "spaces.properties": ("a" + " " * 200_000 + "\n", None),
    "loop/main.cf": ("a = $b$b$b$b\nb = $a$a$a$a\n", None),
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_one_sentence(name: str, tmp_path: Path) -> None:
    """With the file, and without a piece of it."""
    text, sentence = BOMBS[name]
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text)
    if sentence is None:
        given([str(file)])
        return
    with pytest.raises(UsageError) as caught:
        given([str(file)])
    assert sentence in str(caught.value)
    assert file.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "s3cr3t" not in str(caught.value)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (600 * 1024**2,) * 2)
from smtpcheck.model import UsageError
from smtpcheck.settings.carriers import given
for path in sys.argv[1:]:
    try:
        given([path])
    except UsageError as error:
        print(path, error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="memory can be limited on Linux")
def test_no_bomb_takes_much_memory(tmp_path: Path) -> None:
    """All of them in one process that may have 600 MiB, its own libraries counted."""
    for name, (text, _) in BOMBS.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    files = [str(tmp_path / name) for name in BOMBS]
    done = subprocess.run([sys.executable, "-c", LIMITED, *files], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == sum(sentence is not None for _, sentence in BOMBS.values())


def test_nothing_in_a_yaml_file_is_called(tmp_path: Path) -> None:
    """A tag that would build an object is text like any other."""
    mark = tmp_path / "mark"
    file = tmp_path / "a.yml"
    file.write_text(f"SMTP_HOST: !!python/object/apply:os.system ['touch {mark}']\n")
    given([str(file)])
    assert not mark.exists()


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "settings.env"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="not a regular file"):
        given([str(pipe)])


@pytest.mark.parametrize("device", ["/dev/zero", "/dev/stdin", "/"])
def test_a_device_and_a_folder_are_refused(device: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be opened|not a regular file|cannot be read"):
        given([device])


def test_a_huge_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    """Sparse: four gigabytes that take no space."""
    file = tmp_path / "a.env"
    with file.open("wb") as opened:
        opened.truncate(4 * 1024**3)
    with pytest.raises(UsageError, match="more than 4096 KiB, the most that is read"):
        given([str(file)])


@pytest.mark.parametrize("raw", [b"A=\xff\xfe\xfa\n", "A=1".encode("utf-16")])
def test_what_is_not_utf_8_is_named(raw: bytes, tmp_path: Path) -> None:
    file = tmp_path / "a.env"
    file.write_bytes(raw)
    with pytest.raises(UsageError, match="UTF-8"):
        given([str(file)])


@pytest.mark.parametrize("path", ["/etc/passwd", "../outside.env", "sub/../../outside.env", "link.env"])
def test_a_file_beyond_the_folder_is_asked_for_and_not_followed(path: str, tmp_path: Path) -> None:
    """By an absolute path, by .., and by a symbolic link."""
    (tmp_path / "outside.env").write_text("SMTP_HOST=outside.example.com\n")
    folder = tmp_path / "project"
    (folder / "sub").mkdir(parents=True)
    (folder / "link.env").symlink_to(tmp_path / "outside.env")
    file = folder / "docker-compose.yml"
    file.write_text(f"services:\n  app:\n    env_file: {path}\n")
    with pytest.raises(UsageError, match=r"line 3: env_file names .* beyond the folder of this file"):
        given([str(file)])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("app.service", "[Service]\nEnvironmentFile=/etc/passwd\n"),
        ("docker-compose.yml", "services:\n  app:\n    extends: {file: /etc/passwd, service: x}\n"),
    ],
)
def test_no_include_leads_out_of_the_folder(name: str, text: str, tmp_path: Path) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(UsageError, match="beyond the folder of this file"):
        given([str(file)])


def test_services_that_extend_each_other_end(tmp_path: Path) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text("services:\n  a:\n    extends: b\n  b:\n    extends: a\n")
    with pytest.raises(UsageError, match="extends goes deeper than 10 services"):
        given([str(file)])


def test_without_the_library_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "docker-compose.yml"
    file.write_text("services: {}\n")
    monkeypatch.setitem(sys.modules, "yaml", None)
    with pytest.raises(UsageError, match=r"pip install 'smtpcheck\[apps\]'"):
        given([str(file)])


def test_a_file_that_is_nobodys_names_the_applications(tmp_path: Path) -> None:
    file = tmp_path / "a.env"
    file.write_text("COLOUR=blue\n")
    with pytest.raises(UsageError, match=r"has no mail settings that smtpcheck knows: --app names .* django"):
        read_applications([str(file)])
