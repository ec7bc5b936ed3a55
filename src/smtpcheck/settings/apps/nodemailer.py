"""nodemailer's options as a JSON object, wherever in the file it stands: `{"host", "port", "secure", "auth": {...}}`.

`secure: true` is implicit TLS, and nothing else is meant by it; without it nodemailer begins in clear and takes
STARTTLS when it is offered, unless `requireTLS` (needed) or `ignoreTLS` (never) stands beside it. Inside `tls` these
two have no effect. Without a host it calls localhost, on 587, or 465 where `secure` is true.
"""

from smtpcheck.model.settings import Assignment, DeadKey, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader
from smtpcheck.settings.apps.lookup import Keys

_SHOWS = ("auth.user", "auth.pass", "secure", "requireTLS", "ignoreTLS")
_MISPLACED = ("tls.requireTLS", "tls.ignoreTLS")


def options_at(given: Given) -> str | None:
    """The path before nodemailer's options ("" at the root, "mail." ...), or None where no object looks like them."""
    keys = {entry.key for entry in given.entries}
    for key in sorted(keys, key=len):
        for shown in _SHOWS:
            if key == shown or key.endswith(f".{shown}"):
                under = key[: -len(shown)]
                if (
                    under + "host" in keys
                    or under + "port" in keys
                    or under + "service" in keys
                    or shown == "auth.pass"
                ):
                    return under
    return None


def transport(keys: Keys, app: str) -> Reading:
    """What nodemailer does with the options that `keys` looks at: for every application that hands them over whole."""
    told, secret = keys.secret("auth.pass")
    user = keys.text("auth.user")
    security = _security(keys)
    effects = _effects(keys, has_user=user.value is not None, has_secret=told.present)
    host = keys.text("host", default="localhost")
    settings = Settings(
        host=host,
        port=_port(keys, security),
        security=security,
        auth=keys.derived(user.value is not None or told.present, "auth is set" if user.value else "no auth.user"),
        user=user,
        secret=told,
        sender=keys.library("each message names its own"),
        envelope_sender=keys.library("each message names its own"),
        ehlo=keys.text("name", detail="the host's own name; 127.0.0.1 in brackets where it has no dot"),
        verify=keys.truth("tls.rejectUnauthorized", default=True),
        timeout=_milliseconds(keys),
    )
    dead = tuple(
        DeadKey(key=entry.key, origin=entry.origin, why="nodemailer reads it beside host and port, not inside tls")
        for entry in keys.all(*_MISPLACED)
    )
    return Reading(app=app, settings=settings, secret=secret, effects=tuple(effects), dead=dead, version="6 to 7")


def _security(keys: Keys) -> Setting:
    secure = keys.entry("secure")
    if secure is None and keys.value("port") in (465, "465"):
        return keys.derived(Security.IMPLICIT, "secure is not set, and the port is 465")
    if secure is not None and secure.unread is not None:
        return keys.text("secure")
    if secure is not None and _truthy(secure.value):
        return Setting(value=Security.IMPLICIT, origin=secure.origin)
    for name, security in (("ignoreTLS", Security.NONE), ("requireTLS", Security.STARTTLS)):
        entry = keys.entry(name)
        if entry is not None and _truthy(entry.value):
            return Setting(value=security, origin=entry.origin)
    if secure is not None:
        return Setting(value=Security.OPPORTUNISTIC, origin=secure.origin)
    return keys.default(Security.OPPORTUNISTIC)


def _truthy(value: object) -> bool:
    """JavaScript's view: every text that is not empty is true, also "false"."""
    return bool(value)


def _port(keys: Keys, security: Setting) -> Setting:
    if keys.filled("port") is not None:
        return keys.number("port")
    implicit = security.value is Security.IMPLICIT
    return keys.derived(465 if implicit else 587, f"no port is set, and secure is {'true' if implicit else 'not true'}")


def _milliseconds(keys: Keys) -> Setting:
    """The greeting's patience in seconds: 30 s by default (connection 2 min, socket 10 min)."""
    found = keys.number("greetingTimeout", "connectionTimeout", "socketTimeout", default=30_000)
    return Setting(value=found.value / 1000 if isinstance(found.value, int | float) else None, origin=found.origin)


def _effects(keys: Keys, *, has_user: bool, has_secret: bool) -> list[Effect]:
    found = []
    if keys.filled("host") is None and keys.filled("service") is None:
        found.append(
            keys.effect(
                Does.CONNECTS_TO_LOCALHOST,
                "nodemailer is given no host, and then calls localhost: 127.0.0.1 port 587, or 465 with secure",
                "host",
                shown="",
            )
        )
    if has_user and not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                'auth.user is set and auth.pass is not: nodemailer fails with "Missing credentials" and sends nothing',
                "auth.user",
            )
        )
    entry = keys.entry("secure")
    if entry is not None and entry.unread is None and isinstance(entry.value, str) and entry.value:
        found.append(
            keys.effect(
                Does.CHANGES_VALUE,
                f"secure is the text {entry.value!r}: in JavaScript every text that is not empty counts as true",
                "secure",
                shown=entry.value,
            )
        )
    for misplaced in keys.all("tls.requireTLS"):
        if _truthy(misplaced.value):
            found.append(
                Effect(
                    does=Does.SENDS_IN_CLEAR,
                    told="requireTLS stands inside tls, where nodemailer does not read it: where a server offers no "
                    "STARTTLS, the password is sent in clear",
                    origin=misplaced.origin,
                    shown="tls.requireTLS",
                    instead="requireTLS",
                )
            )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return spell(intent, "")


def spell(intent: Intent, under: str) -> tuple[Assignment, ...]:
    """nodemailer's options, each key with `under` before it."""
    implicit = intent.security is Security.IMPLICIT
    extra = {Security.STARTTLS: "requireTLS", Security.NONE: "ignoreTLS"}.get(intent.security)
    login = (
        (
            Assignment(key=f"{under}auth.user", value=intent.user),
            Assignment(key=f"{under}auth.pass", value=PLACEHOLDER),
        )
        if intent.user is not None
        else ()
    )
    return (
        Assignment(key=f"{under}host", value=intent.host),
        Assignment(key=f"{under}port", value=intent.port),
        Assignment(key=f"{under}secure", value=implicit),
        *((Assignment(key=under + extra, value=True),) if extra else ()),
        *login,
        *((Assignment(key=f"{under}name", value=intent.ehlo),) if intent.ehlo else ()),
    )


def _read(given: Given) -> Reading:
    return transport(Keys(given, "nodemailer", options_at(given) or ""), "nodemailer")


READER = Reader(
    name="nodemailer",
    title="nodemailer",
    since="6.0",
    source="nodemailer/nodemailer, lib/smtp-connection/index.js, lib/smtp-transport/index.js",
    syntaxes=("json",),
    fits=lambda given: options_at(given) is not None,
    read=_read,
    spell=_spell,
    generic=True,
)
