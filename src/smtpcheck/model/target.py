"""What is checked, and how: the target, the options, and how long each step may take.

A Target names the server and the envelope; Options say how smtpcheck behaves. Neither prints a secret: the secret
itself travels in Options as a `Secret`, and is left out of every report.
"""

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from smtpcheck.model.demand import Demand
from smtpcheck.model.finding import Finding
from smtpcheck.model.record import record
from smtpcheck.model.secret import Secret, SecretFacts
from smtpcheck.model.words import Protocol, Severity, Stage, TlsMode

SETTINGS_FROM = "settings come from "
"""How the note of a Target begins that names the files of settings which were used."""

_NOTHING: Mapping[str, "Origin"] = MappingProxyType({})


@record
class Origin:
    """Where a value came from: kind is argument, option, environment, file, process, default, derived or library;
    `detail` says more. `file`, `line` (from 1) and `key` point at it, where it stands in a file.
    """

    kind: str
    detail: str | None = None
    file: str | None = None
    line: int | None = None
    key: str | None = None


@record
class Target:
    """The server and the envelope.

    `host` is what is resolved: an ASCII name (A-label) or an address literal, empty for `unix:`. `sender` None means
    that no MAIL is sent, the empty text is the null reverse-path. `address` overrides resolution. `notes` are remarks
    on the values that stop nothing, `findings` what an application's configuration says, where they are from one.
    """

    host: str
    port: int | None
    tls: TlsMode
    protocol: Protocol = Protocol.SMTP
    path: str | None = None
    address: str | None = None
    user: str | None = None
    sender: str | None = None
    recipients: tuple[str, ...] = ()
    ehlo: str = ""
    secret: SecretFacts | None = None
    origin: Mapping[str, Origin] = field(default_factory=lambda: _NOTHING)
    notes: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def label(self) -> str:
        """The target as a person writes it: `host:port`, `[::1]:465`, `unix:/path`."""
        if self.path is not None:
            return f"unix:{self.path}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port is None else f"{host}:{self.port}"


@record
class Patience:
    """Seconds that each step may take, everything in it included; `message_end` is the wait after the final dot."""

    dns: float = 5.0
    connect: float = 10.0
    banner: float = 30.0
    ehlo: float = 15.0
    starttls: float = 15.0
    tls: float = 15.0
    auth: float = 15.0
    sender: float = 15.0
    recipient: float = 15.0
    message: float = 60.0
    message_end: float = 120.0
    quit: float = 5.0

    def of(self, stage: Stage) -> float:
        """The seconds of that stage (`config` is instant)."""
        return 0.0 if stage is Stage.CONFIG else float(getattr(self, stage.value))

    @property
    def total(self) -> float:
        """The sum of all steps, STARTTLS and both EHLOs counted, one recipient."""
        steps = (self.dns, self.connect, self.banner, self.ehlo, self.starttls, self.tls, self.ehlo)
        envelope = (self.auth, self.sender, self.recipient, self.message, self.message_end, self.quit)
        return sum(steps) + sum(envelope)


@record
class Options:
    """How the check behaves. `auth` is `auto`, `none` or a mechanism in lower case; `max_time` bounds the whole
    run. `sibling_ports` is about the one second look that knocks at other ports. A check that passed fails all the same
    where an `expect` of severity error is not met, or a finding is as severe as `fail_on`.
    """

    patience: Patience = field(default_factory=Patience)
    max_time: float = 90.0
    auth: str = "auto"
    until: Stage | None = None
    send: bool = False
    header_from: str | None = None
    subject: str | None = None
    body: str | None = None
    family: int | None = None
    all_addresses: bool = False
    source: str | None = None
    proxy: str | None = None
    proxy_secret: Secret | None = None
    resolver: str | None = None
    ca_file: str | None = None
    verify_name: str | None = None
    sni: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    client_key_secret: Secret | None = None
    min_tls: str = "1.2"
    insecure: bool = False
    allow_cleartext_auth: bool = False
    secret: Secret | None = None
    second_looks: bool = True
    sibling_ports: bool = True
    expect: tuple[Demand, ...] = ()
    fail_on: Severity | None = None
