"""Rules about the handshake and the certificate. Which fact tells what is measured in the TLS engine's own tests."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC

from smtpcheck.diagnose.replies import meaning
from smtpcheck.diagnose.rule import Ask, Found, Pointer
from smtpcheck.diagnose.scene import Scene, words
from smtpcheck.model import Certainty, Certificate, Outcome, Stage, Step, TlsFacts
from smtpcheck.model.row import Said
from smtpcheck.smtp.reply import foreign_protocol, parse_whole

_ONE_SEGMENT = 1400
_WITHOUT_CERTIFICATE = ("ADH-", "AECDH-")  # what is left to a server that has none
_DATE = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d(?: [+-]\d{4})?")
_INTERCEPTORS = (
    "avast", "avg ", "kaspersky", "eset", "bitdefender", "dr.web", "fortinet", "fortigate", "zscaler", "sophos",
    "netskope", "palo alto", "cisco umbrella", "mcafee", "symantec web", "check point", "watchguard", "sonicwall",
    "untangle", "adguard", "norton", "f-secure", "trend micro", "forcepoint", "blue coat", "barracuda",
)  # fmt: skip

# From the fault that explains the others, to the one that a user would meet last.
_FAULTS = (
    ("empty-store", "trust-store-empty"),
    ("self-signed", "certificate-self-signed"),
    ("missing-intermediate", "certificate-chain-incomplete"),
    ("unknown-ca", "unknown-ca"),
    ("not-yet-valid", "certificate-not-yet-valid"),
    ("expired", "certificate-expired"),
    ("name-mismatch", "certificate-name-mismatch"),
    ("weak-key", "certificate-refused-by-policy"),
    ("weak-hash", "certificate-refused-by-policy"),
    ("wrong-purpose", "certificate-refused-by-policy"),
    ("not-a-ca", "certificate-refused-by-policy"),
    ("strict-rule", "certificate-refused-by-policy"),
)


def _failed(scene: Scene) -> tuple[Step, TlsFacts] | None:
    step = scene.stopper
    if step is None or step.stage is not Stage.TLS or not isinstance(step.facts, TlsFacts):
        return None
    return step, step.facts


def _shake(scene: Scene, look: str) -> TlsFacts | None:
    attempt = scene.look(look)
    step = attempt.step(Stage.TLS) if attempt is not None else None
    return step.facts if step is not None and isinstance(step.facts, TlsFacts) else None


def _shown(scene: Scene, step: Step, look: str) -> tuple[Pointer, ...]:
    attempt = scene.look(look)
    return (*scene.shows(step), *(scene.shows(attempt.step(Stage.TLS)) if attempt is not None else ()))


def untrusted(scene: Scene) -> Iterator[Found | Ask]:
    """The certificate is not trusted: every fault that the chain has, the one that explains most first."""
    found = _failed(scene)
    if found is None or found[0].outcome is not Outcome.DECLINED or found[1].verification is None:
        return
    step, facts = found
    verdict = facts.verification
    assert verdict is not None
    shown = words(scene, step) | _certificate_words(facts)
    evidence = scene.shows(step)
    causes = list(dict.fromkeys(cause for fault, cause in _FAULTS if fault in verdict.faults))
    if _interceptor(facts) and {"unknown-ca", "certificate-self-signed"} & set(causes):
        yield Found(
            id="proxy-or-antivirus-intercept",
            certainty=Certainty.LIKELY,
            facts=shown,
            evidence=evidence,
            alternatives=("unknown-ca",),
            settle="the issuer that the same server shows from another network",
        )
        return
    if not causes:
        causes = ["certificate-refused-by-policy"]
    clocks = _clocks(scene)
    for cause in causes:
        certainty = Certainty.LIKELY if cause == "certificate-chain-incomplete" else Certainty.CERTAIN
        alternatives = ("unknown-ca",) if cause == "certificate-chain-incomplete" else ()
        yield Found(
            id=cause,
            certainty=certainty,
            facts=shown
            | {"means": ", ".join(verdict.faults)}
            | (clocks if cause == "certificate-not-yet-valid" else {}),
            evidence=evidence,
            alternatives=alternatives,
            settle="whether a browser, which fetches missing certificates, trusts it" if alternatives else None,
        )


def _certificate_words(facts: TlsFacts) -> dict[str, str]:
    verdict = facts.verification
    leaf = facts.chain[0] if facts.chain else None
    expired = next((one for one in facts.chain if "expired" in one.problems), None)
    early = next((one for one in facts.chain if "not-yet-valid" in one.problems), None)
    shown = {"expected": verdict.expected if verdict else ""}
    if leaf is not None:
        shown["names"] = ", ".join((*leaf.dns_names, *leaf.ip_names)[:4]) or leaf.subject
        shown["other"] = facts.chain[-1].issuer
    if expired is not None and expired.not_after is not None:
        shown |= {"value": f"{expired.not_after:%Y-%m-%d}", "name": _short(expired)}
    if early is not None and early.not_before is not None:
        shown |= {"value": f"{early.not_before:%Y-%m-%d}", "name": _short(early)}
    if facts.store is not None:
        shown["file"] = facts.store.file or facts.store.directory or facts.store.source
    if verdict is not None and verdict.missing_issuer:
        shown["name"] = verdict.missing_issuer
    return shown


def _clocks(scene: Scene) -> dict[str, str]:
    """The server's time, where its greeting states one that is more than a day away from ours: one clock is wrong."""
    step = scene.attempt.step(Stage.BANNER)
    found = _DATE.search(step.reply.text) if step is not None and step.reply is not None else None
    if found is None:
        return {}
    from email.utils import parsedate_to_datetime  # brings much with it, and few greetings hold a date

    try:
        theirs = parsedate_to_datetime(found.group())
    except ValueError:
        return {}
    days = (theirs.replace(tzinfo=theirs.tzinfo or UTC) - scene.began).total_seconds() / 86400
    if abs(days) <= 1:
        return {}
    return {"other": f"the server's greeting says {theirs:%Y-%m-%d}, {abs(days):.0f} days away from this clock"}


