"""From what was asked for to a Target and Options, or one sentence that says why it cannot be.

First each value by itself, then the values against each other. Nothing is resolved and nothing is sent.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from smtpcheck.model import Options, Origin, Protocol, Secret, Stage, Target, TlsMode, UsageError
from smtpcheck.model.secret import SecretKind
from smtpcheck.model.target import SETTINGS_FROM
from smtpcheck.settings.contradictions import contradictions
from smtpcheck.settings.endpoint import parse_address, parse_proxy, parse_resolver
from smtpcheck.settings.files import check_certificates, check_key, read_text
from smtpcheck.settings.host import UnusableHost, parse_port, usable_host
from smtpcheck.settings.mailbox import parse_mailbox
from smtpcheck.settings.notes import target_notes
from smtpcheck.settings.origins import with_origins
from smtpcheck.settings.patience import default_run, parse_patience, parse_seconds
from smtpcheck.settings.quote import quoted, unprintable
from smtpcheck.settings.request import Request
from smtpcheck.settings.secret_sources import from_variable
from smtpcheck.settings.target import FORMS, Place, parse_target
from smtpcheck.settings.words import MECHANISMS, MIN_TLS, WITH_TICKET, WITHOUT_SECRET

IMPLICIT_PORTS = (465, 2465)
RECIPIENTS_LIMIT = 100  # what a server must take at least (RFC 5321 section 4.5.3.1.8)

_IMPLICIT_SCHEMES = ("smtps", "submissions")
_LONGEST_SUBJECT = 900  # one header line has at most 998 octets (RFC 5322 section 2.1.1)

Given = TypeVar("Given")
Parsed = TypeVar("Parsed")
Word = TypeVar("Word", bound=str)
Default = TypeVar("Default")


class UnusableTarget(UsageError):
    """The host of TARGET cannot be used: the run stops at `config`. `target` is what was known of it; `cause` names the
    finding of the target that says why, where it is not that the host is no host name.
    """

    def __init__(self, message: str, target: Target, cause: str | None = None) -> None:
        super().__init__(message)
        self.target = target
        self.cause = cause


def build(request: Request, environ: Mapping[str, str] = os.environ) -> tuple[Target, Options]:
    """What to check and how, all but the secret of the login.

    `Target.tls` is resolved to IMPLICIT on 465 and 2465 and to OFF for a path; AUTO stays elsewhere and means STARTTLS,
    required if a credential is to be sent, else used when offered. `Target.ehlo` is empty unless it was given. Raises
    UnusableTarget for a host that cannot be used, UsageError for everything else.
    """
    place = _place(request)
    target = _target(request, place)
    options = _options(request, target, environ)
    for sentence in contradictions(request, place, target, options):
        raise UsageError(sentence)
    _check_files(request)
    notes = (*_files_used(request), *target_notes(target, options, environ))
    return replace(target, notes=notes, origin=with_origins(target.origin, request.origins)), options


def _files_used(request: Request) -> list[str]:
    return [f"{SETTINGS_FROM}{' and '.join(request.files)}"] if request.files else []


def _place(request: Request) -> Place:
    if request.target is None:
        raise UsageError(f"TARGET is missing: give {FORMS}")
    try:
        return parse_target(request.target)
    except UnusableHost as error:
        origin = {"host": Origin(kind="argument")}
        raise UnusableTarget(str(error), Target(host=error.host, port=None, tls=TlsMode.AUTO, origin=origin)) from None


def _target(request: Request, place: Place) -> Target:
    asked = _word(request.tls, "--tls", tuple(TlsMode), TlsMode.AUTO)
    user, user_origin = _user(request, place)
    logs_in = user is not None or _mechanism(request) in (*WITHOUT_SECRET, *WITH_TICKET)
    protocol = _protocol(place)
    port, port_origin = _port(request, place, asked, logs_in)
    tls, tls_origin = _tls(place, asked, port)
    origin = {
        "host": Origin(kind="argument", detail=_written_otherwise(request, place)),
        "port": port_origin,
        "tls": tls_origin,
        "user": user_origin if user is not None else None,
        "sender": _given(request.sender, "--from"),
        "recipients": _given(request.recipients or None, "--to"),
        "address": _given(request.address, "--address"),
        "ehlo": _given(request.helo, "--helo"),
    }
    return Target(
        host=place.host,
        port=port,
        tls=tls,
        protocol=protocol,
        path=place.path,
        address=_each(request.address, lambda text: parse_address(text, "--address")),
        user=user,
        sender=_sender(request.sender, user),
        recipients=_recipients(request.recipients, local_alone=protocol is Protocol.LMTP),
        ehlo=_ehlo(request.helo),
        origin={name: value for name, value in origin.items() if value is not None},
    )


def _options(request: Request, target: Target, environ: Mapping[str, str]) -> Options:
    patience = parse_patience(request.patience, request.timeout)
    run = default_run(patience, send=request.send, recipients=len(target.recipients))
    until = _word(request.until, "--until", tuple(Stage), None)
    return Options(
        patience=patience,
        max_time=run if request.max_time is None else parse_seconds(request.max_time, "--max-time"),
        auth=_mechanism(request),
        until=until,
        send=request.send,
        header_from=_each(request.header_from, lambda text: parse_mailbox(text, "--header-from")),
        subject=_each(request.subject, _subject),
        body=_each(request.body_file, lambda path: read_text(path, "--body-file")) if request.send else None,
        family=4 if request.ipv4 else 6 if request.ipv6 else None,
        all_addresses=request.all_addresses,
        source=_each(request.source, lambda text: parse_address(text, "--source")),
        proxy=_each(request.proxy, parse_proxy),
        proxy_secret=_variable(request.proxy_password_env, "--proxy-password-env", environ),
        resolver=_each(request.resolver, parse_resolver),
        ca_file=request.ca_file,
        verify_name=_each(request.verify_name, lambda text: usable_host(text, "--verify-name")),
        sni=_each(request.sni, lambda text: usable_host(text, "--sni")),
        client_cert=request.client_cert,
        client_key=request.client_key,
        client_key_secret=_variable(request.client_key_password_env, "--client-key-password-env", environ),
        min_tls=_word(request.min_tls, "--min-tls", MIN_TLS, "1.2"),
        insecure=request.insecure,
        allow_cleartext_auth=request.allow_cleartext_auth,
        second_looks=request.second_looks,
        sibling_ports=request.sibling_ports,
        **_expected(request),
    )


def _expected(request: Request) -> dict[str, Any]:
    """What is expected of the check; most checks have no such rules, and load none of the code for them."""
    if not request.expect and request.fail_on is None:
        return {}
    from smtpcheck.settings.expect import parse_expectations, parse_fail_on

    return {"expect": parse_expectations(request.expect), "fail_on": parse_fail_on(request.fail_on)}


def refused_options(request: Request) -> Options:
    """The options of a check whose target cannot be used: what was expected of it. Raises UsageError."""
    return Options(**_expected(request))


def _check_files(request: Request) -> None:
    password_given = request.client_key_password_env is not None
    if request.ca_file is not None:
        check_certificates(request.ca_file, "--ca-file")
    if request.client_cert is not None:
        check_certificates(request.client_cert, "--client-cert")
        if request.client_key is None:
            check_key(request.client_cert, "--client-cert", password_given=password_given)
    if request.client_key is not None:
        check_key(request.client_key, "--client-key", password_given=password_given)


def _mechanism(request: Request) -> str:
    return _word(request.auth, "--auth", MECHANISMS, "auto")


def _protocol(place: Place) -> Protocol:
    if place.path is not None:
        return Protocol(place.path_protocol)
    return Protocol.LMTP if place.scheme == "lmtp" else Protocol.SMTP


def _port(request: Request, place: Place, tls: TlsMode, logs_in: bool) -> tuple[int | None, Origin | None]:
    asked = _each(request.port, lambda port: parse_port(str(port), "--port"))
    if asked is not None:
        return asked, Origin(kind="option", detail="--port")
    if place.port is not None:
        return place.port, Origin(kind="argument")
    if place.path is not None:
        return None, None
    known = _provider_port(place, tls)
    if known is not None:
        return known
    return _default_port(place.scheme, tls, logs_in), Origin(kind="default")


def _provider_port(place: Place, tls: TlsMode) -> tuple[int, Origin] | None:
    """The first port of a known provider whose TLS mode fits the scheme and `--tls`; LMTP is nobody's."""
    from smtpcheck.providers import by_host  # read only where no port was given

    provider = by_host(place.host) if place.scheme != "lmtp" else None
    implicit = place.scheme in _IMPLICIT_SCHEMES or tls is TlsMode.IMPLICIT
    for port in provider.ports if provider is not None else ():
        if tls is TlsMode.AUTO and place.scheme is None:
            fits = (port.tls == "implicit") is (port.number in IMPLICIT_PORTS)
        else:
            fits = port.tls == ("implicit" if implicit else "starttls")
        if fits:
            assert provider is not None
            return port.number, Origin(kind="default", detail=f"of {provider.name}")
    return None


