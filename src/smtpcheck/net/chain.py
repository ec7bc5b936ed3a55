"""Reading a chain of certificates as it was sent: every fault in it at once, and what is missing.

OpenSSL stops at the first fault, so that a wrong name hides an expired date, and it says the same of an unknown CA
and of an intermediate that was not sent. Its verdict decides whether the chain is trusted; this reading says why not,
and what else is wrong.

Which of the two it is cannot be proven from the chain alone. An intermediate counts as missing when the path ends at
the leaf (no sent certificate issued it), and the leaf says where its issuer's certificate can be fetched (authority
information access: a public CA), or its issuer's organisation owns a certificate of the store; else the CA is unknown.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from smtpcheck.model import Certificate
from smtpcheck.model.record import record
from smtpcheck.net.certificate import TEXT_KEPT, Fields, describe, key_ids_agree, placed_problems, problems
from smtpcheck.net.certs import Reading, quiet, read, signed_by, subject
from smtpcheck.net.plain_certificate import read_plain
from smtpcheck.net.tls_names import name_fits, plain_name

if TYPE_CHECKING:
    from cryptography import x509

_CERTIFICATES = 32
_PATH = 10

_TRUST_CODES = frozenset({2, 18, 19, 20, 21})
"""OpenSSL's verdicts that mean no path to a certificate of the store. Any later one means that there is a path."""

_OWN_FAULTS = ("expired", "not-yet-valid", "weak-key", "weak-hash", "wrong-purpose")

_FAULTS = {
    9: "not-yet-valid",
    10: "expired",
    18: "self-signed",
    19: "unknown-ca",
    24: "not-a-ca",
    26: "wrong-purpose",
    62: "name-mismatch",
    64: "name-mismatch",
    66: "weak-key",
    67: "weak-key",
    68: "weak-hash",
    79: "not-a-ca",
}


@record
class ChainReading:
    """What was sent, in its order, and the faults in the words of `Verification.faults`.

    `missing_issuer` is the name (RFC 4514) of the certificate that is neither sent nor in the store; `anchor` the
    certificate of the store that the path ends at.
    """

    certificates: tuple[Certificate, ...] = ()
    faults: tuple[str, ...] = ()
    missing_issuer: str | None = None
    anchor: Certificate | None = None


def fault_of_code(code: int | None) -> tuple[str, ...]:
    """What OpenSSL's verdict says by itself, before the chain was read."""
    if not code:
        return ()
    if code in _TRUST_CODES:
        return (_FAULTS.get(code, "unknown-ca"),)
    return (_FAULTS.get(code, "other"),)


def read_chain(
    ders: Sequence[bytes],
    *,
    expected: str,
    now: datetime,
    anchors: Sequence[bytes] = (),
    code: int | None = None,
    store_empty: bool = False,
) -> ChainReading:
    """Reads a chain, leaf first, as it was sent.

    `expected` is the name that the leaf must hold, `now` an aware time, `anchors` the store's certificates, `code`
    OpenSSL's verdict (0 trusted, None if it gave none: then the links and their signatures decide here whether a path
    exists). At most 32 certificates are read. Nothing is raised, whatever they hold.
    """
    with quiet():
        sent = [(der, read(der)) for der in ders[:_CERTIFICATES]]
        described = tuple(_described(der, reading, now) for der, reading in sent)
        readings = [reading for _, reading in sent if reading is not None]
        if not sent or sent[0][1] is None:
            return ChainReading(certificates=described, faults=fault_of_code(code) or ("other",) * bool(sent))
        path, anchor = _path(readings, _Store(anchors))
        whole = path if anchor is None or anchor is path[-1] else [*path, anchor]
        faults = _own_faults(path, anchor, now)
        missing = None
        if code in _TRUST_CODES if code is not None else anchor is None:
            trust, missing = _trust_fault(path, anchors, store_empty)
            faults = [*trust, *faults]
        leaf = readings[0]
        # OpenSSL's verdict on the name stands where it gave one.
        if code != 0 and not _is_named(leaf.fields, expected):
            faults.append("name-mismatch")
        placed = {one.der: _placed_problems(one, whole) for one in whole}
        words = {word for problems in placed.values() for word in problems}
        faults += ["not-a-ca"] * ("not-a-ca" in words) + ["strict-rule"] * bool(words - {"not-a-ca"})
        if len(readings) < len(sent) or not _in_order(readings):
            faults.append("chain-disorder")
        if code not in _TRUST_CODES:
            faults += fault_of_code(code)
        return ChainReading(
            certificates=tuple(_with(one, placed.get(der, ())) for one, (der, _) in zip(described, sent, strict=True)),
            faults=tuple(dict.fromkeys(faults)),
            missing_issuer=missing,
            anchor=_with(_described(anchor.der, anchor, now), placed[anchor.der]) if anchor is not None else None,
        )


def read_trusted(ders: Sequence[bytes], path: Sequence[bytes], now: datetime) -> ChainReading | None:
    """Reads a chain that OpenSSL trusted, its name included, along the path that OpenSSL found: leaf first, the store's
    certificate last.

    No signature is checked a second time, so `cryptography` is not needed. None where the chain is not plainly the
    beginning of the path, or a certificate is not of the plain kind: `read_chain` tells then.
    """
    if not ders or tuple(path[: len(ders)]) != tuple(ders):
        return None
    fields = [read_plain(der) for der in path[:_PATH]]
    known = [one for one in fields if one is not None]
    if len(known) != len(path) or not _ends_at_itself(known):
        return None
    last = len(known) - 1
    certificates = tuple(
        _with(
            describe(der, one, now, self_signed=index == last),
            placed_problems(one, leaf=index == 0, top=index == last),
        )
        for index, (der, one) in enumerate(zip(path, known, strict=True))
    )
    return ChainReading(
        certificates=certificates[: len(ders)],
        faults=_faults_of_trusted(certificates),
        anchor=certificates[last],
    )


