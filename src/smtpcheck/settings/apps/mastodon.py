"""Mastodon: `SMTP_*` in `.env.production`, handed to ActionMailer by config/email.yml.

`SMTP_TLS` and `SMTP_SSL` are implicit TLS, and only where they are the word `true`. `SMTP_ENABLE_STARTTLS` is always,
never or auto; `SMTP_ENABLE_STARTTLS_AUTO` is on unless it is the word `false`. Any user with the method `none` does not
log in.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys

_STARTTLS = {"always": Security.STARTTLS, "auto": Security.OPPORTUNISTIC, "never": Security.NONE}


def _read(given: Given) -> Reading:
    keys = Keys(given, "Mastodon")
    told, secret = keys.secret("SMTP_PASSWORD")
    user = keys.text("SMTP_LOGIN")
    method = keys.text("SMTP_AUTH_METHOD", default="plain")
    logs_in = user.value is not None and method.value != "none"
    sender = keys.text("SMTP_FROM_ADDRESS", default="notifications@localhost")
    settings = Settings(
        host=keys.text("SMTP_SERVER", default="localhost"),
        port=keys.number("SMTP_PORT", default=25),
        security=_security(keys),
        auth=keys.derived(logs_in, f"SMTP_AUTH_METHOD is {method.value}" if user.value else "no SMTP_LOGIN"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=keys.text("SMTP_RETURN_PATH") if keys.filled("SMTP_RETURN_PATH") else _same(sender),
        ehlo=keys.text("SMTP_DOMAIN", "LOCAL_DOMAIN"),
        verify=_verify(keys),
        timeout=keys.default(20, "read_timeout: 20 in config/email.yml"),
    )
    return Reading(
        app="mastodon",
        settings=settings,
        secret=secret,
        effects=tuple(_effects(keys, logs_in=logs_in, has_secret=told.present)),
        version="4.0 and later",
    )


def _same(setting: Setting) -> Setting:
    return Setting(value=setting.value, origin=setting.origin)


def _security(keys: Keys) -> Setting:
    for name in ("SMTP_SSL", "SMTP_TLS"):
        entry = keys.filled(name)
        if entry is not None and entry.value == "true":
            return Setting(value=Security.IMPLICIT, origin=entry.origin)
    entry = keys.filled("SMTP_ENABLE_STARTTLS")
    if entry is not None and entry.value in _STARTTLS:
        return Setting(value=_STARTTLS[str(entry.value)], origin=entry.origin)
    entry = keys.filled("SMTP_ENABLE_STARTTLS_AUTO")
    if entry is not None:
        return Setting(value=Security.NONE if entry.value == "false" else Security.OPPORTUNISTIC, origin=entry.origin)
    return keys.default(Security.OPPORTUNISTIC)


def _verify(keys: Keys) -> Setting:
    entry = keys.filled("SMTP_OPENSSL_VERIFY_MODE")
    return keys.default(True) if entry is None else Setting(value=entry.value != "none", origin=entry.origin)


def _effects(keys: Keys, *, logs_in: bool, has_secret: bool) -> list[Effect]:
    found = []
    for name in ("SMTP_SSL", "SMTP_TLS"):
        word = keys.value(name)
        if word not in (None, "true", "false"):
            found.append(
                keys.effect(
                    Does.IGNORES,
                    f"{name} is {word!r}, and Mastodon takes the word true alone: TLS does not begin at once",
                    name,
                    shown=str(word),
                    instead="true",
                )
            )
    method = keys.value("SMTP_DELIVERY_METHOD")
    if method not in (None, "smtp"):
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                f"SMTP_DELIVERY_METHOD is {method!r}: mail does not go through SMTP",
                "SMTP_DELIVERY_METHOD",
                shown=str(method),
                instead="smtp",
            )
        )
    if logs_in and not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "SMTP_LOGIN is set and SMTP_PASSWORD is not: Net::SMTP raises ArgumentError before it logs in",
                "SMTP_LOGIN",
            )
        )
    if keys.value("SMTP_OPENSSL_VERIFY_MODE") == "none":
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "SMTP_OPENSSL_VERIFY_MODE is none: any certificate is taken, and so anybody can read the password",
                "SMTP_OPENSSL_VERIFY_MODE",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    words = {security: word for word, security in _STARTTLS.items()}
    implicit = intent.security is Security.IMPLICIT
    return (
        Assignment(key="SMTP_SERVER", value=intent.host),
        Assignment(key="SMTP_PORT", value=intent.port),
        Assignment(key="SMTP_TLS", value=True)
        if implicit
        else Assignment(key="SMTP_ENABLE_STARTTLS", value=words[intent.security]),
        *login(intent, "SMTP_LOGIN", "SMTP_PASSWORD", Assignment(key="SMTP_AUTH_METHOD", value="plain")),
        *where(intent.sender, "SMTP_FROM_ADDRESS"),
        *where(intent.ehlo, "SMTP_DOMAIN"),
    )


READER = Reader(
    name="mastodon",
    title="Mastodon",
    since="4.0",
    source="mastodon/mastodon, config/email.yml",
    syntaxes=("env",),
    marks=("SMTP_LOGIN", "SMTP_AUTH_METHOD", "SMTP_ENABLE_STARTTLS*", "SMTP_DELIVERY_METHOD", "SMTP_RETURN_PATH"),
    keys=("SMTP_SERVER", "SMTP_FROM_ADDRESS"),
    read=_read,
    spell=_spell,
)
