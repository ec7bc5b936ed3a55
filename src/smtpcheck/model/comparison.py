"""What differs between two reports, as values.

`Change.what` is one of a closed vocabulary (see `compare`), `of` says which one where there are several: a recipient,
an option, a fact of the machine. `matters` is False for what explains and for what changes from run to run.
"""

from smtpcheck.model.record import record
from smtpcheck.model.report import Report
from smtpcheck.model.words import Stage

Value = str | tuple[str, ...] | None


@record
class Change:
    """One difference; None where a side has nothing of the kind."""

    what: str
    stage: Stage | None
    old: Value
    new: Value
    matters: bool
    of: str | None = None


@record
class Comparison:
    """Both reports and their differences, the weightiest first.

    `parts_at` is the first stage, in the order of the dialogue, where the two sessions part: None if they take the same
    way. `same_machine` is False where facts of the machine differ, `same_target` where another server was checked.
    """

    old: Report
    new: Report
    changes: tuple[Change, ...]
    parts_at: Stage | None
    same_target: bool
    same_machine: bool

    @property
    def matters(self) -> bool:
        """Whether anything that matters changed."""
        return any(change.matters for change in self.changes)
