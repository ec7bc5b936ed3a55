"""The facts of a handshake, from the engine: at once without the chain, then with it.

Reading the chain needs `cryptography` and some milliseconds; it is done when the handshake's clock has stopped, and may
be done in another thread.
"""

import ssl
from dataclasses import replace
from datetime import datetime

from smtpcheck.model import TlsFacts, Verification
from smtpcheck.net.chain import ChainReading, fault_of_code, read_chain, read_trusted
from smtpcheck.net.tls import TlsEngine, TlsError
from smtpcheck.net.tls_failure import Failure
from smtpcheck.net.tls_messages import ALERTS, Message
from smtpcheck.net.tls_policy import TlsPolicy, anchors, trust_store


def facts(engine: TlsEngine, mode: str, failure: TlsError | str | None = None) -> TlsFacts:
    """What the engine knows now, without the chain.

    `mode` is `implicit` or `starttls`. `failure` is the engine's exception, or what the caller alone can see: `reset`,
    `eof`, `stalled`. What the engine itself found goes first.
    """
    what = engine.failure or (failure.what if isinstance(failure, TlsError) else _seen_by_caller(engine, failure))
    alert = _alert(engine, what)
    number = alert.alert if alert is not None else what.alert if what is not None else None
    return TlsFacts(
        mode=mode,
        sni=engine.sni,
        version=engine.version,
        cipher=engine.cipher,
        alpn=engine.alpn,
        min_version=f"TLSv{'1.0' if engine.policy.legacy else engine.policy.min_version}",
        hello_size=engine.hello_size,
        received=engine.received,
        last_message=engine.last_message,
        first_bytes=engine.first_bytes,
        alert=number,
        alert_name=ALERTS.get(number) if number is not None else None,
        alert_from=None if number is None else "smtpcheck" if alert is not None and alert.sent else "server",
        alert_level=None if number is None else "warning" if alert is not None and alert.level == 1 else "fatal",
        failure=what.failure if what is not None else None,
        reason=what.reason if what is not None else None,
        client_certificate_asked=engine.client_certificate_asked,
        client_certificate_sent=engine.client_certificate_sent,
        verification=_verification(engine, what),
        store=engine.store,
        openssl=ssl.OPENSSL_VERSION,
    )


def with_trusted_chain(found: TlsFacts, engine: TlsEngine, now: datetime) -> TlsFacts | None:
    """The same facts with the chain, where OpenSSL trusts it and it is of the plain kind: read within a millisecond.

    None where `with_chain` has to tell.
    """
    if found.verification is None or found.verification.code != 0 or not found.verification.trusted:
        return None
    reading = read_trusted(engine.peer_chain(), engine.trusted_path(), now)
    return None if reading is None else _with_reading(found, reading)


def with_chain(found: TlsFacts, ders: tuple[bytes, ...], policy: TlsPolicy, now: datetime) -> TlsFacts:
    """The same facts with the chain that was sent, every fault of it, and the store; unchanged where none was sent.

    With `verify` off the chain is judged by our own reading against the store that would have been used. `now` is an
    aware time. Nothing is raised. May run in any thread.
    """
    if found.verification is None or not ders:
        return found
    store = found.store or trust_store(policy)
    verdict = found.verification
    reading = read_chain(
        ders,
        expected=verdict.expected,
        now=now,
        anchors=anchors(policy),
        code=verdict.code,
        store_empty=store is not None and store.empty,
    )
    return _with_reading(replace(found, store=store), reading)


def _with_reading(found: TlsFacts, reading: ChainReading) -> TlsFacts:
    assert found.verification is not None
    verdict = replace(
        found.verification, faults=reading.faults, missing_issuer=reading.missing_issuer, anchor=reading.anchor
    )
    return replace(found, chain=reading.certificates, verification=verdict)


def _seen_by_caller(engine: TlsEngine, failure: str | None) -> Failure | None:
    if failure is None:
        return None
    # The connection ended while text stood in place of a ServerHello: the text says more than the end.
    return Failure(failure="not-tls" if failure in ("eof", "reset") and engine.first_bytes else failure)


def _alert(engine: TlsEngine, what: Failure | None) -> Message | None:
    """The alert that belongs to the handshake: an end of session after it is none."""
    alert = engine.alert
    return None if what is None and alert is not None and alert.alert == 0 else alert


def _verification(engine: TlsEngine, what: Failure | None) -> Verification | None:
    """OpenSSL's verdict; None where no certificate came."""
    if not engine.peer_chain():
        return None
    accepted = engine.chain_accepted
    code = what.verify_code if what is not None and what.verify_code is not None else 0 if accepted else None
    return Verification(
        performed=engine.policy.verify,
        trusted=accepted,
        expected=engine.verify_name,
        code=code,
        message=what.verify_message if what is not None else None,
        faults=fault_of_code(code),
    )
