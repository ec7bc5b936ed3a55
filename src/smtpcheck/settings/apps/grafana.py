"""Grafana: `[smtp]` in `grafana.ini` or `custom.ini`, and `GF_SMTP_*` in the environment, which wins.

`host` holds host and port together. `startTLS_policy` is MandatoryStartTLS, NoStartTLS, or anything else, which counts
as opportunistic; on port 465 TLS is implicit whatever it says. A password with `#` or `;` needs three double quotes.
"""

from smtpcheck.model import Origin
from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, logs_in, number, same

_POLICIES = {"MandatoryStartTLS": Security.STARTTLS, "NoStartTLS": Security.NONE}
_KNOWN = (*_POLICIES, "OpportunisticStartTLS", "")
_TRUE = ("true", "1", "yes", "on", "t", "y")


def _names(key: str) -> tuple[str, str]:
    return f"GF_SMTP_{key.upper()}", f"smtp.{key}"


def _read(given: Given) -> Reading:
    keys = Keys(given, "Grafana")
    told, secret = keys.secret(*_names("password"))
    user = keys.text(*_names("user"))
    sender = keys.text(*_names("from_address"), default="admin@grafana.localhost")
    host, port = _place(keys)
    skips = keys.truth(*_names("skip_verify"), default=False, true=_TRUE)
    settings = Settings(
        host=host,
        port=port,
        security=_security(keys, port),
        auth=logs_in(keys, user, "user"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.text(*_names("ehlo_identity"), default=None, detail="instance_name, the host's own name"),
        verify=keys.derived(not skips.value, "skip_verify"),
        timeout=keys.default(10, "gomail's dial timeout"),
    )
    effects = _effects(keys, port, skips)
    return Reading(app="grafana", settings=settings, secret=secret, effects=tuple(effects), version="8 and later")


def _place(keys: Keys) -> tuple[Setting, Setting]:
    entry = keys.filled(*_names("host"))
    if entry is None:
        return keys.default("localhost"), keys.default(25)
    if entry.unread is not None:
        return keys.text(*_names("host")), keys.text(*_names("host"))
    name, colon, port = str(entry.value).rpartition(":")
    if not colon or port.endswith("]"):
        missing = Origin(kind="file", detail="no port in host", file=entry.origin.file, line=entry.origin.line)
        return keys.text(*_names("host")), Setting(value=None, origin=missing)
    bare = name.removeprefix("[").removesuffix("]")
    return Setting(value=bare or "localhost", origin=entry.origin), Setting(value=number(port), origin=entry.origin)


def _security(keys: Keys, port: Setting) -> Setting:
    if port.value == 465:
        return keys.derived(Security.IMPLICIT, "the port is 465")
    policy = keys.filled(*_names("startTLS_policy"))
    if policy is None:
        return keys.default(Security.OPPORTUNISTIC)
    return Setting(value=_POLICIES.get(str(policy.value), Security.OPPORTUNISTIC), origin=policy.origin)


def _effects(keys: Keys, port: Setting, skips: Setting) -> list[Effect]:
    found = []
    if not keys.truth(*_names("enabled"), default=False, true=_TRUE).value:
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "enabled is not true in [smtp], so Grafana sends no mail",
                *_names("enabled"),
                shown="false",
                instead="true",
            )
        )
    if port.value is None and keys.filled(*_names("host")) is not None:
        found.append(
            keys.effect(
                Does.REFUSES,
                "host in [smtp] has no port, and Grafana fails with 'missing port in address': write host:port",
                *_names("host"),
            )
        )
    policy = keys.value(*_names("startTLS_policy"))
    if policy is not None and policy not in _KNOWN:
        found.append(
            keys.effect(
                Does.IGNORES,
                f"Grafana does not know startTLS_policy = {policy}: it counts as OpportunisticStartTLS, so that TLS is "
                "used only if the server offers it",
                *_names("startTLS_policy"),
                shown=str(policy),
                instead="MandatoryStartTLS",
            )
        )
    if skips.value:
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "skip_verify is true: any certificate is taken, and so anybody can read the password",
                *_names("skip_verify"),
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    words = {security: word for word, security in _POLICIES.items()}
    return (
        Assignment(key="smtp.enabled", value=True),
        Assignment(key="smtp.host", value=f"{intent.host}:{intent.port}"),
        *login(intent, "smtp.user", "smtp.password"),
        *where(intent.sender, "smtp.from_address"),
        *where(intent.ehlo, "smtp.ehlo_identity"),
        *where(words.get(intent.security), "smtp.startTLS_policy"),
    )


READER = Reader(
    name="grafana",
    title="Grafana",
    since="8",
    source="grafana/grafana, pkg/setting/setting_smtp.go, pkg/services/notifications/smtp.go, conf/defaults.ini",
    syntaxes=("ini", "env"),
    marks=("GF_SMTP_*", "smtp.from_address", "smtp.startTLS_policy", "smtp.ehlo_identity", "smtp.skip_verify"),
    keys=("smtp.host",),
    read=_read,
    spell=_spell,
    dialect="go-ini",
)
