"""Nextcloud: `mail_*` in `config/config.php`, read and not executed.

`mail_smtpsecure` is `ssl` for implicit TLS; the present code knows no other word, and takes STARTTLS when it is offered
(older versions knew `tls`). The From address is put together from `mail_from_address` and `mail_domain`. Without
`mail_smtpauth` it does not log in, whatever name and password say.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login
from smtpcheck.settings.apps.lookup import Keys, same


def _read(given: Given) -> Reading:
    keys = Keys(given, "Nextcloud")
    told, secret = keys.secret("mail_smtppassword")
    user = keys.text("mail_smtpname")
    uses = keys.truth("mail_smtpauth", default=False)
    sender = _sender(keys)
    verify = keys.entry("mail_smtpstreamoptions.ssl.verify_peer")
    settings = Settings(
        host=keys.text("mail_smtphost", default="127.0.0.1"),
        port=keys.number("mail_smtpport", default=25),
        security=_security(keys),
        auth=Setting(value=bool(uses.value), origin=uses.origin),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(sender),
        ehlo=keys.library("the host of overwrite.cli.url"),
        verify=keys.default(True) if verify is None else Setting(value=bool(verify.value), origin=verify.origin),
        timeout=keys.number("mail_smtptimeout", default=10),
    )
    effects = _effects(keys, uses=bool(uses.value), has_user=user.value is not None, has_secret=told.present)
    return Reading(app="nextcloud", settings=settings, secret=secret, effects=tuple(effects), version="26 and later")


def _security(keys: Keys) -> Setting:
    entry = keys.filled("mail_smtpsecure")
    if entry is None:
        return keys.default(Security.OPPORTUNISTIC)
    if entry.unread is not None:
        return keys.text("mail_smtpsecure")
    return Setting(value=Security.IMPLICIT if entry.value == "ssl" else Security.OPPORTUNISTIC, origin=entry.origin)


def _sender(keys: Keys) -> Setting:
    local, domain = keys.text("mail_from_address", default=None), keys.text("mail_domain", default=None)
    if local.value is None or domain.value is None:
        return keys.library("the web interface or the server's own name decides")
    return Setting(value=f"{local.value}@{domain.value}", origin=local.origin)


def _effects(keys: Keys, *, uses: bool, has_user: bool, has_secret: bool) -> list[Effect]:
    found = []
    mode = keys.value("mail_smtpmode")
    if mode not in (None, "smtp"):
        does = Does.SENDS_NOTHING if mode == "null" else Does.IGNORES
        found.append(
            keys.effect(
                does,
                f"mail_smtpmode is {mode!r}: mail does not go through SMTP, and the mail_smtp settings are not used",
                "mail_smtpmode",
                shown=str(mode),
                instead="smtp",
            )
        )
    if not uses and (has_user or has_secret):
        found.append(
            keys.effect(
                Does.SKIPS_LOGIN,
                "mail_smtpauth is not true, so Nextcloud does not log in, although mail_smtpname is set",
                "mail_smtpauth",
                "mail_smtpname",
                shown="false",
                instead="true",
            )
        )
    if uses and not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "mail_smtpauth is true and mail_smtppassword is empty: the login is tried with an empty password",
                "mail_smtpauth",
            )
        )
    if keys.value("mail_smtpsecure") == "tls":
        found.append(
            keys.effect(
                Does.IGNORES,
                "mail_smtpsecure = tls has no effect in present versions: STARTTLS is used if the server offers it, "
                "and is not required; implicit TLS is ssl",
                "mail_smtpsecure",
                shown="tls",
            )
        )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    local, at, domain = (intent.sender or "").rpartition("@")
    named = (
        (Assignment(key="mail_from_address", value=local), Assignment(key="mail_domain", value=domain)) if at else ()
    )
    return (
        Assignment(key="mail_smtpmode", value="smtp"),
        Assignment(key="mail_smtphost", value=intent.host),
        Assignment(key="mail_smtpport", value=intent.port),
        Assignment(key="mail_smtpsecure", value="ssl" if intent.security is Security.IMPLICIT else ""),
        Assignment(key="mail_smtpauth", value=intent.user is not None),
        *login(intent, "mail_smtpname", "mail_smtppassword"),
        *named,
    )


READER = Reader(
    name="nextcloud",
    title="Nextcloud",
    since="26",
    source="nextcloud/server, config/config.sample.php, lib/private/Mail/Mailer.php (getSmtpInstance)",
    syntaxes=("php", "json"),
    marks=("mail_smtp*", "mail_from_address", "mail_domain"),
    read=_read,
    spell=_spell,
)
