"""Files that the command line names: regular ones only, and never more than a bound.

A pipe could wait for ever and a device never end, so a file is opened without blocking and looked at before it is read.
"""

import os
import re
import stat

from smtpcheck.model import UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.settings.quote import quoted

PEM_LIMIT = 16 * 1024 * 1024  # a whole trust store has some hundred KiB
BODY_LIMIT = 1024 * 1024
_CERTIFICATE = re.compile(rb"-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----")
_KEY = re.compile(rb"-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----")
_ENCRYPTED = re.compile(rb"-----BEGIN ENCRYPTED PRIVATE KEY-----|^Proc-Type: *4, *ENCRYPTED", re.MULTILINE)


@brief_record
class Content:
    """What a file held, and whether everybody on this machine can read it."""

    raw: bytes
    open_to_all: bool


def read_file(path: str, option: str, limit: int, *, name: str | None = None) -> Content:
    """The whole file. Raises UsageError, in which `name` stands for a path that should not be shown."""
    shown = quoted(path) if name is None else name
    try:
        # Without O_NONBLOCK, opening a pipe would wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise UsageError(f"{option} names {shown}, which cannot be opened: {_reason(error)}") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise UsageError(f"{option} names {shown}, which is not a regular file: give one")
        with open(descriptor, "rb", closefd=False) as file:
            raw = file.read(limit + 1)
    except OSError as error:
        raise UsageError(f"{option} names {shown}, which cannot be read: {_reason(error)}") from None
    finally:
        os.close(descriptor)
    if len(raw) > limit:
        raise UsageError(f"{option} names {shown}, which has more than {limit // 1024} KiB, the most that is read")
    return Content(raw, bool(mode & stat.S_IROTH))


def check_certificates(path: str, option: str) -> bytes:
    """The file's bytes, which hold at least one PEM certificate. Raises UsageError."""
    raw = read_file(path, option, PEM_LIMIT).raw
    if not _CERTIFICATE.search(raw):
        raise UsageError(f"{option} names {quoted(path)}, {_what_else(raw)}: give a file with PEM certificates")
    return raw


def check_key(path: str, option: str, *, password_given: bool) -> None:
    """Raises UsageError unless the file holds a PEM private key that can be used without asking anybody."""
    raw = read_file(path, option, PEM_LIMIT).raw
    if not _KEY.search(raw):
        raise UsageError(f"{option} names {quoted(path)}, which holds no PEM private key: give one (--client-key)")
    if _ENCRYPTED.search(raw) and not password_given:
        raise UsageError(
            f"{option} names {quoted(path)}, whose private key is encrypted: give its password with "
            "--client-key-password-env"
        )


def read_text(path: str, option: str) -> str:
    """The file as UTF-8 text, at most 1 MiB. Raises UsageError."""
    raw = read_file(path, option, BODY_LIMIT).raw
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"{option} names {quoted(path)}, which is not UTF-8 at byte {error.start}") from None
    if "\0" in text:
        raise UsageError(
            f"{option} names {quoted(path)}, which holds a NUL byte: no message can (RFC 5322 section 2.2)"
        )
    return text.removeprefix("\ufeff")


def _reason(error: OSError | ValueError) -> str:
    return (error.strerror or type(error).__name__) if isinstance(error, OSError) else "its name holds a NUL byte"


def _what_else(raw: bytes) -> str:
    if not raw.strip():
        return "which is empty"
    if _KEY.search(raw):
        return "which holds a private key and no certificate"
    return "which looks like DER or PKCS#12" if raw[:1] == b"\x30" else "which holds no PEM certificate"
