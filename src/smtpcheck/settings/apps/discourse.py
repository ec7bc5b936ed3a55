"""Discourse: `DISCOURSE_SMTP_*` in the environment of its container, or `smtp_*` in `config/discourse.conf`.

STARTTLS is taken when it is offered (`SMTP_ENABLE_START_TLS`, on by default); `SMTP_FORCE_TLS` is implicit TLS. A text
is true where it is `true`, as Discourse's GlobalSetting reads it.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys


def _names(key: str) -> tuple[str, str]:
    return f"DISCOURSE_{key.upper()}", key


def _read(given: Given) -> Reading:
    keys = Keys(given, "Discourse")
    told, secret = keys.secret(*_names("smtp_password"))
    user = keys.text(*_names("smtp_user_name"))
    sender = keys.text(*_names("notification_email"), detail="noreply@ and the host name, by default")
    method = keys.text(*_names("smtp_authentication"), default="plain")
    logs_in = user.value is not None and method.value != "none"
    settings = Settings(
        host=keys.text(*_names("smtp_address")),
        port=keys.number(*_names("smtp_port"), default=25),
        security=_security(keys),
        auth=keys.derived(logs_in, "SMTP_USER_NAME is set" if user.value else "no SMTP_USER_NAME"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=Setting(value=sender.value, origin=sender.origin),
        ehlo=keys.text(*_names("smtp_domain"), default="localhost.localdomain"),
        verify=_verify(keys),
        timeout=keys.number(*_names("smtp_read_timeout"), *_names("smtp_open_timeout"), default=5),
    )
    return Reading(
        app="discourse",
        settings=settings,
        secret=secret,
        effects=tuple(_effects(keys, logs_in=logs_in, has_secret=told.present)),
        version="3.0 and later",
    )


def _security(keys: Keys) -> Setting:
    force = keys.filled(*_names("smtp_force_tls"))
    if force is not None and str(force.value).lower() == "true":
        return Setting(value=Security.IMPLICIT, origin=force.origin)
    starttls = keys.filled(*_names("smtp_enable_start_tls"))
    if starttls is None:
        return keys.default(Security.OPPORTUNISTIC)
    on = str(starttls.value).lower() == "true"
    return Setting(value=Security.OPPORTUNISTIC if on else Security.NONE, origin=starttls.origin)


def _verify(keys: Keys) -> Setting:
    entry = keys.filled(*_names("smtp_openssl_verify_mode"))
    return keys.default(True) if entry is None else Setting(value=entry.value != "none", origin=entry.origin)


def _effects(keys: Keys, *, logs_in: bool, has_secret: bool) -> list[Effect]:
    found = []
    if keys.filled(*_names("smtp_address")) is None:
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "SMTP_ADDRESS is not set: Discourse then hands mail to sendmail in its own container, which has none",
                *_names("smtp_address"),
            )
        )
    if logs_in and not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "SMTP_USER_NAME is set and SMTP_PASSWORD is not: Net::SMTP raises ArgumentError before it logs in",
                *_names("smtp_user_name"),
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    implicit = intent.security is Security.IMPLICIT
    return (
        Assignment(key="DISCOURSE_SMTP_ADDRESS", value=intent.host),
        Assignment(key="DISCOURSE_SMTP_PORT", value=intent.port),
        Assignment(key="DISCOURSE_SMTP_FORCE_TLS", value=True)
        if implicit
        else Assignment(key="DISCOURSE_SMTP_ENABLE_START_TLS", value=intent.security is not Security.NONE),
        *login(intent, "DISCOURSE_SMTP_USER_NAME", "DISCOURSE_SMTP_PASSWORD"),
        *where(intent.sender, "DISCOURSE_NOTIFICATION_EMAIL"),
        *where(intent.ehlo, "DISCOURSE_SMTP_DOMAIN"),
    )


READER = Reader(
    name="discourse",
    title="Discourse",
    since="3.0",
    source="discourse/discourse, config/discourse_defaults.conf, app/models/global_setting.rb (smtp_settings)",
    syntaxes=("env", "equals"),
    marks=("DISCOURSE_SMTP_*", "smtp_user_name", "smtp_enable_start_tls"),
    read=_read,
    spell=_spell,
)
