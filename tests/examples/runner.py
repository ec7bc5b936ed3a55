"""A GitHub runner, as far as a composite action meets one: expressions, variables, files for outputs, and commands.

What counts as a command is taken from the runner's own source (actions/runner, src/Runner.Common/ActionCommand.cs): a
line that begins with `::NAME` after white space, or holds `##[NAME` anywhere, unless commands are stopped.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from smtpcheck.model.record import record

from .shell import BIN, ROOT, Done, filled, read_yaml, run

_EXPRESSION = r"\$\{\{\s*([\w.-]+)\s*\}\}"
_NAMES = "error|warning|notice|debug|group|endgroup|add-mask|set-output|set-env|add-path|save-state|add-matcher|echo"
_COMMAND = re.compile(rf"^\s*::({_NAMES})\b(?P<properties>[^:]*)::(?P<data>.*)$|##\[({_NAMES})\b")


@record
class Ran:
    """An action that ran: how it ended, what it printed, its outputs and the step summary."""

    done: Done
    outputs: dict[str, str]
    summary: str

    @property
    def commands(self) -> list[str]:
        """The lines that a runner would have obeyed."""
        return obeyed(self.done.stdout + self.done.stderr)

    @property
    def annotations(self) -> list[str]:
        """Those of them that are shown as an error, as a reader sees them."""
        shown = [line for line in self.commands if line.startswith("::error")]
        return [line.replace("%0A", "\n").replace("%0D", "\r").replace("%25", "%") for line in shown]


def obeyed(printed: str) -> list[str]:
    """The lines that a runner takes for its commands."""
    stopped_by, found = None, []
    for line in printed.splitlines():
        if stopped_by is not None:
            stopped_by = None if line.strip() == f"::{stopped_by}::" else stopped_by
        elif match := re.match(r"\s*::stop-commands::(.+)$", line):
            stopped_by = match[1]
        elif _COMMAND.search(line):
            found.append(line)
    assert stopped_by is None, "commands were stopped and never taken up again"
    return found


def evaluated(text: str, contexts: Mapping[str, str]) -> str:
    """The text with its `${{ }}` filled."""
    return filled(_EXPRESSION, text, contexts)


def step(action: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The step of an action with this id."""
    found: Mapping[str, Any] = next(each for each in action["runs"]["steps"] if each.get("id") == name)
    return found


def run_step(step: Mapping[str, Any], contexts: Mapping[str, str], folder: Path, **environ: str) -> Ran:
    """A `run:` step in `folder`, with the files that a runner would have made."""
    files = {name: folder / name for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    told = {name: evaluated(text, contexts) for name, text in step.get("env", {}).items()}
    script = folder / "step.sh"
    script.write_text(evaluated(step["run"], contexts), encoding="utf-8")
    done = run(
        ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)],
        cwd=folder,
        **{name: str(file) for name, file in files.items()},
        CI="true",
        GITHUB_ACTIONS="true",
        GITHUB_ACTION_PATH=str(ROOT),
        RUNNER_TEMP=str(folder),
        **environ,
        **told,
    )
    written = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in written)
    return Ran(done=done, outputs=outputs, summary=files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"))


def run_action(inputs: Mapping[str, str], folder: Path, *, bin: Path = BIN, **environ: str) -> Ran:
    """`action.yml` with these inputs, smtpcheck being installed in `bin`. Its outputs are those that it declares."""
    action = read_yaml(ROOT / "action.yml")
    assert set(inputs) <= set(action["inputs"]), "an input that the action does not have"
    given = {name: inputs.get(name, each.get("default", "")) for name, each in action["inputs"].items()}
    contexts = {f"inputs.{name}": value for name, value in given.items()}
    contexts["steps.install.outputs.bin"] = str(bin)
    ran = run_step(step(action, "check"), contexts, folder, **environ)
    results = {f"steps.check.outputs.{name}": value for name, value in ran.outputs.items()}
    outputs = {name: evaluated(each["value"], results) for name, each in action["outputs"].items()}
    return Ran(done=ran.done, outputs=outputs, summary=ran.summary)
