"""What the user expects of a check, as it was understood: judged over the recording by `diagnose.expect`."""

from smtpcheck.model.record import record
from smtpcheck.model.words import Severity, Stage


@record
class Demand:
    """One `--expect`. `rule` is what was written, without its `:warning`; `name` is the kind of rule (`min-tls`, `max`,
    `outcome` ...), `stage` the stage that it names, `values` what it allows.
    """

    rule: str
    name: str
    values: tuple[str, ...] = ()
    stage: Stage | None = None
    severity: Severity = Severity.ERROR
