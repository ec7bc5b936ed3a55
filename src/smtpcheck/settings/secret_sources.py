"""Where a secret can come from: a variable, a file, standard input, a command, the terminal.

All but the terminal are bounded: 30 seconds, 64 KiB. A newline at the end is stripped, and said; nothing else is
changed. No message holds the secret, nor a name that may be the secret itself, typed where its variable belongs.
"""

import os
import re
import sys
from collections.abc import Mapping

from smtpcheck.model import Secret, SecretFacts, UsageError
from smtpcheck.model.secret import SecretKind, describe_secret
from smtpcheck.settings.files import read_file
from smtpcheck.settings.quote import quoted

PASSWORD_VARIABLE = "SMTPCHECK_PASSWORD"  # noqa: S105  the name of a variable
SECONDS = 30.0
LIMIT = 64 * 1024

Found = tuple[Secret, SecretFacts]

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What is certainly a name and not a secret: words in capitals, joined by underscores if they hold digits.
_PLAIN_NAME = re.compile(r"[A-Z]{1,12}|[A-Z][A-Z0-9]*(_[A-Z0-9]+)+")


def shown_source(field: str, text: str) -> str:
    """The source of a secret as it may be shown: a command and an unlikely name may hold the secret itself."""
    if field.endswith("_env"):
        return text if _PLAIN_NAME.fullmatch(text) else "a variable (its name is not shown: it may be a secret)"
    if field.endswith("_file"):
        return _shown_path(text)
    return "a command (not shown)" if field.endswith("_command") else text


def from_variable(name: str, option: str, kind: SecretKind, environ: Mapping[str, str]) -> Found:
    """The value of an environment variable. Raises UsageError if it is not set, or empty."""
    shown = (
        f"variable {name}" if _PLAIN_NAME.fullmatch(name) else "variable (its name is not shown: it may be a secret)"
    )
    if not _VARIABLE.fullmatch(name):
        raise UsageError(
            f"{option} takes the name of an environment variable, and was given something else (not shown)"
        )
    value = environ.get(name)
    if value is None:
        raise UsageError(f"{option} takes the {shown}, which is not set: set it, or export it, before smtpcheck starts")
    if not value:
        raise UsageError(
            f"{option} takes the {shown}, which is set but empty: in CI the usual reasons are a secret that is not "
            "defined, or a pull request from a fork"
        )
    return _found(value.encode("utf-8", "surrogateescape"), option, kind, f"env {name}", strip=False)


def from_file(path: str, option: str, kind: SecretKind) -> Found:
    """The content of a regular file. Raises UsageError."""
    content = read_file(path, option, LIMIT, name=_shown_path(path))
    seen = ("file-readable-by-others",) if content.open_to_all else ()
    return _found(content.raw, option, kind, "file", seen=seen)


def from_stdin(option: str, kind: SecretKind) -> Found:
    """Everything on standard input. Raises UsageError, also for a terminal, which would show what is typed."""
    from smtpcheck.settings.bounded import read_descriptor  # selectors: only where something is waited for

    if sys.stdin is None or sys.stdin.closed:
        raise UsageError(f"{option} found standard input closed: pipe the secret in")
    if sys.stdin.isatty():
        raise UsageError(f"{option} found a terminal on standard input: pipe the secret in, or use --ask-password")
    raw = read_descriptor(sys.stdin.fileno(), SECONDS, LIMIT, option)
    return _found(raw, option, kind, "stdin")


def from_command(words: str, option: str, kind: SecretKind) -> Found:
    """What a command prints. Raises UsageError if it fails, prints nothing, or takes too long."""
    from smtpcheck.settings.bounded import run_command

    return _found(run_command(words, SECONDS, LIMIT, option), option, kind, "command")


def from_keyring(service: str, user: str, option: str, kind: SecretKind) -> Found:
    """What the keyring of the desktop holds for the user under the service. Raises UsageError."""
    from smtpcheck.settings.keyring import read_keyring

    return _found(read_keyring(service, user, SECONDS, option).encode(), option, kind, "keyring", strip=False)


def from_terminal(question: str, option: str, kind: SecretKind) -> Found:
    """What the user types, unseen, on the terminal itself, wherever standard input comes from. Raises UsageError."""
    import getpass

    if not terminal_present():
        raise UsageError(f"{option} needs a terminal, and there is none: use --password-env or --password-file")
    try:
        typed = getpass.getpass(question)
    except (EOFError, OSError):
        raise UsageError(f"{option} got no answer on the terminal") from None
    return _found(typed.encode("utf-8", "surrogateescape"), option, kind, "prompt", strip=False)


def terminal_present() -> bool:
    """True when there is a terminal to ask on."""
    if os.name != "posix":
        return sys.stdin is not None and sys.stdin.isatty()
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _found(
    raw: bytes, option: str, kind: SecretKind, source: str, *, strip: bool = True, seen: tuple[str, ...] = ()
) -> Found:
    if raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise UsageError(f"{option} found text in UTF-16: save it as UTF-8 without a byte order mark")
    if b"\0" in raw:
        raise UsageError(f"{option} found a NUL byte, which no mechanism can carry (RFC 4616 section 2)")
    bare = raw.removesuffix(b"\n").removesuffix(b"\r") if strip and raw.endswith(b"\n") else raw
    if bare != raw:
        seen = (*seen, "trailing-newline-stripped")
    if not bare:
        raise UsageError(f"{option} found an empty {kind}")
    secret = Secret(bare, kind)
    return secret, describe_secret(secret, source, seen)


def _shown_path(path: str) -> str:
    """The path in quotes, unless it may be a secret typed in its place: no such file, and no directory named either."""
    directory = os.path.dirname(path)
    try:
        known = os.path.lexists(path) or (len(directory) > 1 and os.path.isdir(directory))
    except ValueError:
        known = False
    return quoted(path) if known else "a file (its name is not shown: it may be a secret)"
