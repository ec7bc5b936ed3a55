"""Checkmate: its settings document (`systemEmail*`, kept in MongoDB, here as JSON), and `SYSTEM_EMAIL_*` of its
environment, which have no effect from 2.1 on.

`systemEmailSecure` is implicit TLS, else nodemailer takes STARTTLS when it is offered: `systemEmailRequireTLS` and
`systemEmailIgnoreTLS` are handed over in a place where nodemailer does not read them. `systemEmailConnectionHost` is
the EHLO name, not the server. AUTH is always used, with the From address where no user is set.
"""

from smtpcheck.model.settings import Assignment, DeadKey, Does, Effect, Given, Reading, Security, Settings
from smtpcheck.settings.apps import Intent, Reader, login, node_family, where
from smtpcheck.settings.apps.lookup import Keys, same

_ENVIRONMENT = ("HOST", "PORT", "USER", "ADDRESS", "PASSWORD", "CONNECTION_HOST")


def _read(given: Given) -> Reading:
    if any(entry.key.rpartition(".")[2].startswith("systemEmail") for entry in given.entries):
        return _document(given)
    return _environment(given)


def _document(given: Given) -> Reading:
    keys = Keys(given, "Checkmate", under=_root(given))
    told, secret = keys.secret("systemEmailPassword")
    sender = keys.text("systemEmailAddress")
    user = keys.text("systemEmailUser") if keys.filled("systemEmailUser") else same(sender)
    secure = keys.truth("systemEmailSecure", default=False)
    host, effects = node_family.host(keys, "systemEmailHost", "systemEmailHost")
    effects += _effects(keys, has_secret=told.present)
    settings = Settings(
        host=host,
        port=node_family.port(keys, "systemEmailPort", bool(secure.value)),
        security=node_family.security(keys, secure),
        auth=keys.default(True, "Checkmate always logs in"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.text("systemEmailConnectionHost", default="localhost"),
        verify=keys.truth("systemEmailRejectUnauthorized", default=True),
        timeout=keys.default(5, "connectionTimeout: 5000 in the code"),
    )
    dead = [
        DeadKey(key=entry.key, origin=entry.origin, why="Checkmate puts it where nodemailer does not read it")
        for entry in keys.all("systemEmailIgnoreTLS")
        if entry.value
    ]
    dead += _dead(given)
    return Reading(
        app="checkmate",
        settings=settings,
        secret=secret,
        effects=tuple(effects),
        dead=tuple(dead),
        version="2.2 and later",
    )


def _effects(keys: Keys, *, has_secret: bool) -> list[Effect]:
    found = []
    if not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "systemEmailPassword is empty, and Checkmate always logs in: nodemailer fails with "
                '"Missing credentials" and sends nothing',
                "systemEmailPassword",
            )
        )
    required = keys.entry("systemEmailRequireTLS")
    if required is not None and required.value and not keys.value("systemEmailSecure"):
        found.append(
            keys.effect(
                Does.SENDS_IN_CLEAR,
                "systemEmailRequireTLS has no effect (Checkmate puts it where nodemailer does not read it): where a "
                "server offers no STARTTLS, the password is sent in clear",
                "systemEmailRequireTLS",
                shown="true",
            )
        )
    return found


def _environment(given: Given) -> Reading:
    """Up to 2.0 the environment was read, and TLS always implicit."""
    keys = Keys(given, "Checkmate", under="SYSTEM_EMAIL_")
    told, secret = keys.secret("PASSWORD")
    sender = keys.text("ADDRESS")
    settings = Settings(
        host=keys.text("HOST", default="localhost"),
        port=keys.number("PORT", default=465),
        security=keys.default(Security.IMPLICIT, "secure: true in the code, up to 2.0"),
        auth=keys.default(True, "Checkmate always logs in"),
        user=keys.text("USER") if keys.filled("USER") else same(sender),
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.text("CONNECTION_HOST", default="localhost"),
        verify=keys.default(True),
        timeout=keys.default(None, "none is set"),
    )
    host = keys.entry("HOST")
    effects = (
        ()
        if host is None
        else (
            keys.effect(
                Does.IGNORES,
                "Checkmate ignores SYSTEM_EMAIL_HOST and the other SYSTEM_EMAIL_ variables from 2.1 on: it reads its "
                "database, and where nothing was saved in its interface it calls 127.0.0.1:587",
                "HOST",
            ),
        )
    )
    return Reading(
        app="checkmate",
        settings=settings,
        secret=secret,
        effects=effects,
        dead=tuple(_dead(given)),
        version="up to 2.0",
    )


def _dead(given: Given) -> list[DeadKey]:
    return [
        DeadKey(
            key=entry.key, origin=entry.origin, why="Checkmate reads its database, not the environment, from 2.1 on"
        )
        for entry in given.entries
        if entry.key in {f"SYSTEM_EMAIL_{name}" for name in _ENVIRONMENT}
    ]


def _root(given: Given) -> str:
    found = next(entry.key for entry in given.entries if entry.key.rpartition(".")[2].startswith("systemEmail"))
    return found[: len(found) - len(found.rpartition(".")[2])]


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="systemEmailHost", value=intent.host),
        Assignment(key="systemEmailPort", value=intent.port),
        Assignment(key="systemEmailSecure", value=intent.security is Security.IMPLICIT),
        *login(intent, "systemEmailUser", "systemEmailPassword"),
        *where(intent.sender, "systemEmailAddress"),
        *where(intent.ehlo, "systemEmailConnectionHost"),
    )


def _fits(given: Given) -> bool:
    names = {entry.key.rpartition(".")[2] for entry in given.entries}
    return "systemEmailHost" in names or any(name.startswith("SYSTEM_EMAIL_") for name in names)


READER = Reader(
    name="checkmate",
    title="Checkmate",
    since="2.2",
    source="bluewave-labs/Checkmate, server/src/domain/app-settings/app-settings.model.ts, "
    "server/src/service/infrastructure/emailService.js",
    syntaxes=("json", "env"),
    fits=_fits,
    read=_read,
    spell=_spell,
)
