"""`action.yml`, run as a runner runs it: what a red check says, what it hands on, and what it never runs."""

from pathlib import Path

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.serve import running, scenario

from .runner import Ran, obeyed, run_action, run_step, step
from .shell import PASSWORD, ROOT, USER, read_yaml, run

HOSTILE = [
    "$(touch executed)",
    "`touch executed`",
    '"; touch executed; "',
    "'; touch executed; '",
    "x\n touch executed\nEND\ntouch executed",
    "${{ github.token }}",
    "--help",
    "a b\t*",
]


def run_against(name: str, folder: Path, ca_file: str, **inputs: str) -> Ran:
    """The action against a scenario; inputs have underscores here."""
    given = {"user": USER, "password": PASSWORD, **{key.replace("_", "-"): text for key, text in inputs.items()}}
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        return run_action({"target": f"127.0.0.1:{server.port}", **given}, folder, SSL_CERT_FILE=ca_file)


def test_a_pass_is_green_and_hands_on_what_was_seen(tmp_path: Path, ca_file: str) -> None:
    """No annotation of an error; the reports are written; the outputs say so."""
    ran = run_against(
        "passes",
        tmp_path,
        ca_file,
        **{"from": USER, "to": "bob@example.net"},
        expectations="min-tls=1.2\nmin-cert-days=7\n",
        reports="json=report.json\njunit=smtp report.xml\n",
        options="--max-time=30\n--no-second-looks\n",
    )
    assert ran.done.returncode == 0, ran.done.stdout + ran.done.stderr
    assert ran.outputs == {"outcome": "passed", "stage": "", "cause": "", "exit-code": "0"}
    assert ran.annotations == []
    assert (tmp_path / "smtp report.xml").exists()
    assert '"bob@example.net"' in (tmp_path / "report.json").read_text(encoding="utf-8")


def test_each_line_is_a_recipient(tmp_path: Path, ca_file: str) -> None:
    """Empty lines and those of Windows do no harm; the one that was refused is in the annotation."""
    recipients = "bob@example.net\n\nnobody@example.net\r\n"
    ran = run_against("one-of-two-recipients-refused", tmp_path, ca_file, **{"from": USER, "to": recipients})
    assert (ran.done.returncode, ran.outputs["stage"]) == (18, "recipient")
    (annotation,) = ran.annotations
    assert "nobody@example.net" in annotation


def test_a_red_check_says_in_its_annotation_what_to_change(tmp_path: Path, ca_file: str) -> None:
    """The cause, the server's words and the first thing to do; the same in the step summary; never the password."""
    ran = run_against("auth-refused-535", tmp_path, ca_file)
    assert ran.done.returncode == 16
    assert (ran.outputs["outcome"], ran.outputs["stage"], ran.outputs["exit-code"]) == ("refused", "auth", "16")
    assert ran.outputs["cause"]
    (annotation,) = ran.annotations
    assert "535 5.7.8" in annotation
    assert "password" in annotation
    assert "535 5.7.8" in ran.summary
    said = [line for line in (ran.done.stdout + ran.done.stderr).splitlines() if not line.startswith("::add-mask::")]
    assert PASSWORD not in "\n".join(said)


def test_an_expectation_that_is_not_met_fails(tmp_path: Path, ca_file: str) -> None:
    """Each is named in an annotation."""
    ran = run_against("passes", tmp_path, ca_file, expectations="min-cert-days=4000\nauth=PLAIN")
    assert (ran.done.returncode, ran.outputs["exit-code"]) == (1, "1")
    assert any("min-cert-days=4000" in each for each in ran.annotations)


def assert_nothing_ran(ran: Ran, folder: Path) -> None:
    assert not (folder / "executed").exists()
    assert set(ran.outputs) == {"outcome", "stage", "cause", "exit-code"}
    assert ran.outputs["exit-code"] == str(ran.done.returncode)
    assert "syntax error" not in ran.done.stdout + ran.done.stderr
    own = ("::error title=", "::warning title=", "::notice title=", "::add-mask::")
    assert [line for line in ran.commands if not line.startswith(own)] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_no_input_is_ever_run(text: str, tmp_path: Path, ca_file: str) -> None:
    """Whatever the inputs hold, all of them at once, they are values of smtpcheck."""
    inputs = dict.fromkeys(read_yaml(ROOT / "action.yml")["inputs"], text)
    assert_nothing_ran(run_action(inputs, tmp_path, SSL_CERT_FILE=ca_file), tmp_path)


