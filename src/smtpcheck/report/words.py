"""The one line that says where a check stopped, and the one that says how far it came.

Rustc's law for messages: plain, matter of fact, lower-case, no full stop; the actor is named (the server, your
resolver, the network, smtpcheck). A line claims what was seen and nothing more: "accepted in the envelope" is not
"will be delivered", and silence after the final dot is "may have been sent".
"""

from smtpcheck.model import (
    BannerFacts,
    ConfigFacts,
    ConnectFacts,
    DnsFacts,
    EhloFacts,
    MessageFacts,
    Outcome,
    Report,
    Stage,
    Step,
    TlsFacts,
)
from smtpcheck.report.phrases import lasting, listed, number, path_of, place, who
from smtpcheck.report.stop import Stop

PROTOCOLS = {
    "ssh": "SSH",
    "http": "HTTP",
    "imap": "IMAP",
    "pop3": "POP3",
    "ftp": "FTP",
    "tls": "TLS",
    "tls-alert": "TLS",
}

DNS_PROBLEMS = {
    "not-found": "the name does not exist",
    "no-address": "the name exists and has no address",
    "temporary-failure": "the resolver could not answer for now",
    "refused": "the nameserver refused the question",
    "no-answer": "the resolver did not answer",
    "no-resolver": "this machine has no resolver to ask",
    "broken-alias": "the name is an alias of a name that does not resolve",
    "bad-name": "this cannot be a name in DNS",
}

CONNECT_FAILURES = {
    "refused": "connection refused",
    "timed-out": "no answer",
    "no-answer": "no answer",
    "unreachable": "no route",
    "prohibited": "not permitted",
    "reset": "connection reset",
    "no-common-family": "no common address family",
    "source-unusable": "the source address cannot be used",
    "proxy-unreachable": "the proxy cannot be reached",
    "proxy-refused": "the proxy refused",
    "path-missing": "no such socket",
}

TLS_FAILURES = {
    "untrusted": "smtpcheck did not trust the server's certificate",
    "not-tls": "what the server sent is not TLS",
    "alert": "the TLS handshake ended with an alert",
    "protocol-version": "the two sides share no TLS version",
    "no-shared-cipher": "the two sides agree on no version, cipher or certificate",
    "weak-dh": "the server's Diffie-Hellman key is too small",
    "legacy-renegotiation": "the server lacks secure renegotiation (RFC 5746)",
    "eof": "the connection was closed during the TLS handshake",
    "reset": "the connection was reset during the TLS handshake",
    "stalled": "the TLS handshake came to a standstill",
    "client-certificate-required": "the server demands a client certificate",
    "certificate-refused-by-server": "the server refused our client certificate",
}


def headline(stop: Stop) -> str:
    """Where and how it stopped, in one line."""
    known = "; a second look knew why, so the wait ended there" if stop.step.ended_by == "look" else ""
    return f"stopped at {stop.step.stage} after {lasting(_elapsed(stop))}: {_what(stop)}{known}"


def _elapsed(stop: Stop) -> float:
    return stop.step.began + stop.step.seconds


def _what(stop: Stop) -> str:
    match stop.step.outcome:
        case Outcome.REFUSED:
            later = ", for now" if stop.step.reply is not None and stop.step.reply.temporary else ""
            return f"the server refused {_asked(stop)}{later}"
        case Outcome.STALLED:
            return _stalled(stop)
        case Outcome.CLOSED:
            return _closed(stop)
        case Outcome.BROKEN:
            return _broken(stop)
        case Outcome.UNREACHABLE:
            return _unreachable(stop)
        case Outcome.DECLINED:
            return _declined(stop)
        case Outcome.INTERRUPTED:
            why = f": {stop.step.why}" if stop.step.why else ""
            unsure = "; the message may have been sent" if stop.uncertain else ""
            return f"the check was ended{why}{unsure}"
        case Outcome.BUG:
            return "smtpcheck itself failed; this says nothing about the server"
        case _:
            return stop.step.why or "this was asked for and did not run"


