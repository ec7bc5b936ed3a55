"""Sentences about certificates: whom for, by whom, until when, and every fault that was found, with dates and names."""

from datetime import datetime

from smtpcheck.model import Certificate, TlsFacts, TrustStore, Verification
from smtpcheck.report.phrases import authority, common_name, day, distance, listed


def names(certificate: Certificate) -> tuple[str, ...]:
    """The names that a certificate is for; its common name where it has no others (RFC 9525 no longer counts it)."""
    return (*certificate.dns_names, *certificate.ip_names) or (common_name(certificate.subject),)


def summary(certificate: Certificate, now: datetime) -> str:
    """`certificate for mx.example.com, issued by R11 (Let's Encrypt), 71 days left`."""
    issued = "signed by itself" if certificate.self_signed else f"issued by {authority(certificate.issuer)}"
    return ", ".join(
        part
        for part in (f"certificate for {listed(names(certificate), 3)}", issued, validity(certificate, now))
        if part
    )


def validity(certificate: Certificate, now: datetime) -> str:
    """How long it is still good, or since when it is not; empty where the certificate could not be read."""
    if certificate.not_before is not None and now < certificate.not_before:
        return f"not valid before {day(certificate.not_before, now)}"
    if certificate.not_after is None:
        return ""
    if now > certificate.not_after:
        return f"expired on {day(certificate.not_after, now)}"
    return f"{distance(certificate.not_after, now)} left"


def store_words(store: TrustStore | None) -> str:
    """The trust store and where it lies."""
    if store is None:
        return "the trust store"
    where = listed([path for path in (store.file, store.directory) if path and path not in store.source])
    return f"the trust store ({store.source}{': ' if where else ''}{where})"


def faults(facts: TlsFacts, now: datetime) -> list[str]:
    """One sentence for each fault of the chain, in the order in which they were found."""
    if facts.verification is None:
        return []
    return [_fault(fault, facts, facts.verification, now) for fault in facts.verification.faults]


def _fault(fault: str, facts: TlsFacts, verification: Verification, now: datetime) -> str:
    leaf = facts.chain[0] if facts.chain else None
    guilty = next((each for each in facts.chain if fault in each.problems), leaf)
    whose = f"The certificate of {common_name(guilty.subject)}" if guilty else "The server's certificate"
    top = facts.chain[-1] if facts.chain else None
    issuer = authority(top.issuer) if top else "its issuer"
    match fault:
        case "expired" if guilty and guilty.not_after:
            gap = distance(guilty.not_after, now)
            return f"{whose} expired on {day(guilty.not_after, now)}, {gap} before this check."
        case "not-yet-valid" if guilty and guilty.not_before:
            gap = distance(guilty.not_before, now)
            return f"{whose} is not valid before {day(guilty.not_before, now)}, by this machine's clock in {gap}."
        case "self-signed":
            return f"{whose} is signed by itself and not by an authority."
        case "unknown-ca":
            return f"The chain leads to {issuer}, which is not in {store_words(facts.store)}."
        case "missing-intermediate":
            missing = common_name(verification.missing_issuer) if verification.missing_issuer else issuer
            return f"The server did not send the certificate of {missing}, which issued the last one that it sent."
        case "name-mismatch":
            found = listed(names(leaf), 6) if leaf else "another name"
            return f"The certificate is for {found}, and smtpcheck asked for {verification.expected}."
        case "weak-key" if guilty:
            bits = f" of {guilty.key_bits} bits" if guilty.key_bits else ""
            return f"{whose} has a weak key: {guilty.key or 'one'}{bits}."
        case "weak-hash" if guilty:
            return f"{whose} is signed with a weak hash: {guilty.signature or 'unknown'}."
        case "wrong-purpose":
            return f"{whose} was not issued for use by a TLS server (its extended key usage says so)."
        case "not-a-ca":
            return f"{whose} stands in the chain as an issuer, and is not allowed to issue certificates."
        case "strict-rule":
            said = f": {verification.message}" if verification.message else ""
            return f"The chain breaks a rule of RFC 5280 that newer OpenSSL settings enforce{said}."
        case "chain-disorder":
            return "The certificates were not sent in the order of their issuers (RFC 5246 section 7.4.2)."
        case "empty-store":
            return f"No certificate at all is in {store_words(facts.store)}, so no server can be trusted."
    return f"The certificate has a fault: {verification.message or fault}."
