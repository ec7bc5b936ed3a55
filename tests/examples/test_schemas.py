"""The YAML, held against the schemas of those who read it (check-jsonschema ships them; no network)."""

import sys

import pytest

from .shell import ROOT, run

FILES = [
    ("action.yml", "github-actions"),
    ("examples/github-workflow.yml", "github-workflows"),
    ("examples/gitlab-ci.yml", "gitlab-ci"),
    ("examples/compose.yaml", "compose-spec"),
]


@pytest.mark.parametrize(("path", "schema"), FILES)
def test_yaml_is_valid(path: str, schema: str) -> None:
    """By the schema that its readers publish. Those of Kubernetes are large: see tests/real."""
    transform = ["--data-transform", "gitlab-ci"] if schema == "gitlab-ci" else []
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", *transform]
    done = run([*words, str(ROOT / path)])
    assert done.returncode == 0, done.stdout + done.stderr
