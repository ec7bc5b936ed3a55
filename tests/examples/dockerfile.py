"""What a Dockerfile says, as a list of instructions: enough of its syntax for ours."""

from pathlib import Path

from smtpcheck.model.record import record

from .shell import ROOT


@record
class Instruction:
    """A line of a Dockerfile, with those that continue it: its word and the rest."""

    word: str
    rest: str


def stages(path: Path = ROOT / "Dockerfile") -> list[list[Instruction]]:
    """The instructions of each stage, the FROM first."""
    found: list[list[Instruction]] = []
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.partition(" ")
            if word == "FROM":
                found.append([])
            found[-1].append(Instruction(word=word, rest=" ".join(rest.split())))
    return found


def rest_of(stage: list[Instruction], word: str) -> list[str]:
    """What stands after each instruction of this word."""
    return [each.rest for each in stage if each.word == word]
