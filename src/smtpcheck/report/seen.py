"""What the stage where it stopped can say about it: whole sentences, each of them a fact of the recording.

No causes here. A sentence tells what came, what did not, for how long, and what the kernel knew; what it means is the
business of a diagnosis.
"""

from smtpcheck.model import (
    AuthFacts,
    BannerFacts,
    Certainty,
    ConnectFacts,
    DnsFacts,
    EhloFacts,
    EnvelopeFacts,
    Lookup,
    MessageFacts,
    Outcome,
    Silent,
    Stage,
    StarttlsFacts,
    TcpInfo,
    TlsFacts,
)
from smtpcheck.report.certificates import faults, store_words
from smtpcheck.report.phrases import lasting, listed, number, place, quoted, quoted_bytes
from smtpcheck.report.stop import Stop

# RFC 5321 section 4.5.3.2: how long a client should wait at least, by stage, in a message by phase.
_RFC_MINUTES = {"banner": 5, "sender": 5, "recipient": 5, "data": 2, "body": 3, "dot": 10}


def seen(stop: Stop) -> list[str]:
    """The sentences about a stop, the most telling first."""
    sentences = _foreign(stop)
    match stop.step.facts:
        case DnsFacts():
            sentences += _dns(stop.step.facts)
        case ConnectFacts():
            sentences += _connect(stop, stop.step.facts)
        case BannerFacts() | EhloFacts() | EnvelopeFacts():
            sentences += _malformed(stop.step.facts.malformed)
        case StarttlsFacts():
            sentences += _starttls(stop, stop.step.facts)
        case TlsFacts():
            sentences += _tls(stop, stop.step.facts)
        case AuthFacts():
            sentences += _auth(stop.step.facts, stop.step.why)
        case MessageFacts():
            sentences += _message(stop, stop.step.facts)
    if stop.step.outcome is Outcome.STALLED:
        sentences += _silence(stop)
    if stop.step.outcome is Outcome.CLOSED:
        sentences += _ending(stop)
    return sentences + _lag(stop)


def _dns(facts: DnsFacts) -> list[str]:
    sentences = []
    if facts.system is not None and facts.system.error:
        said = f": {quoted(facts.system.error_text)}" if facts.system.error_text else ""
        sentences.append(f"The system resolver answered {facts.system.error}{said}.")
    sentences += [_lookup(lookup) for lookup in facts.lookups[:8]]
    if facts.hosts:
        lines = [f"{entry.file} line {entry.line} says {entry.address}" for entry in facts.hosts[:4]]
        sentences.append(f"{listed(lines)}.")
    if facts.nameservers and not facts.lookups:
        sentences.append(f"The configured nameservers are {listed(facts.nameservers)}.")
    if facts.search and "." not in facts.name:
        sentences.append(f"The name has no dot; the search list is {listed(facts.search)}.")
    return sentences


def _lookup(lookup: Lookup) -> str:
    asked = f"The nameserver {lookup.server}, asked for {lookup.type} of {lookup.name},"
    took = f" in {lasting(lookup.seconds)}" if lookup.seconds is not None else ""
    failures = {
        "timed-out": "did not answer",
        "port-closed": "has no DNS on its port",
        "unreachable": "cannot be reached",
        "malformed": "answered with something that is no DNS",
    }
    if lookup.failure:
        return f"{asked} {failures.get(lookup.failure, 'gave no answer')}{took}."
    errors = [f"{error.name}{f' ({error.text})' if error.text else ''}" for error in lookup.extended_errors]
    more = f", and says why: {listed(errors)}" if errors else ""
    found = (
        f": {listed(lookup.addresses)}" if lookup.addresses else " with no address" if lookup.rcode == "NOERROR" else ""
    )
    return f"{asked} answered {lookup.rcode or 'nothing'}{found}{took}{more}."


