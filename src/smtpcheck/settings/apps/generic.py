"""The `SMTP_*` set that dozens of applications share (Kener among them): HOST, PORT, USER, PASS or PASSWORD, SECURE.

What their libraries make of it differs, so less is known: where the variables alone do not tell, the record says so.
With `SMTP_SECURE` it is read as nodemailer reads it.
"""

from smtpcheck.model.settings import Assignment, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import TRUE, Keys, logs_in, same

_USERS = ("SMTP_USER", "SMTP_USERNAME")
_SECRETS = ("SMTP_PASS", "SMTP_PASSWORD", "SMTP_PASSWD")
_SENDERS = ("SMTP_FROM_EMAIL", "SMTP_FROM", "SMTP_SENDER", "SMTP_FROM_ADDRESS", "MAIL_FROM", "EMAIL_FROM")
_WORDS = {
    "ssl": Security.IMPLICIT,
    "smtps": Security.IMPLICIT,
    "implicit": Security.IMPLICIT,
    "starttls": Security.STARTTLS,
    "tls": None,
    "none": Security.NONE,
    "off": Security.NONE,
}


def _read(given: Given) -> Reading:
    keys = Keys(given, "the application")
    told, secret = keys.secret(*_SECRETS)
    user = keys.text(*_USERS)
    sender = keys.text(*_SENDERS)
    effects: list[Effect] = []
    settings = Settings(
        host=keys.text("SMTP_HOST", "SMTP_SERVER"),
        port=keys.number("SMTP_PORT"),
        security=_security(keys),
        auth=logs_in(keys, user, "SMTP_USER"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("not known"),
        verify=keys.library("not known"),
        timeout=keys.library("not known"),
    )
    return Reading(app="generic", settings=settings, secret=secret, effects=tuple(effects))


def _security(keys: Keys) -> Setting:
    secure = keys.filled("SMTP_SECURE", "SMTP_SSL")
    if secure is not None:
        word = str(secure.value).strip().lower()
        if word in _WORDS:
            return Setting(value=_WORDS[word], origin=secure.origin)
        return Setting(value=Security.IMPLICIT if word in TRUE else Security.OPPORTUNISTIC, origin=secure.origin)
    for name in ("SMTP_ENCRYPTION", "SMTP_SECURITY", "SMTP_TLS"):
        entry = keys.filled(name)
        if entry is not None:
            found = _WORDS.get(str(entry.value).strip().lower())
            return Setting(value=found, origin=entry.origin)
    if keys.value("SMTP_PORT") in ("465", 465):
        return keys.derived(Security.IMPLICIT, "the port is 465, and nothing else says")
    return keys.library("not known: most libraries take STARTTLS when it is offered")


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="SMTP_HOST", value=intent.host),
        Assignment(key="SMTP_PORT", value=intent.port),
        Assignment(key="SMTP_SECURE", value=int(intent.security is Security.IMPLICIT)),
        *login(intent, "SMTP_USER", "SMTP_PASS"),
        *where(intent.sender, "SMTP_FROM_EMAIL"),
    )


READER = Reader(
    name="generic",
    title="an application with SMTP_ variables",
    since="any",
    source="kener.ing, docs (SMTP_HOST, SMTP_PORT, SMTP_USER, SMTP_PASS, SMTP_SECURE, SMTP_FROM_EMAIL)",
    syntaxes=("env",),
    keys=("SMTP_HOST",),
    read=_read,
    spell=_spell,
    generic=True,
)
