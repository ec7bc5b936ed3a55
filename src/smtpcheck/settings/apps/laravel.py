"""Laravel: `MAIL_*` in `.env`, through the skeleton's `config/mail.php`.

From skeleton 11 on `MAIL_SCHEME` (smtp, smtps) says when TLS begins and `MAIL_ENCRYPTION` is a dead key; before, it was
the other way round. Without either, Symfony's mailer takes implicit TLS on 465 and STARTTLS when it is offered.
phpdotenv cuts a value without quotes at `#`. `MAIL_MAILER=log`, the skeleton's default, sends nothing.
"""

from smtpcheck.model.settings import Assignment, DeadKey, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, logs_in, same

_QUIET = {"log": "writes mail to its log", "array": "keeps mail in memory and forgets it"}
_NULL = ("null", "(null)", "")


def _read(given: Given) -> Reading:
    keys = Keys(given, "Laravel")
    told, secret = keys.secret("MAIL_PASSWORD")
    user = _not_null(keys, "MAIL_USERNAME")
    sender = keys.text("MAIL_FROM_ADDRESS", default="hello@example.com")
    settings = Settings(
        host=keys.text("MAIL_HOST", default="127.0.0.1"),
        port=keys.number("MAIL_PORT", default=2525),
        security=_security(keys),
        auth=logs_in(keys, user, "MAIL_USERNAME"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.text("MAIL_EHLO_DOMAIN", detail="the host of APP_URL, from skeleton 11 on"),
        verify=keys.default(True),
        timeout=keys.library("PHP's default_socket_timeout: 60 s"),
    )
    return Reading(
        app="laravel",
        settings=settings,
        secret=secret,
        effects=tuple(_effects(keys)),
        dead=tuple(_dead(keys)),
        version="11 and later" if keys.entry("MAIL_SCHEME") else "9 to 12",
    )


def _not_null(keys: Keys, name: str) -> Setting:
    """`null` is nothing to Laravel's env()."""
    found = keys.text(name)
    return Setting(value=None, origin=found.origin) if str(found.value).lower() in _NULL else found


def _security(keys: Keys) -> Setting:
    scheme = keys.filled("MAIL_SCHEME")
    if scheme is not None and str(scheme.value).lower() not in _NULL:
        implicit = str(scheme.value).lower() == "smtps"
        return Setting(value=Security.IMPLICIT if implicit else _by_port(keys), origin=scheme.origin)
    encryption = keys.filled("MAIL_ENCRYPTION")
    if scheme is None and encryption is not None and str(encryption.value).lower() == "ssl":
        return Setting(value=Security.IMPLICIT, origin=encryption.origin)
    if keys.value("MAIL_PORT") in ("465", 465):
        return keys.derived(Security.IMPLICIT, "the port is 465, which Symfony's mailer takes for implicit TLS")
    if scheme is None and encryption is not None:
        return Setting(value=Security.OPPORTUNISTIC, origin=encryption.origin)
    return keys.default(Security.OPPORTUNISTIC)


def _by_port(keys: Keys) -> Security:
    return Security.IMPLICIT if keys.value("MAIL_PORT") in ("465", 465) else Security.OPPORTUNISTIC


def _effects(keys: Keys) -> list[Effect]:
    found = []
    mailer = keys.value("MAIL_MAILER") or keys.value("MAIL_DRIVER")
    if mailer in _QUIET:
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                f"MAIL_MAILER is {mailer}: Laravel {_QUIET[str(mailer)]}, and the other MAIL_ settings are not used",
                "MAIL_MAILER",
                "MAIL_DRIVER",
                shown=str(mailer),
                instead="smtp",
            )
        )
    if keys.filled("MAIL_URL") is not None:
        found.append(
            keys.effect(
                Does.IGNORES,
                "MAIL_URL is set, and what it says wins over MAIL_HOST, MAIL_PORT, MAIL_USERNAME and MAIL_PASSWORD",
                "MAIL_URL",
            )
        )
    scheme = keys.value("MAIL_SCHEME")
    if scheme is not None and str(scheme).lower() not in ("smtp", "smtps", *_NULL):
        found.append(
            keys.effect(
                Does.REFUSES,
                f"Laravel knows the schemes smtp and smtps: with MAIL_SCHEME={scheme} Symfony raises "
                "UnsupportedSchemeException and nothing is sent",
                "MAIL_SCHEME",
                shown=str(scheme),
                instead="smtps" if scheme in ("ssl", "tls") else "smtp",
            )
        )
    return found


def _dead(keys: Keys) -> list[DeadKey]:
    if keys.entry("MAIL_SCHEME") is None:
        return []
    return [
        DeadKey(key=entry.key, origin=entry.origin, why="config/mail.php reads MAIL_SCHEME from skeleton 11 on")
        for entry in keys.all("MAIL_ENCRYPTION")
    ]


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key="MAIL_MAILER", value="smtp"),
        Assignment(key="MAIL_SCHEME", value="smtps" if intent.security is Security.IMPLICIT else "smtp"),
        Assignment(key="MAIL_HOST", value=intent.host),
        Assignment(key="MAIL_PORT", value=intent.port),
        *login(intent, "MAIL_USERNAME", "MAIL_PASSWORD"),
        *where(intent.sender, "MAIL_FROM_ADDRESS"),
        *where(intent.ehlo, "MAIL_EHLO_DOMAIN"),
    )


READER = Reader(
    name="laravel",
    title="Laravel",
    since="9",
    source="laravel/laravel, config/mail.php; laravel/framework, src/Illuminate/Mail/MailManager.php; symfony/mailer, "
    "Transport/Smtp/EsmtpTransportFactory.php; vlucas/phpdotenv, src/Parser/EntryParser.php",
    syntaxes=("env",),
    marks=("MAIL_MAILER", "MAIL_SCHEME", "MAIL_ENCRYPTION", "MAIL_DRIVER", "MAIL_EHLO_DOMAIN", "MAIL_FROM_NAME"),
    keys=("MAIL_HOST", "MAIL_USERNAME"),
    read=_read,
    spell=_spell,
    dialect="phpdotenv",
)