def _default_port(scheme: str | None, tls: TlsMode, logs_in: bool) -> int:
    """The ports of RFC 8314 and RFC 6409; relay (RFC 5321) only where it was asked for by scheme, and LMTP's custom."""
    if scheme == "lmtp":
        return 24
    if scheme in _IMPLICIT_SCHEMES or tls is TlsMode.IMPLICIT:
        return 465
    return 25 if scheme == "smtp" and not logs_in else 587


def _tls(place: Place, asked: TlsMode, port: int | None) -> tuple[TlsMode, Origin]:
    if asked is not TlsMode.AUTO:
        return asked, Origin(kind="option", detail="--tls")
    if place.scheme in _IMPLICIT_SCHEMES:
        return TlsMode.IMPLICIT, Origin(kind="derived", detail=f"{place.scheme}://")
    if place.path is not None:
        return TlsMode.OFF, Origin(kind="derived", detail="a path on this machine")
    if port in IMPLICIT_PORTS:
        return TlsMode.IMPLICIT, Origin(kind="derived", detail=f"port {port}")
    return TlsMode.AUTO, Origin(kind="default")


def _user(request: Request, place: Place) -> tuple[str | None, Origin | None]:
    if request.user is None:
        return (None, None) if place.user is None else (_plain_text(place.user, "TARGET"), Origin(kind="argument"))
    if not request.user:
        raise UsageError("--user is empty (a variable that is not set?): give the name to log in with")
    if place.user is not None and place.user != request.user:
        raise UsageError("--user and the user in TARGET differ: give one of them")
    return _plain_text(request.user, "--user"), Origin(kind="option", detail="--user")


