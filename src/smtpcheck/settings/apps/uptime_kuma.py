"""Uptime Kuma: a notification of type smtp as JSON (the `config` column of its table `notification`).

`smtpSecure` is implicit TLS; without it nodemailer takes STARTTLS when it is offered. AUTH is used where a username or
a password is set.
"""

from smtpcheck.model.settings import Assignment, Does, Given, Reading, Security, Settings
from smtpcheck.settings.apps import Intent, Reader, login, node_family, where
from smtpcheck.settings.apps.lookup import Keys, same


def _read(given: Given) -> Reading:
    keys = Keys(given, "Uptime Kuma", under=_root(given))
    told, secret = keys.secret("smtpPassword")
    user = keys.text("smtpUsername")
    secure = keys.truth("smtpSecure", default=False)
    host, effects = node_family.host(keys, "smtpHost", "smtpHost")
    effects += node_family.needs_secret(keys, "smtpUsername", has_user=user.value is not None, has_secret=told.present)
    ignores = keys.truth("smtpIgnoreTLSError", default=False)
    if ignores.value:
        effects.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "smtpIgnoreTLSError is true: any certificate is taken, and so anybody can read the password",
                "smtpIgnoreTLSError",
            )
        )
    either = user.value is not None or told.present
    sender = keys.text("smtpFrom")
    settings = Settings(
        host=host,
        port=node_family.port(keys, "smtpPort", bool(secure.value)),
        security=node_family.security(keys, secure),
        auth=keys.derived(either, "smtpUsername or smtpPassword is set" if either else "neither is set"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host's own name"),
        verify=keys.derived(not ignores.value, "smtpIgnoreTLSError"),
        timeout=keys.library("nodemailer: 30 s for the greeting, 2 min for the connection"),
    )
    return Reading(app="uptime-kuma", settings=settings, secret=secret, effects=tuple(effects), version="1.23 and 2.0")


def _root(given: Given) -> str:
    """Where in the JSON the notification stands: at its top, or in an exported list."""
    found = next((entry.key for entry in given.entries if entry.key.endswith("smtpHost")), "")
    return found.removesuffix("smtpHost")


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="type", value="smtp"),
        Assignment(key="smtpHost", value=intent.host),
        Assignment(key="smtpPort", value=intent.port),
        Assignment(key="smtpSecure", value=intent.security is Security.IMPLICIT),
        *login(intent, "smtpUsername", "smtpPassword"),
        *where(intent.sender, "smtpFrom"),
    )


READER = Reader(
    name="uptime-kuma",
    title="Uptime Kuma",
    since="1.23",
    source="louislam/uptime-kuma, server/notification-providers/smtp.js",
    syntaxes=("json",),
    fits=lambda given: any(entry.key.rpartition(".")[2] == "smtpHost" for entry in given.entries),
    read=_read,
    spell=_spell,
)
