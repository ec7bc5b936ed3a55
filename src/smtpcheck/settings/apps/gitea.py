"""Gitea and Forgejo: `[mailer]` in `app.ini`, and `GITEA__mailer__*` or `FORGEJO__mailer__*` in the environment, which
win.

`PROTOCOL` is smtp (no TLS), smtp+starttls (required), smtps, smtp+unix, sendmail or dummy. Where it is empty the port
decides: 25, 465, 587 as expected, and **any other port is smtps**. Old keys (`HOST`, `IS_TLS_ENABLED`, `SKIP_VERIFY`)
were read up to 1.18.
"""

from dataclasses import replace

from smtpcheck.model.settings import (
    Assignment,
    DeadKey,
    Does,
    Effect,
    Entry,
    Given,
    Reading,
    Security,
    Setting,
    Settings,
)
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, logs_in, same

_UNDER = "mailer."
_PROTOCOLS = {"smtp": Security.NONE, "smtps": Security.IMPLICIT, "smtp+starttls": Security.STARTTLS}
_OTHERS = ("smtp+unix", "sendmail", "dummy")
_PORTS = {"smtp": 25, "smtps": 465, "smtp+starttls": 587}
_BY_PORT = {25: "smtp", 465: "smtps", 587: "smtp+starttls"}
_OLD = {"HOST": "SMTP_ADDR and SMTP_PORT", "IS_TLS_ENABLED": "PROTOCOL", "SKIP_VERIFY": "FORCE_TRUST_SERVER_CERT"}
_PREFIXES = ("GITEA__mailer__", "FORGEJO__mailer__", "GITEA__MAILER__", "FORGEJO__MAILER__")


def _read(given: Given) -> Reading:
    keys = Keys(replace(given, entries=tuple(_as_in_file(entry) for entry in given.entries)), "Gitea", under=_UNDER)
    told, secret = keys.secret("PASSWD")
    user = keys.text("USER")
    protocol, port = _protocol(keys)
    sender = keys.text("FROM") if keys.filled("FROM") else same(user)
    envelope = keys.text("ENVELOPE_FROM") if keys.filled("ENVELOPE_FROM") else same(sender)
    trusts = keys.truth("FORCE_TRUST_SERVER_CERT", default=False)
    settings = Settings(
        host=keys.text("SMTP_ADDR"),
        port=port,
        security=_security(keys, protocol),
        auth=logs_in(keys, user, "USER"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=envelope,
        ehlo=keys.text("HELO_HOSTNAME", detail="the host's own name"),
        verify=keys.derived(not trusts.value, "FORCE_TRUST_SERVER_CERT"),
        timeout=keys.library("Go's net/smtp sets none"),
    )
    return Reading(
        app="gitea",
        settings=settings,
        secret=secret,
        effects=tuple(_effects(keys, protocol, trusts)),
        dead=tuple(
            DeadKey(
                key=entry.key,
                origin=entry.origin,
                why=f"{_OLD[name]} took its place in 1.18, and it is not read any more",
            )
            for name in _OLD
            for entry in keys.all(name)
        ),
        version="1.18 and later",
    )


def _as_in_file(entry: Entry) -> Entry:
    for prefix in _PREFIXES:
        if entry.key.startswith(prefix):
            return replace(entry, key=_UNDER + entry.key.removeprefix(prefix))
    return entry


def _protocol(keys: Keys) -> tuple[str | None, Setting]:
    """The protocol that is used (None where it cannot be told), and the port."""
    port = keys.number("SMTP_PORT")
    entry = keys.filled("PROTOCOL")
    if entry is not None and entry.unread is not None:
        return None, port
    said = str(entry.value).replace("startls", "starttls") if entry is not None else ""
    if said in _PROTOCOLS or said in _OTHERS:
        if port.value is None:
            port = keys.derived(_PORTS.get(said), f"PROTOCOL is {said}")
        return said, port
    known = _BY_PORT.get(port.value if isinstance(port.value, int) else 0, "smtps")
    return known, port


def _security(keys: Keys, protocol: str | None) -> Setting:
    entry = keys.filled("PROTOCOL")
    if protocol is None and entry is not None:
        return keys.text("PROTOCOL")
    security = _PROTOCOLS.get(protocol or "")
    if entry is not None and security is not None and str(entry.value).startswith("smtp"):
        return Setting(value=security, origin=entry.origin)
    return keys.derived(security, "PROTOCOL is not set, and SMTP_PORT decides")


def _effects(keys: Keys, protocol: str | None, trusts: Setting) -> list[Effect]:
    found = []
    if not keys.truth("ENABLED", default=False).value:
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "ENABLED is not true in [mailer], so no mail is sent",
                "ENABLED",
                shown="false",
                instead="true",
            )
        )
    if protocol in ("dummy", "sendmail"):
        what = "sends nothing" if protocol == "dummy" else "hands mail to the sendmail command"
        found.append(
            keys.effect(
                Does.SENDS_NOTHING if protocol == "dummy" else Does.IGNORES,
                f"PROTOCOL is {protocol}, which {what}: SMTP_ADDR and SMTP_PORT are not used",
                "PROTOCOL",
                shown=protocol,
            )
        )
    said = keys.value("PROTOCOL")
    if said is not None and str(said).replace("startls", "starttls") not in (*_PROTOCOLS, *_OTHERS):
        found.append(
            keys.effect(
                Does.IGNORES,
                f"PROTOCOL = {said} is no protocol that it knows, so the port decides, as if the key were empty",
                "PROTOCOL",
                shown=str(said),
            )
        )
    if trusts.value:
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "FORCE_TRUST_SERVER_CERT is true: any certificate is taken, and so anybody can read the password",
                "FORCE_TRUST_SERVER_CERT",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    words = {security: word for word, security in _PROTOCOLS.items()}
    return (
        Assignment(key="mailer.ENABLED", value=True),
        Assignment(key="mailer.PROTOCOL", value=words.get(intent.security, "smtp+starttls")),
        Assignment(key="mailer.SMTP_ADDR", value=intent.host),
        Assignment(key="mailer.SMTP_PORT", value=intent.port),
        *login(intent, "mailer.USER", "mailer.PASSWD"),
        *where(intent.sender, "mailer.FROM"),
        *where(intent.ehlo, "mailer.HELO_HOSTNAME"),
    )


READER = Reader(
    name="gitea",
    title="Gitea or Forgejo",
    since="1.18",
    source="go-gitea/gitea, modules/setting/mailer.go, contrib/environment-to-ini",
    syntaxes=("ini", "env"),
    marks=(
        "mailer.SMTP_ADDR",
        "mailer.PROTOCOL",
        "mailer.PASSWD",
        "mailer.MAILER_TYPE",
        *(f"{one}*" for one in _PREFIXES),
    ),
    keys=("mailer.HOST", "mailer.USER"),
    read=_read,
    spell=_spell,
    dialect="go-ini",
)
