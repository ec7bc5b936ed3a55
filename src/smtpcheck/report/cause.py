"""A cause as one person tells it to another: what it is and how sure, why, in whose words, what to do, what else it
could be.

The same block opens the report of a check and the answer to a pasted text. Starts from cleaned findings.
"""

from collections.abc import Sequence
from shlex import quote

from smtpcheck.model import Certainty, Finding
from smtpcheck.report.layout import Paragraph, words
from smtpcheck.report.phrases import listed

Shown = tuple[str, str]
"""A piece of evidence: who speaks (`S: `, `C: `, `line 12: ` ...), and the words."""

_BLANK = Paragraph()
SURE = {Certainty.CERTAIN: "certain", Certainty.LIKELY: "likely", Certainty.POSSIBLE: "possible, a guess"}


def cause(finding: Finding, shown: Sequence[Shown], *, expected: bool = False) -> list[Paragraph]:
    """The whole block. `expected`: the failure was asked for, so it is no reason for red."""
    style = "bold yellow" if expected else "bold red"
    lines = [
        Paragraph(((f"cause ({SURE[finding.certainty]}): ", style), (finding.title, "bold"))),
        words(finding.why, indent=2),
    ]
    if said := means(finding):
        lines.append(words(said, indent=2))
    if shown:
        lines += [_BLANK, words("What shows it:", indent=2), *(evidence(who, text) for who, text in shown)]
    if finding.fix:
        lines += [_BLANK, words("What to do:", indent=2), *steps(finding.fix)]
    return [*lines, *_doubtful(finding), _BLANK, words(f"More: smtpcheck explain {quote(finding.id)}", "dim", indent=2)]


def evidence(who: str, text: str) -> Paragraph:
    """A line of a dialogue, a log or a note, as it came."""
    return Paragraph(((text, "cyan" if who == "S: " else ""),), ((f"    {who}", "dim"),))


def steps(fix: Sequence[str], indent: int = 2) -> list[Paragraph]:
    """What to do, numbered: the order is the advice."""
    width = len(str(len(fix)))
    return [words(step, indent=indent, bullet=f"{number:>{width}}. ") for number, step in enumerate(fix, 1)]


def beside(finding: Finding) -> str:
    """A finding that did not stop anything, in one line, with the name that `explain` takes."""
    doubt = "" if finding.certainty is Certainty.CERTAIN else f", {finding.certainty}"
    return f"{finding.severity}{doubt}: {finding.title} ({finding.id})"


def means(finding: Finding) -> str | None:
    """What the server's words mean here, unless the page has said so."""
    means = finding.means
    if not means or any(means.casefold() in said.casefold() for said in (finding.title, finding.why)):
        return None
    return f"{means[:1].upper()}{means[1:].rstrip('.')}."


def doubt(finding: Finding) -> list[str]:
    """What else it could be, and what would settle it."""
    lines = []
    if finding.alternatives:
        lines.append(f"It could also be {listed(finding.alternatives, 6, 'or')}.")
    if finding.settle:
        lines.append(f"What would settle it: {finding.settle.rstrip('.')}.")
    return lines


def _doubtful(finding: Finding) -> list[Paragraph]:
    lines = [words(line, indent=2) for line in doubt(finding)]
    return [_BLANK, *lines] if lines else []
