"""The facts worth reading of each stage, as the list of stages shows them beside the mark and the time."""

from collections.abc import Sequence

from smtpcheck.model import (
    AuthFacts,
    BannerFacts,
    ConfigFacts,
    ConnectFacts,
    DnsFacts,
    EhloFacts,
    EnvelopeFacts,
    Keyword,
    MessageFacts,
    Outcome,
    QuitFacts,
    Report,
    Stage,
    StarttlsFacts,
    Step,
    TlsFacts,
)
from smtpcheck.report.certificates import summary
from smtpcheck.report.phrases import code_of, first_words, listed, number, path_of, place
from smtpcheck.report.words import CONNECT_FAILURES, DNS_PROBLEMS, PROTOCOLS, TLS_FAILURES


def ended(step: Step, detail: str | None = None) -> str:
    """How a step that did not pass ended, in a few words; `detail` is what else the recording says (`Stop.detail`)."""
    match step.outcome, step.facts:
        case _, BannerFacts(protocol=str(protocol)) if protocol in PROTOCOLS:
            return f"{step.outcome}: {PROTOCOLS[protocol]}, not SMTP"
        case Outcome.REFUSED, _ if step.reply is not None:
            return f"refused: {code_of(step.reply)}"
        case Outcome.UNREACHABLE, DnsFacts(problem=str(problem)):
            return f"unreachable: {DNS_PROBLEMS.get(problem, problem)}"
        case Outcome.UNREACHABLE, ConnectFacts(failure=str(failure)):
            return f"unreachable: {CONNECT_FAILURES.get(failure, failure)}"
        case _, TlsFacts(failure=str(failure)) if failure in TLS_FAILURES:
            return f"{step.outcome}: {TLS_FAILURES[failure]}"
        case Outcome.BUG, _:
            return "bug: smtpcheck itself failed"
        case _, ConfigFacts(problem=str(problem)):
            return f"{step.outcome}: {problem}"
    more = step.why or detail
    if step.ended_by == "look":
        more = f"{more}, until a second look had the answer" if more else "until a second look had the answer"
    return f"{step.outcome}: {more}" if more else str(step.outcome)


def facts(step: Step, report: Report, address: str | None, before: EhloFacts | None = None) -> list[str]:
    """What a step found out, a line each. `before` are the facts of the EHLO before this one."""
    reply = [first_words(step.reply)] if step.reply is not None and step.passed else []
    match step.facts:
        case ConfigFacts():
            return list(step.facts.notes)
        case DnsFacts():
            return _dns(step.facts)
        case ConnectFacts():
            return _connect(step.facts, address)
        case BannerFacts():
            return reply + (_surplus(step.facts.surplus) if step.passed else [])
        case EhloFacts():
            return _ehlo(step.facts, before) if step.passed else []
        case StarttlsFacts():
            return reply + (_surplus(step.facts.surplus) if step.passed else [])
        case TlsFacts():
            return _tls(step.facts, report)
        case AuthFacts():
            return _auth(step.facts, report) + reply
        case EnvelopeFacts():
            return _envelope(step, step.facts, reply)
        case MessageFacts():
            return _message(step.facts) + reply
        case QuitFacts():
            return [f"RSET: {step.facts.rset}"] if step.facts.rset is not None else []
    return reply


def _dns(facts: DnsFacts) -> list[str]:
    addresses = [
        f"{each.address} ({', '.join(each.classes)})" if each.classes else each.address for each in facts.addresses
    ]
    lines = [f"{listed(addresses, 4)}, {_resolved_by(facts)}"] if addresses else []
    if facts.canonical and facts.canonical != facts.name:
        lines.append(f"an alias of {facts.canonical}")
    if facts.differs:
        lines.append(f"the system's answer and DNS differ: {facts.differs}")
    return lines


def _resolved_by(facts: DnsFacts) -> str:
    used = {each.address for each in facts.addresses}
    entry = next((entry for entry in facts.hosts if entry.address in used), None)
    if facts.source == "literal":
        return "as given"
    if facts.source == "resolver":
        servers = dict.fromkeys(lookup.server for lookup in facts.lookups)
        return f"from the nameserver {listed(list(servers))}" if servers else "from the nameserver of --resolver"
    if entry is not None:
        return f"from {entry.file} line {entry.line}"
    return "from your resolver"


