"""What readers of applications tell (`Effect`), as causes: which page says it, and what would end it."""

from collections.abc import Callable, Mapping

from smtpcheck.diagnose.judged import NO_CHANGE, Judged, pointer_to, sentence, usual_security
from smtpcheck.diagnose.rule import Found
from smtpcheck.model import Certainty
from smtpcheck.model.settings import Does, Effect, Reading, Security, Value

_CAUSES = {
    Does.SENDS_NOTHING: "application-sends-nothing",
    Does.IGNORES: "setting-has-no-effect",
    Does.REFUSES: "client-config-error",
    Does.SENDS_IN_CLEAR: "application-sends-in-clear",
    Does.SKIPS_LOGIN: "application-skips-login",
    Does.LOGS_IN_WITHOUT_SECRET: "credentials-missing-in-client",
    Does.CHANGES_VALUE: "setting-read-otherwise",
    Does.CONNECTS_TO_LOCALHOST: "app-calls-localhost",
    Does.TAKES_USER_AS_SENDER: "sender-is-the-username",
    Does.TRUSTS_ANYBODY: "application-trusts-any-certificate",
    Does.WAITS_FOR_EVER: "application-waits-for-ever",
}


def of_effect(effect: Effect, reading: Reading, title: str) -> Judged:
    """The cause for what a reader told of the application called `title`."""
    settings = reading.settings
    id = _CAUSES[effect.does]
    at = effect.origin
    if effect.does is Does.CHANGES_VALUE and at.key is not None and at.key == settings.secret.origin.key:
        id = "password-mangled-by-config"
    elif effect.does is Does.SENDS_IN_CLEAR and settings.security.value is Security.OPPORTUNISTIC:
        id = "setting-has-no-effect"  # clear only where the server offers nothing better
    facts = {
        "client": title,
        "name": at.key or "",
        "value": effect.shown or "",
        "host": str(settings.host.value or ""),
        "port": str(settings.port.value or ""),
        "user": str(settings.user.value or ""),
        "source": at.file or "",
    }
    if id in ("password-mangled-by-config", "credentials-missing-in-client"):
        facts["value"] = ""  # what these pages call so is something else
    return Judged(
        found=Found(
            id=id,
            certainty=Certainty.CERTAIN if id != "app-calls-localhost" else Certainty.LIKELY,
            facts={name: value for name, value in facts.items() if value},
            evidence=pointer_to(at),
        ),
        told=sentence(effect.told),
        change=_MENDS[effect.does](reading, effect),
        effect=effect,
    )


def _mend_security(reading: Reading, effect: Effect) -> Mapping[str, Value]:
    settings = reading.settings
    return {"security": usual_security(settings.host.value, settings.port.value)}


def _mend_refused(reading: Reading, effect: Effect) -> Mapping[str, Value]:
    """A word that the application does not know for the TLS mode can be replaced; the rest only its user knows."""
    if effect.origin.key is None:
        return _mend_missing(reading, effect)
    if effect.instead is None and effect.origin.key and effect.origin.key == reading.settings.security.origin.key:
        return _mend_security(reading, effect)
    return NO_CHANGE


def _mend_missing(reading: Reading, effect: Effect) -> Mapping[str, Value]:
    """The first of the values that everybody needs, and that is not there."""
    settings = reading.settings
    missing = "host" if not settings.host.value else "sender" if not settings.sender.value else None
    return NO_CHANGE if missing is None or effect.origin.key is not None else {missing: None}


def _mend_skipped(reading: Reading, effect: Effect) -> Mapping[str, Value]:
    """Half of a login is missing, or a switch is off: the reader then names it."""
    settings = reading.settings
    missing = "secret" if not settings.secret.present else "user" if not settings.user.value else None
    return NO_CHANGE if missing is None or effect.instead is not None else {missing: None}


def _mend_by(**change: Value) -> "Mend":
    return lambda reading, effect: change


Mend = Callable[[Reading, Effect], Mapping[str, Value]]
_MENDS: Mapping[Does, Mend] = {
    Does.SENDS_NOTHING: _mend_missing,
    Does.IGNORES: _mend_by(),
    Does.REFUSES: _mend_refused,
    Does.SENDS_IN_CLEAR: _mend_security,
    Does.SKIPS_LOGIN: _mend_skipped,
    Does.LOGS_IN_WITHOUT_SECRET: _mend_by(secret=None),
    Does.CHANGES_VALUE: _mend_by(),
    Does.CONNECTS_TO_LOCALHOST: _mend_by(host=None),
    Does.TAKES_USER_AS_SENDER: _mend_by(sender=None),
    Does.TRUSTS_ANYBODY: _mend_by(),
    Does.WAITS_FOR_EVER: _mend_by(timeout=10),
}
