"""The files that a user names for TLS: the CA file, the client certificate and its key (PEM, RFC 7468).

Each is looked at before OpenSSL gets its path. OpenSSL would wait for the writer of a pipe, ask for a password on the
terminal, and say of almost any fault "PEM lib"; here each fault is one sentence, and nothing has been sent yet.
"""

import os
import ssl
import stat

from smtpcheck.model import UsageError
from smtpcheck.model.secret import Secret
from smtpcheck.net.regular_file import read_regular_file

_CA_LIMIT = 16 * 1024 * 1024
_LIMIT = 1024 * 1024
_CERTIFICATES = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN TRUSTED CERTIFICATE-----", b"-----BEGIN X509 CERT")
_KEYS = (b"PRIVATE KEY-----",)
# The last one where the key is of another kind than the certificate's.
_MISMATCH = frozenset({"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH", "NO_CERTIFICATE_ASSIGNED"})


def stamp(path: str | None) -> tuple[int, int, int] | None:
    """What changes when a file is replaced or edited; None without a file."""
    try:
        state = os.stat(path) if path is not None else None
    except (OSError, ValueError):
        return None
    return None if state is None else (state.st_ino, state.st_size, state.st_mtime_ns)


def check_ca_file(path: str, into: ssl.SSLContext) -> None:
    """Loads the CA file into the context. Raises UsageError."""
    what = f"the CA file {path!r}"
    _require(path, what, _CA_LIMIT, _CERTIFICATES, "certificate")
    try:
        into.load_verify_locations(cafile=path)
    except (OSError, ValueError) as error:
        raise UsageError(f"{what} holds a certificate that cannot be read{_reason(error)}") from None


def check_client_files(cert: str | None, key: str | None) -> None:
    """Raises UsageError if the client certificate or its key is missing, no PEM, or no file at all."""
    if cert is None:
        if key is not None:
            raise UsageError(f"the client key {key!r} was given without a client certificate: give both")
        return
    content = _require(cert, f"the client certificate {cert!r}", _LIMIT, _CERTIFICATES, "certificate")
    if key is not None:
        _require(key, f"the client key {key!r}", _LIMIT, _KEYS, "private key")
    elif not any(mark in content for mark in _KEYS):
        raise UsageError(f"the client certificate {cert!r} holds no private key: give the key's file as well")


def load_client_certificate(into: ssl.SSLContext, cert: str, key: str | None, password: Secret | None) -> None:
    """Loads the client certificate and its key. OpenSSL never asks on the terminal. Raises UsageError."""
    what = f"the client key {key or cert!r}"
    asked = False

    def tell() -> bytes:
        nonlocal asked
        asked = True
        if password is None:
            raise UsageError(f"{what} is encrypted, and no password was given for it")
        return password.reveal().encode("utf-8", "surrogateescape")

    try:
        into.load_cert_chain(cert, key, tell)
    except UsageError:
        raise
    except (OSError, ValueError) as error:
        if isinstance(error, ssl.SSLError) and error.reason in _MISMATCH:
            raise UsageError(f"{what} does not belong to the client certificate {cert!r}") from None
        if asked:
            raise UsageError(f"the password that was given for {what} does not open it") from None
        if not _loads(cert):
            raise UsageError(f"the client certificate {cert!r} cannot be read{_reason(error)}") from None
        raise UsageError(f"{what} cannot be read{_reason(error)}") from None


def _loads(cert: str) -> bool:
    """Whether the file's certificates can be read, so that the key is to blame."""
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cafile=cert)
    except (OSError, ValueError):
        return False
    return True


def _require(path: str, what: str, limit: int, marks: tuple[bytes, ...], wanted: str) -> bytes:
    """The file's content. Raises UsageError if it is no regular file of at most `limit` bytes with such a PEM block."""
    try:
        state = os.stat(path)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise UsageError(f"{what} cannot be opened: {why}") from None
    if not stat.S_ISREG(state.st_mode):
        kind = "a directory" if stat.S_ISDIR(state.st_mode) else "a pipe or a device"
        raise UsageError(f"{what} is {kind}: a regular PEM file is needed")
    if state.st_size > limit:
        raise UsageError(f"{what} has {state.st_size} bytes: at most {limit} are read")
    content = read_regular_file(path, limit)
    if content is None:
        raise UsageError(f"{what} cannot be opened: {os.strerror(13)}")
    if not any(mark in content for mark in marks):
        hint = ", it looks like DER or PKCS #12: convert it to PEM" if content[:1] == b"\x30" else ""
        raise UsageError(f"{what} holds no PEM {wanted}{hint}")
    return content


def _reason(error: Exception) -> str:
    """OpenSSL's word for it, where there is one: it names a rule (EE_KEY_TOO_SMALL), never content."""
    reason = error.reason if isinstance(error, ssl.SSLError) else None
    return f" ({reason.lower().replace('_', ' ')})" if reason else ""
