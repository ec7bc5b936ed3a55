"""`smtpcheck batch` and `merge`, with real servers on loopback."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from smtpcheck.cli.main import main
from smtpcheck.dialogue import parse
from smtpcheck.serve import Running, running

PASSES = "S: 220 mail.example.com ESMTP\nC: EHLO *\nS: 250 mail.example.com\nC: QUIT\nS: 221 bye\n"
LOGIN = (
    "S: 220 hi ESMTP\nC: EHLO *\nS: 250-hi\nS: 250 AUTH PLAIN\nC: AUTH PLAIN *\nS: 235 2.7.0 yes\nC: QUIT\nS: 221 bye\n"
)
Captured = pytest.CaptureFixture[str]


@pytest.fixture
def passing() -> Iterator[Running]:
    with running(parse(PASSES)) as server:
        yield server


def listed(directory: Path, server: Running, *, dead: bool = True, count: int = 3) -> str:
    """A file of targets that pass, and one that nothing listens for."""
    path = directory / "targets.jsonl"
    rows = [{"host": server.host, "port": server.port, "ehlo": f"c{number}"} for number in range(count)]
    rows += [{"host": "127.0.0.1", "port": 1}] if dead else []
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(path)


def results(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_table_and_an_exit_code(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """A line a target, the count below, and 1 because one failed."""
    assert main(["batch", listed(tmp_path, passing)]) == 1
    *rows, last = capsys.readouterr().out.splitlines()
    assert len(rows) == 4
    assert any("127.0.0.1:1 " in row and "connect unreachable" in row and "nothing listens" in row for row in rows)
    assert last.startswith("4 checked: 3 passed, 1 failed")


def test_all_passed_is_0(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """And -q shows the count alone."""
    assert main(["batch", listed(tmp_path, passing, dead=False), "-q"]) == 0
    assert capsys.readouterr().out.count("\n") == 1


def test_json_is_a_line_a_target(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """And nothing else on standard output."""
    assert main(["batch", listed(tmp_path, passing), "--json"]) == 1
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert sorted(line["exit_code"] for line in lines) == [0, 0, 0, 11]
    assert len({line["target_id"] for line in lines}) == 4


def test_a_bad_target_stops_all_before_a_packet(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """One sentence with its line, and no file of results is left."""
    path = tmp_path / "t.jsonl"
    path.write_text(f'{{"host": "127.0.0.1", "port": {passing.port}}}\n{{"host": "a.example", "tls": "maybe"}}\n')
    out = tmp_path / "out.jsonl"
    assert main(["batch", str(path), "--out", str(out)]) == 2
    said = capsys.readouterr().err
    assert said.startswith("smtpcheck: t.jsonl, line 2: --tls is 'maybe'")
    assert said.count("\n") == 1
    assert not out.exists()
    assert passing.sessions == ()


def test_resume_goes_on_where_it_stopped(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """A torn last line was no result; what is whole is not checked again."""
    path, out = listed(tmp_path, passing), tmp_path / "out.jsonl"
    assert main(["batch", path, "--out", str(out)]) == 1
    lines = out.read_text().splitlines(keepends=True)
    out.write_text("".join(lines[:2]) + lines[2][:40])
    before = out.read_text()[: len("".join(lines[:2]))]
    capsys.readouterr()
    assert main(["batch", path, "--resume", str(out)]) == 1
    assert "2 checked" in capsys.readouterr().out
    assert out.read_text().startswith(before)
    assert len({line["target_id"] for line in results(out)}) == len(results(out)) == 4


def test_resume_begins_where_nothing_is_yet(passing: Running, tmp_path: Path) -> None:
    """So that a job can use one command line for its first run and its next."""
    out = tmp_path / "out.jsonl"
    assert main(["batch", listed(tmp_path, passing, dead=False), "--resume", str(out)]) == 0
    assert len(results(out)) == 3


def test_out_never_overwrites(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """Results are somebody's work of hours."""
    out = tmp_path / "out.jsonl"
    out.write_text("mine")
    assert main(["batch", listed(tmp_path, passing), "--out", str(out)]) == 2
    assert "--resume" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_recheck_runs_what_failed_and_the_newest_counts(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """And merge sees one result for each target."""
    path, out = listed(tmp_path, passing), tmp_path / "out.jsonl"
    main(["batch", path, "--out", str(out)])
    capsys.readouterr()
    assert main(["batch", path, "--resume", str(out), "--recheck", "failed"]) == 1
    assert "1 checked: 0 passed, 1 failed" in capsys.readouterr().out
    assert len(results(out)) == 5
    assert main(["merge", str(out)]) == 1
    assert "4 checked: 3 passed, 1 failed" in capsys.readouterr().out


def test_the_parts_make_the_whole(passing: Running, tmp_path: Path, capsys: Captured) -> None:
    """Three machines, and one report of what they found."""
    path = listed(tmp_path, passing, count=12)
    parts = [str(tmp_path / f"{index}.jsonl") for index in range(3)]
    for index, part in enumerate(parts):
        assert main(["batch", path, "--shard", f"{index}/3", "--resume", part]) in (0, 1)
    capsys.readouterr()
    merged = tmp_path / "all.json"
    assert main(["merge", *parts, "--report", f"json={merged}"]) == 1
    assert "13 checked: 12 passed, 1 failed" in capsys.readouterr().out
    assert len(json.loads(merged.read_text())) == 13


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--shard", "4/4"], "count from 0"),
        (["--shard", "x"], "give I/N"),
        (["--recheck", "failed"], "--resume"),
        (["--out", "a", "--resume", "b"], "exclude each other"),
        (["--concurrency", "0"], "from 1 to 10000"),
        (["--json", "-q"], "contradicts"),
        (["--json", "--report", "json"], "standard output"),
        (["--format", "yaml"], "toml, csv, jsonl, lines"),
        (["--password", "hunter2"], "not taken"),
    ],
)
def test_contradictions_are_one_sentence(words: list[str], said: str, tmp_path: Path, capsys: Captured) -> None:
    """Exit 2, and no secret in it."""
    path = tmp_path / "t"
    path.write_text("a.example\n")
    assert main(["batch", str(path), *words]) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "hunter2" not in error