def _connect(stop: Stop, facts: ConnectFacts) -> list[str]:
    where = place(stop.attempt.address, facts.port)
    errno = f" ({facts.errno_name})" if facts.errno_name else ""
    proxy = facts.proxy
    via = f"the proxy {proxy.host} port {proxy.port}" if proxy else "the proxy"
    sentence = {
        "refused": f"{where} refused the connection{errno}: nothing accepts connections there, "
        "or a firewall answers in its place.",
        "timed-out": f"Nothing came back from {where}{errno}: neither an acceptance nor a refusal.",
        "no-answer": f"Nothing came back from {where}: neither an acceptance nor a refusal.",
        "unreachable": f"The network says that no route leads to {where}{errno}.",
        "prohibited": f"This machine or its network does not permit the connection to {where}{errno}.",
        "reset": f"The connection to {where} was reset before it stood{errno}.",
        "no-common-family": "This machine and the server have no address family in common.",
        "source-unusable": f"The source address cannot be used here{errno}.",
        "proxy-unreachable": f"No connection to {via} could be made{errno}.",
        "proxy-refused": f"The connection to {via} stands; it refused to go on to the server.",
        "path-missing": f"There is no socket at this path{errno}.",
    }.get(facts.failure or "", f"The system says: {facts.detail}{errno}." if facts.detail else "")
    sentences = [sentence] if sentence else []
    if proxy and proxy.refusal:
        code = f" {proxy.code}" if proxy.code is not None else ""
        sentences.append(f"The proxy said{code} {quoted(proxy.refusal)}.")
    if facts.failure == "source-unusable" and facts.detail:
        sentences.append(f"The system says: {facts.detail}.")
    return sentences


def _malformed(reason: str | None) -> list[str]:
    return [f"It cannot be read as a reply (RFC 5321 section 4.2): {reason}."] if reason else []


def _foreign(stop: Stop) -> list[str]:
    """Bytes that are part of no reply, quoted."""
    surplus = stop.surplus
    if surplus is None or isinstance(stop.step.facts, TlsFacts):
        return []
    return [f"What came is {quoted_bytes(surplus.raw)}."]


def _starttls(stop: Stop, facts: StarttlsFacts) -> list[str]:
    sentences = _malformed(facts.malformed)
    if not facts.offered:
        sentences.append("The server's answer to EHLO does not list STARTTLS.")
    if facts.surplus and stop.surplus is None:
        sentences.append(f"In clear, after its reply to STARTTLS, the server sent {quoted_bytes(facts.surplus)}.")
    return sentences


def _tls(stop: Stop, facts: TlsFacts) -> list[str]:
    sentences = []
    if facts.first_bytes:
        sentences.append(f"Instead of a TLS ServerHello these bytes came: {quoted_bytes(facts.first_bytes)}.")
    if facts.alert is not None and facts.failure != "untrusted":
        sender = "smtpcheck" if facts.alert_from == "smtpcheck" else "The server"
        name = facts.alert_name or "unknown"
        sentences.append(f"{sender} ended the handshake with the TLS alert {name} ({facts.alert}).")
    if facts.failure == "untrusted":
        sentences += faults(facts, stop.report.began) or [f"OpenSSL says: {facts.reason or 'not trusted'}."]
        if not any(store_words(facts.store) in sentence for sentence in sentences):
            sentences.append(f"It was verified against {store_words(facts.store)}.")
    elif facts.failure == "protocol-version":
        sentences.append(f"smtpcheck offered {facts.min_version} and newer.")
    elif facts.failure not in (None, "not-tls", "stalled") and facts.reason:
        sentences.append(f"OpenSSL says: {facts.reason}.")
    if facts.failure in ("stalled", "eof", "reset"):
        last = (
            f"the last handshake message was {facts.last_message}" if facts.last_message else "no message was exchanged"
        )
        came = f"{number(facts.received, 'byte')} came" if facts.received else "nothing came"
        sentences.append(f"smtpcheck's ClientHello had {number(facts.hello_size, 'byte')}; {came} back, and {last}.")
    return sentences


