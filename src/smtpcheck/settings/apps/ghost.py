"""Ghost: `mail` in `config.production.json`, or `mail__options__host` ... in the environment, which wins.

`mail.options` goes to nodemailer as it is. Without `mail.transport` Ghost delivers by itself ("direct"), to the MX of
each recipient on port 25, and the options are not used.
"""

from dataclasses import replace

from smtpcheck.model.settings import Assignment, Does, Entry, Given, Reading
from smtpcheck.settings.apps import Intent, Reader, nodemailer, where
from smtpcheck.settings.apps.lookup import Keys, same

_UNDER = "mail.options."


def _read(given: Given) -> Reading:
    flat = replace(given, entries=tuple(_dotted(entry) for entry in given.entries))
    reading = nodemailer.transport(Keys(flat, "Ghost", under=_UNDER), "ghost")
    keys = Keys(flat, "Ghost")
    sender = keys.text("mail.from", detail="noreply@ and the site's host, by default")
    effects = list(reading.effects)
    transport = keys.value("mail.transport")
    if transport is None or str(transport).lower() != "smtp":
        how = "is not set" if transport is None else f"is {transport!r}"
        effects.insert(
            0,
            keys.effect(
                Does.SENDS_NOTHING,
                f"mail.transport {how}: Ghost does not use mail.options"
                + (", and tries to deliver to each recipient's own server on port 25" if transport is None else ""),
                "mail.transport",
                shown=None if transport is None else str(transport),
                instead="SMTP",
            ),
        )
    settings = replace(reading.settings, sender=sender, envelope_sender=same(sender))
    return replace(reading, settings=settings, effects=tuple(effects), version="5.0 and later")


def _dotted(entry: Entry) -> Entry:
    """A variable of the environment under the key that it stands for (nconf's separator is two underscores)."""
    return replace(entry, key=entry.key.replace("__", ".")) if entry.key.startswith("mail__") else entry


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="mail.transport", value="SMTP"),
        *nodemailer.spell(intent, _UNDER),
        *where(intent.sender, "mail.from"),
    )


READER = Reader(
    name="ghost",
    title="Ghost",
    since="5.0",
    source="TryGhost/Ghost, ghost/core/core/server/services/mail/GhostMailer.js",
    syntaxes=("json", "env"),
    marks=("mail.transport", "mail.options.*", "mail__*"),
    read=_read,
    spell=_spell,
)
