"""TLS on both sides: version, cipher, and what the server's certificate says.

A renewed certificate of the same organisation for the same names is what is meant to happen: it does not matter.
"""

import re
from collections.abc import Iterator

from smtpcheck.model import Certificate, Report, Stage, TlsFacts
from smtpcheck.model.comparison import Change, Value

_ORGANISATION = re.compile(r"(?:^|[,+])O=((?:\\.|[^,+\\])*)")


def tls(old: Report, new: Report) -> Iterator[Change]:
    """Nothing where one of the two did not come to a handshake: that is told already."""
    before, now = _facts(old), _facts(new)
    if before is None or now is None:
        return
    if before.chain and now.chain:
        yield from _certificate(before.chain[0], now.chain[0])
    faults = [facts.verification.faults if facts.verification else None for facts in (before, now)]
    if None not in faults and faults[0] != faults[1]:
        yield _change("certificate-faults", faults[0], faults[1], matters=True)
    if before.failure != now.failure:
        yield _change("tls-failure", before.failure, now.failure, matters=True)
    if before.version and now.version and before.version != now.version:
        yield _change("tls-version", before.version, now.version, matters=True)
    if before.cipher and now.cipher and before.cipher != now.cipher:
        yield _change("cipher", before.cipher, now.cipher, matters=False)
    if before.client_certificate_asked != now.client_certificate_asked:
        asked = ("not asked for", "asked for")
        was, is_now = asked[before.client_certificate_asked], asked[now.client_certificate_asked]
        yield _change("client-certificate", was, is_now, matters=False)


def _facts(report: Report) -> TlsFacts | None:
    step = report.step(Stage.TLS)
    return step.facts if step is not None and isinstance(step.facts, TlsFacts) else None


def _certificate(old: Certificate, new: Certificate) -> Iterator[Change]:
    if old.fingerprint == new.fingerprint and old == new:
        return
    if old.issuer != new.issuer:
        another = _organisation(old.issuer) != _organisation(new.issuer)
        yield _change("certificate-issuer", old.issuer, new.issuer, matters=another)
    names = [(*one.dns_names, *one.ip_names) for one in (old, new)]
    if set(names[0]) != set(names[1]):
        gone = not set(names[0]) <= set(names[1])
        yield _change("certificate-names", names[0], names[1], matters=gone)
    if old.not_after != new.not_after:
        earlier = old.not_after is not None and new.not_after is not None and new.not_after < old.not_after
        yield _change("certificate-expiry", _day(old), _day(new), matters=earlier)
    if (old.key, old.key_bits) != (new.key, new.key_bits):
        yield _change("certificate-key", _key(old), _key(new), matters=True)
    if old.fingerprint != new.fingerprint:
        yield _change("certificate-fingerprint", old.fingerprint, new.fingerprint, matters=False)


def _organisation(name: str) -> str:
    """Who issues: an authority changes its intermediates often, and its name seldom."""
    found = _ORGANISATION.search(name)
    return found[1] if found else name


def _day(certificate: Certificate) -> str | None:
    return certificate.not_after.strftime("%Y-%m-%d %H:%M UTC") if certificate.not_after else None


def _key(certificate: Certificate) -> str:
    return f"{certificate.key} {certificate.key_bits or ''}".strip()


def _change(what: str, old: Value, new: Value, *, matters: bool) -> Change:
    return Change(what=what, stage=Stage.TLS, old=old, new=new, matters=matters)
