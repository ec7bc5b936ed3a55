"""Reports made by hand, one for each kind of ending, so that the renderers can be looked at without a network.

A `Session` grows step by step, as a tape does: each step takes its events with it.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from smtpcheck.model import (
    AnyEvent,
    Attempt,
    AuthFacts,
    BannerFacts,
    Certificate,
    Classified,
    Closed,
    Connected,
    ConnectFacts,
    DnsFacts,
    EhloFacts,
    EnvelopeFacts,
    Facts,
    Handshake,
    Keyword,
    Lookup,
    MessageFacts,
    Options,
    Outcome,
    QuitFacts,
    Replied,
    Reply,
    Report,
    Resolved,
    Sent,
    Silent,
    Stage,
    StarttlsFacts,
    Step,
    Surplus,
    SystemAnswer,
    Target,
    TcpInfo,
    TlsFacts,
    TlsFailed,
    TlsMode,
    TlsUp,
    TrustStore,
    Verification,
)
from smtpcheck.report.phrases import wire_lines

BEGAN = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
HOST = "smtp.example.com"
ADDRESS = "192.0.2.1"
QUIET = TcpInfo(state="ESTABLISHED", unacked=0, retransmits=0, rtt=0.0213, since_last_received=30.0)

LEAF = Certificate(
    subject="CN=smtp.example.com",
    issuer="CN=R11,O=Let's Encrypt,C=US",
    dns_names=("smtp.example.com", "mx.example.com"),
    not_before=BEGAN - timedelta(days=20),
    not_after=BEGAN + timedelta(days=70, hours=3),
    key="ec",
    key_bits=256,
    signature="sha256WithRSAEncryption",
    serial="04a1",
    fingerprint="ab" * 32,
)
TRUSTED = Verification(performed=True, trusted=True, expected=HOST, code=0)
STORE = TrustStore(source="system", file="/etc/ssl/certs/ca-certificates.crt", certificates=142)
CLEAR = (
    Keyword(name="PIPELINING", line="PIPELINING"),
    Keyword(name="SIZE", parameters=("10240000",), line="SIZE 10240000"),
    Keyword(name="STARTTLS", line="STARTTLS"),
    Keyword(name="ENHANCEDSTATUSCODES", line="ENHANCEDSTATUSCODES"),
    Keyword(name="8BITMIME", line="8BITMIME"),
)
INSIDE = (
    *(keyword for keyword in CLEAR if keyword.name != "STARTTLS"),
    Keyword(name="AUTH", parameters=("PLAIN", "LOGIN", "CRAM-MD5"), line="AUTH PLAIN LOGIN CRAM-MD5"),
)


def target(**changes: Any) -> Target:
    made = Target(
        host=HOST,
        port=587,
        tls=TlsMode.STARTTLS,
        user="alice",
        sender="alice@example.com",
        recipients=("bob@example.org",),
        ehlo="client.example.org",
    )
    return replace(made, **changes)


def reply(code: int, *lines: str, enhanced: str | None = None) -> Reply:
    return Reply(code=code, lines=lines, enhanced=enhanced)


class Session:
    """An attempt in the making."""

    def __init__(self, address: str | None = ADDRESS, look: str = "first") -> None:
        self.address = address
        self.look = look
        self.at = 0.0
        self.tls = False
        self.steps: list[Step] = []
        self.events: list[AnyEvent] = []

    def step(
        self,
        stage: Stage,
        outcome: Outcome = Outcome.PASSED,
        seconds: float = 0.1,
        *,
        command: str | None = None,
        answer: Reply | None = None,
        facts: Facts | None = None,
        events: tuple[AnyEvent, ...] = (),
        **more: Any,
    ) -> "Session":
        first = len(self.events)
        if command is not None:
            self.events.append(Sent(at=self.at, shown=command, size=len(command) + 2, tls=self.tls))
        if answer is not None:
            raw = "".join(f"{line}\r\n" for line in wire_lines(answer)).encode("utf-8", "surrogateescape")
            self.events.append(Replied(at=self.at + seconds, raw=raw, first=self.at + seconds, tls=self.tls))
        self.events += events
        span = (first, len(self.events) - 1) if len(self.events) > first else None
        self.steps.append(
            Step(
                stage=stage,
                outcome=outcome,
                began=self.at,
                seconds=seconds,
                events=span,
                command=command,
                reply=answer,
                facts=facts,
                **more,
            )
        )
        self.at += seconds
        return self

    def skip(self, why: str, *stages: Stage) -> "Session":
        for stage in stages:
            self.step(stage, Outcome.SKIPPED, 0.0, why=why)
        return self

    def dns(self) -> "Session":
        found = (Classified(address=ADDRESS, classes=("documentation",)), Classified(address="2001:db8::1"))
        facts = DnsFacts(
            name=HOST,
            source="system",
            addresses=found,
            system=SystemAnswer(addresses=(ADDRESS, "2001:db8::1"), seconds=0.01),
            nameservers=("192.0.2.53",),
        )
        event = Resolved(at=self.at, name=HOST, source="system", addresses=(ADDRESS, "2001:db8::1"))
        return self.step(Stage.DNS, seconds=0.01, facts=facts, events=(event,))

    def connect(self, port: int = 587) -> "Session":
        local = "198.51.100.7:43210"
        facts = ConnectFacts(family="ipv4", port=port, local=local, seconds=0.02)
        event = Connected(at=self.at + 0.02, address=ADDRESS, port=port, local=local)
        return self.step(Stage.CONNECT, seconds=0.02, facts=facts, events=(event,))

    def banner(self, *lines: str, seconds: float = 0.1) -> "Session":
        said = lines or ("mx.example.com ESMTP Postfix",)
        facts = BannerFacts(server_name="mx.example.com", esmtp=True, first_byte=seconds)
        return self.step(Stage.BANNER, seconds=seconds, answer=reply(220, *said), facts=facts)

    def ehlo(self, keywords: tuple[Keyword, ...] = CLEAR, *, auth: tuple[str, ...] = ()) -> "Session":
        facts = EhloFacts(
            verb="EHLO",
            name="client.example.org",
            name_origin="host name",
            tls=self.tls,
            server_name="mx.example.com",
            keywords=keywords,
            auth=auth,
            size=10240000,
        )
        answer = reply(250, "mx.example.com", *(keyword.line for keyword in keywords))
        return self.step(Stage.EHLO, seconds=0.02, command="EHLO client.example.org", answer=answer, facts=facts)

    def starttls(self) -> "Session":
        answer = reply(220, "2.0.0 Ready to start TLS", enhanced="2.0.0")
        return self.step(Stage.STARTTLS, seconds=0.02, command="STARTTLS", answer=answer, facts=StarttlsFacts())

    def handshake(self, mode: str = "starttls", **changes: Any) -> "Session":
        facts = TlsFacts(
            mode=mode,
            sni=HOST,
            version="TLSv1.3",
            cipher="TLS_AES_256_GCM_SHA384",
            hello_size=517,
            received=3120,
            last_message="Finished",
            chain=(LEAF,),
            verification=TRUSTED,
            store=STORE,
            openssl="OpenSSL 3.0.15",
        )
        events = (
            Handshake(at=self.at, sent=True, message="ClientHello", size=517),
            TlsUp(at=self.at + 0.1, version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"),
        )
        self.step(Stage.TLS, facts=replace(facts, **changes), events=events)
        self.tls = True
        return self

    def to_tls(self) -> "Session":
        """Everything up to and with the EHLO inside TLS."""
        session = self.dns().connect().banner().ehlo().starttls().handshake()
        return session.ehlo(INSIDE, auth=("PLAIN", "LOGIN", "CRAM-MD5"))

    def auth(self, outcome: Outcome = Outcome.PASSED, answer: Reply | None = None, **changes: Any) -> "Session":
        facts = AuthFacts(
            mechanism="PLAIN",
            why="PLAIN: the first in smtpcheck's order for a password that the server offers inside TLS",
            offered=("PLAIN", "LOGIN", "CRAM-MD5"),
            not_tried=("LOGIN", "CRAM-MD5"),
        )
        answer = answer or reply(235, "2.7.0 Authentication successful", enhanced="2.7.0")
        return self.step(
            Stage.AUTH, outcome, 0.3, command="AUTH PLAIN ***", answer=answer, facts=replace(facts, **changes)
        )

    def sender(self, outcome: Outcome = Outcome.PASSED, answer: Reply | None = None) -> "Session":
        return self.step(
            Stage.SENDER,
            outcome,
            0.05,
            command="MAIL FROM:<alice@example.com> SIZE=512",
            answer=answer or reply(250, "2.1.0 Ok", enhanced="2.1.0"),
            facts=EnvelopeFacts(address="alice@example.com", parameters=("SIZE=512",), pipelined=True),
        )

    def recipient(
        self, outcome: Outcome = Outcome.PASSED, answer: Reply | None = None, address: str = "bob@example.org"
    ) -> "Session":
        return self.step(
            Stage.RECIPIENT,
            outcome,
            0.01,
            command=f"RCPT TO:<{address}>",
            answer=answer or reply(250, "2.1.5 Ok", enhanced="2.1.5"),
            facts=EnvelopeFacts(address=address, pipelined=True),
            recipient=address,
        )

    def message(self, outcome: Outcome = Outcome.PASSED, phase: str = "dot", **more: Any) -> "Session":
        facts = MessageFacts(
            message_id="<20261122173000.1@client.example.org>",
            size=432,
            phase=phase,
            queue_id="4XyZ12abc" if outcome is Outcome.PASSED else None,
        )
        if outcome is Outcome.PASSED:
            more["answer"] = reply(250, "2.0.0 Ok: queued as 4XyZ12abc", enhanced="2.0.0")
        return self.step(Stage.MESSAGE, outcome, more.pop("seconds", 0.4), facts=facts, **more)

    def quit(self) -> "Session":
        answer = reply(221, "2.0.0 Bye", enhanced="2.0.0")
        return self.step(Stage.QUIT, command="QUIT", answer=answer, facts=QuitFacts(rset=250, answered=True))

    def stall(self, stage: Stage, seconds: float, waiting_for: str, partial: bytes = b"", **more: Any) -> "Session":
        silent = Silent(at=self.at + seconds, waiting_for=waiting_for, partial=partial, tcp=more.pop("tcp", QUIET))
        return self.step(stage, Outcome.STALLED, seconds, events=(silent,), **more)

    def attempt(self) -> Attempt:
        return Attempt(look=self.look, address=self.address, steps=tuple(self.steps), events=tuple(self.events))


def report(*sessions: Session | Attempt, **changes: Any) -> Report:
    """The report of these attempts; outcome, stage and exit code follow from the one that decides."""
    attempts = tuple(each.attempt() if isinstance(each, Session) else each for each in sessions)
    deciding = changes.pop("deciding", 0)
    stopper = attempts[deciding].stopper if attempts else None
    temporary = stopper is not None and stopper.reply is not None and stopper.reply.temporary
    order = [Stage.DNS, Stage.CONNECT, Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.AUTH]
    codes = {stage: 10 + index for index, stage in enumerate([*order, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE])}
    made = Report(
        smtpcheck="0.1.0",
        began=BEGAN,
        seconds=sum(step.seconds for step in attempts[deciding].steps) if attempts else 0.0,
        target=changes.pop("target", target()),
        options=changes.pop("options", Options()),
        outcome=stopper.outcome if stopper else Outcome.PASSED,
        stage=stopper.stage if stopper else None,
        exit_code=codes.get(stopper.stage, 2) + 20 * temporary if stopper else 0,
        temporary=temporary,
        attempts=attempts,
        deciding=deciding,
    )
    return replace(made, **changes)


NOT_REACHED = "the session ended before it"
_LATER = (Stage.STARTTLS, Stage.TLS, Stage.AUTH, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE)


def passed() -> Report:
    session = Session().to_tls().auth().sender().recipient().skip("not asked for (--send)", Stage.MESSAGE).quit()
    return report(session)


def sent() -> Report:
    return report(Session().to_tls().auth().sender().recipient().message().quit())


def slow() -> Report:
    return report(Session().dns().connect().banner(seconds=12.34).ehlo().quit(), target=target(user=None, sender=None))


def no_name() -> Report:
    lookup = Lookup(server="192.0.2.53", name=HOST, type="A", rcode="NXDOMAIN", seconds=0.02)
    facts = DnsFacts(
        name=HOST,
        source="system",
        system=SystemAnswer(error="EAI_NONAME", error_text="Name or service not known", seconds=0.1),
        lookups=(lookup, replace(lookup, type="AAAA")),
        problem="not-found",
    )
    session = Session(address=None).step(Stage.DNS, Outcome.UNREACHABLE, facts=facts)
    return report(session.skip(NOT_REACHED, Stage.CONNECT, Stage.BANNER, Stage.EHLO, *_LATER))


def connection_refused() -> Report:
    facts = ConnectFacts(
        family="ipv4", port=587, failure="refused", errno=111, errno_name="ECONNREFUSED", detail="Connection refused"
    )
    session = Session().dns().step(Stage.CONNECT, Outcome.UNREACHABLE, 0.01, facts=facts)
    other = Session("2001:db8::1", "other-family")
    failure = ConnectFacts(family="ipv6", port=587, failure="unreachable", errno=101, errno_name="ENETUNREACH")
    other.step(Stage.CONNECT, Outcome.UNREACHABLE, 0.0, facts=failure)
    return report(session.skip(NOT_REACHED, Stage.BANNER, Stage.EHLO, *_LATER), other)


def no_answer() -> Report:
    facts = ConnectFacts(family="ipv4", port=25, failure="no-answer")
    session = Session().dns().stall(Stage.CONNECT, 10.0, "SYN-ACK", facts=facts, tcp=None)
    return report(session.skip(NOT_REACHED, Stage.BANNER, Stage.EHLO, *_LATER), target=target(port=25))


def silent_banner() -> Report:
    session = Session().dns().connect(465).stall(Stage.BANNER, 30.0, "the greeting", facts=BannerFacts())
    return report(session.skip(NOT_REACHED, Stage.EHLO, *_LATER), target=target(port=465))


def dripping_banner() -> Report:
    session = Session().dns().connect().stall(Stage.BANNER, 30.0, "the greeting", b"220 mx.exa", facts=BannerFacts())
    return report(session.skip(NOT_REACHED, Stage.EHLO, *_LATER))


def refused_banner() -> Report:
    said = reply(
        554, "5.7.1 Service unavailable; client host [198.51.100.7] blocked using zen.spamhaus.org", enhanced="5.7.1"
    )
    session = Session().dns().connect().step(Stage.BANNER, Outcome.REFUSED, answer=said, facts=BannerFacts())
    return report(session.skip(NOT_REACHED, Stage.EHLO, *_LATER))


def ssh_banner() -> Report:
    raw = b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"
    session = Session().dns().connect(22)
    facts = BannerFacts(protocol="ssh", malformed="a line begins with no reply code")
    session.step(Stage.BANNER, Outcome.BROKEN, facts=facts, events=(Surplus(at=session.at, raw=raw, tls=False),))
    return report(session.skip(NOT_REACHED, Stage.EHLO, *_LATER), target=target(port=22))


def reset_at_ehlo() -> Report:
    session = Session().dns().connect().banner()
    facts = EhloFacts(verb="EHLO", name="client.example.org", name_origin="host name", tls=False)
    session.step(
        Stage.EHLO,
        Outcome.CLOSED,
        command="EHLO client.example.org",
        facts=facts,
        events=(Closed(at=session.at, how="reset"),),
    )
    return report(session.skip(NOT_REACHED, *_LATER))


def no_starttls() -> Report:
    session = Session().dns().connect().banner().ehlo(CLEAR[:2])
    why = "STARTTLS is needed before a credential is sent, and the server does not offer it"
    session.step(Stage.STARTTLS, Outcome.DECLINED, 0.0, why=why, facts=StarttlsFacts(offered=False))
    return report(session.skip(NOT_REACHED, *_LATER[1:]))


def not_tls() -> Report:
    session = Session().dns().connect()
    facts = TlsFacts(
        mode="implicit",
        sni=HOST,
        hello_size=517,
        first_bytes=b"220 mx.example.com ESMTP Postfix\r\n",
        failure="not-tls",
        reason="WRONG_VERSION_NUMBER",
    )
    failed = TlsFailed(at=session.at, reason="WRONG_VERSION_NUMBER", alert=None, first_bytes=facts.first_bytes)
    session.step(Stage.TLS, Outcome.BROKEN, facts=facts, events=(failed,))
    left = (Stage.BANNER, Stage.EHLO, Stage.AUTH, Stage.SENDER, Stage.RECIPIENT)
    return report(session.skip(NOT_REACHED, *left), target=target(tls=TlsMode.IMPLICIT))


def untrusted() -> Report:
    leaf = replace(
        LEAF,
        dns_names=("mail.example.net", "www.example.net"),
        not_after=BEGAN - timedelta(days=266),
        not_before=BEGAN - timedelta(days=356),
        problems=("expired",),
    )
    verification = Verification(
        performed=True,
        trusted=False,
        expected=HOST,
        code=20,
        message="unable to get local issuer certificate",
        faults=("expired", "name-mismatch", "missing-intermediate"),
        missing_issuer="CN=R11,O=Let's Encrypt,C=US",
    )
    session = Session().dns().connect().banner().ehlo().starttls()
    facts = TlsFacts(
        mode="starttls",
        sni=HOST,
        version="TLSv1.3",
        cipher="TLS_AES_256_GCM_SHA384",
        failure="untrusted",
        chain=(leaf,),
        verification=verification,
        store=STORE,
    )
    session.step(Stage.TLS, Outcome.DECLINED, facts=facts)
    return report(session.skip(NOT_REACHED, *_LATER[2:]))


def stalled_handshake() -> Report:
    session = Session().dns().connect().banner().ehlo().starttls()
    facts = TlsFacts(mode="starttls", sni=HOST, hello_size=517, last_message="ClientHello", failure="stalled")
    tcp = replace(QUIET, unacked=2, retransmits=4)
    session.stall(Stage.TLS, 15.0, "ServerHello", facts=facts, tcp=tcp)
    return report(session.skip(NOT_REACHED, *_LATER[2:]))


def refused_login() -> Report:
    said = reply(
        535,
        "5.7.8 Username and Password not accepted. For more information, go to",
        "5.7.8  https://support.google.com/mail/?p=BadCredentials d9443c01a7336-1f6 - gsmtp",
        enhanced="5.7.8",
    )
    session = Session().to_tls().auth(Outcome.REFUSED, said)
    return report(session.skip(NOT_REACHED, *_LATER[3:]))


def cleartext_login() -> Report:
    session = Session().dns().connect().banner().ehlo(CLEAR, auth=("PLAIN", "LOGIN"))
    facts = AuthFacts(offered=("PLAIN", "LOGIN"))
    why = "the credential would travel in cleartext"
    session.step(Stage.AUTH, Outcome.DECLINED, 0.0, why=why, facts=facts)
    return report(session.skip(NOT_REACHED, *_LATER[3:]), target=target(tls=TlsMode.OFF))


def refused_sender() -> Report:
    said = reply(553, "5.7.1 <alice@example.com>: Sender address rejected: not owned by user alice", enhanced="5.7.1")
    session = Session().to_tls().auth().sender(Outcome.REFUSED, said)
    return report(session.skip(NOT_REACHED, Stage.RECIPIENT, Stage.MESSAGE))


def greylisted() -> Report:
    said = reply(450, "4.2.0 <carol@example.org>: Recipient address rejected: Greylisted", enhanced="4.2.0")
    session = Session().to_tls().auth().sender().recipient()
    session.recipient(Outcome.REFUSED, said, "carol@example.org")
    recipients = ("bob@example.org", "carol@example.org")
    return report(session.skip(NOT_REACHED, Stage.MESSAGE), target=target(recipients=recipients))


def silent_after_dot() -> Report:
    session = Session().to_tls().auth().sender().recipient()
    facts = MessageFacts(message_id="<1@client.example.org>", size=432, phase="dot")
    session.stall(Stage.MESSAGE, 120.0, "the reply to the message", facts=facts, command=".")
    return report(session, options=Options(send=True))


def interrupted() -> Report:
    session = Session().dns().connect().step(Stage.BANNER, Outcome.INTERRUPTED, 2.4, why="Ctrl-C")
    return report(session.skip(NOT_REACHED, Stage.EHLO, *_LATER), exit_code=130)


def our_bug() -> Report:
    why = 'Traceback (most recent call last):\n  File "x.py", line 3, in work\nZeroDivisionError: division by zero\n'
    return report(Session().dns().connect().step(Stage.BANNER, Outcome.BUG, why=why), exit_code=3)


def nothing_tried() -> Report:
    return report(outcome=Outcome.BUG, stage=Stage.CONFIG, exit_code=3)


def as_expected() -> Report:
    return replace(refused_sender(), expected=True, exit_code=0)


ENDINGS = {
    make.__name__: make
    for make in (
        passed,
        sent,
        slow,
        no_name,
        connection_refused,
        no_answer,
        silent_banner,
        dripping_banner,
        refused_banner,
        ssh_banner,
        reset_at_ehlo,
        no_starttls,
        not_tls,
        untrusted,
        stalled_handshake,
        refused_login,
        cleartext_login,
        refused_sender,
        greylisted,
        silent_after_dot,
        interrupted,
        our_bug,
        nothing_tried,
        as_expected,
    )
}
"""Every kind of ending by name."""
