"""authentik: `AUTHENTIK_EMAIL__*` (two underscores) in the environment, passed on to Django.

Defaults: localhost, port 25, no TLS, 10 s, authentik@localhost. A variable with one underscore is none of its own.
"""

from smtpcheck.model.settings import Assignment, DeadKey, Given, Reading, Settings
from smtpcheck.settings.apps import Intent, Reader, django_family, login, where
from smtpcheck.settings.apps.lookup import Keys, same

_UNDER = "AUTHENTIK_EMAIL__"
_KNOWN = ("HOST", "PORT", "USERNAME", "PASSWORD", "USE_TLS", "USE_SSL", "TIMEOUT", "FROM")


def _read(given: Given) -> Reading:
    keys = Keys(given, "authentik", under=_UNDER)
    told, secret = keys.secret("PASSWORD")
    user = keys.text("USERNAME")
    sender = keys.text("FROM", default="authentik@localhost")
    security, excluded = django_family.security(keys, "USE_TLS", "USE_SSL")
    auth, skipped = django_family.login(
        keys, "USERNAME", "PASSWORD", has_user=user.value is not None, has_secret=told.present
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
        timeout=keys.number("TIMEOUT", default=10),
    )
    dead = tuple(
        DeadKey(key=entry.key, origin=entry.origin, why="authentik separates levels with two underscores")
        for entry in given.entries
        if entry.key in {f"AUTHENTIK_EMAIL_{name}" for name in _KNOWN}
    )
    return Reading(
        app="authentik",
        settings=settings,
        secret=secret,
        effects=(*excluded, *skipped),
        dead=dead,
        version="2023.1 and later",
    )


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key=f"{_UNDER}HOST", value=intent.host),
        Assignment(key=f"{_UNDER}PORT", value=intent.port),
        *login(intent, f"{_UNDER}USERNAME", f"{_UNDER}PASSWORD"),
        *django_family.switches(intent, f"{_UNDER}USE_TLS", f"{_UNDER}USE_SSL"),
        *where(intent.sender, f"{_UNDER}FROM"),
    )


READER = Reader(
    name="authentik",
    title="authentik",
    since="2023.1",
    source="goauthentik/authentik, authentik/lib/default.yml, authentik/root/settings.py",
    syntaxes=("env",),
    marks=("AUTHENTIK_EMAIL_*",),
    read=_read,
    spell=_spell,
)
