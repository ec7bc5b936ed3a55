"""WGDashboard: section `[Email]` of `wg-dashboard.ini`, or `email_*` in its container's environment.

`encryption` is compared with STARTTLS and (from 4.3.3 on) IMPLICITTLS and with nothing else: every other word, also
`TLS`, `SSL` and `starttls`, means no encryption, without a warning. The password's key is `email_password`. No timeout
is set anywhere, with one or two worker threads: a silent server freezes the whole dashboard. Up to 4.2.1 the login's
name was the envelope sender. The file says which version wrote it (`[Server] version`); where it does not, the present
one counts.
"""

from smtpcheck.model.settings import Assignment, Does, Effect, Given, Reading, Security, Setting, Settings
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader
from smtpcheck.settings.apps.lookup import Keys, same

_SECURITY = {"STARTTLS": Security.STARTTLS, "IMPLICITTLS": Security.IMPLICIT}
_BOOLEAN = ("1", "yes", "true", "on", "0", "no", "false", "off")  # what GetConfig turns into True and False

_OWN_SENDER, _IMPLICIT = (4, 2, 2), (4, 3, 3)  # the versions that brought send_from into the envelope, and implicit TLS

# The keys in the file, lower-cased by configparser, and in the container's environment (docker/entrypoint.sh).
_NAMES = {
    "host": ("Email.server", "email_server"),
    "port": ("Email.port", "email_port"),
    "encryption": ("Email.encryption", "email_encryption"),
    "user": ("Email.username", "email_username"),
    "secret": ("Email.email_password", "email_password"),
    "sender": ("Email.send_from", "email_from"),
    "auth": ("Email.authentication_required",),
}


def _read(given: Given) -> Reading:
    keys = Keys(given, "WGDashboard")
    effects: list[Effect] = []
    version = _version(keys)
    security = _security(keys, effects, version)
    told, secret = keys.secret(*_NAMES["secret"])
    sender = keys.text(*_NAMES["sender"])
    user = keys.text(*_NAMES["user"])
    old = version is not None and version < _OWN_SENDER
    wants_login = keys.truth(*_NAMES["auth"], default=True)
    effects += _effects(keys, version)
    settings = Settings(
        host=keys.text(*_NAMES["host"]),
        port=keys.number(*_NAMES["port"]),
        security=security,
        auth=wants_login,
        user=user,
        secret=told,
        sender=sender,
        envelope_sender=same(user if old else sender),
        ehlo=keys.library("smtplib: the host's own name"),
        verify=keys.default(version is None or version >= _IMPLICIT, "from 4.3.3 on certificates are verified"),
        timeout=keys.default(None, "none is set: smtplib waits for ever"),
    )
    return Reading(app="wgdashboard", settings=settings, secret=secret, effects=tuple(effects), version=_shown(version))


def _version(keys: Keys) -> tuple[int, ...] | None:
    """The version that wrote the file, None where it does not say: `v4.2.1`."""
    said = str(keys.value("Server.version") or "").removeprefix("v").split(".")
    return tuple(map(int, said)) if len(said) > 1 and all(part.isdigit() and len(part) < 4 for part in said) else None


def _shown(version: tuple[int, ...] | None) -> str:
    return "4.3.3 and later" if version is None else ".".join(map(str, version))


def _security(keys: Keys, effects: list[Effect], version: tuple[int, ...] | None) -> Setting:
    entry = keys.filled(*_NAMES["encryption"])
    if entry is None:
        effects.append(
            keys.effect(
                Does.SENDS_NOTHING,
                "WGDashboard holds SMTP for not configured while encryption is empty, and sends no mail",
                *_NAMES["encryption"],
                shown="",
            )
        )
        return keys.default(Security.NONE)
    word = str(entry.value)
    found = _SECURITY.get(word, Security.NONE)
    if found is Security.IMPLICIT and version is not None and version < _IMPLICIT:
        effects.append(
            keys.effect(
                Does.SENDS_IN_CLEAR,
                f"WGDashboard {_shown(version)} does not know IMPLICITTLS (4.3.3 does): it sends without encryption",
                *_NAMES["encryption"],
                shown=word,
            )
        )
        return Setting(value=Security.NONE, origin=entry.origin)
    if found is Security.NONE and word != "NOTLS":
        effects.append(
            keys.effect(
                Does.SENDS_IN_CLEAR,
                f"WGDashboard does not know {word!r} as encryption: it knows STARTTLS, IMPLICITTLS and NOTLS, written "
                "so, and with anything else it sends without encryption and says nothing",
                *_NAMES["encryption"],
                shown=word,
            )
        )
    return Setting(value=found, origin=entry.origin)


def _effects(keys: Keys, version: tuple[int, ...] | None) -> list[Effect]:
    found = []
    user = keys.value(*_NAMES["user"])
    if version is not None and version < _OWN_SENDER and user is not None and "@" not in str(user):
        found.append(
            keys.effect(
                Does.TAKES_USER_AS_SENDER,
                f"WGDashboard {_shown(version)} takes the username as envelope sender, whatever send_from says: it "
                f"sends MAIL FROM:<{user}>, which is no address; 4.2.2 and later take send_from",
                *_NAMES["user"],
                shown=str(user),
            )
        )
    found += [
        keys.effect(
            Does.WAITS_FOR_EVER,
            "WGDashboard sets no timeout: while the mail server is silent, the thread that sends is gone, and the "
            "dashboard answers nobody",
            *_NAMES["host"],
        )
    ]
    for name in ("user", "secret", "sender"):
        entry = keys.filled(*_NAMES[name])
        if entry is not None and entry.unread is None and str(entry.value).strip().lower() in _BOOLEAN:
            found.append(
                keys.effect(
                    Does.CHANGES_VALUE,
                    f"WGDashboard reads words such as yes, no, on and off as true and false, also in {entry.key}: what "
                    "is sent is True or False, not what was written",
                    *_NAMES[name],
                )
            )
    return found


def _spell(intent: Intent) -> tuple[Assignment, ...]:
    words = {Security.IMPLICIT: "IMPLICITTLS", Security.NONE: "NOTLS"}
    login = (
        (
            Assignment(key="Email.username", value=intent.user),
            Assignment(key="Email.email_password", value=PLACEHOLDER),
            Assignment(key="Email.authentication_required", value=True),
        )
        if intent.user is not None
        else (Assignment(key="Email.authentication_required", value=False, comment="from 4.3.0 on"),)
    )
    return (
        Assignment(key="Email.server", value=intent.host),
        Assignment(key="Email.port", value=intent.port),
        Assignment(key="Email.encryption", value=words.get(intent.security, "STARTTLS")),
        *login,
        *((Assignment(key="Email.send_from", value=intent.sender),) if intent.sender else ()),
    )


READER = Reader(
    name="wgdashboard",
    title="WGDashboard",
    since="4.3.3",
    source="WGDashboard/WGDashboard, src/modules/Email.py, src/modules/DashboardConfig.py, docker/entrypoint.sh",
    syntaxes=("ini", "env"),
    marks=("Email.email_password", "Email.send_from", "Email.encryption", "email_encryption", "email_server"),
    read=_read,
    spell=_spell,
)