def _short(one: Certificate) -> str:
    return one.dns_names[0] if one.dns_names else one.subject


def _interceptor(facts: TlsFacts) -> bool:
    issuers = " ".join(one.issuer.lower() for one in facts.chain)
    return any(name in issuers for name in _INTERCEPTORS)


def not_tls(scene: Scene) -> Iterator[Found | Ask]:
    """Bytes in clear where a ServerHello was due: what they say is the answer."""
    found = _failed(scene)
    if found is None or found[1].failure != "not-tls":
        return
    step, facts = found
    shown = words(scene, step) | {"first_bytes": facts.first_bytes[:80].decode("ascii", "backslashreplace").strip()}
    evidence = scene.shows(step)
    protocol = foreign_protocol(facts.first_bytes)
    reply = parse_whole(facts.first_bytes.partition(b"\n")[0])
    if protocol is not None:
        yield Found(
            id="not-smtp", certainty=Certainty.CERTAIN, facts=shown | {"other": protocol.upper()}, evidence=evidence
        )
    elif reply is not None and reply.code == 220:
        yield Found(
            id="starttls-port-used-with-implicit-tls", certainty=Certainty.CERTAIN, facts=shown, evidence=evidence
        )
    elif reply is not None and not reply.positive:
        meant = meaning(
            Said(
                text=reply.text,
                stage=Stage.BANNER,
                code=reply.code,
                enhanced=reply.enhanced,
                host=scene.target.host,
                port=scene.target.port,
            )
        )
        if meant is not None:
            yield Found(
                id=meant.cause,
                certainty=meant.certainty,
                facts=shown | {"reply": reply.lines[0]},
                evidence=evidence,
                alternatives=meant.alternatives,
                settle=meant.settle,
            )
    else:
        yield Found(id="reply-malformed", certainty=Certainty.LIKELY, facts=shown, evidence=evidence)


_ALONE: Mapping[str, tuple[str, Certainty]] = {
    "weak-dh": ("weak-dh-key", Certainty.CERTAIN),
    "client-certificate-required": ("client-certificate-required", Certainty.CERTAIN),
    "certificate-refused-by-server": ("client-certificate-required", Certainty.LIKELY),
    "legacy-renegotiation": ("tls-version-too-old", Certainty.LIKELY),
}


def refused_outright(scene: Scene) -> Iterator[Found | Ask]:
    """Failures that say by themselves what is wrong."""
    found = _failed(scene)
    if found is None or found[1].failure not in _ALONE:
        return
    step, facts = found
    id, certainty = _ALONE[facts.failure or ""]
    yield Found(
        id=id, certainty=certainty, facts=words(scene, step) | _certificate_words(facts), evidence=scene.shows(step)
    )


