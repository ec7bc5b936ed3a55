"""Keeps secrets out of the recording, in every encoding in which a server could send one back.

Servers echo what they were sent ("535 bad password hunter2", "501 cannot decode AHVzZXIA..."). So what is removed
is not only the secret's text but its base64 at each of the three alignments, and its hexadecimal, URL,
quoted-printable, HTML, JSON and UTF-16 forms. A secret of fewer than six characters is removed only where it
stands as a whole token: "a" must not take every letter a out of a report.

Servers also cut what they echo, or break it over two lines of a reply, and long tokens are cut most often. So every
piece of at least `FRAGMENT` characters goes too. A shorter piece may stay: it is too common to be told from a word.
"""

import base64
import json
import quopri
import re
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

from smtpcheck.model import Secret
from smtpcheck.model.secret import SHORT

MASK = b"***"
FRAGMENT = 12
_GRAM = 8
_HTML = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})  # `html.escape`
_STRIDE = FRAGMENT - _GRAM + 1  # so that every fragment holds one of the grams
_LARGE = 256  # bytes from which it pays to look for traces first
_FEW = 500  # traces: more of them take as long to look for as a reading of the whole
_GRAMS = 1024  # of one form: of a longer one, only longer fragments are found


class Redactor:
    """Removes secrets from bytes and text. More may be added while it is in use (what AUTH sends)."""

    def __init__(self, *secrets: Secret | None) -> None:
        self._grams: dict[bytes, dict[bytes, int]] = {}
        self._brief: set[bytes] = set()
        self._alone: set[bytes] = set()
        self._pattern: re.Pattern[bytes] | None = None
        self._traces: tuple[bytes, ...] = ()
        self._known: dict[str, str] = {}  # short texts stand in a report many times
        for secret in secrets:
            if secret is not None:
                self._add_secret(secret.reveal())

    def add(self, sent: bytes) -> None:
        """From now on `sent`, a line of an AUTH exchange, is removed as well."""
        if len(sent) >= SHORT:
            self._add_forms({sent})

    def clean(self, raw: bytes) -> bytes:
        """`raw` with each secret replaced by `***`."""
        if len(raw) > _LARGE and len(self._traces) < _FEW and not self._holds_any(raw):
            return raw
        left = self._without_pieces(raw)
        return self._pattern.sub(MASK, left) if self._pattern is not None else left

    def clean_text(self, text: str) -> str:
        """The same for text."""
        if not self._traces:
            return text
        known = self._known.get(text)
        if known is None:
            known = self.clean(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
            if len(text) <= _LARGE and len(self._known) < _FEW:
                self._known[text] = known
        return known

    def _add_secret(self, text: str) -> None:
        if not text:
            return
        if len(text) < SHORT:
            self._alone |= set(_forms(text))
            self._add_forms(set())
        else:
            self._add_forms(set(_forms(text)))

    def _add_forms(self, forms: set[bytes]) -> None:
        """Long forms are found by their grams, which takes no longer the more of them there are; brief ones by a
        pattern.
        """
        self._known.clear()
        for form in forms:
            if len(form) >= FRAGMENT:
                self._add_grams(form.lower())
            else:
                self._brief.add(form)
        parts = [re.escape(form) for form in _longest(self._brief)]
        parts += [rb"(?<![A-Za-z0-9])" + re.escape(form) + rb"(?![A-Za-z0-9])" for form in _longest(self._alone)]
        self._pattern = re.compile(b"|".join(parts), re.IGNORECASE) if parts else None
        self._traces = (*self._grams, *{form.lower() for form in self._brief | self._alone})

    def _add_grams(self, form: bytes) -> None:
        stride = max(_STRIDE, len(form) // _GRAMS)
        for start in (*range(0, len(form) - _GRAM, stride), len(form) - _GRAM):
            self._grams.setdefault(form[start : start + _GRAM], {}).setdefault(form, start)

    def _holds_any(self, raw: bytes) -> bool:
        """Whether a look that costs little finds a trace of a secret: a megabyte without one should not cost a second.

        A whole secret of FRAGMENT bytes, as each piece of that size, holds a gram.
        """
        text = raw.lower()
        return any(trace in text for trace in self._traces)

    def _without_pieces(self, raw: bytes) -> bytes:
        """`raw` without the long forms, whole or in pieces of at least FRAGMENT bytes."""
        if len(raw) < FRAGMENT:
            return raw
        text, kept, done, at = raw.lower(), b"", 0, 0
        while self._grams and at <= len(text) - _GRAM:
            found = self._grams.get(text[at : at + _GRAM])
            if found is None:
                at += 1
                continue
            begin, end = max((_extent(text, at, done, *where) for where in found.items()), key=_size)
            if end - begin < FRAGMENT:
                at += 1
                continue
            begin, end = self._widened(text, done, begin, end)
            kept += raw[done:begin] + MASK
            done = at = end
        return kept + raw[done:]

    def _widened(self, text: bytes, done: int, begin: int, end: int) -> tuple[int, int]:
        """The piece together with every piece of another form that overlaps it: a line that was sent holds the secret,
        and its first characters must not stay because the secret was found first.
        """
        seen: set[bytes] = set()
        at = begin
        while at <= end - _GRAM:
            for form, start in self._grams.get(text[at : at + _GRAM], {}).items():
                if form in seen:
                    continue
                first, last = _extent(text, at, done, form, start)
                if last - first >= FRAGMENT:
                    seen.add(form)
                    begin, end = min(begin, first), max(end, last)
            at += 1
        return begin, end


def _extent(text: bytes, at: int, done: int, form: bytes, start: int) -> tuple[int, int]:
    """From where to where `text` is the same as `form`, around the place where `form[start]` stands at `text[at]`."""
    begin, left = at, start
    while begin > done and left > 0 and text[begin - 1] == form[left - 1]:
        begin, left = begin - 1, left - 1
    while at < len(text) and start < len(form) and text[at] == form[start]:
        at, start = at + 1, start + 1
    return begin, at


def _size(extent: tuple[int, int]) -> int:
    return extent[1] - extent[0]


def _longest(forms: set[bytes]) -> list[bytes]:
    return sorted(forms, key=lambda form: (-len(form), form))


def _forms(text: str) -> Iterator[bytes]:
    """Every way in which the text may come back."""
    raw = _octets(text)
    escaped = json.dumps(text)[1:-1]
    yield raw
    yield from (form.encode("ascii") for form in (quote(raw, safe=""), quote_plus(raw), quote(raw)))
    yield from (form.encode("utf-8", "surrogatepass") for form in (escaped, repr(text)[1:-1], text.translate(_HTML)))
    yield json.dumps(text, ensure_ascii=False)[1:-1].encode("utf-8", "surrogatepass")
    yield repr(raw)[2:-1].encode()
    yield quopri.encodestring(raw, quotetabs=True).rstrip(b"\n")
    yield "".join(f"={byte:02X}" for byte in raw).encode()
    yield "".join(f"%{byte:02X}" for byte in raw).encode()
    yield raw.hex().encode()
    yield text.encode("unicode_escape")
    encodings = [raw, text.encode("utf-16-le", "surrogatepass"), text.encode("utf-16-be", "surrogatepass")]
    encodings += [text.encode("latin-1", "replace"), text.encode("ascii", "replace")]
    yield from encodings
    # A reply's text is decoded before it is cleaned: bytes that are no UTF-8 stand escaped in it.
    yield from (encoded.decode("utf-8", "backslashreplace").encode() for encoded in encodings)
    for encoded in encodings:
        yield from _base64_forms(encoded, whole=len(text) < SHORT)


def _octets(text: str) -> bytes:
    """The secret as mechanisms send it; half a character, which none can carry, stays half a one."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _base64_forms(raw: bytes, *, whole: bool) -> Iterator[bytes]:
    """Base64 of the bytes by themselves, and what every base64 text that holds them at some alignment must
    contain.
    """
    alone = base64.b64encode(raw)
    yield alone
    yield alone.rstrip(b"=")
    yield base64.urlsafe_b64encode(raw).rstrip(b"=")
    if whole:
        return
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        # The characters at both ends also hold bits of what stands beside the secret.
        begin = (0, 2, 3)[shift]
        end = len(coded) - (0, 3, 2)[(shift + len(raw)) % 3]
        middle = coded[begin:end]
        if len(middle) >= 4:
            yield middle
            yield middle.replace(b"+", b"-").replace(b"/", b"_")
