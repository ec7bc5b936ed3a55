"""Vaultwarden: `SMTP_*` in the environment, and `config.json`, which the admin page writes and which wins.

`SMTP_SECURITY` is starttls (required), force_tls or off, and nothing else: with another word it does not start. The
port follows it where none is set. Every variable has a twin `NAME_FILE`.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader
from smtpcheck.settings.apps.lookup import Keys

_SECURITY = {
    "starttls": Security.STARTTLS,
    "force_tls": Security.IMPLICIT,
    "off": Security.NONE,
}
_PORTS = {Security.IMPLICIT: 465, Security.STARTTLS: 587, Security.NONE: 25}
_TRUE = ("t", "true", "1", "y", "yes", "on")  # util.rs, get_env_bool


def _read(given: Given) -> Reading:
    keys = Keys(given, "Vaultwarden")
    effects = list(_unwilling(keys))
    security = _security(keys, effects)
    secret_told, secret = keys.secret(*_names("smtp_password"))
    user = keys.text(*_names("smtp_username"))
    sender = keys.text(*_names("smtp_from"))
    settings = Settings(
        host=keys.text(*_names("smtp_host")),
        port=_port(keys, security),
        security=security,
        auth=keys.derived(user.value is not None, "SMTP_USERNAME is set" if user.value else "no SMTP_USERNAME"),
        user=user,
        secret=secret_told,
        sender=sender,
        envelope_sender=Setting(value=sender.value, origin=sender.origin),
        ehlo=keys.text(*_names("helo_name"), detail="the host name of the machine, by default"),
        verify=keys.derived(
            not keys.truth(*_names("smtp_accept_invalid_certs"), default=False, true=_TRUE).value,
            "SMTP_ACCEPT_INVALID_CERTS",
        ),
        timeout=keys.number(*_names("smtp_timeout"), default=15),
    )
    return Reading(
        app="vaultwarden", settings=settings, secret=secret, effects=tuple(effects), version="1.25 and later"
    )


def _names(key: str) -> tuple[str, str]:
    """A key as config.json has it, which wins, and as the environment has it."""
    return key, key.upper()


def _security(keys: Keys, effects: list[Effect]) -> Setting:
    entry = keys.filled(*_names("smtp_security"))
    if entry is None or entry.unread is not None:
        return _by_old_keys(keys)
    word = str(entry.value)
    if word not in _SECURITY:
        effects.append(
            keys.effect(
                Does.REFUSES,
                f"Vaultwarden does not start: {entry.key} is {word!r}, and it knows starttls, force_tls and off alone",
                *_names("smtp_security"),
                shown=word,
            )
        )
    return Setting(value=_SECURITY.get(word), origin=entry.origin)


def _by_old_keys(keys: Keys) -> Setting:
    """Without SMTP_SECURITY the deprecated pair decides (smtp_convert_deprecated_ssl_options)."""
    if keys.filled(*_names("smtp_ssl")) is None and keys.filled(*_names("smtp_explicit_tls")) is None:
        return keys.default(Security.STARTTLS)
    explicit = keys.truth(*_names("smtp_explicit_tls"), default=False, true=_TRUE)
    ssl = keys.truth(*_names("smtp_ssl"), default=True, true=_TRUE)
    if explicit.value:
        return Setting(value=Security.IMPLICIT, origin=explicit.origin)
    return Setting(value=Security.STARTTLS if ssl.value else Security.NONE, origin=ssl.origin)


def _port(keys: Keys, security: Setting) -> Setting:
    if keys.filled(*_names("smtp_port")) is not None:
        return keys.number(*_names("smtp_port"))
    known = Security(str(security.value)) if security.value is not None else None
    return keys.derived(_PORTS.get(known) if known else None, "SMTP_SECURITY decides where SMTP_PORT is not set")


def _unwilling(keys: Keys) -> list[Effect]:
    """What keeps Vaultwarden from starting or from sending (config.rs, validate_config)."""
    found = []
    if keys.truth(*_names("_enable_smtp"), default=True, true=_TRUE).value is False:
        found.append(
            keys.effect(
                Does.SENDS_NOTHING, "_ENABLE_SMTP is false, so Vaultwarden sends no mail", *_names("_enable_smtp")
            )
        )
    if keys.truth(*_names("use_sendmail"), default=False, true=_TRUE).value:
        found.append(
            keys.effect(
                Does.IGNORES,
                "USE_SENDMAIL is true: mail goes through the sendmail command, and the SMTP_ settings are not used",
                *_names("use_sendmail"),
            )
        )
        return found
    host, sender = keys.filled(*_names("smtp_host")), keys.filled(*_names("smtp_from"))
    if (host is None) is not (sender is None):
        found.append(
            keys.effect(
                Does.REFUSES,
                "Vaultwarden does not start: SMTP_HOST and SMTP_FROM have to be set both",
                *_names("smtp_host" if host is not None else "smtp_from"),
            )
        )
    elif sender is not None and sender.unread is None and "@" not in str(sender.value):
        found.append(keys.effect(Does.REFUSES, "Vaultwarden does not start: SMTP_FROM has no @", *_names("smtp_from")))
    user, password = keys.filled(*_names("smtp_username")), keys.filled(*_names("smtp_password"))
    if (user is None) is not (password is None):
        found.append(
            keys.effect(
                Does.REFUSES,
                "Vaultwarden does not start: SMTP_USERNAME and SMTP_PASSWORD have to be set both, or neither",
                *_names("smtp_username" if user is not None else "smtp_password"),
            )
        )
    if keys.truth(*_names("smtp_accept_invalid_certs"), default=False, true=_TRUE).value:
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "SMTP_ACCEPT_INVALID_CERTS is true: any certificate is taken, and so anybody can read the password",
                *_names("smtp_accept_invalid_certs"),
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    words = {value: word for word, value in _SECURITY.items()}
    security = Security.STARTTLS if intent.security is Security.OPPORTUNISTIC else intent.security
    login = (
        (Assignment(key="SMTP_USERNAME", value=intent.user), Assignment(key="SMTP_PASSWORD", value=PLACEHOLDER))
        if intent.user is not None
        else ()
    )
    return (
        Assignment(key="SMTP_HOST", value=intent.host),
        Assignment(key="SMTP_PORT", value=intent.port),
        Assignment(key="SMTP_SECURITY", value=words[security]),
        *login,
        *((Assignment(key="SMTP_FROM", value=intent.sender),) if intent.sender else ()),
        *((Assignment(key="HELO_NAME", value=intent.ehlo),) if intent.ehlo else ()),
    )


READER = Reader(
    name="vaultwarden",
    title="Vaultwarden",
    since="1.25",
    source="dani-garcia/vaultwarden, src/config.rs (make_config, validate_config) and .env.template",
    syntaxes=("env", "json"),
    marks=("SMTP_SECURITY", "SMTP_EXPLICIT_TLS", "SMTP_ACCEPT_INVALID_*", "SMTP_AUTH_MECHANISM", "smtp_security"),
    keys=("SMTP_HOST", "SMTP_FROM", "SMTP_USERNAME", "DOMAIN"),
    read=_read,
    spell=_spell,
)
