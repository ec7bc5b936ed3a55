"""The server's side of TLS without a socket: bytes in, bytes out, one flight at a time.

A MemoryBIO on each side lets the scripted server hold back what it wants: nothing leaves before somebody has looked
at the flight (RFC 8446 section 2, RFC 5246 section 7.3) and decided how much of it may go.
"""

import ssl
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from smtpcheck.model.record import record

if TYPE_CHECKING:
    from smtpcheck.net.authority import Issued

_VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}
_CHANGE_CIPHER_SPEC, _APPLICATION_DATA = 20, 23  # record types, RFC 8446 section 5.1
_RECORD_HEADER = 5

_asked_names: "WeakKeyDictionary[ssl.SSLObject, str]" = WeakKeyDictionary()


class TlsBroken(Exception):
    """The handshake failed, or the client sent an alert. `reason` is OpenSSL's word for it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@record
class Secured:
    """What a handshake agreed on. `server_name` is the client's SNI; the certificate is the client's, DER."""

    version: str
    cipher: str
    server_name: str | None = None
    client_certificate: bytes | None = None


def server_context(
    issued: "Issued",
    *,
    version: str | None = None,
    no_shared_cipher: bool = False,
    client_certificate: str | None = None,
    client_anchor: bytes | None = None,
) -> ssl.SSLContext:
    """A context that shows `issued`, however weak it is.

    With `version` (1.0 to 1.3) it speaks that one alone. With `no_shared_cipher` it has only suites that need an RSA
    key, which `issued` must not have. `client_certificate` is "asked" or "required"; what the client shows is verified
    against `client_anchor` (PEM).
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # Security level 0 alone lets OpenSSL 3 load weak keys and hashes and speak TLS 1.0.
    context.set_ciphers("AES128-SHA:@SECLEVEL=0" if no_shared_cipher else "ALL:!aNULL:!eNULL:@SECLEVEL=0")
    if no_shared_cipher:
        version = "1.2"  # TLS 1.3 has no suites that depend on the key
    if version is not None:
        only = _VERSIONS[version]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # TLS 1.0 and 1.1 are deprecated: that is the point
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = only
            context.minimum_version = only
    if client_certificate:
        context.verify_mode = ssl.CERT_REQUIRED if client_certificate == "required" else ssl.CERT_OPTIONAL
        if client_anchor:
            context.load_verify_locations(cadata=client_anchor.decode())
    context.sni_callback = _note_server_name
    with tempfile.TemporaryDirectory() as directory:  # 0700; load_cert_chain reads files only
        path = Path(directory, "chain.pem")
        path.write_bytes(issued.key + issued.chain)
        context.load_cert_chain(path)
    return context


def _note_server_name(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
    if name is not None:
        _asked_names[connection] = name


class ServerTls:
    """TLS of one connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    def receive(self, data: bytes) -> None:
        """Takes bytes from the client; none at all means that it closed."""
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    def pending(self) -> bytes:
        """What is to be sent to the client now."""
        return self._outgoing.read()

    def shake(self) -> Secured | None:
        """Goes on with the handshake; None if the client has to say more first. Raises TlsBroken."""
        try:
            self._object.do_handshake()
        except ssl.SSLWantReadError:
            return None
        except ssl.SSLError as error:
            raise _broken(error) from None
        cipher = self._object.cipher()
        return Secured(
            version=self._object.version() or "",
            cipher=cipher[0] if cipher else "",
            server_name=_asked_names.get(self._object),
            client_certificate=self._object.getpeercert(binary_form=True),
        )

    def read(self) -> bytes | None:
        """What the client says; b"" after its close_notify, None if more bytes are needed. Raises TlsBroken."""
        try:
            return self._object.read(65536)
        except ssl.SSLWantReadError:
            return None
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""
        except ssl.SSLError as error:
            raise _broken(error) from None

    def write(self, data: bytes) -> bytes:
        """`data` in TLS records."""
        self._object.write(data)
        return self.pending()

    def close(self) -> bytes:
        """A close_notify alert (RFC 8446 section 6.1)."""
        with suppress(ssl.SSLError):  # the client's own close_notify is not waited for
            self._object.unwrap()
        return self.pending()


def _broken(error: ssl.SSLError) -> TlsBroken:
    return TlsBroken(error.reason or type(error).__name__)


def until(flight: bytes, before: str | None) -> tuple[bytes, bool]:
    """How much of the server's `flight` may go if it has to stop before a point (see dialogue.Flight), and whether
    that point is in this flight.
    """
    records = list(_records(flight))
    kinds = [record[0] for record in records]
    match before:
        case "server-hello" if records:
            return b"", True
        case "certificate" if records:
            # TLS 1.3 sends a dummy change_cipher_spec behind its ServerHello (RFC 8446 appendix D.4).
            return b"".join(records[: 2 if kinds[1:2] == [_CHANGE_CIPHER_SPEC] else 1]), True
        case "finished" if _APPLICATION_DATA in kinds:
            return b"".join(records[:-1]), True
        case "finished" if _CHANGE_CIPHER_SPEC in kinds:
            return b"", True
    return flight, False


def _records(flight: bytes) -> Iterator[bytes]:
    while flight:
        size = _RECORD_HEADER + int.from_bytes(flight[3:_RECORD_HEADER])
        yield flight[:size]
        flight = flight[size:]