@pytest.mark.parametrize("name", list(read_yaml(ROOT / "action.yml")["inputs"]))
def test_a_hostile_input_among_good_ones(name: str, tmp_path: Path, ca_file: str) -> None:
    """Nothing of it is run, and no command of a runner comes of it."""
    text = "::error::pwned\n" + "\n".join(HOSTILE)
    with running(scenario("passes").dialogue, names=["127.0.0.1"]) as server:
        good = {"target": f"127.0.0.1:{server.port}", "user": USER, "password": PASSWORD, "options": "--timeout=2"}
        assert_nothing_ran(run_action({**good, name: text}, tmp_path, SSL_CERT_FILE=ca_file), tmp_path)


def test_a_check_that_cannot_be_made_is_an_annotation_too(tmp_path: Path, ca_file: str) -> None:
    """A secret that a fork does not get, and a rule that does not exist: the sentence is the annotation."""
    for inputs, word in (({"password": ""}, "SMTPCHECK_PASSWORD"), ({"expectations": "tls=1.2"}, "min-tls")):
        ran = run_against("passes", tmp_path, ca_file, **inputs)
        (tmp_path / "GITHUB_OUTPUT").unlink()
        assert ran.done.returncode == 2
        assert ran.outputs["outcome"] == "declined"
        assert ran.outputs["stage"] == "config"
        (annotation,) = ran.annotations
        assert word in annotation


def test_a_server_cannot_speak_to_the_runner(tmp_path: Path, ca_file: str) -> None:
    """What it says stands in the log, where lines that look like the runner's commands are obeyed: none is."""
    text = parse(
        "S: 220 hi\nC: EHLO *\nS: 250 hi\nC: MAIL *\n"
        "S: 550-\nS: 550-::set-output name=exit-code::0\nS: 550-##[add-mask]secret\nS: 550 ::error::pwned\n"
    )
    with running(text, names=["127.0.0.1"]) as server:
        inputs = {"target": f"127.0.0.1:{server.port}", "from": USER, "options": "--tls=off"}
        ran = run_action(inputs, tmp_path, SSL_CERT_FILE=ca_file)
    assert ran.done.returncode == 17
    assert ran.outputs["exit-code"] == "17"
    assert len(ran.annotations) == 1
    assert [line for line in ran.commands if not line.startswith("::error title=")] == []


def test_the_runner_of_these_tests_obeys_as_a_real_one() -> None:
    """Otherwise the test above would prove nothing."""
    assert obeyed("  ::error::x\nabc ##[add-mask]x\nabc ::error::x\n::unknown::x") == [
        "  ::error::x",
        "abc ##[add-mask]x",
    ]
    assert obeyed("::stop-commands::t\n::error::x\n::t::\n::error::y") == ["::error::y"]


def test_no_expression_stands_in_a_script() -> None:
    """An expression is filled in before the shell reads the script: an input in one would be run."""
    action = read_yaml(ROOT / "action.yml")
    assert [each["run"] for each in action["runs"]["steps"] if "${{" in each["run"]] == []
    used = "".join(str(each.get("env", "")) for each in action["runs"]["steps"])
    assert [name for name in action["inputs"] if f"inputs.{name} " not in used] == []


@pytest.mark.real  # pip fetches what smtpcheck depends on
def test_the_action_installs_itself_once(tmp_path: Path) -> None:
    """From its own checkout, into the runner's temporary directory; modules in the working directory are not run."""
    (tmp_path / "venv.py").write_text("raise SystemExit('a module of the workspace was run')\n", encoding="utf-8")
    (tmp_path / "pip.py").write_text("raise SystemExit('a module of the workspace was run')\n", encoding="utf-8")
    install = step(read_yaml(ROOT / "action.yml"), "install")
    first = run_step(install, {}, tmp_path)
    assert first.done.returncode == 0, first.done.stderr
    bin = Path(first.outputs["bin"])
    assert bin.is_relative_to(tmp_path)
    made = (bin / "smtpcheck").stat().st_mtime_ns
    assert run_step(install, {}, tmp_path).outputs["bin"] == str(bin)
    assert (bin / "smtpcheck").stat().st_mtime_ns == made
    assert run([str(bin / "smtpcheck"), "--version"]).returncode == 0
