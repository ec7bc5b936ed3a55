"""The workflow for GitHub and the job for GitLab, from a push to what a reader of the result sees."""

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from smtpcheck.serve import running, scenario

from .runner import evaluated, run_action, run_step
from .shell import ENDS, EXAMPLES, PASSWORD, USER, read_yaml, run


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_github_workflow(name: str, code: int, tmp_path: Path, ca_file: str) -> None:
    """The action gets inputs that it has; a failure ends in a summary that says whose turn it is."""
    action, say, keep = read_yaml(EXAMPLES / "github-workflow.yml")["jobs"]["relay"]["steps"]
    assert action["uses"] == "owner/smtpcheck@v1"
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        contexts = {"vars.SMTP_TARGET": f"127.0.0.1:{server.port}", "vars.SMTP_USER": USER}
        contexts["secrets.SMTP_PASSWORD"] = PASSWORD
        inputs = {key: evaluated(text, contexts) for key, text in action["with"].items()}
        ran = run_action(inputs, tmp_path, SSL_CERT_FILE=ca_file)
    assert ran.done.returncode == code, ran.done.stdout + ran.done.stderr
    assert {path.name for path in tmp_path.glob(keep["with"]["path"])} == {"smtp.xml", "smtp.html"}
    if code:
        assert say["if"] == "failure()"
        outputs = {f"steps.{action['id']}.outputs.{key}": text for key, text in ran.outputs.items()}
        told = run_step(say, outputs, tmp_path)
        assert told.done.returncode == 0, told.done.stderr
        assert "whoever keeps the secrets" in told.summary
        assert f"stopped at auth, {ran.outputs['cause']}" in told.summary


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_gitlab_job(name: str, code: int, tmp_path: Path, ca_file: str) -> None:
    """The log has the report, and the artifacts that the job names are there, the JUnit report with the failure."""
    job = read_yaml(EXAMPLES / "gitlab-ci.yml")["smtp"]
    (line,) = job["script"]
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        ours = {"SMTP_TARGET": f"127.0.0.1:{server.port}", "SMTP_USER": USER}
        assert set(ours) == set(job["variables"])
        done = run(
            ["bash", "-e", "-o", "pipefail", "-c", line],
            cwd=tmp_path,
            **{"CI": "true", "GITLAB_CI": "true", "SMTPCHECK_PASSWORD": PASSWORD, "SSL_CERT_FILE": ca_file, **ours},
        )
    assert done.returncode == code, done.stdout + done.stderr
    assert code not in job["retry"]["exit_codes"]
    assert ("535 5.7.8" in done.stdout) is (code == 16)
    assert (tmp_path / job["artifacts"]["paths"][0]).exists()
    report = ElementTree.parse(tmp_path / job["artifacts"]["reports"]["junit"])
    failures = list(report.iter("failure"))
    assert [re.search("535", str(failure.get("message")) + str(failure.text)) is not None for failure in failures] == (
        [True] if code else []
    )


def test_gitlab_repeats_what_passes_by_itself(tmp_path: Path, ca_file: str) -> None:
    """A temporary refusal ends with a code for which the job is tried again."""
    job = read_yaml(EXAMPLES / "gitlab-ci.yml")["smtp"]
    with running(scenario("greylisted-450").dialogue, names=["127.0.0.1"]) as server:
        words = ["smtpcheck", "check", f"127.0.0.1:{server.port}", "--from", USER, "--to", "bob@example.net"]
        done = run(words, SSL_CERT_FILE=ca_file)
    assert done.returncode in job["retry"]["exit_codes"]
