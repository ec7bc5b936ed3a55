"""Reading a certificate of the plain kind without `cryptography`, which takes longer to load than a session lasts.

Most certificates hold RSA or EC keys, SHA-2, UTF-8 or printable names, DNS and IP names. Those are read here, to the
same fields. Whatever else one holds, or if anything about it is odd, the answer is None, and the full parser's word
counts: `tests/net/test_plain_certificate.py` compares the two.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, TypeVar

from smtpcheck.net import der
from smtpcheck.net.certificate import Constraints, Fields, Usage
from smtpcheck.net.der import Element, NotPlain, children, element

K = TypeVar("K")
V = TypeVar("V")

_LIMIT = 100_000
_SIGNATURES = {
    "1.2.840.113549.1.1.5": ("sha1WithRSAEncryption", "sha1"),
    "1.2.840.113549.1.1.11": ("sha256WithRSAEncryption", "sha256"),
    "1.2.840.113549.1.1.12": ("sha384WithRSAEncryption", "sha384"),
    "1.2.840.113549.1.1.13": ("sha512WithRSAEncryption", "sha512"),
    "1.2.840.10045.4.3.2": ("ecdsa-with-SHA256", "sha256"),
    "1.2.840.10045.4.3.3": ("ecdsa-with-SHA384", "sha384"),
    "1.2.840.10045.4.3.4": ("ecdsa-with-SHA512", "sha512"),
    "1.3.101.112": ("ed25519", None),
}
_RSA, _EC, _ED25519 = "1.2.840.113549.1.1.1", "1.2.840.10045.2.1", "1.3.101.112"
_CURVES = {
    "1.2.840.10045.3.1.7": ("secp256r1", 256),
    "1.3.132.0.34": ("secp384r1", 384),
    "1.3.132.0.35": ("secp521r1", 521),
}
_COMMON_NAME = "2.5.4.3"
_ATTRIBUTES = {  # RFC 4514 section 3
    _COMMON_NAME: "CN",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "2.5.4.6": "C",
    "2.5.4.9": "STREET",
    "0.9.2342.19200300.100.1.25": "DC",
    "0.9.2342.19200300.100.1.1": "UID",
}
_STRINGS = {der.UTF8_STRING: "utf-8", der.PRINTABLE_STRING: "ascii", der.IA5_STRING: "ascii"}
_ESCAPED = str.maketrans({character: f"\\{character}" for character in '\\"+,;<>'} | {"\0": "\\00"})
_STANDARD = "2.5.29."
_CA_ISSUERS = "1.3.6.1.5.5.7.48.2"


@lru_cache(maxsize=64)  # the checks of a batch meet the same authorities, and often the same server
def read_plain(raw: bytes) -> Fields | None:
    """The fields of a certificate, or None where only a full parser can tell."""
    if len(raw) > _LIMIT:
        return None
    try:
        return _certificate(raw)
    except (NotPlain, ValueError, OverflowError):  # ValueError: a date or a text that is none
        return None


def _certificate(raw: bytes) -> Fields:
    signed, algorithm, signature = _exactly(der.whole(raw, der.SEQUENCE), 3)
    der.bits(signature)
    parts = list(children(_tagged(signed, der.SEQUENCE)))
    if len(parts) != 8 or parts[0].tag != 0xA0 or parts[7].tag != 0xA3:
        raise NotPlain("a certificate of version 3 with extensions")
    version, serial, inner, issuer, validity, subject, key, extensions = parts
    (number,) = _exactly(version, 1)
    if der.integer(number) != 2 or inner.whole != algorithm.whole or der.integer(serial) < 1:
        raise NotPlain("its head")
    name, hash_name = _known(_SIGNATURES, _algorithm(algorithm))
    begin, end = _exactly(_tagged(validity, der.SEQUENCE), 2)
    kind, bits = _key(_tagged(key, der.SEQUENCE))
    (listed,) = _exactly(extensions, 1)
    found = _extensions(_tagged(listed, der.SEQUENCE))
    owner = list(_attributes(subject))
    return Fields(
        subject=_text(owner),
        issuer=_text(list(_attributes(issuer))),
        subject_der=subject.whole,
        issuer_der=issuer.whole,
        common_names=tuple(value for kind, value in owner if kind == _COMMON_NAME),
        not_before=_time(begin),
        not_after=_time(end),
        key=kind,
        key_bits=bits,
        signature=name,
        hash_name=hash_name,
        serial=f"{der.integer(serial):x}",
        **found,
    )


def _exactly(parent: Element, count: int) -> list[Element]:
    found = list(children(parent))
    if len(found) != count:
        raise NotPlain("a count")
    return found


def _tagged(item: Element, tag: int) -> Element:
    if item.tag != tag:
        raise NotPlain("a tag")
    return item


def _known(table: Mapping[K, V], key: K) -> V:
    if key not in table:
        raise NotPlain("something less usual")
    return table[key]


def _algorithm(item: Element) -> str:
    """The number of an algorithm whose parameters are absent or NULL."""
    number, *parameters = children(_tagged(item, der.SEQUENCE))
    if any(one.whole != b"\x05\0" for one in parameters) or len(parameters) > 1:
        raise NotPlain("parameters")
    return der.oid(number)


def _key(item: Element) -> tuple[str, int | None]:
    algorithm, value = _exactly(item, 2)
    number, *parameters = children(_tagged(algorithm, der.SEQUENCE))
    kind, octets = der.oid(number), der.bits(value)
    if kind == _RSA and [one.whole for one in parameters] == [b"\x05\0"]:
        modulus, exponent = _exactly(der.whole(octets, der.SEQUENCE), 2)
        if der.integer(modulus) <= 0 or der.integer(exponent) <= 0:
            raise NotPlain("a key")
        return "RSA", der.integer(modulus).bit_length()
    if kind == _EC and len(parameters) == 1:
        curve, bits = _known(_CURVES, der.oid(parameters[0]))
        return f"EC {curve}", bits
    if kind == _ED25519 and not parameters:
        return "Ed25519", None
    raise NotPlain("a key of another kind")


def _attributes(name: Element) -> Iterator[tuple[str, str]]:
    """Type and value of each attribute, in the order of the name; one attribute in each set."""
    for relative in children(_tagged(name, der.SEQUENCE)):
        (pair,) = _exactly(_tagged(relative, der.SET), 1)
        kind, value = _exactly(_tagged(pair, der.SEQUENCE), 2)
        yield der.oid(kind), value.content.decode(_known(_STRINGS, value.tag))


def _text(attributes: list[tuple[str, str]]) -> str:
    """The name as text, last attribute first (RFC 4514 section 2)."""
    return ",".join(f"{_ATTRIBUTES.get(kind, kind)}={_escaped(value)}" for kind, value in reversed(attributes))


def _escaped(value: str) -> str:
    text = value.translate(_ESCAPED)
    if text[:1] in ("#", " ") and text:
        text = "\\" + text
    return text[:-1] + "\\ " if text.endswith(" ") and len(text) > 1 else text


def _time(item: Element) -> datetime:
    """A date in the one form that RFC 5280 section 4.1.2.5 allows."""
    text = item.content.decode("ascii")
    digits = {der.UTC_TIME: 12, der.GENERALIZED_TIME: 14}.get(item.tag)
    if digits is None or len(text) != digits + 1 or not text[:-1].isdigit() or text[-1] != "Z":
        raise NotPlain("a date")
    century = "" if digits == 14 else "19" if text[:2] >= "50" else "20"
    return datetime.fromisoformat(f"{century}{text[:-7]}T{text[-7:-1]}+00:00")


def _extensions(listed: Element) -> dict[str, Any]:
    """The fields that stand in extensions. Those that nobody here needs are passed over."""
    fields: dict[str, Any] = {"dns_names": (), "ip_names": ()}
    seen = set()
    for one in children(listed):
        number, *rest = children(_tagged(one, der.SEQUENCE))
        critical = len(rest) == 2 and der.true(rest[0])
        kind = der.oid(number)
        if kind in seen or len(rest) not in (1, 2):
            raise NotPlain("an extension")
        seen.add(kind)
        if kind.startswith(_STANDARD) and kind not in _READERS:
            raise NotPlain("an extension that is less usual")
        if (reader := _READERS.get(kind)) is not None:
            fields |= reader(element(rest[-1].content), critical)
            if rest[-1].tag != der.OCTET_STRING or element(rest[-1].content).end != len(rest[-1].content):
                raise NotPlain("an extension")
    return fields


def _filled(item: Element) -> list[Element]:
    """The members of a sequence that has at least one (RFC 5280's `SIZE (1..MAX)`)."""
    found = list(children(_tagged(item, der.SEQUENCE)))
    if not found:
        raise NotPlain("an empty list")
    return found


def _constraints(item: Element, critical: bool) -> dict[str, Any]:
    parts = list(children(_tagged(item, der.SEQUENCE)))
    ca = bool(parts) and parts[0].tag == der.BOOLEAN and der.true(parts.pop(0))
    length = der.integer(parts.pop(0)) if parts else None
    if parts or (length is not None and length < 0):
        raise NotPlain("basic constraints")
    return {"constraints": Constraints(ca=ca, path_length=length, critical=critical)}


def _usage(item: Element, critical: bool) -> dict[str, Any]:
    octets = der.bits(item)
    first = octets[0] if octets else 0
    # The bits from the left: digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyAgreement,
    # keyCertSign ...
    return {"usage": Usage(signs=bool(first & 0x04), serves=bool(first & (0x80 | 0x20 | 0x08)))}


def _extended(item: Element, critical: bool) -> dict[str, Any]:
    return {"extended": frozenset(der.oid(one) for one in _filled(item))}


def _subject_key(item: Element, critical: bool) -> dict[str, Any]:
    return {"subject_key_id": _tagged(item, der.OCTET_STRING).content}


def _authority_key(item: Element, critical: bool) -> dict[str, Any]:
    parts = list(children(_tagged(item, der.SEQUENCE)))
    if any(one.tag != 0x80 for one in parts) or len(parts) > 1:
        raise NotPlain("an issuer by its serial number")
    return {"authority_key_id": parts[0].content if parts else None}


def _alternatives(item: Element, critical: bool) -> dict[str, Any]:
    import ipaddress

    names = _filled(item)
    if any(one.tag not in (0x82, 0x87) for one in names):
        raise NotPlain("a name of another kind")
    return {
        "dns_names": tuple(one.content.decode("ascii") for one in names if one.tag == 0x82),
        "ip_names": tuple(str(ipaddress.ip_address(one.content)) for one in names if one.tag == 0x87),
        "alternatives_critical": critical,
    }


def _authority_info(item: Element, critical: bool) -> dict[str, Any]:
    places = []
    for one in _filled(item):
        method, place = _exactly(_tagged(one, der.SEQUENCE), 2)
        if place.tag != 0x86:
            raise NotPlain("a place that is no URI")
        places.append((der.oid(method), place.content.decode("ascii")))
    return {"authority_info": tuple(place for method, place in places if method == _CA_ISSUERS)}


def _revocation(item: Element, critical: bool) -> dict[str, Any]:
    """Where lists of revoked certificates are: not needed, and only looked at for its form."""
    points = [{part.tag for part in children(_tagged(one, der.SEQUENCE))} for one in _filled(item)]
    if any(not tags or tags - {0xA0, 0x81, 0xA2} for tags in points):
        raise NotPlain("distribution points")
    return {}


def _policies(item: Element, critical: bool) -> dict[str, Any]:
    """Certificate policies: not needed, and only looked at for their form."""
    for number, *qualifiers in (children(_tagged(one, der.SEQUENCE)) for one in _filled(item)):
        der.oid(number)
        if len(qualifiers) > 1 or any(one.tag != der.SEQUENCE for one in qualifiers):
            raise NotPlain("policies")
    return {}


_READERS: dict[str, Callable[[Element, bool], dict[str, Any]]] = {
    "2.5.29.14": _subject_key,
    "2.5.29.15": _usage,
    "2.5.29.17": _alternatives,
    "2.5.29.19": _constraints,
    "2.5.29.31": _revocation,
    "2.5.29.32": _policies,
    "2.5.29.35": _authority_key,
    "2.5.29.37": _extended,
    "1.3.6.1.5.5.7.1.1": _authority_info,
}
