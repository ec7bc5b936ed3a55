"""Outline: `SMTP_*` in the environment, passed on to nodemailer; any variable can come from a file as `NAME_FILE`.

`SMTP_SECURE` is on by default: implicit TLS. A public compose example sets it together with port 587, where the server
waits for clear text.
"""

from smtpcheck.model.settings import Assignment, Does, Given, Reading, Security, Settings
from smtpcheck.settings.apps import Intent, Reader, login, node_family, where
from smtpcheck.settings.apps.lookup import Keys, logs_in, same


def _read(given: Given) -> Reading:
    keys = Keys(given, "Outline")
    told, secret = keys.secret("SMTP_PASSWORD")
    user = keys.text("SMTP_USERNAME")
    secure = keys.truth("SMTP_SECURE", default=True, true=("true", "1"))
    host, effects = node_family.host(keys, "SMTP_HOST", "SMTP_HOST")
    effects += node_family.needs_secret(keys, "SMTP_USERNAME", has_user=user.value is not None, has_secret=told.present)
    service = keys.filled("SMTP_SERVICE")
    if service is not None:
        effects = [
            keys.effect(
                Does.IGNORES,
                "SMTP_SERVICE is set: nodemailer takes host, port and TLS of that service from a list of its own, and "
                "SMTP_HOST, SMTP_PORT and SMTP_SECURE have no effect",
                "SMTP_SERVICE",
                shown=str(service.value),
            )
        ]
    sender = keys.text("SMTP_FROM_EMAIL")
    settings = Settings(
        host=keys.library("SMTP_SERVICE decides") if service is not None else host,
        port=keys.library("SMTP_SERVICE decides")
        if service is not None
        else node_family.port(keys, "SMTP_PORT", bool(secure.value)),
        security=keys.library("SMTP_SERVICE decides") if service is not None else node_family.security(keys, secure),
        auth=logs_in(keys, user, "SMTP_USERNAME"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.text("SMTP_NAME", detail="the host's own name"),
        verify=keys.default(True),
        timeout=keys.library("nodemailer: 30 s for the greeting, 2 min for the connection"),
    )
    return Reading(app="outline", settings=settings, secret=secret, effects=tuple(effects), version="0.70 and later")


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="SMTP_HOST", value=intent.host),
        Assignment(key="SMTP_PORT", value=intent.port),
        Assignment(key="SMTP_SECURE", value=intent.security is Security.IMPLICIT),
        *login(intent, "SMTP_USERNAME", "SMTP_PASSWORD"),
        Assignment(key="SMTP_FROM_EMAIL", value=intent.sender or "outline@example.com"),
        *where(intent.ehlo, "SMTP_NAME"),
    )


READER = Reader(
    name="outline",
    title="Outline",
    since="0.70",
    source="outline/outline, .env.sample, server/env.ts, server/emails/mailer.tsx",
    syntaxes=("env",),
    marks=("SMTP_REPLY_EMAIL", "SMTP_TLS_CIPHERS", "UTILS_SECRET"),
    keys=("SMTP_HOST", "SMTP_FROM_EMAIL", "SMTP_USERNAME", "SMTP_SECURE"),
    read=_read,
    spell=_spell,
)
