"""Strapi with the nodemailer provider: `email.config.providerOptions` in `config/plugins.js`, read and not executed;
its values mostly come from `SMTP_*` variables, which can be given beside it.
"""

from dataclasses import replace

from smtpcheck.model.settings import Assignment, Entry, Given, Reading
from smtpcheck.settings.apps import Intent, Reader, nodemailer, where
from smtpcheck.settings.apps.lookup import Keys, same

_OPTIONS = ".providerOptions."
_FROM = ".settings.defaultFrom"
# What `env('SMTP_HOST')` in the documented file stands for.
_VARIABLES = {
    "host": "SMTP_HOST",
    "port": "SMTP_PORT",
    "auth.user": "SMTP_USERNAME",
    "auth.pass": "SMTP_PASSWORD",
    "secure": "SMTP_SECURE",
}


def _read(given: Given) -> Reading:
    under = next((entry.key.partition(_OPTIONS)[0] for entry in given.entries if _OPTIONS in entry.key), "email.config")
    filled = replace(given, entries=tuple(_filled(entry, given, under) for entry in given.entries))
    reading = nodemailer.transport(Keys(filled, "Strapi", under=under + _OPTIONS), "strapi")
    sender = Keys(filled, "Strapi", under=under).text(_FROM, default=None, detail="each mail names its own")
    settings = replace(reading.settings, sender=sender, envelope_sender=same(sender))
    return replace(reading, settings=settings, version="4 and 5")


def _filled(entry: Entry, given: Given, under: str) -> Entry:
    """An expression's value from the variable that the documentation uses there, where that is given as well."""
    if entry.unread is None:
        return entry
    name = _VARIABLES.get(entry.key.removeprefix(under + _OPTIONS))
    found = next((one for one in reversed(given.entries) if one.key == name), None)
    return entry if found is None else replace(entry, value=found.value, unread=None, origin=found.origin)


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        *nodemailer.spell(intent, "email.config" + _OPTIONS),
        *where(intent.sender, "email.config" + _FROM),
    )


READER = Reader(
    name="strapi",
    title="Strapi",
    since="4",
    source="strapi/strapi, packages/providers/email-nodemailer/README.md",
    syntaxes=("javascript", "env"),
    fits=lambda given: any(_OPTIONS in entry.key for entry in given.entries),
    read=_read,
    spell=_spell,
)
