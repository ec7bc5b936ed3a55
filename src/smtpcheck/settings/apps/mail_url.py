"""Meteor and Rocket.Chat: `MAIL_URL=smtps://user:pass@host:465`, passed on to nodemailer.

`smtps` is implicit TLS. `smtp` begins in clear on every port, 465 too: there Meteor logs a debug line ("You probably
want 'smtps://'") and then waits for a greeting that never comes. Without MAIL_URL mail is printed to the console.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Settings
from smtpcheck.settings.apps import Intent, Reader, url
from smtpcheck.settings.apps.lookup import Keys

_NAME = "MAIL_URL"


def _read(given: Given) -> Reading:
    keys = Keys(given, "Meteor")
    entry = keys.filled(_NAME)
    parts = url.split(str(entry.value)) if entry is not None and entry.unread is None else None
    if entry is None or parts is None:
        return _without(keys)
    implicit = parts.scheme == "smtps"
    port = parts.port if parts.port is not None else 465 if implicit else 587
    settings = Settings(
        host=url.of(entry, parts.host),
        port=url.of(entry, parts.port) if parts.port else keys.derived(port, f"the scheme is {parts.scheme}"),
        security=url.of(entry, _security(parts, implicit)),
        auth=keys.derived(parts.user is not None, "the URL has a user" if parts.user else "the URL has no user"),
        user=url.of(entry, parts.user),
        secret=url.secret_of(entry, parts.secret),
        sender=keys.text("MAIL_FROM", detail="each mail names its own"),
        envelope_sender=keys.library("each mail names its own"),
        ehlo=url.of(entry, parts.options.get("name")),
        verify=url.of(entry, parts.options.get("tls.rejectUnauthorized", "true").lower() != "false"),
        timeout=keys.library("nodemailer: 30 s for the greeting, 2 min for the connection"),
    )
    return Reading(
        app="mail-url",
        settings=settings,
        secret=parts.secret,
        effects=tuple(_effects(keys, parts)),
        version="1.8 and later",
    )


def _security(parts: url.Parts, implicit: bool) -> Security:
    if implicit or parts.options.get("secure") == "true":
        return Security.IMPLICIT
    if parts.options.get("requireTLS") == "true":
        return Security.STARTTLS
    return Security.NONE if parts.options.get("ignoreTLS") == "true" else Security.OPPORTUNISTIC


def _effects(keys: Keys, parts: url.Parts) -> list[Effect]:
    found = []
    if parts.scheme not in ("smtp", "smtps"):
        found.append(
            keys.effect(
                Does.REFUSES,
                f"the scheme of MAIL_URL is {parts.scheme}: Meteor knows smtp and smtps, and raises an error",
                _NAME,
                shown=parts.scheme,
            )
        )
    if parts.encoded_badly:
        found.append(
            keys.effect(
                Does.CHANGES_VALUE,
                "a reserved character (@ / # ?) stands unencoded in the user or the password of MAIL_URL, so the URL "
                "is taken apart elsewhere than meant: write @ as %40, / as %2F, # as %23, ? as %3F",
                _NAME,
            )
        )
    return found


def _without(keys: Keys) -> Reading:
    entry = keys.entry(_NAME)
    told = (
        "MAIL_URL is empty: Meteor prints mail to its console and sends nothing"
        if entry is None or not entry.value
        else "MAIL_URL is no URL that could be taken apart: Meteor raises an error when the first mail is sent"
    )
    does = Does.SENDS_NOTHING if entry is None or not entry.value else Does.REFUSES
    unknown = entry is not None and entry.unread is not None
    nothing = keys.text(_NAME) if unknown else keys.library("MAIL_URL holds no URL")
    effects = () if unknown else (keys.effect(does, told, _NAME),)
    return Reading(app="mail-url", settings=url.nothing(keys, nothing), effects=effects)


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    scheme = "smtps" if intent.security is Security.IMPLICIT else "smtp"
    query = {Security.STARTTLS: "?requireTLS=true", Security.NONE: "?ignoreTLS=true"}.get(intent.security, "")
    return (url.assigned(_NAME, scheme, intent, query),)


READER = Reader(
    name="mail-url",
    title="Meteor (MAIL_URL)",
    since="1.8",
    source="meteor/meteor, packages/email/email.js",
    syntaxes=("env",),
    marks=(_NAME,),
    read=_read,
    spell=_spell,
)
