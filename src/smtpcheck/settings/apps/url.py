"""Mail settings in one URL: `smtp://user:pass@host:port?option=value`, percent-encoded.

Shared by Symfony's MAILER_DSN, Meteor's MAIL_URL and W&B's GORILLA_EMAIL_SINK, which differ in what a scheme means.
"""

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from smtpcheck.model import Origin, Secret
from smtpcheck.model.record import record
from smtpcheck.model.secret import describe_secret
from smtpcheck.model.settings import Assignment, Entry, SecretSetting, Setting, Settings, Value
from smtpcheck.settings.apps import PLACEHOLDER, Intent
from smtpcheck.settings.apps.lookup import Keys


@record
class Parts:
    """The parts of a URL, decoded. `port` is None where none is written, or where it is no number."""

    scheme: str
    host: str | None
    port: int | None
    user: str | None
    secret: Secret | None
    options: Mapping[str, str]
    encoded_badly: bool


def split(text: str) -> Parts | None:
    """The parts of a URL, None for what is none."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
        host = parts.hostname
    except ValueError:
        return None
    if not parts.scheme or "://" not in text:
        return None
    login, at, _ = parts.netloc.rpartition("@")
    user, colon, password = login.partition(":")
    return Parts(
        scheme=parts.scheme.lower(),
        host=host,
        port=port,
        user=unquote(user) if at and user else None,
        secret=Secret(unquote(password)) if colon and password else None,
        options=dict(parse_qsl(parts.query, keep_blank_values=True)),
        encoded_badly="@" in login or "/" in login or "#" in parts.fragment or bool(parts.fragment),
    )


def of(entry: Entry, value: Value) -> Setting:
    """A part of the entry's URL as a setting."""
    origin = entry.origin
    detail = None if value is not None else "not in the URL"
    return Setting(
        value=value, origin=Origin(kind=origin.kind, detail=detail, file=origin.file, line=origin.line, key=origin.key)
    )


def secret_of(entry: Entry, secret: Secret | None) -> SecretSetting:
    """What may be said of the URL's password."""
    if secret is None:
        return SecretSetting(present=False, origin=entry.origin)
    facts = describe_secret(secret, "file")
    return SecretSetting(
        present=True, origin=entry.origin, length=facts.length, hygiene=facts.hygiene, shape=facts.shape
    )


def nothing(keys: Keys, why: Setting) -> Settings:
    """The record where there is no URL to read: nothing is known, for the reason of `why`."""
    blank = Setting(value=None, origin=why.origin)
    return Settings(
        host=blank,
        port=blank,
        security=blank,
        auth=blank,
        user=blank,
        secret=keys.secret("")[0],
        sender=blank,
        envelope_sender=blank,
        ehlo=blank,
        verify=blank,
        timeout=blank,
    )


def assigned(key: str, scheme: str, intent: Intent, query: str = "") -> Assignment:
    """The URL for these settings, the user encoded as it has to be, a placeholder for the secret."""
    login = f"{quote(intent.user, safe='')}:{PLACEHOLDER}@" if intent.user is not None else ""
    name = f"[{intent.host}]" if ":" in intent.host else intent.host
    url = f"{scheme}://{login}{name}:{intent.port}{query}"
    return Assignment(key=key, value=url, comment="percent-encode the password")
