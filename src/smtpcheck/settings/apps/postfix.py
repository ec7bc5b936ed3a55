"""Postfix as a client: `relayhost` in `main.cf`, the login from `sasl_passwd`, given beside it.

The key in sasl_passwd must be `relayhost` to the letter, brackets and port included; else there is no login and no word
about it. `smtp_tls_security_level` may is STARTTLS when it is offered, encrypt and above require it;
`smtp_tls_wrappermode` is implicit TLS and needs the level encrypt. Without brackets the MX of the name is used.
"""

from smtpcheck.model import Origin, Secret
from smtpcheck.model.secret import describe_secret
from smtpcheck.model.settings import (
    Assignment,
    Does,
    Effect,
    Entry,
    Given,
    Reading,
    SecretSetting,
    Security,
    Setting,
    Settings,
)
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader, where
from smtpcheck.settings.apps.lookup import Keys, number

_TABLE = "table:"
_REQUIRED = ("encrypt", "dane-only", "fingerprint", "verify", "secure")
_SERVICES = {"submission": 587, "smtp": 25, "smtps": 465, "submissions": 465}


def _read(given: Given) -> Reading:
    keys = Keys(given, "Postfix")
    relay = keys.filled("relayhost")
    host, port = _place(keys, relay)
    line = _line(given, relay)
    user, told, secret = _login(keys, line)
    uses = keys.truth("smtp_sasl_auth_enable", default=False, true=("yes",))
    settings = Settings(
        host=host,
        port=port,
        security=_security(keys),
        auth=Setting(value=bool(uses.value) and line is not None, origin=uses.origin),
        user=user,
        secret=told,
        sender=keys.library("each message brings its own"),
        envelope_sender=keys.library("each message brings its own"),
        ehlo=keys.text("smtp_helo_name", "myhostname", detail="the host's own name"),
        verify=_verify(keys),
        timeout=keys.default(300, "smtp_helo_timeout"),
    )
    effects = _effects(keys, given, relay, line, uses=bool(uses.value))
    return Reading(app="postfix", settings=settings, secret=secret, effects=tuple(effects), version="3.x")


def _place(keys: Keys, relay: Entry | None) -> tuple[Setting, Setting]:
    if relay is None:
        return keys.library("relayhost is empty: mail goes to the MX of each recipient"), keys.default(25)
    text = str(relay.value)
    if text.startswith("["):
        name, _, rest = text[1:].partition("]")
        port = rest.removeprefix(":")
    else:
        name, _, port = text.partition(":")
    found = number(port) if port else None
    if port and found is None:
        found = _SERVICES.get(port)
    return Setting(value=name, origin=relay.origin), (
        Setting(value=found, origin=relay.origin) if port else keys.default(25)
    )


def _line(given: Given, relay: Entry | None) -> Entry | None:
    """The line of sasl_passwd that Postfix finds: the key is relayhost as it is written, nothing else."""
    if relay is None:
        return None
    return next((one for one in given.entries if one.key == _TABLE + str(relay.value)), None)


def _login(keys: Keys, line: Entry | None) -> tuple[Setting, SecretSetting, Secret | None]:
    if line is None:
        nowhere = Origin(kind="default", detail="no line of sasl_passwd has relayhost as its key")
        return Setting(value=None, origin=nowhere), SecretSetting(present=False, origin=nowhere), None
    user, colon, password = str(line.value).partition(":")
    origin = Origin(kind="file", file=line.origin.file, line=line.origin.line, key=line.key.removeprefix(_TABLE))
    if not colon or not password:
        return Setting(value=user, origin=origin), SecretSetting(present=False, origin=origin), None
    secret = Secret(password)
    facts = describe_secret(secret, "file")
    told = SecretSetting(present=True, origin=origin, length=facts.length, hygiene=facts.hygiene, shape=facts.shape)
    return Setting(value=user, origin=origin), told, secret


def _security(keys: Keys) -> Setting:
    wrapper = keys.truth("smtp_tls_wrappermode", default=False, true=("yes",))
    if wrapper.value:
        return Setting(value=Security.IMPLICIT, origin=wrapper.origin)
    level = keys.filled("smtp_tls_security_level")
    if level is not None:
        word = str(level.value)
        security = (
            Security.STARTTLS if word in _REQUIRED else Security.NONE if word == "none" else Security.OPPORTUNISTIC
        )
        return Setting(value=security, origin=level.origin)
    old = keys.truth("smtp_use_tls", default=False, true=("yes",))
    return Setting(value=Security.OPPORTUNISTIC if old.value else Security.NONE, origin=old.origin)


def _verify(keys: Keys) -> Setting:
    level = keys.filled("smtp_tls_security_level")
    checks = level is not None and level.value in ("verify", "secure", "fingerprint", "dane-only")
    return keys.derived(checks, "only the levels verify, secure, fingerprint and dane-only verify a certificate")


def _effects(keys: Keys, given: Given, relay: Entry | None, line: Entry | None, *, uses: bool) -> list[Effect]:
    found = []
    lines = [one for one in given.entries if one.key.startswith(_TABLE)]
    if relay is not None and lines and line is None:
        keyed = ", ".join(one.key.removeprefix(_TABLE) for one in lines[:3])
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                f"no line of sasl_passwd has the key {relay.value} (they have {keyed}): Postfix compares to the "
                "letter, and does not log in",
                "relayhost",
                shown=keyed,
                instead=str(relay.value),
            )
        )
    if line is not None and not uses:
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                "smtp_sasl_auth_enable is not yes, so Postfix does not log in",
                "smtp_sasl_auth_enable",
                "relayhost",
                shown="no",
                instead="yes",
            )
        )
    level = keys.value("smtp_tls_security_level")
    if keys.truth("smtp_tls_wrappermode", default=False, true=("yes",)).value and level not in _REQUIRED:
        found.append(
            keys.effect(
                Does.REFUSES,
                "smtp_tls_wrappermode needs smtp_tls_security_level = encrypt or above: Postfix says so in its log and "
                "defers all mail",
                "smtp_tls_wrappermode",
                shown=str(level or "empty"),
                instead="encrypt",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    relay = f"[{intent.host}]:{intent.port}"
    level = {Security.OPPORTUNISTIC: "may", Security.NONE: "none"}.get(intent.security, "encrypt")
    login = (
        (
            Assignment(key="smtp_sasl_auth_enable", value="yes"),
            Assignment(key="smtp_sasl_security_options", value="noanonymous"),
            Assignment(key="smtp_sasl_password_maps", value="hash:/etc/postfix/sasl_passwd"),
            Assignment(
                key=_TABLE + relay, value=f"{intent.user}:{PLACEHOLDER}", comment="in sasl_passwd, then postmap"
            ),
        )
        if intent.user is not None
        else ()
    )
    return (
        Assignment(key="relayhost", value=relay),
        *login,
        Assignment(key="smtp_tls_security_level", value=level),
        *((Assignment(key="smtp_tls_wrappermode", value="yes"),) if intent.security is Security.IMPLICIT else ()),
        *where(intent.ehlo, "smtp_helo_name"),
    )


READER = Reader(
    name="postfix",
    title="Postfix",
    since="3.0",
    source="postconf(5), SASL_README and TLS_README of Postfix 3.7",
    syntaxes=("postfix", "postfix-table"),
    marks=("relayhost", "smtp_sasl_*", "smtp_tls_*"),
    read=_read,
    spell=_spell,
)
