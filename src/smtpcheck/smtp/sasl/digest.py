"""DIGEST-MD5 (RFC 2831; historic since RFC 6331, and still listed by many servers), authentication only.

Of all mechanisms without TLS in them, this and SCRAM are the ones in which the server has to prove itself: its
`rspauth` can be computed only from the password.
"""

import re
from collections.abc import Callable
from hmac import compare_digest
from typing import ClassVar

from smtpcheck.smtp.sasl.cram import md5
from smtpcheck.smtp.sasl.mechanism import (
    ChallengeMalformed,
    Credentials,
    CredentialsUnusable,
    Proof,
    ServerNotProven,
    octets,
    secret_text,
)

LONGEST = 2048
"""A challenge has to be shorter than this many bytes (RFC 2831 section 2.1.1)."""

_DIRECTIVE = re.compile(
    rb"""[ \t\r\n]* ([!#$%&'*+.^_`|~0-9A-Za-z-]+) [ \t]* = [ \t]*
         (?: "((?:[^"\\]|\\.)*)" | ([!#$%&'*+.^_`|~0-9A-Za-z-]+) ) [ \t\r\n]* (?:,|\Z)""",
    re.VERBOSE | re.DOTALL,
)
_EMPTY_ELEMENT = re.compile(rb"[ \t\r\n]*,")
_BLANK = re.compile(rb"[ \t\r\n]*\Z")
_OCTET_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)


def directives(challenge: bytes) -> list[tuple[str, bytes]]:
    """The `name=value` list of a challenge, in order, names in lower case and quotes undone (section 7.1)."""
    if len(challenge) >= LONGEST:
        raise ChallengeMalformed(f"the challenge has {len(challenge)} bytes, and RFC 2831 allows fewer than {LONGEST}")
    found: list[tuple[str, bytes]] = []
    at = 0
    while not _BLANK.match(challenge, at):
        if match := _DIRECTIVE.match(challenge, at):
            name, quoted, token = match.groups()
            value = token if quoted is None else _OCTET_ESCAPED.sub(rb"\1", quoted)
            found.append((name.decode("ascii").lower(), value))
        elif not (match := _EMPTY_ELEMENT.match(challenge, at)):
            raise ChallengeMalformed("the challenge is no list of name=value directives")
        at = match.end()
    return found


class DigestMd5:
    """One digest of password, nonces and address in each direction. `service` is part of the address hashed."""

    blocking: ClassVar[bool] = False

    def __init__(self, credentials: Credentials, nonce: Callable[[], str], service: str = "smtp") -> None:
        md5()  # before anything is sent
        self.name = "DIGEST-MD5"
        self.initial: bytes | None = None
        self._user = credentials.user
        self._password = secret_text(credentials, self.name)
        self._authzid = credentials.authzid
        self._uri = f"{service}/{credentials.host}".encode("utf-8", "replace")
        self._nonce = nonce().encode("ascii")
        self._expected: bytes | None = None
        self._answered = self._proven = False

    def respond(self, challenge: bytes) -> bytes:
        if self._proven:
            raise ChallengeMalformed("the exchange was over, and the server sent another challenge")
        if self._expected is None:
            return self._digest(challenge)
        return self._verified(challenge)

    def finished(self) -> Proof:
        if self._proven:
            return Proof(True, "the server's rspauth is the one that only the password gives")
        return Proof(False, "the server said yes without the rspauth that proves it (RFC 2831 section 2.1.3)")

    def _digest(self, challenge: bytes) -> bytes:
        given = directives(challenge)
        server_nonce = _one(given, "nonce")
        if not server_nonce:
            raise ChallengeMalformed("the challenge has no nonce")
        if (_one(given, "algorithm") or b"").lower() != b"md5-sess":
            raise ChallengeMalformed("the challenge does not ask for the algorithm md5-sess, the only one there is")
        layers = {layer.strip().lower() for layer in (_one(given, "qop") or b"auth").split(b",")}
        if b"auth" not in layers:
            raise ChallengeMalformed("the server wants its own encryption (qop without auth), which smtpcheck has not")
        charset = _one(given, "charset")
        if charset is not None and charset.lower() != b"utf-8":
            raise ChallengeMalformed("the challenge names a charset other than utf-8")
        utf8 = charset is not None

        realm = self._realm([value for name, value in given if name == "realm"])
        user, password = (
            _spelled(text, what, utf8) for text, what in ((self._user, "user name"), (self._password, "password"))
        )
        authzid = None if self._authzid is None else octets(self._authzid, "authorization identity")
        # Section 2.1.2.1 wants ISO 8859-1 hashed wherever that has the characters, also when UTF-8 travels. Dovecot
        # hashes UTF-8 as it stands and takes nothing else, Cyrus SASL tries both: so what travels is what is hashed.
        secret = md5(b":".join([user, realm or b"", password])).digest()
        a1 = b":".join([secret, server_nonce, self._nonce, *([] if authzid is None else [authzid])])

        def answer(method: bytes) -> bytes:
            a2 = _hex(method + b":" + self._uri)
            return _hex(b":".join([_hex(a1), server_nonce, b"00000001", self._nonce, b"auth", a2]))

        self._expected = answer(b"")
        parts = [
            *([b"charset=utf-8"] if utf8 else []),
            b"username=" + _quoted(user),
            *([] if realm is None else [b"realm=" + _quoted(realm)]),
            b"nonce=" + _quoted(server_nonce),
            b"nc=00000001",
            b"cnonce=" + _quoted(self._nonce),
            b"digest-uri=" + _quoted(self._uri),
            b"response=" + answer(b"AUTHENTICATE"),
            b"qop=auth",
            *([] if authzid is None else [b"authzid=" + _quoted(authzid)]),
        ]
        return b",".join(parts)

    def _verified(self, challenge: bytes) -> bytes:
        rspauth = _one(directives(challenge), "rspauth")
        if rspauth is None:
            raise ChallengeMalformed("the second challenge has no rspauth (RFC 2831 section 2.1.3)")
        if not compare_digest(rspauth, self._expected or b""):
            raise ServerNotProven("the server's rspauth is wrong: it does not know the password, or is another server")
        self._proven = True
        return b""

    def _realm(self, offered: list[bytes]) -> bytes | None:
        """The realm that the user name ends in, else the first; none where the server names none."""
        domain = octets(self._user.rpartition("@")[2], "user name").lower()
        return next((realm for realm in offered if realm.lower() == domain), offered[0] if offered else None)


def _one(given: list[tuple[str, bytes]], wanted: str) -> bytes | None:
    values = [value for name, value in given if name == wanted]
    if len(values) > 1:
        raise ChallengeMalformed(f"the challenge has {wanted} more than once")
    return values[0] if values else None


def _spelled(text: str, what: str, utf8: bool) -> bytes:
    if utf8:
        return octets(text, what)
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        pass  # raised outside of the handler: the error holds the whole text
    raise CredentialsUnusable(f"the {what} does not fit ISO 8859-1, and the server does not say charset=utf-8")


def _hex(data: bytes) -> bytes:
    return md5(data).hexdigest().encode("ascii")


def _quoted(value: bytes) -> bytes:
    return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
