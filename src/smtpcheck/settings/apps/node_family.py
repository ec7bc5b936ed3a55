"""What applications do that hand host, port and one switch to nodemailer: `true` is implicit TLS, everything else
begins in clear and takes STARTTLS when it is offered.
"""

from smtpcheck.model.settings import Does, Effect, Security, Setting
from smtpcheck.settings.apps.lookup import Keys


def security(keys: Keys, switch: Setting) -> Setting:
    """When TLS begins, from the application's own switch."""
    if switch.value is None:
        return switch
    return Setting(value=Security.IMPLICIT if switch.value else Security.OPPORTUNISTIC, origin=switch.origin)


def port(keys: Keys, name: str, implicit: bool) -> Setting:
    """The port that is set, or nodemailer's own."""
    if keys.filled(name) is not None:
        return keys.number(name)
    return keys.derived(465 if implicit else 587, f"no port is set, and nodemailer takes {465 if implicit else 587}")


def host(keys: Keys, name: str, shown: str) -> tuple[Setting, list[Effect]]:
    """The host that is set, or localhost, which nodemailer calls where it is given none."""
    if keys.filled(name) is not None:
        return keys.text(name), []
    told = f"{shown} is empty: nodemailer is given no host, and then calls localhost"
    return keys.default("localhost", "nodemailer calls localhost where it is given no host"), [
        keys.effect(Does.CONNECTS_TO_LOCALHOST, told, name, shown="")
    ]


def needs_secret(keys: Keys, user: str, *, has_user: bool, has_secret: bool) -> list[Effect]:
    """A user without a password: nodemailer fails before it says AUTH."""
    if not has_user or has_secret:
        return []
    told = f'{user} is set without a password: nodemailer fails with "Missing credentials" and sends nothing'
    return [keys.effect(Does.LOGS_IN_WITHOUT_SECRET, told, user)]
