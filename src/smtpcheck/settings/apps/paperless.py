"""Paperless-ngx: `PAPERLESS_EMAIL_*` in the environment or `paperless.conf`, passed on to Django.

Defaults: localhost, port 25, no TLS, 30 s. The From address is the user where `PAPERLESS_EMAIL_FROM` is not set.
"""

from smtpcheck.model.settings import Assignment, Given, Reading, Settings
from smtpcheck.settings.apps import Intent, Reader, django_family, login, where
from smtpcheck.settings.apps.lookup import Keys, same

_UNDER = "PAPERLESS_EMAIL_"


def _read(given: Given) -> Reading:
    keys = Keys(given, "Paperless-ngx", under=_UNDER)
    told, secret = keys.secret("HOST_PASSWORD")
    user = keys.text("HOST_USER")
    named = keys.text("FROM")
    sender = named if named.value is not None else keys.derived(user.value, "PAPERLESS_EMAIL_HOST_USER")
    security, excluded = django_family.security(keys, "USE_TLS", "USE_SSL")
    auth, skipped = django_family.login(
        keys, "HOST_USER", "HOST_PASSWORD", has_user=user.value is not None, has_secret=told.present
    )
    settings = Settings(
        host=keys.text("HOST", default="localhost"),
        port=keys.number("PORT", default=25),
        security=security,
        auth=auth,
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host's own name (socket.getfqdn)"),
        verify=keys.default(True),
        timeout=keys.default(30),
    )
    return Reading(
        app="paperless", settings=settings, secret=secret, effects=(*excluded, *skipped), version="2.0 and later"
    )


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key=f"{_UNDER}HOST", value=intent.host),
        Assignment(key=f"{_UNDER}PORT", value=intent.port),
        *login(intent, f"{_UNDER}HOST_USER", f"{_UNDER}HOST_PASSWORD"),
        *django_family.switches(intent, f"{_UNDER}USE_TLS", f"{_UNDER}USE_SSL"),
        *where(intent.sender, f"{_UNDER}FROM"),
    )


READER = Reader(
    name="paperless",
    title="Paperless-ngx",
    since="2.0",
    source="paperless-ngx/paperless-ngx, docs/configuration.md, src/paperless/settings.py",
    syntaxes=("env",),
    marks=("PAPERLESS_EMAIL_HOST*", "PAPERLESS_EMAIL_USE_*", "PAPERLESS_EMAIL_PORT", "PAPERLESS_EMAIL_FROM"),
    read=_read,
    spell=_spell,
)
