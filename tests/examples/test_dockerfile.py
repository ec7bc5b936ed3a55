"""The image, without an engine: what the Dockerfile says of it, and its RUN lines, run in a directory."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from smtpcheck.serve import running, scenario

from .dockerfile import rest_of, stages
from .shell import PASSWORD, ROOT, USER, run


def sources() -> list[str]:
    """What the first stage takes from the checkout."""
    build, _ = stages()
    return [word for rest in rest_of(build, "COPY") for word in rest.split()[:-1]]


def test_the_image_runs_smtpcheck_as_nobody_in_particular() -> None:
    """By a number that is not root's, without a shell; both stages have the same Python."""
    build, final = stages()
    assert rest_of(build, "FROM")[0].split()[0] == rest_of(final, "FROM")[0]
    (user,) = rest_of(final, "USER")
    assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
    assert [json.loads(rest) for rest in rest_of(final, "ENTRYPOINT")] == [["smtpcheck"]]
    order = [each.word for each in final]
    assert order.index("USER") > max(index for index, word in enumerate(order) if word == "RUN")


def test_what_is_copied_exists_and_is_let_through() -> None:
    """The context holds what the build copies, and nothing else of a working directory."""
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").split("\n")
    assert "*" in ignore
    assert {line[1:] for line in ignore if line.startswith("!")} == {name.removeprefix("./") for name in sources()}
    assert [name for name in sources() if not (ROOT / name).exists()] == []


@pytest.mark.real  # pip fetches what smtpcheck depends on
def test_the_run_lines_make_what_the_image_starts(tmp_path: Path, ca_file: str) -> None:
    """From the copied files alone; compiled, since nothing can be written later; and it checks a server."""
    source, wheels, installed = tmp_path / "source", tmp_path / "wheels", tmp_path / "smtpcheck"
    source.mkdir()
    for name in sources():
        path = ROOT / name
        if path.is_dir():
            shutil.copytree(path, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(path, source)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "python")], check=True)
    image = f"{tmp_path / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"

    def here(line: str) -> str:
        return line.replace("/wheels", str(wheels)).replace("/opt/smtpcheck", str(installed))

    build, final = stages()
    for line in rest_of(build, "RUN"):
        subprocess.run(["/bin/sh", "-c", here(line)], check=True, cwd=source, env={**os.environ, "PATH": image})
    start = f"{installed / 'bin'}{os.pathsep}{os.environ['PATH']}"
    for line in rest_of(final, "RUN"):
        subprocess.run(["/bin/sh", "-c", here(line)], check=True, cwd=tmp_path, env={**os.environ, "PATH": start})

    (library,) = installed.glob("lib/python*/site-packages")
    bare = [path for path in library.rglob("*.py") if not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))]
    assert bare == []
    assert not (library / "pip").exists()
    with running(scenario("passes").dialogue, names=["127.0.0.1"]) as server:
        words = [str(installed / "bin" / "smtpcheck"), "check", f"127.0.0.1:{server.port}", "--user", USER, "--quiet"]
        done = run(words, SMTPCHECK_PASSWORD=PASSWORD, SSL_CERT_FILE=ca_file)
    assert done.returncode == 0, done.stdout + done.stderr
