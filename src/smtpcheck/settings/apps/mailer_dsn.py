"""Symfony: `MAILER_DSN=smtp://user:pass@host:port`, every reserved character percent-encoded.

`smtps` is implicit TLS, and so is `smtp` on port 465; else STARTTLS is taken when it is offered. From 7.1 on
`?require_tls=true` demands it and `?auto_tls=false` switches it off. `null://` sends nothing.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Settings
from smtpcheck.settings.apps import Intent, Reader, url
from smtpcheck.settings.apps.lookup import Keys

_NAME = "MAILER_DSN"
_OFF = ("0", "false", "no", "off", "")


def _read(given: Given) -> Reading:
    keys = Keys(given, "Symfony")
    entry = keys.filled(_NAME)
    parts = url.split(str(entry.value)) if entry is not None and entry.unread is None else None
    if entry is None or parts is None:
        return _unreadable(keys)
    port = parts.port if parts.port is not None else 465 if parts.scheme == "smtps" else 25
    settings = Settings(
        host=url.of(entry, parts.host),
        port=url.of(entry, parts.port) if parts.port else keys.derived(port, f"the scheme is {parts.scheme}"),
        security=url.of(entry, _security(parts, port)),
        auth=keys.derived(parts.user is not None, "the URL has a user" if parts.user else "the URL has no user"),
        user=url.of(entry, parts.user),
        secret=url.secret_of(entry, parts.secret),
        sender=keys.text("MAILER_FROM", detail="each mail names its own"),
        envelope_sender=keys.library("each mail names its own"),
        ehlo=url.of(entry, parts.options.get("local_domain", "[127.0.0.1]")),
        verify=url.of(entry, parts.options.get("verify_peer", "1").lower() not in _OFF),
        timeout=keys.library("PHP's default_socket_timeout: 60 s"),
    )
    return Reading(
        app="mailer-dsn", settings=settings, secret=parts.secret, effects=tuple(_effects(keys, parts)), version="5 to 7"
    )


def _security(parts: url.Parts, port: int) -> Security:
    if parts.scheme == "smtps" or port == 465:
        return Security.IMPLICIT
    if parts.options.get("require_tls", "0").lower() not in _OFF:
        return Security.STARTTLS
    return Security.NONE if parts.options.get("auto_tls", "1").lower() in _OFF else Security.OPPORTUNISTIC


def _effects(keys: Keys, parts: url.Parts) -> list[Effect]:
    found = []
    if parts.scheme == "null":
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "MAILER_DSN is null://: Symfony sends nothing",
                _NAME,
                shown="null://",
                instead="smtp://",
            )
        )
    elif parts.scheme not in ("smtp", "smtps"):
        found.append(
            keys.effect(Does.IGNORES, f"the scheme {parts.scheme} is a transport of its own, and no SMTP", _NAME)
        )
    if parts.encoded_badly:
        found.append(
            keys.effect(
                Does.CHANGES_VALUE,
                "a reserved character (@ / # ?) stands unencoded in the user or the password of MAILER_DSN, so the URL "
                "is taken apart elsewhere than meant: write @ as %40, / as %2F, # as %23, ? as %3F",
                _NAME,
            )
        )
    if parts.options.get("verify_peer", "1").lower() in _OFF:
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "verify_peer is off: any certificate is taken, and so anybody can read the password",
                _NAME,
            )
        )
    return found


def _unreadable(keys: Keys) -> Reading:
    entry = keys.filled(_NAME)
    if entry is not None and entry.unread is not None:
        unknown = keys.text(_NAME)
        effects: tuple[Effect, ...] = ()
    else:
        unknown = keys.library("MAILER_DSN is no URL")
        told = "MAILER_DSN is no URL that could be taken apart: Symfony raises InvalidArgumentException"
        effects = (keys.effect(Does.REFUSES, told, _NAME),)
    return Reading(app="mailer-dsn", settings=url.nothing(keys, unknown), effects=effects)


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    scheme = "smtps" if intent.security is Security.IMPLICIT else "smtp"
    query = {Security.STARTTLS: "?require_tls=true", Security.NONE: "?auto_tls=false"}.get(intent.security, "")
    return (url.assigned(_NAME, scheme, intent, query),)


READER = Reader(
    name="mailer-dsn",
    title="Symfony (MAILER_DSN)",
    since="5",
    source="symfony/mailer, Transport/Dsn.php, Transport/Smtp/EsmtpTransportFactory.php",
    syntaxes=("env",),
    marks=(_NAME,),
    read=_read,
    spell=_spell,
)
