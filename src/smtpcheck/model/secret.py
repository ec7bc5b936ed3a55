"""A secret that cannot be printed by accident, and what may be said about it: its shape.

A password that a parser changed on its way (a newline, quotes, `%40`) and a key of the wrong product are among the most
frequent reasons of a refused login. Both can be told from the shape, so the shape is a fact, and the value never is.
"""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Sequence
from enum import StrEnum
from typing import Never, Self

from smtpcheck.model.record import record

SHORT = 6
"""Below this many characters a secret cannot be removed safely from arbitrary text."""


class SecretKind(StrEnum):
    PASSWORD = "password"  # noqa: S105  what a mechanism proves knowledge of
    TOKEN = "token"  # noqa: S105  an OAuth access token (RFC 6750)


class Secret:
    """A password or token that shows itself as `***`, whatever prints, formats, copies or serialises it.

    Bytes that are not UTF-8 travel as surrogate escapes (PEP 383), so that they leave as they came.
    """

    __slots__ = ("__text", "kind")

    def __init__(self, value: str | bytes, kind: SecretKind = SecretKind.PASSWORD) -> None:
        self.__text = value if isinstance(value, str) else value.decode("utf-8", "surrogateescape")
        self.kind = kind

    def reveal(self) -> str:
        """The secret itself, for the mechanisms of `smtp.sasl` and for the redactor; nobody else calls this."""
        return self.__text

    def __repr__(self) -> str:
        return "***"

    def __format__(self, spec: str) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest  # hashlib comes with it, and most commands compare nothing

        ours, theirs = (one.__text.encode("utf-8", "surrogatepass") for one in (self, other))
        return self.kind is other.kind and compare_digest(ours, theirs)

    def __hash__(self) -> int:
        return hash(self.kind)  # a hash of the text would say something about it

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: object) -> Self:
        return self  # `dataclasses.asdict` copies: it gets `***` back, never text

    def __reduce_ex__(self, protocol: object) -> Never:
        raise TypeError("a secret cannot be pickled")


@record
class SecretFacts:
    """What may be said about a secret.

    `source` names where it came from ("env SMTPCHECK_PASSWORD", "file", "prompt"), `length` counts characters.
    `hygiene` lists what often means that it was changed on its way; `shape` is the kind of key that it looks like.
    """

    kind: SecretKind
    source: str
    length: int
    hygiene: tuple[str, ...] = ()
    shape: str | None = None


def describe_secret(secret: Secret, source: str, seen: Sequence[str] = ()) -> SecretFacts:
    """The facts about a secret, by shape only.

    `seen` holds findings that only the reader of the source could make, such as "trailing-newline-stripped".
    """
    text = secret.reveal()
    core = text.strip().strip("\"'`")
    shape = next((name for name, begin, lengths, pattern in _SHAPES if _has_shape(core, begin, lengths, pattern)), None)
    if shape == "base64-44" and _decoded(core)[:1] == b"\x04":
        shape = "aws-44"
    return SecretFacts(
        kind=secret.kind,
        source=source,
        length=len(text),
        hygiene=(*seen, *(finding for finding in _hygiene(text, shape) if finding not in seen)),
        shape=shape,
    )


_URL_ENCODED = re.compile(r"%[0-9A-Fa-f]{2}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_ESCAPED_BYTE = re.compile("[\udc80-\udcff]")
_VARIABLE = re.compile(r"\$\{[^{}]+\}|\$[A-Za-z_][A-Za-z0-9_]*|\$\{\{[^{}]+\}\}|\{\{[^{}]+\}\}|%[A-Za-z_]+%")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")

# The first that fits, so the narrow ones stand before the wide ones: how it begins, which lengths it has (none: any),
# and the pattern, which is compiled only where these two fit. All of them would take 2 ms of every start.
_SHAPES: tuple[tuple[str, str, tuple[int, ...], str], ...] = (
    ("jwt", "eyJ", (), r"eyJ[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"),
    ("google-access-token", "ya29.", (), r"ya29\.[A-Za-z0-9._-]+"),
    ("sendgrid-key", "SG.", (), r"SG\.[A-Za-z0-9._-]+"),
    ("resend-key", "re_", (), r"re_[A-Za-z0-9_]+"),
    ("brevo-smtp-key", "xsmtpsib-", (), r"xsmtpsib-[A-Za-z0-9-]+"),
    ("brevo-api-key", "xkeysib-", (), r"xkeysib-[A-Za-z0-9-]+"),
    ("mailgun-key", "", (36, 50), r"key-[0-9a-f]{32}|[0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8}"),
    ("uuid", "", (36,), r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
    # App passwords: Google shows them in four groups with spaces, Apple with hyphens.
    ("sixteen-letters", "", (16, 19), r"[A-Za-z]{16}|[A-Za-z]{4}(?:[ \u00a0-][A-Za-z]{4}){3}"),
    ("aws-key-id", "A", (20,), r"A[KS]IA[A-Z0-9]{16}"),
    ("hex-32", "", (32,), r"[0-9a-f]{32}"),
    ("hex-40", "", (40,), r"[0-9a-f]{40}"),
    ("base64-40", "", (40,), r"[A-Za-z0-9+/]{40}"),  # the length of a secret access key of AWS
    ("base64-44", "", (44,), r"[A-Za-z0-9+/]{44}|[A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{42}=="),
)


def _has_shape(core: str, begin: str, lengths: tuple[int, ...], pattern: str) -> bool:
    right_size = not lengths or len(core) in lengths
    return right_size and core.startswith(begin) and re.fullmatch(pattern, core) is not None


def _hygiene(text: str, shape: str | None) -> list[str]:
    bare = text.removeprefix("\ufeff")
    findings = {
        "empty": not text,
        "byte-order-mark": bare is not text and bare != text,
        "leading-space": bare[:1].isspace(),
        "trailing-space": bare[-1:].isspace(),
        "quoted": len(bare) > 1 and bare[0] == bare[-1] and bare[0] in "\"'`",
        "url-encoded": _URL_ENCODED.search(bare) is not None,
        "unexpanded-variable": _VARIABLE.fullmatch(bare) is not None,
        "bearer-prefix": bare[:7].lower() == "bearer ",
        "non-ascii": not bare.isascii(),
        "not-utf-8": _ESCAPED_BYTE.search(bare) is not None,
        "control-character": _CONTROL.search(bare) is not None,
        "short": 0 < len(text) < SHORT,
        "looks-base64": shape is None and _hides_text(bare),
        "token-expired": shape == "jwt" and _has_expired(bare),
    }
    return [name for name, found in findings.items() if found]


def _has_expired(token: str) -> bool:
    """Whether a JSON Web Token names an end that lies in the past (RFC 7519 section 4.1.4). Nothing else of it is
    read.
    """
    import json
    import time
    from base64 import urlsafe_b64decode

    payload = token.split(".")[1][:16_384]
    try:
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (ValueError, RecursionError):
        return False
    end = claims.get("exp") if isinstance(claims, dict) else None
    return isinstance(end, int | float) and not isinstance(end, bool) and end < time.time()


def _hides_text(text: str) -> bool:
    """Whether the text is base64 of printable ASCII: a word of the alphabet alone would prove nothing."""
    return _BASE64.fullmatch(text) is not None and re.fullmatch(rb"[ -~]+", _decoded(text)) is not None


def _decoded(text: str) -> bytes:
    try:
        return a2b_base64(text, strict_mode=True)
    except NotBase64:
        return b""
