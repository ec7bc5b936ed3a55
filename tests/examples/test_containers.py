"""The Compose health check and the jobs of Kubernetes: the words that would be started in a container are run here."""

from pathlib import Path
from typing import Any

import pytest

from smtpcheck.serve import running, scenario

from .shell import ENDS, EXAMPLES, PASSWORD, USER, filled, read_yaml, run

JOBS = ["kubernetes-cronjob.yaml", "kubernetes-indexed-job.yaml"]


def pod(name: str) -> Any:
    """The template of the job's pod."""
    document = read_yaml(EXAMPLES / name)
    job = document["spec"]["jobTemplate"] if document["kind"] == "CronJob" else document
    return job["spec"]["template"]["spec"]


def arguments(name: str, values: dict[str, str]) -> list[str]:
    """The arguments of the container, with `$(NAME)` expanded as the kubelet does it."""
    (container,) = pod(name)["containers"]
    assert "command" not in container, "the entry point of the image is smtpcheck"
    return [filled(r"\$\((\w+)\)", word, values) for word in container["args"]]


@pytest.mark.parametrize("name", JOBS)
def test_pods_run_without_rights(name: str) -> None:
    """No root, no writable file system, no capability, no token of the cluster; the password is in a Secret."""
    spec = pod(name)
    (container,) = spec["containers"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["runAsUser"] > 0
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["securityContext"]["allowPrivilegeEscalation"] is False
    assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert [each["name"] for each in container["env"] if "secretKeyRef" in each.get("valueFrom", {})] == [
        each["name"] for each in container["env"] if "PASSWORD" in each["name"]
    ]


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_cron_job(name: str, code: int, tmp_path: Path, ca_file: str) -> None:
    """It passes and fails with the session; the end of the log, which `kubectl describe` shows, says where."""
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        values = {"SMTP_TARGET": f"127.0.0.1:{server.port}", "SMTP_USER": USER, "SMTPCHECK_PASSWORD": PASSWORD}
        (container,) = pod("kubernetes-cronjob.yaml")["containers"]
        assert [each["name"] for each in container["env"]] == list(values)
        words = ["smtpcheck", *arguments("kubernetes-cronjob.yaml", values)]
        done = run(words, cwd=tmp_path, SSL_CERT_FILE=ca_file, **values)
    assert done.returncode == code, done.stdout + done.stderr
    assert ("535 5.7.8" in done.stdout[-2048:]) is (code == 16)
    assert list(tmp_path.iterdir()) == []


def write_targets(folder: Path, port: int) -> None:
    """Seven targets in `targets.toml`, which differ in their sender."""
    rows = [
        f'[[target]]\nhost = "127.0.0.1"\nport = {port}\nuser = "{USER}"\nfrom = "sender{number}@example.com"\n'
        for number in range(7)
    ]
    text = "\n".join(['[defaults]\npassword_env = "SMTP_PASSWORD"\n', *rows])
    (folder / "targets.toml").write_text(text, encoding="utf-8")


def test_indexed_job_checks_each_target_once(tmp_path: Path, ca_file: str) -> None:
    """Over all the pods; their logs, in which both streams are one, make one report with `merge`."""
    document = read_yaml(EXAMPLES / "kubernetes-indexed-job.yaml")["spec"]
    (container,) = pod("kubernetes-indexed-job.yaml")["containers"]
    assert document["completionMode"] == "Indexed"
    assert f"--shard=$(JOB_COMPLETION_INDEX)/{document['completions']}" in container["args"]
    logs, codes = tmp_path / "all.jsonl", []
    with running(scenario("passes").dialogue, names=["127.0.0.1"]) as server, logs.open("a", encoding="utf-8") as log:
        (mount,) = container["volumeMounts"]
        write_targets(tmp_path, server.port)
        for index in range(document["completions"]):
            words = arguments("kubernetes-indexed-job.yaml", {"JOB_COMPLETION_INDEX": str(index)})
            words = [word.replace(f"{mount['mountPath']}/", f"{tmp_path}/", 1) for word in words]
            done = run(["smtpcheck", *words], SMTP_PASSWORD=PASSWORD, SSL_CERT_FILE=ca_file)
            log.write(done.stdout + done.stderr)
            codes.append(done.returncode)
    assert codes == [0] * document["completions"], logs.read_text(encoding="utf-8")
    senders = [line for session in server.sessions for line in session.lines if line.startswith("MAIL FROM")]
    assert sorted(line.split(">")[0] for line in senders) == [
        f"MAIL FROM:<sender{number}@example.com" for number in range(7)
    ]
    merged = run(["smtpcheck", "merge", str(logs), "--report", "jsonl"], cwd=tmp_path)
    assert merged.returncode == 0, merged.stderr
    assert merged.stdout.count("\n") == 7


@pytest.mark.parametrize(("name", "code"), ENDS)
def test_health_check_of_compose(name: str, code: int, tmp_path: Path, ca_file: str) -> None:
    """Healthy is exit code 0; what `docker inspect` keeps of it is one line."""
    service = read_yaml(EXAMPLES / "compose.yaml")["services"]["smtp"]
    how, *words = service["healthcheck"]["test"]
    assert how == "CMD"
    assert service["secrets"] == ["smtp_password"]
    assert (EXAMPLES / service["build"] / "Dockerfile").is_file()
    (tmp_path / "smtp_password").write_text(PASSWORD, encoding="utf-8")
    with running(scenario(name).dialogue, names=["127.0.0.1"]) as server:
        values = {"SMTP_TARGET": f"127.0.0.1:{server.port}", "SMTP_USER": USER}
        words = [filled(r"\$\{(\w+):-[^}]*\}", word, values) for word in words]
        # where Docker puts the secret
        words = [word.replace("/run/secrets/", f"{tmp_path}/") for word in words]
        done = run(words, SSL_CERT_FILE=ca_file)
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stdout.count("\n") == 1


def test_the_health_check_ends_before_docker_ends_it() -> None:
    """Its own patience is shorter than Docker's, so that the reason is kept."""
    check = read_yaml(EXAMPLES / "compose.yaml")["services"]["smtp"]["healthcheck"]
    (own,) = [word.partition("=")[2] for word in check["test"] if word.startswith("--max-time=")]
    assert float(own) < float(check["timeout"].removesuffix("s"))