def _connect(facts: ConnectFacts, address: str | None) -> list[str]:
    if facts.failure is not None:
        # Where it failed before an address was chosen there is none to name.
        return [place(address, facts.port)] if address else []
    route = f", from {facts.local}" if facts.local else ""
    if facts.proxy is not None:
        return [f"through the {facts.proxy.kind} proxy {facts.proxy.host} port {facts.proxy.port}{route}"]
    return [f"{place(address, facts.port)}{route}"]


def _surplus(surplus: bytes) -> list[str]:
    return [f"{number(len(surplus), 'byte')} more came than the reply had"] if surplus else []


def _ehlo(facts: EhloFacts, before: EhloFacts | None) -> list[str]:
    said = f"{facts.verb} {facts.name}"
    if facts.verb == "HELO":
        return [f"{said}: accepted, no keywords"]
    offered = [_keyword(keyword) for keyword in facts.keywords]
    if before is None or not before.keywords:
        return [f"{said}: {listed(offered, 20) if offered else 'no keywords'}"]
    earlier = [_keyword(keyword) for keyword in before.keywords]
    return [f"{said}: {_change(earlier, offered)}"]


def _change(earlier: Sequence[str], offered: Sequence[str]) -> str:
    """What TLS changed in the list of keywords: the rest stands in the line above."""
    gone = [keyword for keyword in earlier if keyword not in offered]
    new = [keyword for keyword in offered if keyword not in earlier]
    parts = [f"now {listed(new, 12)}"] if new else []
    if gone:
        parts.append(f"no longer {listed(gone, 12)}")
    return "; ".join(parts) or "the same keywords as before"


def _keyword(keyword: Keyword) -> str:
    return " ".join((keyword.name, *keyword.parameters))


def _tls(facts: TlsFacts, report: Report) -> list[str]:
    parts = [facts.version, facts.cipher, f"ALPN {facts.alpn}" if facts.alpn else None]
    if facts.sni and facts.sni != report.target.host:
        parts.append(f"SNI {facts.sni}")
    lines = [", ".join(part for part in parts if part)] if facts.version else []
    if facts.chain:
        lines.append(summary(facts.chain[0], report.began))
    if facts.verification is not None and facts.failure != "untrusted":
        lines.append(_trust(facts))
    if facts.client_certificate_sent:
        lines.append("our client certificate was sent")
    elif facts.client_certificate_asked:
        lines.append("the server asked for a client certificate, and none was sent")
    return [line for line in lines if line]


def _trust(facts: TlsFacts) -> str:
    verification = facts.verification
    if verification is None:
        return ""
    if verification.performed and verification.trusted:
        return f"trusted, for the name {verification.expected}"
    found = f"; found: {', '.join(verification.faults)}" if verification.faults else ""
    if not verification.performed:
        return f"not verified{found}"
    return f"not trusted, and used all the same{found}"


def _auth(facts: AuthFacts, report: Report) -> list[str]:
    user = f" as {report.target.user}" if report.target.user else ""
    lines = []
    if facts.mechanism:
        why = (facts.why or "").removeprefix(f"{facts.mechanism}: ")
        lines.append(f"{facts.mechanism}{user}{f' ({why})' if why else ''}")
    elif facts.offered:
        lines.append(f"offered: {listed(facts.offered, 10)}")
    if facts.mechanism and facts.not_tried:
        lines.append(f"offered and not tried: {listed(facts.not_tried, 10)}")
    if facts.server_proven is not None:
        lines.append(
            "the server proved that it knows the password"
            if facts.server_proven
            else "the server did not prove that it knows the password"
        )
    if facts.key_server:
        lines.append(f"the key server {facts.key_server} was asked")
    return lines


def _envelope(step: Step, facts: EnvelopeFacts, reply: list[str]) -> list[str]:
    address = step.recipient if step.stage is Stage.RECIPIENT and step.recipient is not None else facts.address
    parameters = f" {' '.join(facts.parameters)}" if facts.parameters else ""
    return [": ".join([f"{path_of(address)}{parameters}", *reply])]


def _message(facts: MessageFacts) -> list[str]:
    queue = f", queue id {facts.queue_id}" if facts.queue_id else ""
    lines = [f"{number(facts.size, 'byte')}, Message-ID {path_of(facts.message_id.strip('<>'))}{queue}"]
    return lines + [f'"{said}"' for said in facts.lmtp]
