"""Keycloak: `smtpServer` of a realm, exported as JSON. Every value is a text, also "true".

`ssl` is implicit TLS, `starttls` is STARTTLS when it is offered (Jakarta Mail). `auth` decides alone whether it logs
in. The web interface hides why a test mail failed: the reason stands in the server's log.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, same

_TRUE = ("true",)


def _read(given: Given) -> Reading:
    keys = Keys(given, "Keycloak", under=_root(given))
    told, secret = keys.secret("password")
    user = keys.text("user")
    auth = keys.truth("auth", default=False, true=_TRUE)
    sender = keys.text("from")
    ssl, starttls = keys.truth("ssl", default=False, true=_TRUE), keys.truth("starttls", default=False, true=_TRUE)
    settings = Settings(
        host=keys.text("host"),
        port=_port(keys, implicit=bool(ssl.value)),
        security=Setting(value=Security.IMPLICIT, origin=ssl.origin)
        if ssl.value
        else Setting(value=Security.OPPORTUNISTIC if starttls.value else Security.NONE, origin=starttls.origin),
        auth=Setting(value=bool(auth.value), origin=auth.origin),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=keys.text("envelopeFrom") if keys.filled("envelopeFrom") else same(sender),
        ehlo=keys.library("Jakarta Mail: the host's own name"),
        verify=keys.default(True, "with Keycloak's own trust store"),
        timeout=keys.default(10, "10000 ms in the code"),
    )
    effects = _effects(keys, uses=bool(auth.value), has_user=user.value is not None, has_secret=told.present)
    return Reading(app="keycloak", settings=settings, secret=secret, effects=tuple(effects), version="20 and later")


def _root(given: Given) -> str:
    found = next((entry.key for entry in given.entries if "smtpServer." in entry.key), "smtpServer.")
    return found[: found.index("smtpServer.")] + "smtpServer."


def _port(keys: Keys, *, implicit: bool) -> Setting:
    if keys.filled("port") is not None:
        return keys.number("port")
    return keys.derived(465 if implicit else 25, f"no port is set, and ssl is {'true' if implicit else 'not true'}")


def _effects(keys: Keys, *, uses: bool, has_user: bool, has_secret: bool) -> list[Effect]:
    found = []
    if keys.filled("from") is None:
        found.append(
            keys.effect(
                Does.REFUSES,
                'from is empty: Keycloak fails with "No sender address configured" and sends nothing',
                "from",
            )
        )
    if not uses and has_user:
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                "auth is not true, so Keycloak does not log in, although user is set",
                "auth",
                "user",
                shown="false",
                instead="true",
            )
        )
    if uses and not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "auth is true and password is empty (an export of a realm masks or leaves it out)",
                "auth",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    under = "smtpServer."
    return (
        Assignment(key=f"{under}host", value=intent.host),
        Assignment(key=f"{under}port", value=str(intent.port)),
        Assignment(key=f"{under}ssl", value=_text(intent.security is Security.IMPLICIT)),
        Assignment(key=f"{under}starttls", value=_text(intent.security in (Security.STARTTLS, Security.OPPORTUNISTIC))),
        Assignment(key=f"{under}auth", value=_text(intent.user is not None)),
        *login(intent, f"{under}user", f"{under}password"),
        *where(intent.sender, f"{under}from"),
    )


def _text(value: bool) -> str:
    return "true" if value else "false"


READER = Reader(
    name="keycloak",
    title="Keycloak",
    since="20",
    source="keycloak/keycloak, services/src/main/java/org/keycloak/email/DefaultEmailSenderProvider.java",
    syntaxes=("json",),
    fits=lambda given: any("smtpServer." in entry.key for entry in given.entries),
    read=_read,
    spell=_spell,
)
