"""Spring Boot: `spring.mail.*` in `application.properties` or YAML, `SPRING_MAIL_*` in the environment, which wins.

Protocol `smtps`, or `properties.mail.smtp.ssl.enable`, is implicit TLS; `starttls.enable` takes STARTTLS when it is
offered, `starttls.required` demands it. Jakarta Mail waits for ever unless timeouts are set. It logs in only where
`properties.mail.smtp.auth` is true.
"""

import re
from dataclasses import replace

from smtpcheck.model.settings import Assignment, Does, Effect, Entry, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys

_UNDER = "spring.mail."
_SMTP = "properties.mail.smtp."
_TRUE = ("true",)


def _read(given: Given) -> Reading:
    keys = Keys(replace(given, entries=tuple(_relaxed(entry) for entry in given.entries)), "Spring", under=_UNDER)
    told, secret = keys.secret("password")
    user = keys.text("username")
    protocol = str(keys.value("protocol") or "smtp")
    auth = keys.truth(f"{_SMTP}auth", f"{_SMTP.replace('smtp.', 'smtps.')}auth", default=False, true=_TRUE)
    security = _security(keys, protocol)
    settings = Settings(
        host=keys.text("host"),
        port=_port(keys, security),
        security=security,
        auth=Setting(value=bool(auth.value), origin=auth.origin),
        user=user,
        secret=told,
        sender=keys.text(f"{_SMTP}from", detail="each mail names its own"),
        envelope_sender=keys.text(f"{_SMTP}from", detail="each mail names its own"),
        ehlo=keys.text(f"{_SMTP}localhost", detail="the host's own name"),
        verify=_verify(keys),
        timeout=_timeout(keys),
    )
    effects = _effects(keys, uses=bool(auth.value), has_user=user.value is not None)
    return Reading(app="spring", settings=settings, secret=secret, effects=tuple(effects), version="2.7 to 3.5")


def _relaxed(entry: Entry) -> Entry:
    """A key as properties have it: `SPRING_MAIL_PROPERTIES_MAIL_SMTP_AUTH` and `spring.mail.properties[mail.smtp.auth]`
    are the same (relaxed binding).
    """
    if re.fullmatch(r"SPRING_MAIL_[A-Z0-9_]+", entry.key):
        return replace(entry, key=entry.key.lower().replace("_", "."))
    bare = entry.key.replace("properties[", "properties.").replace("]", "").replace('"', "")
    return entry if bare == entry.key else replace(entry, key=bare)


def _security(keys: Keys, protocol: str) -> Setting:
    if protocol == "smtps":
        entry = keys.filled("protocol")
        assert entry is not None
        return Setting(value=Security.IMPLICIT, origin=entry.origin)
    for name in (f"{_SMTP}ssl.enable", "ssl.enabled"):
        ssl = keys.truth(name, default=False, true=_TRUE)
        if ssl.value:
            return Setting(value=Security.IMPLICIT, origin=ssl.origin)
    required = keys.truth(f"{_SMTP}starttls.required", default=False, true=_TRUE)
    if required.value:
        return Setting(value=Security.STARTTLS, origin=required.origin)
    starttls = keys.truth(f"{_SMTP}starttls.enable", default=False, true=_TRUE)
    return Setting(value=Security.OPPORTUNISTIC if starttls.value else Security.NONE, origin=starttls.origin)


def _port(keys: Keys, security: Setting) -> Setting:
    if keys.filled("port") is not None:
        return keys.number("port")
    implicit = security.value is Security.IMPLICIT
    return keys.derived(465 if implicit else 25, "no port is set: Jakarta Mail's own")


def _verify(keys: Keys) -> Setting:
    trust = keys.filled(f"{_SMTP}ssl.trust")
    if trust is None:
        return keys.default(True)
    return Setting(value=trust.value != "*", origin=trust.origin)


def _timeout(keys: Keys) -> Setting:
    found = keys.number(f"{_SMTP}timeout", detail="none is set: Jakarta Mail waits for ever")
    return Setting(value=found.value / 1000 if isinstance(found.value, int | float) else None, origin=found.origin)


def _effects(keys: Keys, *, uses: bool, has_user: bool) -> list[Effect]:
    found = []
    if keys.filled(f"{_SMTP}timeout") is None:
        found.append(
            keys.effect(
                Does.WAITS_FOR_EVER,
                "spring.mail.properties.mail.smtp.timeout is not set: Jakarta Mail waits for ever for a silent server",
                f"{_SMTP}timeout",
            )
        )
    if has_user and not uses:
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                "spring.mail.properties.mail.smtp.auth is not true: Jakarta Mail logs in only where it is, although "
                "spring.mail.username is set",
                f"{_SMTP}auth",
                "username",
                shown="false",
                instead="true",
            )
        )
    if keys.value(f"{_SMTP}ssl.trust") == "*":
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "mail.smtp.ssl.trust is *: any certificate is taken, and so anybody can read the password",
                f"{_SMTP}ssl.trust",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    starttls = intent.security in (Security.STARTTLS, Security.OPPORTUNISTIC)
    return (
        Assignment(key=f"{_UNDER}host", value=intent.host),
        Assignment(key=f"{_UNDER}port", value=intent.port),
        *login(
            intent,
            f"{_UNDER}username",
            f"{_UNDER}password",
            Assignment(key=f"{_UNDER}{_SMTP}auth", value=True),
        ),
        *((Assignment(key=f"{_UNDER}{_SMTP}ssl.enable", value=True),) if intent.security is Security.IMPLICIT else ()),
        *((Assignment(key=f"{_UNDER}{_SMTP}starttls.enable", value=True),) if starttls else ()),
        *(
            (Assignment(key=f"{_UNDER}{_SMTP}starttls.required", value=True),)
            if intent.security is Security.STARTTLS
            else ()
        ),
        Assignment(key=f"{_UNDER}{_SMTP}connectiontimeout", value=10000),
        Assignment(key=f"{_UNDER}{_SMTP}timeout", value=int((intent.timeout or 10) * 1000)),
        *where(intent.sender, f"{_UNDER}{_SMTP}from"),
    )


READER = Reader(
    name="spring",
    title="Spring Boot",
    since="2.7",
    source="spring-projects/spring-boot, MailProperties.java; Jakarta Mail, package com.sun.mail.smtp",
    syntaxes=("properties", "yaml", "env"),
    marks=(f"{_UNDER}*", "SPRING_MAIL_*"),
    read=_read,
    spell=_spell,
)
