"""Immich: `notifications.smtp` of its config file (JSON or YAML), passed on to nodemailer.

`transport.secure` (from 1.119 on, off by default) is implicit TLS; `ignoreCert` switches verification off.
"""

from smtpcheck.model.settings import Assignment, Does, Given, Reading, Security, Settings
from smtpcheck.settings.apps import Intent, Reader, login, node_family, where
from smtpcheck.settings.apps.lookup import Keys, same

_UNDER = "notifications.smtp."


def _read(given: Given) -> Reading:
    keys = Keys(given, "Immich", under=_UNDER)
    told, secret = keys.secret("transport.password")
    user = keys.text("transport.username")
    secure = keys.truth("transport.secure", default=False)
    host, effects = node_family.host(keys, "transport.host", "notifications.smtp.transport.host")
    enabled = keys.truth("enabled", default=False)
    if not enabled.value:
        effects.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "notifications.smtp.enabled is not true, so Immich sends no mail",
                "enabled",
                shown="false",
                instead="true",
            )
        )
    ignores = keys.truth("transport.ignoreCert", default=False)
    if ignores.value:
        effects.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "transport.ignoreCert is true: any certificate is taken, and so anybody can read the password",
                "transport.ignoreCert",
            )
        )
    either = user.value is not None or told.present
    sender = keys.text("from")
    settings = Settings(
        host=host,
        port=keys.number("transport.port", default=587),
        security=node_family.security(keys, secure),
        auth=keys.derived(either, "username or password is set" if either else "neither username nor password"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host's own name"),
        verify=keys.derived(not ignores.value, "transport.ignoreCert"),
        timeout=keys.library("nodemailer: 30 s for the greeting, 2 min for the connection"),
    )
    return Reading(app="immich", settings=settings, secret=secret, effects=tuple(effects), version="1.119 and later")


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key=f"{_UNDER}enabled", value=True),
        *where(intent.sender, f"{_UNDER}from"),
        Assignment(key=f"{_UNDER}transport.host", value=intent.host),
        Assignment(key=f"{_UNDER}transport.port", value=intent.port),
        Assignment(key=f"{_UNDER}transport.secure", value=intent.security is Security.IMPLICIT),
        *login(intent, f"{_UNDER}transport.username", f"{_UNDER}transport.password"),
    )


READER = Reader(
    name="immich",
    title="Immich",
    since="1.119",
    source="immich-app/immich, server/src/config.ts, server/src/repositories/email.repository.ts",
    syntaxes=("json", "yaml"),
    marks=(f"{_UNDER}*",),
    read=_read,
    spell=_spell,
)
