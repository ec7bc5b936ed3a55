"""Weights & Biases: `GORILLA_EMAIL_SINK=smtp://user:pass@host:port`, the sender in `GORILLA_EMAIL_FROM_ADDRESS`.

The value may also be an https URL of a dispatch service, which is no SMTP at all.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, url, where
from smtpcheck.settings.apps.lookup import Keys, same

_NAME = "GORILLA_EMAIL_SINK"
_SENDER = "GORILLA_EMAIL_FROM_ADDRESS"


def _read(given: Given) -> Reading:
    keys = Keys(given, "W&B")
    entry = keys.filled(_NAME)
    parts = url.split(str(entry.value)) if entry is not None and entry.unread is None else None
    sender = keys.text(_SENDER)
    smtp = entry is not None and parts is not None and parts.scheme in ("smtp", "smtps")
    blank = keys.library("GORILLA_EMAIL_SINK holds no smtp URL")
    settings = Settings(
        host=url.of(entry, parts.host) if smtp and entry and parts else blank,
        port=_port(keys, parts) if smtp else blank,
        security=_security(keys, parts) if smtp else blank,
        auth=keys.derived(bool(parts and parts.user), "the URL has a user" if parts and parts.user else "no user"),
        user=url.of(entry, parts.user) if smtp and entry and parts else blank,
        secret=url.secret_of(entry, parts.secret if parts else None) if entry else keys.secret(_NAME)[0],
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("not known"),
        verify=keys.library("not known"),
        timeout=keys.library("not known"),
    )
    return Reading(
        app="gorilla",
        settings=settings,
        secret=parts.secret if parts else None,
        effects=tuple(_effects(keys, parts)),
        version="server 0.40 and later",
    )


def _port(keys: Keys, parts: url.Parts | None) -> Setting:
    entry = keys.filled(_NAME)
    if entry is not None and parts is not None and parts.port is not None:
        return url.of(entry, parts.port)
    return keys.library("no port in the URL")


def _security(keys: Keys, parts: url.Parts | None) -> Setting:
    if parts is None:
        return keys.library("not known")
    implicit = parts.scheme == "smtps" or parts.port == 465
    return keys.derived(Security.IMPLICIT if implicit else Security.OPPORTUNISTIC, "scheme and port of the URL")


def _effects(keys: Keys, parts: url.Parts | None) -> list[Effect]:
    found = []
    if parts is None:
        found.append(keys.effect(Does.REFUSES, "GORILLA_EMAIL_SINK is no URL that could be taken apart", _NAME))
    elif parts.scheme in ("http", "https"):
        found.append(
            keys.effect(
                Does.IGNORES,
                "GORILLA_EMAIL_SINK is an https URL: mail is handed to that service, and no SMTP server is called",
                _NAME,
            )
        )
    elif parts.scheme not in ("smtp", "smtps"):
        told = f"the scheme of GORILLA_EMAIL_SINK is {parts.scheme}, and smtp:// is expected"
        found.append(keys.effect(Does.REFUSES, told, _NAME, shown=parts.scheme, instead="smtp"))
    if parts is not None and parts.encoded_badly:
        found.append(
            keys.effect(
                Does.CHANGES_VALUE,
                "a reserved character (@ / # ?) stands unencoded in the user or the password of GORILLA_EMAIL_SINK, so "
                "the URL is taken apart elsewhere than meant: write @ as %40, / as %2F, # as %23, ? as %3F",
                _NAME,
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    scheme = "smtps" if intent.security is Security.IMPLICIT else "smtp"
    return (
        url.assigned(_NAME, scheme, intent),
        *where(intent.sender, _SENDER),
    )


READER = Reader(
    name="gorilla",
    title="Weights & Biases server",
    since="0.40",
    source="wandb/server, documentation of GORILLA_EMAIL_SINK; wandb/helm-charts",
    syntaxes=("env",),
    marks=(_NAME,),
    read=_read,
    spell=_spell,
)
