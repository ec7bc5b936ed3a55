"""What a start loads, and the names of the package: `--help` must cost little more than Typer itself."""

import subprocess
import sys

import pytest

import smtpcheck

HEAVY = {"asyncio", "ssl", "socket", "dns", "cryptography", "tomllib", "rich", "pydantic", "idna", "smtpcheck.model"}

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