@pytest.mark.parametrize("text", ["{}\n", "nonsense\n", "[" * 100_000 + "\n", '{"schema": 2}\n'])
def test_merge_refuses_what_is_no_result(text: str, tmp_path: Path, capsys: Captured) -> None:
    """With the line."""
    path = tmp_path / "r.jsonl"
    path.write_text(text)
    assert main(["merge", str(path)]) == 2
    assert "line 1" in capsys.readouterr().err


def test_a_command_for_the_password_runs_once(tmp_path: Path, capsys: Captured) -> None:
    """However many targets name it; and the password is in none of the results."""
    asked, out = tmp_path / "asked", tmp_path / "out.jsonl"
    program = tmp_path / "secret.sh"
    program.write_text(f"#!/bin/sh\necho asked >> {asked}\necho correct-horse-battery\n")
    program.chmod(0o755)
    with running(parse(LOGIN)) as server:
        path = listed(tmp_path, server, dead=False, count=5)
        words = ["--user", "u", "--password-command", str(program), "--tls", "off", "--out", str(out)]
        rows = Path(path).read_text().replace("}", ', "allow_cleartext_auth": true}')
        Path(path).write_text(rows)
        assert main(["batch", path, *words]) == 0
    assert asked.read_text() == "asked\n"
    assert "correct-horse" not in out.read_text()


def test_nobody_is_asked_for_a_password(tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch) -> None:
    """A batch would ask for each target."""
    monkeypatch.delenv("SMTPCHECK_PASSWORD", raising=False)
    path = tmp_path / "t"
    path.write_text("a.example\n")
    assert main(["batch", str(path), "--user", "u"]) == 2
    assert "a batch asks nobody" in capsys.readouterr().err


def test_ctrl_c_keeps_what_was_done(passing: Running, tmp_path: Path) -> None:
    """130; the target that was under way has no result, and the next run checks it."""
    out = tmp_path / "out.jsonl"
    with running(parse("! stall\n")) as silent:
        path = Path(listed(tmp_path, passing, dead=False, count=2))
        path.write_text(path.read_text() + json.dumps({"host": silent.host, "port": silent.port}) + "\n")
        words = [sys.executable, "-m", "smtpcheck", "batch", str(path), "--out", str(out), "--no-second-looks"]
        process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env={**os.environ, "COLUMNS": "80"})
        assert process.stdout is not None
        for _ in range(2):
            process.stdout.readline()  # two have passed
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted, 1 left" in said
    assert [line["exit_code"] for line in results(out)] == [0, 0]


def test_what_is_shared_of_a_batch_names_nobody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The results keep the names, since a later run goes on with them; the report does not have them."""
    targets = tmp_path / "targets.txt"
    targets.write_text("mail.acme-internal.invalid:1\n")
    out, shared = tmp_path / "out.jsonl", tmp_path / "shared.md"
    nobody = ["--resolver", "127.0.0.1:1"]
    words = [*nobody, "--until", "connect", "--out", str(out), "--report", f"markdown={shared}", "--anonymize"]
    main(["batch", str(targets), *words])
    capsys.readouterr()
    assert "acme-internal" in out.read_text()
    assert "acme-internal" not in shared.read_text()
