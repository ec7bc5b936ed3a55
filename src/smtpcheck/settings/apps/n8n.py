"""n8n: `N8N_SMTP_*` in the environment, passed on to nodemailer.

Its defaults are port 465 and `N8N_SMTP_SSL=true`. Whoever sets the port to 587 and nothing else speaks TLS to a port
that waits for clear text. Without SSL it takes STARTTLS when it is offered, unless `N8N_SMTP_STARTTLS` is false.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys, same

_UNDER = "N8N_SMTP_"
_TRUE = ("true", "1")  # @n8n/config, decorators.ts
_DEFAULT_PORT = 465


def _read(given: Given) -> Reading:
    keys = Keys(given, "n8n", under=_UNDER)
    whole = Keys(given, "n8n")
    told, secret = keys.secret("PASS")
    user = keys.text("USER")
    sender = keys.text("SENDER") if keys.filled("SENDER") else same(user)
    both = user.value is not None and told.present
    settings = Settings(
        host=keys.text("HOST", detail="empty: nodemailer then calls localhost"),
        port=keys.number("PORT", default=_DEFAULT_PORT),
        security=_security(keys),
        auth=keys.derived(both, "N8N_SMTP_USER and N8N_SMTP_PASS are both set" if both else "not both are set"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host's own name"),
        verify=keys.default(True),
        timeout=keys.library("nodemailer: 30 s for the greeting, 2 min for the connection"),
    )
    return Reading(
        app="n8n",
        settings=settings,
        secret=secret,
        effects=tuple(_effects(keys, whole, has_user=user.value is not None, has_secret=told.present)),
        version="1.0 and later",
    )


def _security(keys: Keys) -> Setting:
    ssl = keys.truth("SSL", default=True, true=_TRUE)
    if ssl.value:
        return Setting(value=Security.IMPLICIT, origin=ssl.origin)
    starttls = keys.truth("STARTTLS", default=True, true=_TRUE)
    origin = ssl.origin if starttls.value else starttls.origin
    return Setting(value=Security.OPPORTUNISTIC if starttls.value else Security.NONE, origin=origin)


def _effects(keys: Keys, whole: Keys, *, has_user: bool, has_secret: bool) -> list[Effect]:
    found = []
    mode = whole.entry("N8N_EMAIL_MODE")
    if mode is not None and mode.value != "smtp":
        found.append(
            whole.effect(
                Does.SENDS_NOTHING,
                "N8N_EMAIL_MODE is not smtp, so n8n sends no mail of its own",
                "N8N_EMAIL_MODE",
                shown=str(mode.value),
                instead="smtp",
            )
        )
    if keys.filled("HOST") is None:
        found.append(
            keys.effect(
                Does.CONNECTS_TO_LOCALHOST,
                "N8N_SMTP_HOST is empty: nodemailer is given no host, and then calls localhost",
                "HOST",
                shown="",
            )
        )
    if has_user is not has_secret:
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                "n8n does not log in: of N8N_SMTP_USER and N8N_SMTP_PASS one is empty, and it wants both",
                "USER" if has_user else "PASS",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    implicit = intent.security is Security.IMPLICIT
    return (
        Assignment(key="N8N_EMAIL_MODE", value="smtp"),
        Assignment(key=f"{_UNDER}HOST", value=intent.host),
        Assignment(key=f"{_UNDER}PORT", value=intent.port),
        Assignment(key=f"{_UNDER}SSL", value=implicit),
        *(() if implicit else (Assignment(key=f"{_UNDER}STARTTLS", value=intent.security is not Security.NONE),)),
        *login(intent, f"{_UNDER}USER", f"{_UNDER}PASS"),
        *where(intent.sender, f"{_UNDER}SENDER"),
    )


READER = Reader(
    name="n8n",
    title="n8n",
    since="1.0",
    source="n8n-io/n8n, packages/@n8n/config/src/configs/user-management.config.ts, "
    "packages/cli/src/user-management/email/node-mailer.ts",
    syntaxes=("env",),
    marks=("N8N_SMTP_*", "N8N_EMAIL_MODE"),
    read=_read,
    spell=_spell,
)
