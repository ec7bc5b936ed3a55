"""ssmtp: `/etc/ssmtp/ssmtp.conf`. Keys and switches are read in any case.

`UseTLS` is implicit TLS, `UseTLS` with `UseSTARTTLS` is STARTTLS. `UseSTARTTLS` alone does nothing. Certificates are
not verified.
"""

from dataclasses import replace

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, logs_in, number


def _read(given: Given) -> Reading:
    lowered = replace(given, entries=tuple(replace(entry, key=entry.key.lower()) for entry in given.entries))
    keys = Keys(lowered, "ssmtp")
    told, secret = keys.secret("authpass")
    user = keys.text("authuser")
    host, port = _place(keys)
    tls = keys.truth("usetls", default=False, true=("yes",))
    starttls = keys.truth("usestarttls", default=False, true=("yes",))
    settings = Settings(
        host=host,
        port=port,
        security=_security(tls, starttls),
        auth=logs_in(keys, user, "AuthUser"),
        user=user,
        secret=told,
        sender=keys.library("the user that runs it, at RewriteDomain or Hostname"),
        envelope_sender=keys.library("the user that runs it, at RewriteDomain or Hostname"),
        ehlo=keys.text("hostname", detail="the host's own name"),
        verify=keys.default(False, "ssmtp verifies no certificate"),
        timeout=keys.default(600, "10 min in the code"),
    )
    effects = _effects(keys, tls, starttls)
    return Reading(app="ssmtp", settings=settings, secret=secret, effects=tuple(effects), version="2.64")


def _place(keys: Keys) -> tuple[Setting, Setting]:
    entry = keys.filled("mailhub")
    if entry is None:
        return keys.default("mailhub"), keys.default(25)
    host, colon, port = str(entry.value).partition(":")
    return (
        Setting(value=host, origin=entry.origin),
        Setting(value=number(port), origin=entry.origin) if colon else keys.default(25),
    )


def _security(tls: Setting, starttls: Setting) -> Setting:
    if not tls.value:
        return Setting(value=Security.NONE, origin=tls.origin)
    if starttls.value:
        return Setting(value=Security.STARTTLS, origin=starttls.origin)
    return Setting(value=Security.IMPLICIT, origin=tls.origin)


def _effects(keys: Keys, tls: Setting, starttls: Setting) -> list[Effect]:
    if starttls.value and not tls.value:
        return [
            keys.effect(
                Does.SENDS_IN_CLEAR,
                "UseSTARTTLS has no effect without UseTLS=YES: ssmtp sends without encryption",
                "usestarttls",
                shown="YES",
            )
        ]
    return []


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    starttls = intent.security in (Security.STARTTLS, Security.OPPORTUNISTIC)
    return (
        Assignment(key="Mailhub", value=f"{intent.host}:{intent.port}"),
        Assignment(key="UseTLS", value="NO" if intent.security is Security.NONE else "YES"),
        Assignment(key="UseSTARTTLS", value="YES" if starttls else "NO"),
        *login(intent, "AuthUser", "AuthPass"),
        *where(intent.ehlo, "Hostname"),
    )


READER = Reader(
    name="ssmtp",
    title="ssmtp",
    since="2.64",
    source="ssmtp.conf(5) and ssmtp.c of ssmtp 2.64",
    syntaxes=("ssmtp",),
    fits=lambda given: any(entry.key.lower() == "mailhub" for entry in given.entries),
    read=_read,
    spell=_spell,
)