def _asked(stop: Stop) -> str:
    """What the server was asked for: the object of "refused" and "did not answer"."""
    step, target = stop.step, stop.report.target
    match step.stage:
        case Stage.BANNER:
            return "the session in its greeting"
        case Stage.EHLO:
            return step.facts.verb if isinstance(step.facts, EhloFacts) else "EHLO"
        case Stage.STARTTLS:
            return "STARTTLS"
        case Stage.AUTH:
            return f"the login{who(target)}"
        case Stage.SENDER:
            return f"the sender {path_of(target.sender or '')}"
        case Stage.RECIPIENT:
            return _recipients(stop)
        case Stage.MESSAGE:
            phase = step.facts.phase if isinstance(step.facts, MessageFacts) else "data"
            return "to take a message" if phase == "data" else "the message"
        case _:
            return step.command or f"the stage {step.stage}"


def _place(stop: Stop) -> str:
    port = stop.step.facts.port if isinstance(stop.step.facts, ConnectFacts) else stop.report.target.port
    return place(stop.attempt.address or stop.report.target.host, port)


def _recipients(stop: Stop) -> str:
    steps = [step for step in stop.attempt.steps if step.stage is Stage.RECIPIENT]
    refused = [step for step in steps if step.outcome is Outcome.REFUSED]
    if len(steps) > 1 and refused:
        return f"{len(refused)} of {number(len(steps), 'recipient')}"
    return f"the recipient {path_of(stop.step.recipient or '')}"


def _stalled(stop: Stop) -> str:
    step = stop.step
    waited = lasting(step.seconds)
    if stop.uncertain:
        return f"no reply to the message within {waited}; it may have been sent"
    match step.stage:
        case Stage.DNS:
            return f"your resolver did not answer within {waited}"
        case Stage.CONNECT:
            return f"no answer from {_place(stop)} within {waited}"
        case Stage.BANNER:
            begun = stop.silent is not None and stop.silent.partial
            return (
                f"the server did not finish its greeting within {waited}"
                if begun
                else (f"the connection stands, and no greeting came within {waited}")
            )
        case Stage.TLS:
            return f"the TLS handshake was not finished within {waited}"
        case Stage.MESSAGE:
            return f"the server did not go on with the message within {waited}"
        case _:
            return f"no reply to {step.command or step.stage.value.upper()} within {waited}"


def _closed(stop: Stop) -> str:
    how = "reset" if stop.closed is not None and stop.closed.how not in ("eof", "close-notify") else "closed"
    by = "the server closed the connection" if how == "closed" else "the connection was reset"
    if stop.uncertain:
        return f"{by} before it answered the message, which may have been sent"
    match stop.step.stage:
        case Stage.BANNER:
            return f"{by} in the middle of its greeting" if stop.surplus else f"{by} before a greeting came"
        case Stage.TLS:
            return f"{by} during the TLS handshake"
        case _:
            return f"{by} instead of answering {stop.step.command or stop.step.stage.value.upper()}"


def _broken(stop: Stop) -> str:
    facts = stop.step.facts
    match facts:
        case BannerFacts(protocol="unknown"):
            return "what the server sent first is not SMTP"
        case BannerFacts(protocol=str(protocol)) if protocol in PROTOCOLS:
            return f"this port speaks {PROTOCOLS[protocol]}, not SMTP"
        case TlsFacts(failure=str(failure)):
            return TLS_FAILURES.get(failure, "the TLS handshake failed")
    unsure = "; the message may have been sent" if stop.uncertain else ""
    return (stop.step.why or "what the server sent is not SMTP") + unsure


def _unreachable(stop: Stop) -> str:
    match stop.step.facts:
        case DnsFacts() as facts:
            return _unresolved(facts)
        case ConnectFacts() as facts:
            return _unconnected(facts, place(stop.attempt.address or stop.report.target.host, facts.port))
    return stop.step.why or "the network does not lead there"


