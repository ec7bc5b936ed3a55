"""The options of smtpcheck that would tell more, or that fit what was seen: each with its condition, none as a cure.

A value that a server chose stands in an option only where it is a plain host name, so that it can be copied into a
shell.
"""

import re

from smtpcheck.model import AuthFacts, ConnectFacts, DnsFacts, EhloFacts, Outcome, Stage, TlsFacts, TlsMode
from smtpcheck.model.secret import SecretKind
from smtpcheck.report.certificates import names
from smtpcheck.report.stop import Stop

_HOST_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_WITH_PASSWORD = ("plain", "login", "scram-sha-256", "scram-sha-1", "cram-md5", "digest-md5")
_WITH_TOKEN = ("oauthbearer", "xoauth2")


def options(stop: Stop) -> list[str]:
    """What to try next, each as `--option: when it is of use`."""
    step = stop.step
    if stop.report.expected:
        return []
    if stop.uncertain:
        return ["before sending it again, look for this Message-ID at the recipient or in the server's log"]
    if step.outcome is Outcome.BUG:
        return ["--json, whose report holds the traceback: it belongs in a bug report"]
    if step.outcome is Outcome.INTERRUPTED:
        return ["--max-time S, if the whole run had too little time"] if "max-time" in (step.why or "") else []
    tried = {
        Stage.DNS: _dns,
        Stage.CONNECT: _connect,
        Stage.BANNER: _banner,
        Stage.STARTTLS: _starttls,
        Stage.TLS: _tls,
        Stage.AUTH: _auth,
        Stage.SENDER: _envelope,
        Stage.RECIPIENT: _envelope,
    }.get(step.stage, _nothing)(stop)
    return tried + _waiting(stop) + _later(stop)


def _nothing(stop: Stop) -> list[str]:
    return []


def _dns(stop: Stop) -> list[str]:
    problem = stop.step.facts.problem if isinstance(stop.step.facts, DnsFacts) else None
    if problem == "bad-name":
        return []
    tried = [] if stop.report.options.resolver else ["--resolver IP, to ask another nameserver"]
    return [*tried, "--address IP, if the address is known: it connects there and keeps the name for TLS"]


def _connect(stop: Stop) -> list[str]:
    facts, report = stop.step.facts, stop.report
    failure = facts.failure if isinstance(facts, ConnectFacts) else None
    if failure in ("source-unusable",):
        return ["--source IP, with an address of this machine in the server's address family, or none"]
    if failure in ("proxy-unreachable", "proxy-refused", "path-missing"):
        return []
    tried = []
    port = report.target.port
    if port == 25:
        tried.append(
            "--port 587, or --port 465: they are the ones for submission, and some networks block only port 25"
        )
    elif port is not None:
        tried.append("--port N, if the server uses another port (587, 465 and 2525 are usual)")
    if report.options.family is None and stop.attempt.address and ":" in stop.attempt.address:
        tried.append("-4, to leave IPv6 out")
    return tried


def _banner(stop: Stop) -> list[str]:
    if stop.report.target.tls is not TlsMode.IMPLICIT and stop.step.outcome in (Outcome.STALLED, Outcome.CLOSED):
        return ["--tls implicit, if this port speaks TLS from the first byte (as 465 usually does)"]
    return []


def _starttls(stop: Stop) -> list[str]:
    tried = []
    if stop.step.outcome is Outcome.DECLINED:
        tried.append("--tls implicit with --port 465, if the server takes TLS from the first byte there")
    if stop.report.target.user is None:
        tried.append("--tls off, to see the rest of the session in clear")
    return tried


def _tls(stop: Stop) -> list[str]:
    facts, report = stop.step.facts, stop.report
    if not isinstance(facts, TlsFacts):
        return []
    match facts.failure:
        case "untrusted":
            return _untrusted(stop, facts)
        case "not-tls" if report.target.tls is TlsMode.IMPLICIT:
            begins = facts.first_bytes[:3].isdigit()
            return ["--tls starttls, because this port begins in clear"] if begins else []
        case "protocol-version":
            return [f"--min-tls 1.0, to see whether the server speaks anything older than {facts.min_version}"]
        case "client-certificate-required":
            return ["--client-cert F --client-key F, with the certificate that the server expects"]
        case "stalled" | "eof" | "reset" if report.target.tls is TlsMode.IMPLICIT:
            return ["--tls starttls, if this port begins in clear (as 587 and 25 usually do)"]
    return []


def _untrusted(stop: Stop, facts: TlsFacts) -> list[str]:
    found = facts.verification.faults if facts.verification else ()
    tried = []
    if {"self-signed", "unknown-ca", "missing-intermediate", "empty-store"} & set(found):
        tried.append("--ca-file F, with the certificate of the authority, if you know that it is the right one")
    if "name-mismatch" in found and facts.chain:
        plain = [name for name in names(facts.chain[0]) if _HOST_NAME.fullmatch(name)]
        name = plain[0] if plain else "NAME"
        tried.append(f"--verify-name {name}, if that is the server you mean")
    credential = "; the login would then go to a server that nobody has verified" if stop.report.target.user else ""
    return [*tried, f"--insecure, only to see the rest of the session{credential}"]


def _auth(stop: Stop) -> list[str]:
    facts, target = stop.step.facts, stop.report.target
    tried = []
    fitting = _WITH_TOKEN if target.secret and target.secret.kind is SecretKind.TOKEN else _WITH_PASSWORD
    listed = {name.lower() for name in facts.not_tried} if isinstance(facts, AuthFacts) else set()
    usable = [name for name in fitting if name in listed]
    if usable and stop.step.outcome in (Outcome.REFUSED, Outcome.DECLINED, Outcome.BROKEN):
        choices = " or ".join(f"--auth {name}" for name in usable[:3])
        tried.append(f"{choices}: offered by the server and not tried (smtpcheck logs in once a run)")
    if stop.step.outcome is Outcome.DECLINED and not stop.tls:
        if stop.offers_starttls:
            tried.append("--tls starttls: the server offers it")
        if isinstance(facts, AuthFacts) and facts.offered and not stop.report.options.allow_cleartext_auth:
            tried.append("--allow-cleartext-auth, to send the credential where everybody on the way can read it")
        if target.port == 25:
            tried.append("--port 587, or --port 465, where servers usually take logins")
    return tried


def _envelope(stop: Stop) -> list[str]:
    if stop.step.outcome is not Outcome.REFUSED:
        return []
    login = stop.attempt.step(Stage.AUTH)
    if stop.report.target.user is None and (login is None or not login.passed):
        offered = any(isinstance(step.facts, EhloFacts) and step.facts.auth for step in stop.attempt.steps)
        return ["--user U, to log in first: this session had no login, and the server offers AUTH"] if offered else []
    if stop.step.stage is Stage.SENDER:
        return ["--from A, with an address that this login may send from"]
    return []


def _waiting(stop: Stop) -> list[str]:
    if stop.step.outcome is not Outcome.STALLED:
        return []
    if stop.step.stage is Stage.DNS or stop.step.stage is Stage.CONNECT:
        return ["--timeout 60, if the network is very slow"] if stop.step.seconds < 60 else []
    longer = "--timeout 60, or --patience rfc" if stop.step.seconds < 60 else "--patience rfc"
    return [f"{longer}, if the server may only be slow"]


def _later(stop: Stop) -> list[str]:
    if stop.step.outcome is Outcome.REFUSED and stop.report.temporary:
        return ["the same command again after some minutes: a code that begins with 4 asks for that"]
    return []
