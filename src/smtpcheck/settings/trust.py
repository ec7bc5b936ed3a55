"""What the file of the working directory may say, and what it may not be the reason of.

A cloned repository brings its `smtpcheck.toml` along. It may describe a server and what is expected of it. It must
not run a command, choose a secret or lower a protection; nor be the reason that a secret of the user's own files goes
to its server: that needs the profile's name and the secret's source on one command line.
"""

import os
from collections.abc import Mapping

from smtpcheck.model import UsageError
from smtpcheck.settings.keys import SECRET_SOURCES, Place
from smtpcheck.settings.places import NAME
from smtpcheck.settings.words import WITH_TICKET, WITHOUT_SECRET

CONNECTION = ("target", "port", "tls", "user")
"""Where to connect, and as whom: these count through a profile only."""

_HARMLESS = ("sender", "recipients", "timeout", "max_time", "patience", "expect", "fail_on", "report")
_RELAXATIONS = ("insecure", "allow_cleartext_auth", "min_tls")
_IDENTITY = ("client_cert", "client_key", "client_key_password_env")
NOT_FOR_GUESTS = frozenset({*SECRET_SOURCES, "insecure", "allow_cleartext_auth", *_IDENTITY, "send", "body_file"})
"""What the user's own file says and does not hold for a server that the working directory's file names."""

_REASONS = {
    **dict.fromkeys(SECRET_SOURCES, "it would choose a secret, or run a command for it"),
    **dict.fromkeys(_RELAXATIONS, "it would take away a protection"),
    **dict.fromkeys(("proxy", "proxy_password_env", "resolver", "address", "source"), "it would redirect a connection"),
    **dict.fromkeys(("ca_file", "verify_name", "sni"), "it would choose who is trusted"),
    **dict.fromkeys((*_IDENTITY, "auth"), "it would choose what to log in with"),
    **dict.fromkeys(("send", "body_file"), "it would send mail"),
}


def check_guest(field: str, value: object, key: str, place: Place, *, defaults: bool) -> None:
    """Raises UsageError for what does not belong into the file of the working directory."""
    if field in CONNECTION:
        if defaults:
            raise UsageError(
                f"{place(key)}: {key} in [defaults] of the working directory's file would direct every check that is "
                "started here: write it in a [profile.NAME], which counts with --profile NAME"
            )
        return
    if field not in _HARMLESS:
        reason = f": {_REASONS[field]}" if field in _REASONS else ""
        raise UsageError(
            f"{place(key)}: {key} is not taken from a file that only lies in the working directory, which may be "
            f"anybody's{reason}; write it in your own file (smtpcheck profile path), or name this one with --config"
        )
    if field == "report" and isinstance(value, tuple):
        for text in value:
            _check_report(text, place(key))


def _check_report(text: str, place: str) -> None:
    """A report's file stays inside the working directory, and out of what is hidden there (`.git`)."""
    _, equals, path = text.partition("=")
    if not equals:
        return
    parts = path.replace("\\", "/").split("/")
    if os.path.isabs(path) or any(part.startswith(".") and part != "." for part in parts):
        raise UsageError(
            f"{place}: a report of the working directory's file goes to a file in it: no absolute path, no '..', and "
            "no name that begins with a dot"
        )
    here = os.path.realpath(os.curdir)
    if os.path.realpath(path) != os.path.join(here, os.path.normpath(path)):
        raise UsageError(f"{place}: the report's file is a symbolic link, or behind one: it may be anywhere")
    if os.path.normpath(path) == NAME:
        raise UsageError(f"{place}: the report would take the place of {NAME} itself")


def check_login(named: Mapping[str, object], guest_says: str, mechanism: object, password_variable: bool) -> None:
    """Raises UsageError where the login at a guest's server was not asked for on this command line, whose fields are
    `named`; `mechanism` is the one of all settings together.
    """
    if mechanism == "none":
        return
    from_system = mechanism in (*WITHOUT_SECRET, *WITH_TICKET)
    if from_system and "auth" not in named:
        raise UsageError(
            f"{guest_says} comes from the working directory's file, so a login with --auth {mechanism}, which asks for "
            "no secret, has to be asked for on this command line"
        )
    if from_system or password_variable or any(field in named for field in SECRET_SOURCES):
        return
    raise UsageError(
        f"{guest_says} comes from the working directory's file, so the secret is taken from this command line or "
        "SMTPCHECK_PASSWORD only: give --password-env, --password-file, --password-command or --ask-password "
        "(a source in your own file is not used for it)"
    )
