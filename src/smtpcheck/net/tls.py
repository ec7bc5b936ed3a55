"""TLS as a function of bytes: `ssl.MemoryBIO` on both sides, no socket and no clock (RFC 8446, RFC 5246).

The caller carries bytes; the engine says when the handshake is done, what is waited for, and, in typed exceptions,
how it ended. Because the bytes pass through here, what came instead of a ServerHello ("220 hi") is kept, and alerts and
messages are seen. Failures are told apart by class, `.reason`, `.verify_code` and alert number, never by OpenSSL's
text, which changes between versions.
"""

import contextlib
import ssl
from typing import Any

from smtpcheck.model import TrustStore, UsageError
from smtpcheck.net.certs import end_point_hash
from smtpcheck.net.tls_failure import Failure, classify, name_mismatch
from smtpcheck.net.tls_messages import ClearRecords, Message, Transcript, looks_like_tls
from smtpcheck.net.tls_names import is_ip, name_fits, plain_name
from smtpcheck.net.tls_policy import TlsPolicy, load

_KEPT = 512
_READ = 64 * 1024
_DER = 2  # _ssl.ENCODING_DER


class TlsError(Exception):
    """TLS ended badly. The attributes are those of `Failure`; `alert` is a number of RFC 8446 section 6."""

    after_handshake = False

    def __init__(self, what: Failure) -> None:
        super().__init__(what.failure, what.reason)
        self.what = what
        self.failure = what.failure
        self.reason = what.reason
        self.alert = what.alert
        self.verify_code = what.verify_code


class HandshakeFailed(TlsError):
    """The handshake failed, or the certificate is not trusted: `failure` is a word of `TlsFacts.failure`."""


class LateAlert(TlsError):
    """The server refused the handshake after our side of it was done, before any data came: with TLS 1.3 that is where
    a missing client certificate shows (RFC 8446 section 4.4.2.4). It belongs to the `tls` stage.
    """

    after_handshake = True


class TlsClosed(Exception):
    """The TLS session ended. `how` is close-notify, eof (without one), or broken (an alert, or bytes that do not
    decrypt); `rest` is what came before it and was not read yet.
    """

    def __init__(self, how: str, rest: bytes = b"", alert: int | None = None, reason: str | None = None) -> None:
        super().__init__(how)
        self.how = how
        self.rest = rest
        self.alert = alert
        self.reason = reason


class _Watched(ssl.SSLObject):
    """An SSLObject that knows the transcript of its connection: the callback belongs to the shared context."""

    transcript: Transcript


def _on_message(connection: object, direction: str, version: object, content: int, kind: object, data: bytes) -> None:
    if isinstance(connection, _Watched):
        connection.transcript.add(direction == "write", int(content), data)


def _watch(context: ssl.SSLContext) -> bool:
    """Whether the private hook for messages is there."""
    try:
        hooked: Any = context
        hooked._msg_callback = _on_message
    except (AttributeError, TypeError, NotImplementedError):
        return False
    return True


def _octets(name: str) -> bytes:
    """A name for TLS: of a text Python would make IDNA 2003 (RFC 3490) once more, and load 3 ms of tables for it.

    Raises ValueError for a label that is empty or has more than 63 characters, and for what is not ASCII.
    """
    if not is_ip(name) and not all(1 <= len(label) <= 63 for label in name.split(".")):
        raise ValueError("a label")
    return name.encode("ascii")


