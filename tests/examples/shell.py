"""Runs what `examples/`, `action.yml` and `Dockerfile` say, as it stands there, against the scripted server.

Their `smtpcheck` is the one under test, first on PATH. Its server is 127.0.0.1, with a certificate for that, whose root
stands in for those of the operating system (SSL_CERT_FILE, OpenSSL's own way). Values come the way they do for a user:
by variables, arguments and secrets.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
BIN = Path(sys.executable).parent
USER = "alice@example.com"
PASSWORD = "not-the-password"

# A session that passes, and one that a wrong password ends: scenario and exit code.
ENDS = [("passes", 0), ("auth-refused-535", 16)]

Done = subprocess.CompletedProcess[str]
_OURS = ("SMTP", "GITHUB", "RUNNER", "CI", "PYTEST", "PIP")


def run(words: Sequence[str], *, cwd: Path | None = None, **environ: str) -> Done:
    """The words, run with these variables; what tells a process that it runs in CI is left out otherwise."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    path = f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}"
    env = {**kept, "PATH": path, "PYTHONUTF8": "1", **environ}
    return subprocess.run(words, capture_output=True, text=True, timeout=100, env=env, cwd=cwd)


def read_yaml(path: Path) -> Any:
    """What a YAML file holds."""
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def filled(pattern: str, text: str, values: Mapping[str, str]) -> str:
    """The text with its variables, whose name is the pattern's first group, replaced. KeyError for an unknown one."""
    return re.sub(pattern, lambda match: values[match[1]], text)
