"""What a start loads, and the names of the package: `--help` must cost little more than Typer itself."""

import subprocess
import sys

import pytest

import smtpcheck
from smtpcheck.cli.app import COMMANDS

HEAVY = {"asyncio", "ssl", "socket", "dns", "cryptography", "tomllib", "rich", "pydantic", "idna", "smtpcheck.model"}
BORROWERS = {"diff", "profile"}

PROBE = """
import sys
from smtpcheck.cli.main import main
code = main(sys.argv[1:])
print(code, *sorted(sys.modules), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["check", "--help"],
        ["explain", "-h"],
        ["providers", "-h"],
        ["demo", "-h"],
        ["diff", "-h"],
        ["settings", "-h"],
        ["profile", "-h"],
        ["profile", "save", "-h"],
        ["--version"],
    ],
)
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    """Neither the network nor cryptography nor Rich, and not even the types."""
    done = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True)
    code, *modules = done.stderr.split()
    assert code == "0"
    assert done.stdout
    assert HEAVY & set(modules) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_loaded_alone(name: str) -> None:
    """No command loads another one; only the options of `check` are borrowed by some."""
    done = subprocess.run([sys.executable, "-c", PROBE, name, "-h"], capture_output=True, text=True, check=True)
    loaded = {other for other in COMMANDS if f"smtpcheck.cli.{other}" in done.stderr.split()}
    assert loaded - ({"check"} if name in BORROWERS else set()) == {name}


@pytest.mark.parametrize(("name", "line"), COMMANDS.items())
def test_the_list_of_commands_says_what_each_says_of_itself(name: str, line: str) -> None:
    """The list of `--help` and a command's own help begin with the same sentence."""
    done = subprocess.run([sys.executable, "-m", "smtpcheck", name, "-h"], capture_output=True, text=True, check=True)
    usage, said, *_ = done.stdout.split("\n\n")
    assert usage.startswith(f"Usage: smtpcheck {name} ")
    assert " ".join(said.split()).startswith(line)


def test_a_check_without_an_application_loads_none_of_its_code() -> None:
    """Neither readers nor carriers nor YAML."""
    words = ["check", "not a host", "--json"]
    done = subprocess.run([sys.executable, "-c", PROBE, *words], capture_output=True, text=True, check=True)
    code, *modules = done.stderr.split()
    assert code == "2"
    of_applications = ("smtpcheck.application", "smtpcheck.settings.app", "smtpcheck.settings.carriers", "yaml")
    assert [name for name in modules if name.startswith((*of_applications, "smtpcheck.diagnose.settings"))] == []


def test_the_package_loads_its_names_on_first_use() -> None:
    """Importing it, as the console script does before anything else, loads nothing of it."""
    code = "import sys, smtpcheck; print(*(name for name in sys.modules if name.startswith('smtpcheck')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == {"smtpcheck", "smtpcheck._version"}


def test_every_public_name_is_there() -> None:
    """And no other."""
    for name in smtpcheck.__all__:
        assert getattr(smtpcheck, name) is not None
    assert set(smtpcheck.__all__) == set(dir(smtpcheck))
    with pytest.raises(AttributeError, match="no attribute 'missing'"):
        smtpcheck.missing  # noqa: B018