def too_old(scene: Scene) -> Iterator[Found | Ask]:
    """No common version or cipher: a look that takes anything tells what the server has."""
    found = _failed(scene)
    if found is None or found[1].failure not in ("protocol-version", "no-shared-cipher"):
        return
    step, facts = found
    shown = words(scene, step) | {"expected": facts.min_version}
    look = _shake(scene, "legacy-tls")
    id = "tls-version-too-old" if facts.failure == "protocol-version" else "tls-no-shared-cipher"
    if scene.look("legacy-tls") is None:
        yield Ask("legacy-tls", "tells which old version or cipher the server has, with no credential at stake")
        yield Found(id=id, certainty=Certainty.LIKELY, facts=shown, evidence=scene.shows(step))
        return
    if look is not None and (look.cipher or "").startswith(_WITHOUT_CERTIFICATE):
        yield Found(
            id="tls-handshake-failed",
            certainty=Certainty.LIKELY,
            facts=shown | _alert_words(facts) | {"value": look.cipher or ""},
            evidence=_shown(scene, step, "legacy-tls"),
            alternatives=("tls-no-shared-cipher",),
            settle="the server's log: whether it could load a certificate and its key",
        )
        return
    if look is not None and look.version is not None:
        old = look.version in ("TLSv1", "TLSv1.1", "SSLv3")
        yield Found(
            id="tls-version-too-old" if old else "tls-no-shared-cipher",
            certainty=Certainty.CERTAIN,
            facts=shown | {"offered": look.version, "value": look.cipher or ""},
            evidence=_shown(scene, step, "legacy-tls"),
        )
        return
    if id == "tls-no-shared-cipher":
        yield Found(
            id="tls-handshake-failed",
            certainty=Certainty.LIKELY,
            facts=shown | _alert_words(facts),
            evidence=_shown(scene, step, "legacy-tls"),
            alternatives=("tls-no-shared-cipher",),
            settle="the server's log: it names the reason of its handshake_failure alert",
        )
        return
    yield Found(id=id, certainty=Certainty.LIKELY, facts=shown, evidence=_shown(scene, step, "legacy-tls"))


def _alert_words(facts: TlsFacts) -> dict[str, str]:
    return {"code": str(facts.alert), "name": facts.alert_name or ""} if facts.alert is not None else {}


def alert(scene: Scene) -> Iterator[Found | Ask]:
    """Any other alert of the server."""
    found = _failed(scene)
    if found is None or found[1].failure not in ("alert", "other"):
        return
    step, facts = found
    shown = words(scene, step) | _alert_words(facts) | {"expected": facts.sni or ""}
    if facts.alert == 112:
        if scene.look("no-sni") is None:
            yield Ask("no-sni", "tells a server that does not know this name from one that knows none")
        passed = (look := _shake(scene, "no-sni")) is not None and look.failure is None
        yield Found(
            id="sni-not-recognized",
            certainty=Certainty.CERTAIN,
            facts=shown,
            evidence=_shown(scene, step, "no-sni") if passed else scene.shows(step),
        )
        return
    yield Found(id="tls-handshake-failed", certainty=Certainty.LIKELY, facts=shown, evidence=scene.shows(step))


def silent_or_ended(scene: Scene) -> Iterator[Found | Ask]:
    """Silence, EOF or a reset in the handshake: a large ClientHello that does not get through looks just so."""
    found = _failed(scene)
    if found is None or found[0].outcome not in (Outcome.STALLED, Outcome.CLOSED, Outcome.WAITING):
        return
    step, facts = found
    shown = words(scene, step) | {"waited": f"{step.seconds:.1f} s", "name": facts.last_message or "ClientHello"}
    nothing_back = facts.received == 0
    if facts.mode == "implicit" and nothing_back:
        yield from _cleartext_instead(scene, step, shown)
    if nothing_back and facts.hello_size > _ONE_SEGMENT:
        look = _shake(scene, "small-hello")
        if scene.look("small-hello") is None:
            yield Ask(
                "small-hello", "tells a dead TLS stack from a path that drops a ClientHello of more than one packet"
            )
        elif look is not None and look.failure is None:
            yield Found(
                id="tls-path-drops-large-hello",
                certainty=Certainty.CERTAIN,
                facts=shown | {"value": str(facts.hello_size), "other": str(look.hello_size)},
                evidence=_shown(scene, step, "small-hello"),
            )
            return
    id = "tls-handshake-failed" if step.outcome is Outcome.CLOSED else "tls-handshake-stalled"
    yield Found(id=id, certainty=Certainty.LIKELY, facts=shown, evidence=scene.shows(step))


def _cleartext_instead(scene: Scene, step: Step, shown: dict[str, str]) -> Iterator[Found | Ask]:
    look = scene.look("clear-first")
    if look is None:
        yield Ask("clear-first", "a port that begins in clear may not answer a ClientHello at all")
        return
    greeting = look.step(Stage.BANNER)
    if greeting is not None and greeting.reply is not None:
        yield Found(
            id="starttls-port-used-with-implicit-tls",
            certainty=Certainty.CERTAIN,
            facts=shown | {"first_bytes": f"{greeting.reply.code} {greeting.reply.lines[0]}"},
            evidence=(*scene.shows(step), *scene.shows(greeting)),
        )


RULES = (untrusted, not_tls, refused_outright, too_old, alert, silent_or_ended)