def _unresolved(facts: DnsFacts) -> str:
    match facts.problem:
        case "not-found":
            return f"your resolver says that {facts.name} does not exist"
        case "no-address":
            return f"{facts.name} exists and has no address"
        case "temporary-failure":
            return f"your resolver could not answer for {facts.name}, for now"
        case "refused":
            return f"the nameserver refused the question for {facts.name}"
        case "no-answer":
            return f"your resolver did not answer for {facts.name}"
        case "no-resolver":
            return f"this machine has no resolver that could be asked for {facts.name}"
        case "broken-alias":
            return f"{facts.name} is an alias of a name that does not resolve"
        case "bad-name":
            return f"{facts.name} cannot be a name in DNS"
    return f"{facts.name} could not be resolved"


def _unconnected(facts: ConnectFacts, where: str) -> str:
    proxy = f"the proxy {facts.proxy.host} port {facts.proxy.port}" if facts.proxy else "the proxy"
    match facts.failure:
        case "refused":
            return f"{where} refused the connection"
        case "timed-out" | "no-answer":
            return f"no answer from {where}"
        case "unreachable":
            return f"the network has no route to {where}"
        case "prohibited":
            return f"the connection to {where} is not permitted here"
        case "reset":
            return f"the connection to {where} was reset"
        case "no-common-family":
            return "this machine and the server have no address family in common"
        case "source-unusable":
            return "the source address cannot be used"
        case "proxy-unreachable":
            return f"{proxy} cannot be reached"
        case "proxy-refused":
            return f"{proxy} refused to connect to the server"
        case "path-missing":
            return "there is no socket at this path"
    return f"no connection to {where}: {facts.detail or facts.failure or 'the system gave no reason'}"


def _declined(stop: Stop) -> str:
    facts = stop.step.facts
    if isinstance(facts, TlsFacts) and facts.failure == "untrusted":
        return TLS_FAILURES["untrusted"]
    if isinstance(facts, ConfigFacts) and facts.problem:
        return facts.problem
    return stop.step.why or "smtpcheck did not go on"


def verdict(report: Report) -> str:
    """What a pass has shown, and what it has not."""
    attempt = report.attempt
    passed = {step.stage: step for step in attempt.steps if step.passed} if attempt else {}
    if (message := passed.get(Stage.MESSAGE)) is not None:
        return _sent(message)
    if Stage.RECIPIENT in passed:
        count = len(report.target.recipients)
        whom = "the recipient" if count == 1 else f"all {count} recipients" if count else "the recipients"
        return f"passed: the sender and {whom} were accepted in the envelope; nothing was sent"
    if Stage.SENDER in passed:
        sender = path_of(report.target.sender or "")
        return f"passed: the sender {sender} was accepted; no recipient was named, and nothing was sent"
    if Stage.AUTH in passed:
        return f"passed: the login{who(report.target)} was accepted; no sender was tried, and nothing was sent"
    furthest = listed(
        [stage.value for stage in Stage if stage in passed and stage not in (Stage.CONFIG, Stage.QUIT)], 12
    )
    until = f", as far as --until {report.options.until} asked" if report.options.until else ""
    if attempt and any(step.elsewhere for step in attempt.steps):
        return f"passed: {furthest}; the login was made on another address of this check"
    return f"passed: {furthest or 'nothing was to be done'}{until}; no login and no sender were tried"


def _sent(step: Step) -> str:
    facts = step.facts if isinstance(step.facts, MessageFacts) else None
    queued = f" under the queue id {facts.queue_id}" if facts and facts.queue_id else ""
    return f"passed: the server accepted one message{queued}; whether it will be delivered is not known yet"


def expected(report: Report) -> str:
    """The verdict on a check that ended as an expectation said."""
    return f"{report.outcome}, as expected"
