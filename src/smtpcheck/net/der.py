"""Distinguished encoding rules, the part that certificates use (X.690): tag, length, content, one inside the other.

Strict and small. What certificates of our time do not hold (tags of several bytes, lengths that are indefinite or
longer than they need to be) is refused, never guessed at: whoever reads with this falls back to a full parser.
"""

from collections.abc import Iterator

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, OID = 0x01, 0x02, 0x03, 0x04, 0x06
UTF8_STRING, PRINTABLE_STRING, IA5_STRING = 0x0C, 0x13, 0x16
UTC_TIME, GENERALIZED_TIME = 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

_LONGEST_NUMBER = 20  # octets of one arc of an object identifier


class NotPlain(ValueError):
    """This is no DER, or none of the plain kind that is read here."""


class Element:
    """One element: its tag, and where it, and its content, begin and end in `data`.

    A plain class: some hundred of them are made for each certificate, in the middle of a session.
    """

    __slots__ = ("begin", "data", "end", "start", "tag")

    def __init__(self, data: bytes, tag: int, begin: int, start: int, end: int) -> None:
        self.data, self.tag, self.begin, self.start, self.end = data, tag, begin, start, end

    @property
    def content(self) -> bytes:
        return self.data[self.start : self.end]

    @property
    def whole(self) -> bytes:
        """Tag and length included."""
        return self.data[self.begin : self.end]


def element(data: bytes, at: int = 0, end: int | None = None) -> Element:
    """The element that begins there. Raises NotPlain where none ends before `end`."""
    end = len(data) if end is None else end
    if at + 2 > end or data[at] & 0x1F == 0x1F:
        raise NotPlain("a tag")
    length, start = data[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(data[start : start + count])
        start += count
        if not 1 <= count <= 4 or start > end or length < 0x80 or length >> 8 * (count - 1) == 0:
            raise NotPlain("a length")
    if start + length > end:
        raise NotPlain("an end")
    return Element(data, data[at], at, start, start + length)


def whole(data: bytes, tag: int) -> Element:
    """The one element of that tag that all of `data` is. Raises NotPlain."""
    found = element(data)
    if found.tag != tag or found.end != len(data):
        raise NotPlain("one element")
    return found


def children(parent: Element) -> Iterator[Element]:
    """The elements inside. Raises NotPlain at the first that is none."""
    at = parent.start
    while at < parent.end:
        child = element(parent.data, at, parent.end)
        yield child
        at = child.end


def integer(item: Element) -> int:
    """A whole number, as short as it can be written. Raises NotPlain."""
    raw = item.content
    padded = len(raw) > 1 and ((raw[0] == 0 and raw[1] < 0x80) or (raw[0] == 0xFF and raw[1] >= 0x80))
    if item.tag != INTEGER or not raw or padded:
        raise NotPlain("a whole number")
    return int.from_bytes(raw, signed=True)


def true(item: Element) -> bool:
    """True. Raises NotPlain for anything else: where false is the default it is left out (X.690 section 11.5)."""
    if item.whole != b"\x01\x01\xff":
        raise NotPlain("true")
    return True


def oid(item: Element) -> str:
    """An object identifier in dots. Raises NotPlain."""
    raw = item.content
    if item.tag != OID or not raw or raw[-1] & 0x80:
        raise NotPlain("an object identifier")
    numbers, value, octets = [], 0, 0
    for octet in raw:
        if (octets == 0 and octet == 0x80) or octets >= _LONGEST_NUMBER:
            raise NotPlain("an object identifier")
        value, octets = value << 7 | octet & 0x7F, octets + 1
        if not octet & 0x80:
            numbers.append(value)
            value, octets = 0, 0
    first = min(numbers[0] // 40, 2)
    return ".".join(map(str, (first, numbers[0] - 40 * first, *numbers[1:])))


def bits(item: Element) -> bytes:
    """The octets of a bit string without its count of unused bits. Raises NotPlain."""
    raw = item.content
    if item.tag != BIT_STRING or not raw or raw[0] > 7 or (raw[0] and (len(raw) == 1 or raw[-1] & (1 << raw[0]) - 1)):
        raise NotPlain("a bit string")
    return raw[1:]
