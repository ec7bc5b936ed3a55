"""The secret of the login: which source is used, and the Target and Options that hold what it gave.

This comes after `build`, so that nobody is asked for a password, and no command is run, for a request that cannot be.
"""

import os
from collections.abc import Mapping
from dataclasses import replace

from smtpcheck.model import Options, Stage, Target, UsageError
from smtpcheck.model.secret import SecretKind, describe_secret
from smtpcheck.settings import secret_sources
from smtpcheck.settings.notes import secret_notes
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.request import Request
from smtpcheck.settings.secret_sources import PASSWORD_VARIABLE
from smtpcheck.settings.words import WITH_TICKET, WITH_TOKEN, WITHOUT_SECRET

_ORDER = tuple(Stage)


Known = dict[tuple[str | None, ...], secret_sources.Found | None]
"""What each source gave, so that many targets ask it once."""


def with_secret(
    request: Request,
    target: Target,
    options: Options,
    environ: Mapping[str, str] = os.environ,
    known: Known | None = None,
) -> tuple[Target, Options]:
    """Target and options with the secret of the login, where one is needed; `known` remembers it for further targets.
    Raises UsageError.
    """
    found: secret_sources.Found | None = None
    if needs_secret(target, options):
        source = _source(request)
        known = {} if known is None else known
        found = known.get(source) or _found(request, target, options, environ)
        if any(source):
            known[source] = found
    if found is not None:
        secret, facts = found
        target, options = replace(target, secret=facts), replace(options, secret=secret)
    return replace(target, notes=(*target.notes, *secret_notes(target, environ))), options


def _source(request: Request) -> tuple[str | None, ...]:
    """The source that the request names."""
    passwords = (request.password_env, request.password_file, request.password_command)
    ring = (request.password_keyring, request.user if request.password_keyring is not None else None)
    return (*passwords, *ring, request.token_env, request.token_file, request.token_command)


def names_source(request: Request) -> bool:
    """Whether the request says where its secret comes from."""
    return request.secret is not None or any(each is not None for each in _source(request))


def needs_secret(target: Target, options: Options) -> bool:
    """True when the session comes as far as a login that a secret belongs to."""
    before_auth = options.until is not None and _ORDER.index(options.until) < _ORDER.index(Stage.AUTH)
    return target.user is not None and not before_auth and options.auth not in ("none", *WITHOUT_SECRET)


def _found(
    request: Request, target: Target, options: Options, environ: Mapping[str, str]
) -> secret_sources.Found | None:
    password, token = SecretKind.PASSWORD, SecretKind.TOKEN
    if request.secret is not None:
        return request.secret, describe_secret(request.secret, "argument")
    if request.password_env is not None:
        return secret_sources.from_variable(request.password_env, "--password-env", password, environ)
    if request.password_file is not None:
        return secret_sources.from_file(request.password_file, "--password-file", password)
    if request.password_stdin:
        return secret_sources.from_stdin("--password-stdin", password)
    if request.password_command is not None:
        return secret_sources.from_command(request.password_command, "--password-command", password)
    if request.password_keyring is not None:
        return secret_sources.from_keyring(request.password_keyring, target.user or "", "--password-keyring", password)
    if request.token_env is not None:
        return secret_sources.from_variable(request.token_env, "--token-env", token, environ)
    if request.token_file is not None:
        return secret_sources.from_file(request.token_file, "--token-file", token)
    if request.token_command is not None:
        return secret_sources.from_command(request.token_command, "--token-command", token)
    if request.ask_password:
        return secret_sources.from_terminal(_question(target), "--ask-password", password)
    return _unnamed(target, options, environ)


def _unnamed(target: Target, options: Options, environ: Mapping[str, str]) -> secret_sources.Found | None:
    """No source was named: the variable of smtpcheck's own, then the terminal."""
    if options.auth in WITH_TICKET:
        return None
    if options.auth in WITH_TOKEN:
        raise UsageError(f"--auth {options.auth} needs a token: give --token-env, --token-file or --token-command")
    if PASSWORD_VARIABLE in environ:
        return secret_sources.from_variable(PASSWORD_VARIABLE, "--user", SecretKind.PASSWORD, environ)
    if not secret_sources.terminal_present():
        raise UsageError(
            "--user needs a password, and there is no terminal to ask on: give --password-env, --password-file, "
            f"--password-stdin or --password-command, or set {PASSWORD_VARIABLE}"
        )
    return secret_sources.from_terminal(_question(target), "--user", SecretKind.PASSWORD)


def _question(target: Target) -> str:
    return f"Password of {quoted(target.user or '')} at {target.label}: "