def _ends_at_itself(path: Sequence[Fields]) -> bool:
    """Whether the last certificate names itself as its issuer, with no word against it, and no other does."""
    return (
        path[-1].names_itself and key_ids_agree(path[-1], path[-1]) and not any(one.names_itself for one in path[:-1])
    )


def _faults_of_trusted(path: Sequence[Certificate]) -> tuple[str, ...]:
    """The faults of a path in the order of `read_chain`; of a store's own certificate the purpose does not count."""
    words = {word for one in path[:-1] for word in one.problems}
    words |= set(path[-1].problems) - ({"wrong-purpose"} if len(path) > 1 else set())
    own = [word for word in _OWN_FAULTS if word in words]
    placed = words - set(_OWN_FAULTS)
    return (*own, *["not-a-ca"] * ("not-a-ca" in placed), *["strict-rule"] * bool(placed - {"not-a-ca"}))


class _Store:
    """The certificates of the trust store by subject. Only the ones that a path needs are read."""

    def __init__(self, ders: Sequence[bytes]) -> None:
        self.ders = frozenset(ders)
        self._by_subject: dict[bytes, list[bytes]] = {}
        for der in ders:
            if (name := subject(der)) is not None:
                self._by_subject.setdefault(name.public_bytes(), []).append(der)

    def issuer(self, cert: Reading) -> Reading | None:
        named = self._by_subject.get(cert.fields.issuer_der, [])
        return _issuer(cert, [reading for reading in map(read, named) if reading is not None])


def _path(sent: list[Reading], store: _Store) -> tuple[list[Reading], Reading | None]:
    """From the leaf upwards, through the store before what was sent, as OpenSSL goes; the second value is the
    self-signed certificate of the store at its end, or None where no path leads to one.
    """
    path = [sent[0]]
    while len(path) < _PATH:
        last = path[-1]
        if last.self_signed:
            return path, last if last.der in store.ders else None
        known = store.issuer(last)
        if known is not None and known.self_signed:
            return path, known
        used = {one.der for one in path}
        issuer = known or _issuer(last, [one for one in sent if one.der not in used])
        if issuer is None or issuer.der in used:
            break
        path.append(issuer)
    return path, None


def _issuer(cert: Reading, among: Sequence[Reading]) -> Reading | None:
    return next((one for one in among if signed_by(cert, one)), None)


def _own_faults(path: list[Reading], anchor: Reading | None, now: datetime) -> list[str]:
    """What is wrong with any certificate of the path by itself. Others that were sent do no harm."""
    found = {word for one in path for word in problems(one.fields, now, self_signed=one.self_signed)}
    if anchor is not None:
        found |= set(problems(anchor.fields, now, self_signed=anchor.self_signed)) - {"wrong-purpose"}
    return [word for word in _OWN_FAULTS if word in found]


def _placed_problems(cert: Reading, whole: list[Reading]) -> tuple[str, ...]:
    """What is wrong with a certificate at its place in the path."""
    return placed_problems(cert.fields, leaf=cert is whole[0], top=cert is whole[-1] and cert.self_signed)


def _trust_fault(path: list[Reading], anchors: Sequence[bytes], store_empty: bool) -> tuple[list[str], str | None]:
    """Why no path leads to the store, and the name of the certificate that would go on with it."""
    leaf, top = path[0], path[-1]
    missing = None if top.self_signed else top.fields.issuer[:TEXT_KEPT]
    if leaf.self_signed:
        return ["self-signed", *["empty-store"] * store_empty], missing
    if store_empty:
        return ["empty-store"], missing
    if top is leaf and (leaf.fields.authority_info or _organisation_known(leaf, anchors)):
        return ["missing-intermediate"], missing
    return ["unknown-ca"], missing


def _organisation_known(leaf: Reading, anchors: Sequence[bytes]) -> bool:
    wanted = _organisations(leaf.parsed.issuer)
    return any(wanted & _organisations(name) for name in map(subject, anchors) if name is not None)


def _organisations(name: "x509.Name") -> set[str]:
    from cryptography.x509.oid import NameOID

    return {str(attribute.value).casefold() for attribute in name.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)}


def _in_order(sent: list[Reading]) -> bool:
    """Each certificate certifies the one before it (RFC 5246 section 7.4.2; RFC 8446 only recommends it)."""
    return all(signed_by(one, above) for one, above in pairwise(sent))


def _described(der: bytes, reading: Reading | None, now: datetime) -> Certificate:
    if reading is None:
        return describe(der, None, now)
    return describe(der, reading.fields, now, self_signed=reading.self_signed)


def _is_named(leaf: Fields, expected: str) -> bool:
    return name_fits(plain_name(expected), leaf.dns_names, leaf.ip_names, leaf.common_names)


def _with(described: Certificate, more: tuple[str, ...]) -> Certificate:
    return replace(described, problems=(*described.problems, *more)) if more else described
