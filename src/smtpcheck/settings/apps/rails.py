"""Rails' ActionMailer: `config.action_mailer.smtp_settings = { ... }` in `config/environments/*.rb`, read without Ruby.

`ssl: true` or `tls: true` is implicit TLS, `enable_starttls: true` is STARTTLS and required, `enable_starttls_auto`
(the default) is STARTTLS when it is offered. `authentication` and `user_name` decide whether it logs in.
"""

from smtpcheck.model import Origin
from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader
from smtpcheck.settings.apps.lookup import Keys

_HASH = "config.action_mailer.smtp_settings."
_METHOD = "config.action_mailer.delivery_method"


def mailer(keys: Keys, *, app: str, sender: Setting, ehlo: str = "domain") -> Reading:
    """What the mail gem does with ActionMailer's own options."""
    told, secret = keys.secret("password")
    user = keys.text("user_name")
    security = security_of(keys)
    effects: list[Effect] = []
    if user.value is not None and not told.present:
        effects.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "user_name is set and password is not: Net::SMTP raises ArgumentError before it logs in",
                "user_name",
            )
        )
    settings = Settings(
        host=keys.text("address", default="localhost"),
        port=keys.number("port", default=25),
        security=security,
        auth=keys.derived(user.value is not None, "user_name is set" if user.value else "no user_name"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=Setting(value=sender.value, origin=sender.origin),
        ehlo=keys.text(ehlo, default="localhost.localdomain"),
        verify=verify_of(keys),
        timeout=keys.number(
            "read_timeout", "open_timeout", default=5, detail="open_timeout and read_timeout, from Rails 7.1"
        ),
    )
    return Reading(app=app, settings=settings, secret=secret, effects=tuple(effects), version="6.1 to 8.0")


def security_of(keys: Keys) -> Setting:
    """When TLS begins, as the mail gem decides (lib/mail/network/delivery_methods/smtp.rb)."""
    for name in ("ssl", "tls"):
        entry = keys.entry(name)
        if entry is not None and entry.unread is not None:
            return keys.text(name)
        if entry is not None and entry.value:
            return Setting(value=Security.IMPLICIT, origin=entry.origin)
    required = keys.entry("enable_starttls")
    if required is not None and required.unread is None and required.value in (True, "always"):
        return Setting(value=Security.STARTTLS, origin=required.origin)
    if required is not None and required.unread is None and required.value == "auto":
        return Setting(value=Security.OPPORTUNISTIC, origin=required.origin)
    automatic = keys.entry("enable_starttls_auto")
    if automatic is not None and automatic.unread is None and automatic.value is False:
        return Setting(value=Security.NONE, origin=automatic.origin)
    if automatic is not None:
        return Setting(value=Security.OPPORTUNISTIC, origin=automatic.origin)
    return keys.default(Security.OPPORTUNISTIC)


def verify_of(keys: Keys) -> Setting:
    """Whether the certificate is verified: openssl_verify_mode none (or 0) says no."""
    entry = keys.filled("openssl_verify_mode")
    if entry is None or entry.unread is not None:
        return keys.default(True)
    return Setting(value=str(entry.value).lower() not in ("none", "0"), origin=entry.origin)


def spelled(intent: Intent, under: str, *, sender: str | None) -> tuple[Assignment, ...]:
    """ActionMailer's options with `under` before each key; `sender` is the whole key of the From address, if any."""
    implicit = intent.security is Security.IMPLICIT
    starttls = intent.security is Security.STARTTLS
    login = (
        (
            Assignment(key=f"{under}user_name", value=intent.user),
            Assignment(key=f"{under}password", value=PLACEHOLDER),
            Assignment(key=f"{under}authentication", value="plain"),
        )
        if intent.user is not None
        else ()
    )
    return (
        Assignment(key=f"{under}address", value=intent.host),
        Assignment(key=f"{under}port", value=intent.port),
        *((Assignment(key=f"{under}tls", value=True),) if implicit else ()),
        *((Assignment(key=f"{under}enable_starttls", value=True),) if starttls else ()),
        *((Assignment(key=f"{under}enable_starttls_auto", value=False),) if intent.security is Security.NONE else ()),
        *login,
        *((Assignment(key=f"{under}domain", value=intent.ehlo),) if intent.ehlo else ()),
        *((Assignment(key=sender, value=intent.sender),) if sender and intent.sender else ()),
    )


def _read(given: Given) -> Reading:
    keys = Keys(given, "Rails", under=_HASH)
    whole = Keys(given, "Rails")
    sender = whole.text("config.action_mailer.default_options.from", detail="each mailer names its own")
    reading = mailer(keys, app="rails", sender=sender)
    method = whole.filled(_METHOD)
    if method is None or method.unread is not None or method.value == "smtp":
        return reading
    effect = Effect(
        does=Does.SENDS_NOTHING,
        told=f"config.action_mailer.delivery_method is {method.value}, so smtp_settings is not used",
        origin=Origin(kind="file", file=method.origin.file, line=method.origin.line, key=method.key),
        shown=str(method.value),
        instead="smtp",
    )
    return Reading(
        app=reading.app,
        settings=reading.settings,
        secret=reading.secret,
        effects=(*reading.effects, effect),
        version=reading.version,
    )


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return spelled(intent, _HASH, sender=None)


READER = Reader(
    name="rails",
    title="Rails",
    since="6.1",
    source="rails/rails, actionmailer/lib/action_mailer/base.rb; mikel/mail, lib/mail/network/delivery_methods/smtp.rb",
    syntaxes=("ruby",),
    marks=(f"{_HASH}*", _METHOD),
    read=_read,
    spell=_spell,
)
