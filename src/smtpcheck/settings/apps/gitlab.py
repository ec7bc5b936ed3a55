"""GitLab (omnibus): `gitlab_rails['smtp_*']` in `gitlab.rb`, read without Ruby; in a container also the text of
`GITLAB_OMNIBUS_CONFIG`.

`smtp_tls` (and `smtp_ssl`) is implicit TLS, `smtp_enable_starttls_auto` STARTTLS when it is offered. Both at once with
port 465 is what many copied; newer versions refuse it as mutually exclusive.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Entry, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import Intent, Reader, login, where
from smtpcheck.settings.apps.lookup import Keys
from smtpcheck.settings.carriers import literals
from smtpcheck.settings.carriers.text import Source

_UNDER = "gitlab_rails."
_OMNIBUS = "GITLAB_OMNIBUS_CONFIG"


def _read(given: Given) -> Reading:
    keys = Keys(_with_omnibus(given), "GitLab", under=_UNDER)
    told, secret = keys.secret("smtp_password")
    user = keys.text("smtp_user_name")
    sender = keys.text("gitlab_email_from", default=None, detail="gitlab@ and the host of external_url")
    settings = Settings(
        host=keys.text("smtp_address", default="localhost"),
        port=keys.number("smtp_port", default=25),
        security=_security(keys),
        auth=keys.derived(user.value is not None, "smtp_user_name is set" if user.value else "no smtp_user_name"),
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=Setting(value=sender.value, origin=sender.origin),
        ehlo=keys.text("smtp_domain", default="localhost.localdomain"),
        verify=_verify(keys),
        timeout=keys.number("smtp_read_timeout", "smtp_open_timeout", default=60),
    )
    effects = _effects(keys, has_user=user.value is not None, has_secret=told.present)
    return Reading(app="gitlab", settings=settings, secret=secret, effects=tuple(effects), version="13 to 18")


def _with_omnibus(given: Given) -> Given:
    """With the Ruby of GITLAB_OMNIBUS_CONFIG read as well; what it sets wins over gitlab.rb."""
    more: list[Entry] = []
    for entry in given.entries:
        if entry.key == _OMNIBUS and isinstance(entry.value, str):
            text = entry.value.replace(";", "\n")
            more += literals.ruby(Source(file=entry.origin.file or _OMNIBUS, text=text))
    if not more:
        return given
    return Given(entries=(*given.entries, *more), service=given.service, container=given.container)


def _security(keys: Keys) -> Setting:
    for name in ("smtp_tls", "smtp_ssl"):
        entry = keys.entry(name)
        if entry is not None and entry.unread is not None:
            return keys.text(name)
        if entry is not None and entry.value:
            return Setting(value=Security.IMPLICIT, origin=entry.origin)
    automatic = keys.entry("smtp_enable_starttls_auto")
    if automatic is None:
        return keys.default(Security.OPPORTUNISTIC)
    if automatic.unread is not None:
        return keys.text("smtp_enable_starttls_auto")
    return Setting(value=Security.OPPORTUNISTIC if automatic.value else Security.NONE, origin=automatic.origin)


def _verify(keys: Keys) -> Setting:
    entry = keys.filled("smtp_openssl_verify_mode")
    return keys.default(True) if entry is None else Setting(value=entry.value != "none", origin=entry.origin)


def _effects(keys: Keys, *, has_user: bool, has_secret: bool) -> list[Effect]:
    found = []
    enabled = keys.entry("smtp_enable")
    if enabled is None or (enabled.unread is None and not enabled.value):
        found.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "gitlab_rails['smtp_enable'] is not true, so the smtp_ settings are not used: GitLab hands mail to "
                "sendmail on its own machine",
                "smtp_enable",
                shown="false",
                instead="true",
            )
        )
    if _on(keys, "smtp_tls") and _on(keys, "smtp_enable_starttls_auto"):
        found.append(
            keys.effect(
                Does.REFUSES,
                "smtp_tls and smtp_enable_starttls_auto are both true: newer GitLab refuses that as mutually exclusive "
                "and does not send; older ones let smtp_tls win",
                "smtp_enable_starttls_auto",
                shown="true",
                instead="false",
            )
        )
    if has_user and not has_secret:
        found.append(
            keys.effect(
                Does.LOGS_IN_WITHOUT_SECRET,
                "smtp_user_name is set and smtp_password is not: Net::SMTP raises ArgumentError before it logs in",
                "smtp_user_name",
            )
        )
    if keys.value("smtp_openssl_verify_mode") == "none":
        found.append(
            keys.effect(
                Does.TRUSTS_ANYBODY,
                "smtp_openssl_verify_mode is none: any certificate is taken, and so anybody can read the password",
                "smtp_openssl_verify_mode",
            )
        )
    return found


def _on(keys: Keys, name: str) -> bool:
    entry = keys.entry(name)
    return entry is not None and entry.unread is None and bool(entry.value)


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    implicit = intent.security is Security.IMPLICIT
    return (
        Assignment(key=f"{_UNDER}smtp_enable", value=True),
        Assignment(key=f"{_UNDER}smtp_address", value=intent.host),
        Assignment(key=f"{_UNDER}smtp_port", value=intent.port),
        Assignment(key=f"{_UNDER}smtp_tls", value=implicit),
        Assignment(
            key=f"{_UNDER}smtp_enable_starttls_auto", value=not implicit and intent.security is not Security.NONE
        ),
        *login(
            intent,
            f"{_UNDER}smtp_user_name",
            f"{_UNDER}smtp_password",
            Assignment(key=f"{_UNDER}smtp_authentication", value="plain"),
        ),
        *where(intent.sender, f"{_UNDER}gitlab_email_from"),
        *where(intent.ehlo, f"{_UNDER}smtp_domain"),
    )


READER = Reader(
    name="gitlab",
    title="GitLab",
    since="13",
    source="gitlab-org/omnibus-gitlab, files/gitlab-cookbooks/gitlab/templates/default/smtp_settings.rb.erb, "
    "attributes/default.rb; docs.gitlab.com/omnibus/settings/smtp",
    syntaxes=("ruby", "env"),
    marks=(f"{_UNDER}smtp_*", _OMNIBUS),
    read=_read,
    spell=_spell,
)
