"""The recording: events, the steps that they belong to, and attempts (one connection each).

Times are seconds since the check began, on a monotonic clock; the one wall-clock time is `Report.began`. Bytes
are what came over the wire with TLS removed; credentials never reach an event (`Sent.shown` is what may be seen
of a line).
"""

from smtpcheck.model.facts import Facts
from smtpcheck.model.record import record
from smtpcheck.model.words import Outcome, Stage


@record
class TcpInfo:
    """What the kernel knows of a connection (Linux, getsockopt TCP_INFO). Times in seconds.

    `unacked` and `retransmits` count segments: both 0 on a silent connection means that our bytes arrived and the
    application at the other end says nothing.
    """

    state: str
    unacked: int
    retransmits: int
    rtt: float
    since_last_received: float


@record
class Event:
    """Something that happened `at` seconds after the check began."""

    at: float


@record
class Resolved(Event):
    """A name was answered: by the system resolver ("system"), or by a nameserver (its address)."""

    name: str
    source: str
    addresses: tuple[str, ...]


@record
class Connected(Event):
    """A transport connection opened; `local` is our address and port as text."""

    address: str
    port: int | None
    local: str


@record
class Sent(Event):
    """A line or block that we sent. `shown` stands for it where it holds a credential; `size` is the real one in
    bytes.
    """

    shown: str
    size: int
    tls: bool


@record
class Replied(Event):
    """A whole reply as it came (secrets removed). `first` is when its first byte came."""

    raw: bytes
    first: float
    tls: bool


@record
class Surplus(Event):
    """Bytes that belong to no reply: another protocol's, injected before TLS, or an endless line (its beginning)."""

    raw: bytes
    tls: bool


@record
class Handshake(Event):
    """A TLS handshake message or alert that was sent or received."""

    sent: bool
    message: str
    size: int


@record
class TlsUp(Event):
    """The handshake ended well."""

    version: str
    cipher: str


@record
class TlsFailed(Event):
    """The handshake failed, or we refused the certificate. `first_bytes` is what came instead of a ServerHello."""

    reason: str
    alert: int | None
    first_bytes: bytes


@record
class Closed(Event):
    """The connection ended: how is "eof", "reset" or an errno name."""

    how: str


@record
class Silent(Event):
    """Our deadline passed. `partial` is what had come of the reply; `tcp` what the kernel knew."""

    waiting_for: str
    partial: bytes
    tcp: TcpInfo | None


@record
class Note(Event):
    """A remark of smtpcheck on what it did or saw."""

    text: str


AnyEvent = Resolved | Connected | Sent | Replied | Surplus | Handshake | TlsUp | TlsFailed | Closed | Silent | Note


@record
class Reply:
    """A server's whole answer (RFC 5321 section 4.2).

    `lines` are the texts after the code and separator, decoded as UTF-8 with bytes that are none as `\\xNN`;
    `enhanced` is the enhanced status code (RFC 3463) when each line or the first one begins with it.
    """

    code: int
    lines: tuple[str, ...]
    enhanced: str | None = None

    @property
    def text(self) -> str:
        """All lines, joined by newlines."""
        return "\n".join(self.lines)

    @property
    def positive(self) -> bool:
        """True for 2yz and 3yz (RFC 5321 section 4.2.1)."""
        return 200 <= self.code < 400

    @property
    def temporary(self) -> bool:
        """True for 4yz, a transient negative completion reply."""
        return 400 <= self.code < 500


@record
class Step:
    """One stage's run: `began` and `seconds` by our clock, `events` the first and last index of its attempt's events.

    `command` is the line that the reply answers, as it may be shown. `lag` is the longest delay of our own event loop
    during the step, in seconds: what it explains is not the server's slowness. `why` says why a step was skipped,
    declined or interrupted. `ended_by` is "look" where a second look ended the wait of a stalled step, None where its
    deadline did. `elsewhere` marks a skipped login that another address of the same run has done.
    """

    stage: Stage
    outcome: Outcome
    began: float
    seconds: float
    events: tuple[int, int] | None = None
    command: str | None = None
    reply: Reply | None = None
    recipient: str | None = None
    lag: float = 0.0
    why: str | None = None
    elsewhere: bool = False
    ended_by: str | None = None
    facts: Facts | None = None

    @property
    def passed(self) -> bool:
        return self.outcome is Outcome.PASSED


@record
class Attempt:
    """One connection: `look` is "first", "other-family", or the name of a second look."""

    look: str
    address: str | None
    steps: tuple[Step, ...]
    events: tuple[AnyEvent, ...]

    def step(self, stage: Stage) -> Step | None:
        """The last step of that stage, or None."""
        return next((step for step in reversed(self.steps) if step.stage is stage), None)

    @property
    def stopper(self) -> Step | None:
        """The first step that neither passed nor was skipped, a refused EHLO that HELO made good left out."""
        for index, step in enumerate(self.steps):
            if step.outcome in (Outcome.PASSED, Outcome.SKIPPED) or step.stage is Stage.QUIT:
                continue
            after = self.steps[index + 1 : index + 2]
            if step.stage is Stage.EHLO and after and after[0].stage is Stage.EHLO:
                continue
            return step
        return None
