"""Plausible CE: `SMTP_HOST_ADDR` and its relatives in the environment.

`SMTP_HOST_SSL_ENABLED` is implicit TLS and nothing else; without it STARTTLS is taken when it is offered. Set together
with port 587 it speaks TLS to a port that waits for clear text.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, logs_in, same

_SMTP_ADAPTERS = ("Bamboo.SMTPAdapter", "Bamboo.Mua", "Swoosh.Adapters.SMTP")


def _read(given: Given) -> Reading:
    keys = Keys(given, "Plausible")
    told, secret = keys.secret("SMTP_USER_PWD")
    user = keys.text("SMTP_USER_NAME")
    ssl = keys.truth("SMTP_HOST_SSL_ENABLED", default=False, true=("true", "1"))
    sender = keys.text("MAILER_EMAIL", detail="plausible@ and the host of BASE_URL, by default")
    settings = Settings(
        host=keys.text("SMTP_HOST_ADDR", default="mail"),
        port=keys.number("SMTP_HOST_PORT", default=25),
        security=Setting(value=Security.IMPLICIT if ssl.value else Security.OPPORTUNISTIC, origin=ssl.origin),
        auth=logs_in(keys, user, "SMTP_USER_NAME"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host of BASE_URL"),
        verify=keys.library("not known"),
        timeout=keys.library("gen_smtp's own: 20 min for a reply"),
    )
    return Reading(
        app="plausible", settings=settings, secret=secret, effects=tuple(_effects(keys)), version="2.0 and later"
    )


def _effects(keys: Keys) -> list[Effect]:
    adapter = keys.value("MAILER_ADAPTER")
    if adapter is None and keys.filled("SMTP_HOST_ADDR") is not None:
        return [
            keys.effect(
                Does.IGNORES,
                "MAILER_ADAPTER is not set: its default, Bamboo.Mua, uses the SMTP_ variables only from 2.1 on "
                "where SMTP_HOST_ADDR is set; older versions want MAILER_ADAPTER=Bamboo.SMTPAdapter",
                "MAILER_ADAPTER",
                instead="Bamboo.SMTPAdapter",
            )
        ]
    if adapter is not None and adapter not in _SMTP_ADAPTERS:
        return [
            keys.effect(
                Does.IGNORES,
                f"MAILER_ADAPTER is {adapter}, which is no SMTP: the SMTP_ variables are not used",
                "MAILER_ADAPTER",
                shown=str(adapter),
                instead="Bamboo.SMTPAdapter",
            )
        ]
    return []


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="MAILER_ADAPTER", value="Bamboo.SMTPAdapter"),
        Assignment(key="SMTP_HOST_ADDR", value=intent.host),
        Assignment(key="SMTP_HOST_PORT", value=intent.port),
        Assignment(key="SMTP_HOST_SSL_ENABLED", value=intent.security is Security.IMPLICIT),
        *login(intent, "SMTP_USER_NAME", "SMTP_USER_PWD"),
        *where(intent.sender, "MAILER_EMAIL"),
    )


READER = Reader(
    name="plausible",
    title="Plausible CE",
    since="2.0",
    source="plausible/analytics, config/runtime.exs; plausible/community-edition, wiki (configuration)",
    syntaxes=("env",),
    marks=("SMTP_HOST_ADDR", "SMTP_HOST_PORT", "SMTP_USER_PWD", "SMTP_HOST_SSL_ENABLED", "MAILER_ADAPTER"),
    read=_read,
    spell=_spell,
)
