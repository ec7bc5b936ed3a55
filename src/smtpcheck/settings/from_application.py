"""From an application's settings to the request of a check that does exactly what the application does.

An option of the command line counts more than the file; what the file does not tell, and every connection needs, is
asked for in one sentence.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from smtpcheck.model import Origin, Target, UsageError
from smtpcheck.model.settings import Security, Setting
from smtpcheck.settings.applications import Application
from smtpcheck.settings.contradictions import given_sources
from smtpcheck.settings.host import is_literal, parse_port
from smtpcheck.settings.mailbox import parse_mailbox
from smtpcheck.settings.own_words import place, unknown
from smtpcheck.settings.request import Request

_TLS = {
    Security.IMPLICIT: "implicit",
    Security.STARTTLS: "starttls",
    Security.OPPORTUNISTIC: "opportunistic",
    Security.NONE: "off",
}
_IN_BRACKETS = re.compile(r"<([^<>]*)>\s*$")
_ORIGINS = {
    "host": ("target", "host"),
    "port": ("port", "port"),
    "tls": ("tls", "security"),
    "user": ("user", "user"),
    "sender": ("sender", "envelope_sender"),
    "ehlo": ("helo", "ehlo"),
}
"""Each value of a Target with the field of Request that an option sets, and the setting that it comes from else."""


def one_of(found: tuple[Application, ...]) -> Application:
    """The only service. Raises UsageError where there are several."""
    if len(found) > 1:
        names = ", ".join(str(one.given.service) for one in found)
        raise UsageError(f"these files have several services with mail settings: give --service, one of {names}")
    return found[0]


def requested(request: Request, application: Application) -> Request:
    """The request with the application's values where the command line gave none. Raises UsageError."""
    settings = application.reading.settings
    if request.target is not None and settings.host.value:
        raise UsageError(
            "TARGET and --app-config both name a server: leave TARGET out to check what the application calls, or the "
            "file to check another one"
        )
    _check_known(application, request)
    target = request.target or _host(application)
    user = request.user
    if user is None and request.auth != "none":
        user = _user(application)
    sources = given_sources(request)
    return replace(
        request,
        target=target,
        port=request.port if request.port is not None else _port(settings.port),
        tls=request.tls or _TLS[Security(str(settings.security.value))],
        user=user,
        secret=request.secret if sources or user is None else application.reading.secret,
        sender=request.sender if request.sender is not None else _sender(settings.envelope_sender, user),
        helo=request.helo or _ehlo(settings.ehlo),
    )


def with_origins(target: Target, request: Request, application: Application) -> Target:
    """The target with the places in the application's files from which its values are. `request` is what the command
    line gave.
    """
    settings = application.reading.settings
    origins: dict[str, Origin] = dict(target.origin)
    for name, (option, setting) in _ORIGINS.items():
        one: Setting = getattr(settings, setting)
        if getattr(request, option) is None and one.value is not None:
            origins[name] = one.origin
    if target.secret is not None and target.secret.source == "argument" and request.secret is None:
        source = place(settings.secret.origin).removeprefix(" in ").replace("`", "") or "the application's environment"
        target = replace(target, secret=replace(target.secret, source=source))
    return replace(target, origin=_sorted(origins))


def _sorted(origins: Mapping[str, Origin]) -> Mapping[str, Origin]:
    return {name: origins[name] for name in (*_ORIGINS, *origins) if name in origins}


def _check_known(application: Application, request: Request) -> None:
    """Raises UsageError where the host or the TLS mode is not known and no option says it."""
    settings = application.reading.settings
    given = Setting(value="given", origin=settings.host.origin)
    asked = replace(
        settings,
        host=settings.host if request.target is None else given,
        port=settings.port if request.port is None else given,
        security=settings.security if request.tls is None else given,
    )
    if (missing := unknown(asked)) is not None:
        more = next(
            more
            for one, more in (
                (asked.host, "give the server as TARGET"),
                (asked.port, "give --port"),
                (asked.security, "give --tls"),
            )
            if one.value in (None, "")
        )
        raise UsageError(f"{application.reader.title} cannot be checked from these files alone: {missing}; {more}")


def _host(application: Application) -> str:
    host = str(application.reading.settings.host.value)
    return f"[{host}]" if ":" in host and is_literal(host) else host


def _user(application: Application) -> str | None:
    """The user if the application logs in. One that cannot be read must not turn into a check without a login."""
    settings = application.reading.settings
    user = settings.user
    if user.value is None and user.origin.kind in ("file", "process") and user.origin.detail is not None:
        raise UsageError(
            f"the user of {application.reader.title} is not known: {user.origin.key}{place(user.origin)} "
            f"{user.origin.detail}: give --user, or --auth none for a check without a login"
        )
    return str(user.value) if user.value and settings.auth.value is not False else None


def _port(port: Setting) -> int:
    return parse_port(str(port.value), f"{port.origin.key or 'the port'}{place(port.origin)}")


def _sender(sender: Setting, user: str | None) -> str | None:
    """The address alone: From: settings often have a display name before it."""
    if not isinstance(sender.value, str) or not sender.value.strip():
        return None
    found = _IN_BRACKETS.search(sender.value)
    text = found[1].strip() if found is not None else sender.value.strip()
    parse_mailbox(text, f"{sender.origin.key or 'the sender'}{place(sender.origin)}", local_alone=text == user)
    return text


def _ehlo(name: Setting) -> str | None:
    return str(name.value) if name.value and name.origin.kind in ("file", "process") else None