def _auth(facts: AuthFacts, why: str | None) -> list[str]:
    sentences = [f"The server said during the exchange: {quoted(said)}." for said in facts.challenges[:4]]
    if facts.problem and facts.problem != why:
        sentences.append(f"The exchange broke off: {facts.problem}.")
    if facts.server_proven is False:
        sentences.append("The server did not prove that it knows the password.")
    return sentences


def _message(stop: Stop, facts: MessageFacts) -> list[str]:
    sentences = _malformed(facts.malformed)
    if stop.uncertain:
        sentences.append(
            "All of the message and the final dot were sent, and the server neither accepted nor refused it. "
            "Sending it again may deliver it twice."
        )
    elif facts.phase == "body" and stop.step.outcome is not Outcome.REFUSED:
        sentences.append("The message was not sent to its end, so the server has to throw it away.")
    return sentences


def _silence(stop: Stop) -> list[str]:
    silent = stop.silent
    if silent is None:
        return []
    sentences = []
    waited = lasting(stop.step.seconds)
    if silent.partial:
        came = number(len(silent.partial), "byte")
        sentences.append(f"Within {waited} {came} came and no whole reply: {quoted_bytes(silent.partial)}.")
    elif stop.step.stage is Stage.BANNER:
        sentences.append(f"The server accepted the connection and sent nothing for {waited}.")
    elif stop.step.stage not in (Stage.DNS, Stage.CONNECT, Stage.TLS):
        sentences.append(f"The server sent nothing for {waited}.")
    if silent.tcp is not None:
        sentences.append(_kernel(stop, silent, silent.tcp))
    facts = stop.step.facts
    minutes = _RFC_MINUTES.get(facts.phase if isinstance(facts, MessageFacts) else stop.step.stage)
    if minutes is not None and stop.step.seconds < minutes * 60 and not _known(stop):
        sentences.append(f"RFC 5321 lets a server take {minutes} minutes here, so it may only be slow.")
    return sentences


def _known(stop: Stop) -> bool:
    """Whether there is a cause that leaves no room for a server that is only slow."""
    cause = stop.report.cause
    return cause is not None and cause.certainty is Certainty.CERTAIN


def _kernel(stop: Stop, silent: Silent, tcp: TcpInfo) -> str:
    trip = f"round trip {1000 * tcp.rtt:.0f} ms"
    if tcp.unacked or tcp.retransmits:
        lost = f", sent again {number(tcp.retransmits, 'time')}" if tcp.retransmits else ""
        return (
            f"The kernel still waits for the acknowledgement of {number(tcp.unacked, 'segment')}{lost}: "
            "what smtpcheck sent last has not arrived, or its acknowledgement was lost on the way."
        )
    if stop.sent or stop.step.stage is Stage.TLS:
        return (
            f"The kernel saw all that smtpcheck sent acknowledged ({trip}): it arrived at the other end of the "
            "connection, and the program there did not answer."
        )
    return f"To the kernel the connection is in order (state {tcp.state}, {trip})."


def _ending(stop: Stop) -> list[str]:
    closed = stop.closed
    if closed is None or isinstance(stop.step.facts, TlsFacts):
        return []
    match closed.how:
        case "eof":
            return ["The connection was ended in good order from the other side (FIN), without a reply."]
        case "close-notify":
            return ["The server ended TLS in good order (close_notify), without a reply."]
        case "reset":
            return ["The connection was reset (RST), by the server or by something on the way to it."]
    return [f"The connection failed with {closed.how}."]


def _lag(stop: Stop) -> list[str]:
    if stop.step.lag <= 0.2 * stop.step.seconds or stop.step.lag < 0.1:
        return []
    held = lasting(stop.step.lag)
    return [f"smtpcheck itself was held up for {held} in this step, so its time says little of the server."]
