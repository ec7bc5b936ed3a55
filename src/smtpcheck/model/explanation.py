"""What `explain` gives for pasted text: the same cause object as a check, with where in the text it stands."""

from smtpcheck.model.finding import Finding
from smtpcheck.model.record import record
from smtpcheck.model.words import Stage


@record
class Explained(Finding):
    """A cause that was found in text. Lines count from 1; `client` is the library or program whose words these are."""

    count: int = 1
    first_line: int = 1
    last_line: int = 1
    client: str | None = None


@record
class Explanation:
    """The last failure of the text is `cause` (None: not known), the others stand under `also`, most frequent first.

    `stage` is where the last failure happened, `count` how many failures were found in all.
    """

    cause: Explained | None
    also: tuple[Explained, ...] = ()
    stage: Stage | None = None
    count: int = 0
    schema: int = 1
