"""Sentry (self-hosted): `mail.*` in `sentry/config.yml`, or `SENTRY_EMAIL_*` and `SENTRY_SERVER_EMAIL` in the
environment.

Defaults: port 25, no TLS. Values in the file win over the web interface, and lock it. The host of a self-hosted
installation is `smtp`, a container beside it.
"""

from smtpcheck.model.settings import Assignment, Does, Given, Reading, Settings
from smtpcheck.settings.apps import Intent, Reader, django_family, login, where
from smtpcheck.settings.apps.lookup import Keys, same

_QUIET = ("dummy", "console", "django.core.mail.backends.dummy.EmailBackend")


def _read(given: Given) -> Reading:
    keys = Keys(given, "Sentry")
    told, secret = keys.secret("mail.password", "SENTRY_EMAIL_PASSWORD")
    user = keys.text("mail.username", "SENTRY_EMAIL_USER")
    sender = keys.text("mail.from", "SENTRY_SERVER_EMAIL", default="root@localhost")
    tls, ssl = ("mail.use-tls", "mail.use-ssl") if _in_file(given) else ("SENTRY_EMAIL_USE_TLS", "SENTRY_EMAIL_USE_SSL")
    security, effects = django_family.security(keys, tls, ssl)
    auth, skipped = django_family.login(
        keys,
        "mail.username" if _in_file(given) else "SENTRY_EMAIL_USER",
        "mail.password" if _in_file(given) else "SENTRY_EMAIL_PASSWORD",
        has_user=user.value is not None,
        has_secret=told.present,
    )
    backend = keys.value("mail.backend")
    if backend in _QUIET:
        effects.append(
            keys.effect(
                Does.SENDS_NOTHING,
                f"mail.backend is {backend!r}, which sends nothing: the other settings are not used",
                "mail.backend",
                shown=str(backend),
                instead="smtp",
            )
        )
    settings = Settings(
        host=keys.text("mail.host", "SENTRY_EMAIL_HOST", default="127.0.0.1"),
        port=keys.number("mail.port", "SENTRY_EMAIL_PORT", default=25),
        security=security,
        auth=auth,
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host's own name (socket.getfqdn)"),
        verify=keys.default(True),
        timeout=keys.default(None, "none is set: it waits for ever"),
    )
    return Reading(app="sentry", settings=settings, secret=secret, effects=(*effects, *skipped), version="21 and later")


def _in_file(given: Given) -> bool:
    return any(entry.key.startswith("mail.") for entry in given.entries)


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="mail.backend", value="smtp"),
        Assignment(key="mail.host", value=intent.host),
        Assignment(key="mail.port", value=intent.port),
        *login(intent, "mail.username", "mail.password"),
        *django_family.switches(intent, "mail.use-tls", "mail.use-ssl"),
        *where(intent.sender, "mail.from"),
    )


READER = Reader(
    name="sentry",
    title="Sentry",
    since="21",
    source="getsentry/self-hosted, sentry/config.example.yml; getsentry/sentry, src/sentry/options/defaults.py",
    syntaxes=("yaml", "env"),
    marks=(
        "mail.use-tls",
        "mail.use-ssl",
        "mail.backend",
        "SENTRY_EMAIL_*",
        "SENTRY_SERVER_EMAIL",
        "mail.list-namespace",
    ),
    keys=("mail.host", "mail.username"),
    read=_read,
    spell=_spell,
)
