"""Django: `EMAIL_*` of a settings module, which is read and never executed.

`EMAIL_USE_TLS` is STARTTLS, and required (`starttls()` raises); `EMAIL_USE_SSL` is implicit TLS; both at once raise
ValueError when the first mail is sent. Django logs in only if user *and* password are not empty. Without a timeout
(`EMAIL_TIMEOUT` None) it waits for ever.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader
from smtpcheck.settings.apps.lookup import Keys

_SMTP_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
_QUIET_BACKENDS = ("console", "dummy", "locmem", "filebased")


def _read(given: Given) -> Reading:
    keys = Keys(given, "Django")
    effects: list[Effect] = []
    told, secret = keys.secret("EMAIL_HOST_PASSWORD")
    user = keys.text("EMAIL_HOST_USER")
    logs_in = bool(user.value) and told.present
    security = _security(keys, effects)
    effects += _effects(keys, has_user=bool(user.value), has_secret=told.present)
    sender = keys.text("DEFAULT_FROM_EMAIL", default="webmaster@localhost")
    settings = Settings(
        host=keys.text("EMAIL_HOST", default="localhost"),
        port=keys.number("EMAIL_PORT", default=25),
        security=security,
        auth=keys.derived(
            logs_in, "EMAIL_HOST_USER and EMAIL_HOST_PASSWORD are both set" if logs_in else "not both set"
        ),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=Setting(value=sender.value, origin=sender.origin),
        ehlo=keys.library("the host's own name (socket.getfqdn)"),
        verify=keys.default(True, "from Django 4.2.4 on the connection's certificate is verified"),
        timeout=keys.number("EMAIL_TIMEOUT", detail="None: it waits for ever"),
    )
    return Reading(app="django", settings=settings, secret=secret, effects=tuple(effects), version="4.2 to 5.2")


def _security(keys: Keys, effects: list[Effect]) -> Setting:
    tls, ssl = keys.entry("EMAIL_USE_TLS"), keys.entry("EMAIL_USE_SSL")
    uses_tls = tls is not None and tls.unread is None and bool(tls.value)
    uses_ssl = ssl is not None and ssl.unread is None and bool(ssl.value)
    if uses_tls and uses_ssl:
        effects.append(
            keys.effect(
                Does.REFUSES,
                "Django raises ValueError before it connects: EMAIL_USE_TLS and EMAIL_USE_SSL are mutually exclusive",
                "EMAIL_USE_SSL",
                shown="True",
            )
        )
    for entry in (tls, ssl):
        if entry is not None and entry.unread is None and isinstance(entry.value, str) and entry.value:
            effects.append(
                keys.effect(
                    Does.CHANGES_VALUE,
                    f"{entry.key} is a text, and every text that is not empty counts as true, also 'False'",
                    entry.key,
                    shown=repr(entry.value),
                )
            )
    if uses_ssl and ssl is not None:
        return Setting(value=Security.IMPLICIT, origin=ssl.origin)
    if uses_tls and tls is not None:
        return Setting(value=Security.STARTTLS, origin=tls.origin)
    for entry in (tls, ssl):
        if entry is not None and entry.unread is not None:
            return keys.text(entry.key)  # not known: the value is an expression
    said = tls or ssl
    return keys.default(Security.NONE) if said is None else Setting(value=Security.NONE, origin=said.origin)


def _effects(keys: Keys, *, has_user: bool, has_secret: bool) -> list[Effect]:
    found = []
    backend = keys.value("EMAIL_BACKEND")
    if isinstance(backend, str) and any(f".backends.{quiet}." in backend for quiet in _QUIET_BACKENDS):
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                f"EMAIL_BACKEND is {backend!r}, which sends nothing: the SMTP settings are not used",
                "EMAIL_BACKEND",
                shown=backend,
                instead=_SMTP_BACKEND,
            )
        )
    if has_user is not has_secret:
        there, missing = ("EMAIL_HOST_USER", "EMAIL_HOST_PASSWORD")[:: 1 if has_user else -1]
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                f"Django does not log in: {there} is set and {missing} is empty, and it wants both",
                *((missing, there) if keys.entry(missing) else (there,)),
            )
        )
    if keys.entry("EMAIL_TIMEOUT") is None or keys.value("EMAIL_TIMEOUT") is None:
        found.append(
            keys.effect(
                Does.WAITS_FOR_EVER,
                "EMAIL_TIMEOUT is not set: a server that stays silent holds the request or the worker for ever",
                "EMAIL_TIMEOUT",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    implicit = intent.security is Security.IMPLICIT
    starttls = intent.security in (Security.STARTTLS, Security.OPPORTUNISTIC)
    login = (
        (Assignment(key="EMAIL_HOST_USER", value=intent.user), Assignment(key="EMAIL_HOST_PASSWORD", value=PLACEHOLDER))
        if intent.user is not None
        else ()
    )
    return (
        Assignment(key="EMAIL_HOST", value=intent.host),
        Assignment(key="EMAIL_PORT", value=intent.port),
        Assignment(key="EMAIL_USE_TLS", value=starttls),
        Assignment(key="EMAIL_USE_SSL", value=implicit),
        *login,
        Assignment(key="EMAIL_TIMEOUT", value=int(intent.timeout or 10)),
        *((Assignment(key="DEFAULT_FROM_EMAIL", value=intent.sender),) if intent.sender else ()),
    )


READER = Reader(
    name="django",
    title="Django",
    since="4.2",
    source="django/django, django/conf/global_settings.py, django/core/mail/backends/smtp.py",
    syntaxes=("python",),
    marks=("EMAIL_HOST", "EMAIL_BACKEND", "EMAIL_USE_TLS", "EMAIL_USE_SSL", "EMAIL_HOST_USER"),
    read=_read,
    spell=_spell,
)
