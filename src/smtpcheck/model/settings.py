"""What an application's configuration says about its mail: one normalised record, whatever the application calls it.

An `Entry` is a key as it stands in a file, before anybody knows what it means. A reader (`settings.apps`) gives entries
their meaning: `Settings`, with the origin of each value, and `Effect`s, which are what the application will really do
where that is not what the words seem to say. The password itself travels beside them as a `Secret`, never inside.
"""

from dataclasses import field
from enum import StrEnum

from smtpcheck.model.finding import Finding
from smtpcheck.model.record import record
from smtpcheck.model.secret import Secret
from smtpcheck.model.target import Origin

Value = str | int | float | bool | None


class Security(StrEnum):
    """What protects the connection. Only IMPLICIT and STARTTLS (required) keep a password from a listener."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    OPPORTUNISTIC = "opportunistic"
    NONE = "none"


class Does(StrEnum):
    """What an application really does because of a setting: the word of an `Effect`."""

    SENDS_NOTHING = "sends-nothing"  # mail goes to a log, to a file, nowhere
    IGNORES = "ignores"  # the key or value has no effect in this version
    REFUSES = "refuses"  # it does not start, or raises before it connects
    SENDS_IN_CLEAR = "sends-in-clear"  # no TLS, although something was set that looks like it
    SKIPS_LOGIN = "skips-login"  # a user or a password is set, and AUTH is not used
    LOGS_IN_WITHOUT_SECRET = "logs-in-without-secret"  # noqa: S105  AUTH is used, and there is nothing to say
    CHANGES_VALUE = "changes-value"  # the file's format cuts or alters what was written
    CONNECTS_TO_LOCALHOST = "connects-to-localhost"  # no host reaches the library, which then takes its own
    TAKES_USER_AS_SENDER = "takes-user-as-sender"  # the envelope sender is the login's name
    TRUSTS_ANYBODY = "trusts-anybody"  # certificates are not verified
    WAITS_FOR_EVER = "waits-for-ever"  # no timeout


@record
class Entry:
    """One key as a carrier found it, flat: `mail.options.host`, `EMAIL_HOST`, `mailer.SMTP_ADDR`.

    `value` keeps the type that the syntax gives it (everything is text in an environment); it may be a secret, so it is
    not shown. `raw` is the text as it stands in a file whose dialects differ (an `.env`, an ini file): the
    application's own dialect decides what it means. `unread` says why the value could not be had: it is an expression
    of a language, or stands in a file that is only referred to.
    """

    key: str
    value: Value = field(repr=False)
    origin: Origin
    unread: str | None = None
    raw: str | None = field(default=None, repr=False)


@record
class Given:
    """All entries for one service, in the order in which they count: a later one wins over an earlier one.

    `service` is its name in a compose file or manifest; `container` tells whether it runs in one. `syntaxes` names the
    syntaxes of its entries (env, ini, json, yaml, python, php, ruby, ...).
    """

    entries: tuple[Entry, ...]
    service: str | None = None
    container: bool = False
    container_name: str | None = None
    syntaxes: tuple[str, ...] = ()
    services: tuple[str, ...] = ()


@record
class Setting:
    """One normalised value with its origin. None where the application leaves it to its library, or it cannot be
    told.
    """

    value: Value
    origin: Origin


@record
class SecretSetting:
    """That there is a password, and what may be said of it. `value` is never anything."""

    present: bool
    origin: Origin
    length: int | None = None
    hygiene: tuple[str, ...] = ()
    shape: str | None = None
    value: None = None


@record
class Settings:
    """The normalised record. `security` holds the words of `Security`, `auth` whether the application logs in."""

    host: Setting
    port: Setting
    security: Setting
    auth: Setting
    user: Setting
    secret: SecretSetting
    sender: Setting
    envelope_sender: Setting
    ehlo: Setting
    verify: Setting
    timeout: Setting


@record
class Effect:
    """What the application does because of one key. `told` is a sentence without a secret, that says it and why."""

    does: Does
    told: str
    origin: Origin
    shown: str | None = None
    instead: str | None = None


@record
class DeadKey:
    """A key that looks like a setting of the application and has no effect, and why."""

    key: str
    origin: Origin
    why: str


@record
class Reading:
    """What a reader made of the entries. `secret` is the password itself, on its way to AUTH and nowhere else."""

    app: str
    settings: Settings
    secret: Secret | None = None
    effects: tuple[Effect, ...] = ()
    dead: tuple[DeadKey, ...] = ()
    version: str | None = None


@record
class Assignment:
    """A key of an application and the value to put there; `comment` says why where it is not plain."""

    key: str
    value: Value
    comment: str | None = None


@record
class Service:
    """One service's settings, judged: an item of `smtpcheck settings --json`."""

    service: str | None
    app: str
    settings: Settings
    findings: tuple[Finding, ...] = ()
    dead: tuple[DeadKey, ...] = ()