class TlsEngine:
    """The client's side of one connection. Raises UsageError if a name or the policy cannot be used.

    `verify_name` is the name that the certificate must hold; `sni` is what goes into the ClientHello, None for nothing.
    An address literal is never sent as SNI.
    """

    def __init__(self, policy: TlsPolicy, verify_name: str, sni: str | None) -> None:
        self.policy = policy
        self.verify_name = plain_name(verify_name)
        self.sni = None if sni is None or is_ip(plain_name(sni)) else plain_name(sni)
        self._names_by_openssl = self.sni == (None if is_ip(self.verify_name) else self.verify_name)
        loaded = load(policy, check_name=self._names_by_openssl)
        self.store: TrustStore | None = loaded.store
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        # A connection takes the hook over from its context when it is made.
        self._clear = None if _watch(loaded.context) else (ClearRecords(), ClearRecords())
        self._tls = self._wrap(loaded.context)
        self._transcript = self._tls.transcript = Transcript()
        self._raised: TlsError | TlsClosed | None = None
        self._first = b""
        self._said_hello = False
        self._read_any = False
        self._chain: tuple[bytes, ...] = ()
        self.done = False
        self.received = 0
        self.hello_size = 0
        self.version: str | None = None
        self.cipher: str | None = None
        self.alpn: str | None = None

    def _wrap(self, context: ssl.SSLContext) -> _Watched:
        context.sslobject_class = _Watched
        name = self.verify_name if self._names_by_openssl else self.sni
        try:
            octets = None if name is None else _octets(name)
            wrapped = context.wrap_bio(self._incoming, self._outgoing, server_hostname=octets)
        except (ValueError, TypeError, ssl.SSLError):
            # UnicodeError is a ValueError: a name that is not ASCII.
            raise UsageError(f"{name!r} cannot be a server's name in TLS: host names and addresses can") from None
        assert isinstance(wrapped, _Watched)
        return wrapped

    # ---- bytes in and out

    def feed(self, data: bytes) -> None:
        """Takes bytes of the network. After a failure they only complete `first_bytes`."""
        self.received += len(data)
        self._first += data[: _KEPT - len(self._first)]
        if self._raised is None:
            self._incoming.write(data)
            self._note(data, sent=False)

    def feed_eof(self) -> None:
        """The peer will send nothing more."""
        self._incoming.write_eof()

    def outgoing(self) -> bytes:
        """Bytes for the network, each given once; after a failure, the alert that tells the server."""
        data = self._outgoing.read()
        if data and not self._said_hello:
            self._said_hello = True
            self.hello_size = len(data)
        self._note(data, sent=True)
        return data

    def _note(self, data: bytes, *, sent: bool) -> None:
        if self._clear is not None and data:
            for content, message in self._clear[sent].feed(data):
                self._transcript.add(sent, content, message)

    # ---- the handshake

    def handshake(self) -> bool:
        """Goes on as far as the bytes allow; True when done. Raises HandshakeFailed, the same one when called again."""
        if self._raised is not None:
            raise self._raised
        if self.done:
            return True
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except ssl.SSLError as error:
            self._keep_chain()
            raise self._fail(HandshakeFailed(self._classify(error))) from None
        self._keep_chain()
        chosen = self._tls.cipher()
        self.version, self.alpn = self._tls.version(), self._tls.selected_alpn_protocol()
        self.cipher = chosen[0] if chosen else None
        self.done = True
        self._check_name()
        return True

    def _check_name(self) -> None:
        """The comparison that OpenSSL was not asked to make, with the verdict that it would have given."""
        if self._names_by_openssl or not self.policy.verify:
            return
        held: Any = self._tls.getpeercert() or {}
        names = held.get("subjectAltName", ())
        subject = [pair for part in held.get("subject", ()) for pair in part]
        if not name_fits(
            self.verify_name,
            [value for kind, value in names if kind == "DNS"],
            [value for kind, value in names if kind == "IP Address"],
            [value for kind, value in subject if kind == "commonName"],
        ):
            raise self._fail(HandshakeFailed(name_mismatch(self.verify_name)))

    def _classify(self, error: ssl.SSLError) -> Failure:
        return classify(error, self._transcript, not_tls=bool(self.first_bytes))

    def _fail(self, error: TlsError) -> TlsError:
        self._raised = error
        return error

    def _keep_chain(self) -> None:
        self._chain = self._certificates("get_unverified_chain")

    def _certificates(self, method: str) -> tuple[bytes, ...]:
        try:
            tls: Any = self._tls  # before Python 3.13 only its private core has the method
            reader = getattr(tls, method, None) or getattr(tls._sslobj, method)
            return tuple(one if isinstance(one, bytes) else bytes(one.public_bytes(_DER)) for one in reader() or ())
        except (AttributeError, ValueError, ssl.SSLError):
            return ()

    # ---- data

    def write(self, data: bytes) -> None:
        """Encrypts data for `outgoing`. Only after the handshake."""
        left = memoryview(data)
        while left:
            try:
                left = left[self._tls.write(left) :]
            except ssl.SSLError as error:
                raise TlsClosed("broken", reason=error.reason) from None

    def read(self) -> bytes:
        """All data that can be decrypted now, empty when there is none yet.

        Raises TlsClosed, with the data before it in `rest`, or LateAlert.
        """
        if self._raised is not None:
            raise self._raised
        found = b""
        try:
            while data := self._tls.read(_READ):
                found += data
                self._read_any = True
            how = "close-notify"
        except ssl.SSLWantReadError:
            return found
        except ssl.SSLZeroReturnError:
            how = "close-notify"
        except ssl.SSLEOFError:
            how = "eof"
        except ssl.SSLError as error:
            what = self._classify(error)
            if what.failure == "eof":  # some builds of Python have no class of their own for it here
                raise self._close("eof", found) from None
            if not self._read_any:
                raise self._fail(LateAlert(what)) from None
            raise self._close("broken", found, what) from None
        raise self._close(how, found)

    def _close(self, how: str, rest: bytes, what: Failure | None = None) -> TlsClosed:
        alert, reason = (what.alert, what.reason) if what is not None else (None, None)
        self._raised = TlsClosed(how, b"", alert, reason)
        return TlsClosed(how, rest, alert, reason)

    def close_notify(self) -> None:
        """Says in `outgoing` that nothing more will be sent (RFC 8446 section 6.1). The answer is not waited for."""
        if self.done:
            with contextlib.suppress(ssl.SSLError, ValueError):
                self._tls.unwrap()

    # ---- what is known

    @property
    def messages(self) -> tuple[Message, ...]:
        """Handshake messages and alerts in their order, at most 80."""
        return tuple(self._transcript.messages)

    @property
    def last_message(self) -> str | None:
        """The name of the last handshake message, whoever sent it."""
        last = self._transcript.last_handshake
        return last.name if last else None

    @property
    def alert(self) -> Message | None:
        """The alert that matters most: the server's fatal one, its warning, our own."""
        return self._transcript.alert

    @property
    def waiting_for(self) -> str:
        """The message that the server owes."""
        return self._transcript.waiting_for

    @property
    def first_bytes(self) -> bytes:
        """At most 512 bytes of what came instead of a ServerHello; empty where TLS records came."""
        return b"" if looks_like_tls(self._first) else self._first

    @property
    def client_certificate_asked(self) -> bool:
        return self._transcript.seen("CertificateRequest", sent=False) is not None

    @property
    def client_certificate_sent(self) -> bool:
        ours = self._transcript.seen("Certificate", sent=True)
        return ours is not None and ours.holds_certificate

    @property
    def failure(self) -> Failure | None:
        """How the handshake failed, if it did."""
        return self._raised.what if isinstance(self._raised, TlsError) else None

    def peer_chain(self) -> tuple[bytes, ...]:
        """The server's certificates as it sent them, DER, also after a failed verification; empty if none came."""
        if not self._chain:
            self._keep_chain()
        return self._chain

    def trusted_path(self) -> tuple[bytes, ...]:
        """The path that OpenSSL found, DER, from the server's certificate to the store's; empty if it trusts none."""
        return self._certificates("get_verified_chain") if self.done and self.chain_accepted else ()

    @property
    def chain_accepted(self) -> bool:
        """Whether the chain and its name passed verification, even if the handshake failed or stands still after it."""
        refused = self.failure is not None and self.failure.failure == "untrusted"
        checked = self.policy.verify and (self.done or self._names_by_openssl)
        return checked and not refused and bool(self.peer_chain())

    def channel_binding(self, name: str) -> bytes | None:
        """`tls-server-end-point` (RFC 5929 section 4), or `tls-unique` (section 3) up to TLS 1.2; None if there is
        none.
        """
        if name == "tls-server-end-point":
            return end_point_hash(self._chain[0]) if self._chain else None
        if name == "tls-unique" and self.done and self.version != "TLSv1.3":
            return self._tls.get_channel_binding("tls-unique")
        return None
