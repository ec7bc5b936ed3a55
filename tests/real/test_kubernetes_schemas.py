"""The examples for Kubernetes, held against the schemas of its API: one that many still run, and the newest."""

import subprocess
from pathlib import Path

import pytest

from .servers.process import INSTALLED

_EXAMPLES = Path(__file__).parent.parent.parent / "examples"
_VALIDATE = INSTALLED / "kubernetes/bin/kubernetes-validate"


@pytest.mark.parametrize("version", ["1.29", "1.37"])
@pytest.mark.parametrize("name", ["kubernetes-cronjob.yaml", "kubernetes-indexed-job.yaml"])
def test_jobs_are_valid(name: str, version: str) -> None:
    """Strictly: a key that the API does not know is an error (kubectl would refuse it)."""
    assert _VALIDATE.exists(), "run tests/real/install.sh"
    words = [str(_VALIDATE), "--strict", "-k", version, str(_EXAMPLES / name)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_key_is_found(tmp_path: Path) -> None:
    """Otherwise the test above would prove nothing."""
    text = (_EXAMPLES / "kubernetes-cronjob.yaml").read_text(encoding="utf-8")
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(text.replace("readOnlyRootFilesystem", "readOnlyRootFileSystem"), encoding="utf-8")
    done = subprocess.run([str(_VALIDATE), "--strict", str(wrong)], capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