def _plain_text(user: str, where: str) -> str:
    """Any text at all, but for what no mechanism can carry: NUL (RFC 4616 section 2) and bytes that are no UTF-8."""
    try:
        user.encode("utf-8")
    except UnicodeError:
        raise UsageError(f"{where} has the user {quoted(user)}, which is not UTF-8") from None
    if "\0" in user:
        raise UsageError(f"{where} has the user {quoted(user)}, which holds a NUL: no mechanism can carry it")
    return user


def _sender(text: str | None, user: str | None) -> str | None:
    """None if no MAIL is to be sent; empty is the null reverse-path (RFC 5321 section 4.5.5). The username may stand
    without a domain: applications do send `MAIL FROM:<resend>`, and what a server makes of it is to be seen.
    """
    if text is None:
        return None
    return "" if text in ("", "<>") else parse_mailbox(text, "--from", local_alone=text == user)


def _recipients(texts: tuple[str, ...], *, local_alone: bool) -> tuple[str, ...]:
    if len(texts) > RECIPIENTS_LIMIT:
        raise UsageError(f"--to is given {len(texts)} times: at most {RECIPIENTS_LIMIT} recipients in one transaction")
    return tuple(parse_mailbox(text, "--to", local_alone=local_alone) for text in texts)


def _ehlo(text: str | None) -> str:
    """A domain or address literal; what is only unusual is let pass, since servers differ in what they take."""
    if text is None:
        return ""
    if not text or len(text) > 255 or not text.isascii() or not text.isprintable() or set(text) & set(' <>"\\'):
        raise UsageError(
            f"--helo is {quoted(text)}: give a host name in ASCII, or an address literal such as [192.0.2.1] "
            "(RFC 5321 section 4.1.4)"
        )
    return text


def _subject(text: str) -> str:
    odd = unprintable(text.replace("\u00a0", " "))
    if odd is not None:
        raise UsageError(f"--subject {quoted(text)} holds the character {odd}: a subject is one line of text")
    if len(text.encode("utf-8")) > _LONGEST_SUBJECT:
        raise UsageError(f"--subject {quoted(text)} is longer than {_LONGEST_SUBJECT} octets")
    return text


def _variable(name: str | None, option: str, environ: Mapping[str, str]) -> Secret | None:
    return None if name is None else from_variable(name, option, SecretKind.PASSWORD, environ)[0]


def _written_otherwise(request: Request, place: Place) -> str | None:
    """What was typed, where the name that is looked up reads differently (`bücher.example`, a dot at the end)."""
    text = request.target or ""
    return None if place.host in text else text


def _given(value: object, option: str) -> Origin | None:
    return None if value is None else Origin(kind="option", detail=option)


def _each(value: Given | None, parse: Callable[[Given], Parsed]) -> Parsed | None:
    return None if value is None else parse(value)


def _word(text: str | None, option: str, allowed: Sequence[Word], default: Default) -> Word | Default:
    if text is None:
        return default
    for word in allowed:
        if word == text.lower():
            return word
    raise UsageError(f"{option} is {quoted(text)}: give one of {', '.join(allowed)}")
