"""msmtp: `~/.msmtprc` or `/etc/msmtprc`, the account `default`, with what stands under `defaults` before it.

`tls on` is STARTTLS, and required, unless `tls_starttls off` makes it implicit. Without `tls` everything goes in clear.
The port is 465 for implicit TLS, else 25. `auth on` chooses the mechanism; without it there is no login.
"""

from dataclasses import replace

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, same

_SECTION = "account.default."


def _read(given: Given) -> Reading:
    keys = Keys(_chosen(given), "msmtp", under=_SECTION)
    told, secret = keys.secret("password")
    command = keys.filled("passwordeval")
    if command is not None and not told.present:
        origin = replace(command.origin, detail="is printed by a command (passwordeval), which is not run here")
        told = replace(told, present=True, origin=origin)
    user = keys.text("user")
    uses = keys.text("auth", default="off")
    logs_in = uses.value not in ("off", None)
    sender = keys.text("from")
    security = _security(keys)
    settings = Settings(
        host=keys.text("host"),
        port=_port(keys, security),
        security=security,
        auth=Setting(value=logs_in, origin=uses.origin),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.text("domain", default="localhost"),
        verify=keys.truth("tls_certcheck", default=True, true=("on",)),
        timeout=keys.number("timeout", detail="off: the operating system decides"),
    )
    effects = _effects(keys, logs_in=logs_in, has_user=user.value is not None)
    return Reading(app="msmtp", settings=settings, secret=secret, effects=tuple(effects), version="1.8")


def _chosen(given: Given) -> Given:
    """The entries of the account `default` under one section: `defaults` first, then what it builds on, then itself."""
    accounts = {entry.key.split(".")[1] for entry in given.entries if entry.key.startswith("account.")}
    name = "default" if "default" in accounts else min(accounts, default="")
    chain = [name]
    while len(chain) < 10:
        base = next(
            (one.value for one in given.entries if one.key == f"account.{chain[-1]}.account" and one.value), None
        )
        if not isinstance(base, str) or base in chain:
            break
        chain.append(base)
    sections = ["defaults.", *(f"account.{one}." for one in reversed(chain))]
    found = [
        replace(entry, key=_SECTION + entry.key.removeprefix(section))
        for section in sections
        for entry in given.entries
        if entry.key.startswith(section)
    ]
    return replace(given, entries=tuple(found))


def _security(keys: Keys) -> Setting:
    tls = keys.truth("tls", default=False, true=("on", ""))
    if not tls.value:
        return Setting(value=Security.NONE, origin=tls.origin)
    starttls = keys.truth("tls_starttls", default=True, true=("on", ""))
    if starttls.value:
        return Setting(value=Security.STARTTLS, origin=tls.origin)
    return Setting(value=Security.IMPLICIT, origin=starttls.origin)


def _port(keys: Keys, security: Setting) -> Setting:
    if keys.filled("port") is not None:
        return keys.number("port")
    return keys.derived(465 if security.value is Security.IMPLICIT else 25, "no port is set")


def _effects(keys: Keys, *, logs_in: bool, has_user: bool) -> list[Effect]:
    if has_user and not logs_in:
        return [
            keys.effect(
                Does.SKIPS_LOGIN,
                "auth is off (its default), so msmtp does not log in, although user is set",
                "auth",
                "user",
                shown="off",
                instead="on",
            )
        ]
    return []


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    return (
        Assignment(key=f"{_SECTION}host", value=intent.host),
        Assignment(key=f"{_SECTION}port", value=intent.port),
        Assignment(key=f"{_SECTION}tls", value="off" if intent.security is Security.NONE else "on"),
        *((Assignment(key=f"{_SECTION}tls_starttls", value="off"),) if intent.security is Security.IMPLICIT else ()),
        Assignment(key=f"{_SECTION}auth", value="on" if intent.user is not None else "off"),
        *login(intent, f"{_SECTION}user", f"{_SECTION}password"),
        *where(intent.sender, f"{_SECTION}from"),
        *where(intent.ehlo, f"{_SECTION}domain"),
    )


READER = Reader(
    name="msmtp",
    title="msmtp",
    since="1.8",
    source="msmtp(1) of msmtp 1.8.23",
    syntaxes=("msmtprc",),
    marks=("account.*", "defaults.*"),
    read=_read,
    spell=_spell,
)
