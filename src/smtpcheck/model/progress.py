"""What a running check tells its listener, so that a terminal can say what is being waited for."""

from smtpcheck.model.evidence import Step
from smtpcheck.model.record import record
from smtpcheck.model.words import Stage


@record
class Progress:
    """`kind` is began, waiting or ended. `deadline` is in seconds from the step's begin; `step` stands when it
    ended.
    """

    kind: str
    attempt: int
    look: str
    address: str | None
    stage: Stage
    at: float
    deadline: float = 0.0
    waiting_for: str | None = None
    step: Step | None = None
