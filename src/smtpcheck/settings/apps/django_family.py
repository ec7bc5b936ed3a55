"""What applications do that pass their own variables on to Django's mail backend: two switches that exclude each other,
and a login only where user and password are both there.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Security, Setting
from smtpcheck.settings.apps import Intent
from smtpcheck.settings.apps.lookup import Keys


def security(keys: Keys, tls: str, ssl: str) -> tuple[Setting, list[Effect]]:
    """When TLS begins, from the names of the two switches; and the effect of both at once."""
    uses_tls, uses_ssl = keys.truth(tls, default=False), keys.truth(ssl, default=False)
    effects = []
    if uses_tls.value and uses_ssl.value:
        effects.append(
            keys.effect(
                Does.REFUSES,
                f"Django raises ValueError before it connects: {tls} and {ssl} are mutually exclusive",
                ssl,
                shown="true",
            )
        )
    if uses_ssl.value:
        return Setting(value=Security.IMPLICIT, origin=uses_ssl.origin), effects
    if uses_tls.value:
        return Setting(value=Security.STARTTLS, origin=uses_tls.origin), effects
    return Setting(value=Security.NONE, origin=uses_tls.origin), effects


def switches(intent: Intent, tls: str, ssl: str) -> tuple[Assignment, Assignment]:
    """The two switches as they have to be."""
    starttls = intent.security in (Security.STARTTLS, Security.OPPORTUNISTIC)
    return Assignment(key=tls, value=starttls), Assignment(key=ssl, value=intent.security is Security.IMPLICIT)


def login(keys: Keys, user: str, password: str, *, has_user: bool, has_secret: bool) -> tuple[Setting, list[Effect]]:
    """Whether it logs in: with both, or not at all."""
    both = has_user and has_secret
    auth = keys.derived(
        both, f"{user} and {password} are both set" if both else f"{user} and {password} are not both set"
    )
    if has_user is has_secret:
        return auth, []
    there, missing = (user, password) if has_user else (password, user)
    told = f"Django does not log in: {there} is set and {missing} is empty, and it wants both"
    return auth, [keys.effect(Does.SKIPS_LOGIN, told, *((missing, there) if keys.entry(missing) else (there,)))]
