"""The closed vocabularies: stages, outcomes, TLS modes, certainty and severity.

Every word here is spelled the same in JSON, on the terminal, in documentation and in code. Stages are listed in the
order of the dialogue (RFC 5321 section 3, RFC 3207, RFC 4954); with implicit TLS `tls` comes before `banner` (RFC
8314).
"""

from enum import StrEnum


class Stage(StrEnum):
    """A place in the dialogue where a session can stop."""

    CONFIG = "config"
    DNS = "dns"
    CONNECT = "connect"
    BANNER = "banner"
    EHLO = "ehlo"
    STARTTLS = "starttls"
    TLS = "tls"
    AUTH = "auth"
    SENDER = "sender"
    RECIPIENT = "recipient"
    MESSAGE = "message"
    QUIT = "quit"


class Outcome(StrEnum):
    """How a step, or the whole check, ended. A saved report never holds WAITING."""

    PASSED = "passed"
    REFUSED = "refused"  # a well-formed 4yz or 5yz reply
    STALLED = "stalled"  # the peer stayed silent until the deadline
    CLOSED = "closed"  # EOF or reset
    BROKEN = "broken"  # not SMTP, or the TLS handshake failed
    UNREACHABLE = "unreachable"  # DNS or the network said no
    DECLINED = "declined"  # smtpcheck would not go on
    INTERRUPTED = "interrupted"  # Ctrl-C, or --max-time
    SKIPPED = "skipped"  # not asked for, or pointless after an earlier step
    BUG = "bug"  # our own fault
    WAITING = "waiting"  # only in a snapshot of a running check


class TlsMode(StrEnum):
    """When TLS begins (RFC 8314 section 3). AUTO is resolved from the port before a check begins."""

    AUTO = "auto"
    STARTTLS = "starttls"
    OPPORTUNISTIC = "opportunistic"
    IMPLICIT = "implicit"
    OFF = "off"


class Protocol(StrEnum):
    """SMTP (RFC 5321) or LMTP (RFC 2033)."""

    SMTP = "smtp"
    LMTP = "lmtp"


class Severity(StrEnum):
    """How much a finding matters to the user."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Certainty(StrEnum):
    """How sure a finding is."""

    CERTAIN = "certain"  # the evidence admits no other reading
    LIKELY = "likely"  # the usual reason; another is possible
    POSSIBLE = "possible"  # one of several
