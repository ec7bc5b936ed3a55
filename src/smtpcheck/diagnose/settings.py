"""Causes that an application's configuration shows by itself, before a packet is sent.

A reader (`settings.apps`) tells what the application does; here that becomes a cause with its page, and the change that
would end it. How the change is written in the application's own files is added by `smtpcheck.application`.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from ipaddress import ip_address

from smtpcheck.diagnose import config
from smtpcheck.diagnose.effects import of_effect
from smtpcheck.diagnose.judged import Judged, is_loopback, pointer_to, sentence, usual_security
from smtpcheck.diagnose.rule import Found
from smtpcheck.diagnose.scene import Scene
from smtpcheck.model import Certainty, Options, Report, Target, TlsMode
from smtpcheck.model.secret import SecretFacts, SecretKind
from smtpcheck.model.settings import Does, Entry, Reading, Security, Setting, Value
from smtpcheck.providers import Provider, by_host

_SES_HOST = re.compile(r"email-smtp(?:-fips)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_REGIONS = ("SES_REGION", "AWS_SES_REGION", "AWS_SES_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION")
_HOST_GATEWAYS = ("host.docker.internal", "gateway.docker.internal", "host.containers.internal")

TLS_MODES = {
    Security.IMPLICIT: TlsMode.IMPLICIT,
    Security.STARTTLS: TlsMode.STARTTLS,
    Security.OPPORTUNISTIC: TlsMode.OPPORTUNISTIC,
    Security.NONE: TlsMode.OFF,
}
"""The mode in which a check does what the application does."""


def judge(reading: Reading, title: str, *, container: bool = False) -> tuple[Judged, ...]:
    """What the settings of one application show. `title` is its name; `container` tells whether it runs in one."""
    judged = [
        *(of_effect(effect, reading, title) for effect in reading.effects),
        *_localhost(reading, title, container=container),
        *_login(reading, title),
        *_clear(reading, title),
        *_by_tables(reading),
        *_dead(reading, title),
    ]
    settled = _mode_is_told(reading, judged)
    once: dict[tuple[str, object], Judged] = {}
    for one in judged:
        if settled and one.found.id == "port-and-tls-mode-disagree":
            continue
        # An effect says it better than the general rule, and stands before it.
        key = one.effect.told if one.effect is not None else one.dead or None
        if key is None and any(id == one.found.id for id, _ in once):
            continue
        once.setdefault((one.found.id, key), one)
    return tuple(once.values())


def _mode_is_told(reading: Reading, judged: Sequence[Judged]) -> bool:
    """Whether something says already why the TLS mode is not what it should be: that it does not go with the port
    follows.
    """
    key = reading.settings.security.origin.key
    wrong = (Does.CHANGES_VALUE, Does.SENDS_IN_CLEAR, Does.REFUSES)
    by_reader = any(one.does in wrong and one.origin.key == key for one in reading.effects if key is not None)
    return by_reader or any(one.found.id == "application-sends-in-clear" for one in judged)


def container_name(reading: Reading, title: str, *, services: tuple[str, ...]) -> Judged | None:
    """Whether the host is a name that only the container's network knows; for a check from outside of it."""
    host = reading.settings.host
    name = host.value
    if not isinstance(name, str) or is_loopback(name) or _is_address(name):
        return None
    if name not in services and name.lower() not in _HOST_GATEWAYS and "." in name.rstrip("."):
        return None
    said = (
        f"another service of the same compose file: {name}"
        if name in services
        else "the machine under the container"
        if name.lower() in _HOST_GATEWAYS
        else f"{name}, a name that its own network knows"
    )
    return Judged(
        found=Found(
            id="host-is-a-container-name",
            certainty=Certainty.LIKELY,
            facts={"host": name, "client": title},
            evidence=pointer_to(host.origin),
        ),
        told=f"{title} runs in a container and calls {said}. From here the name means nothing, or something else.",
    )


def other_region(reading: Reading, entries: Sequence[Entry]) -> Judged | None:
    """Whether a variable names another region of Amazon SES than the host: credentials hold for one. A variable that
    every service of Amazon shares may be meant for another one.
    """
    host = reading.settings.host
    found = _SES_HOST.fullmatch(host.value.lower()) if isinstance(host.value, str) else None
    if found is None:
        return None
    for entry in entries:
        region = str(entry.value or "").lower()
        if entry.key.upper() not in _REGIONS or not _REGION.fullmatch(region) or region == found[1]:
            continue
        return Judged(
            found=Found(
                id="credentials-for-wrong-region",
                certainty=Certainty.LIKELY if "SES" in entry.key.upper() else Certainty.POSSIBLE,
                facts={
                    "host": str(host.value),
                    "provider": "Amazon SES",
                    "expected": f"email-smtp.{region}.amazonaws.com, if they were created in {region}",
                },
                evidence=(*pointer_to(host.origin), *pointer_to(entry.origin)),
            ),
            told=f"The host is in the region {found[1]}, and {entry.key} says {region}: SMTP credentials of Amazon SES "
            "hold for one region.",
            change={"host": f"email-smtp.{region}.amazonaws.com"},
        )
    return None


def too_impatient(report: Report, reading: Reading, title: str) -> Judged | None:
    """Whether a step of a session that passed took longer than the application waits."""
    timeout = reading.settings.timeout
    limit = timeout.value
    if not report.passed or isinstance(limit, bool) or not isinstance(limit, int | float) or limit <= 0:
        return None
    steps = [one for one in report.attempts[report.deciding].steps if one.passed and one.lag < 0.2 * one.seconds]
    slowest = max(steps, key=lambda one: one.seconds, default=None)
    if slowest is None or slowest.seconds <= limit:
        return None
    facts = {
        "client": title,
        "host": report.target.host,
        "limit": f"{limit:.1f} s",
        "waited": f"{slowest.seconds:.1f} s",
    }
    return Judged(
        found=Found(
            id="client-timeout-too-short",
            certainty=Certainty.LIKELY,
            facts=facts,
            evidence=pointer_to(timeout.origin),
            stage=slowest.stage,
        ),
        change={"timeout": max(30, math.ceil(2 * slowest.seconds))},
    )


def _localhost(reading: Reading, title: str, *, container: bool) -> Iterator[Judged]:
    """localhost inside a container is the container; localhost by default is nobody's wish."""
    host = reading.settings.host
    if not isinstance(host.value, str) or not is_loopback(host.value):
        return
    by_default = host.origin.kind in ("default", "library")
    if not container and not by_default:
        return
    where = f"the host is not set, and {title} then takes {host.value}" if by_default else f"the host is {host.value}"
    meant = "the container that it runs in, where no mail server listens" if container else "its own machine"
    yield Judged(
        found=Found(
            id="app-calls-localhost",
            certainty=Certainty.LIKELY,
            facts={"address": host.value, "port": str(reading.settings.port.value or ""), "client": title},
            evidence=pointer_to(host.origin),
        ),
        told=sentence(f"{where}, which is {meant}"),
        change={"host": None},
    )


def _login(reading: Reading, title: str) -> Iterator[Judged]:
    """A login without a password; a sender that is the login's name."""
    settings = reading.settings
    if settings.auth.value and settings.user.value and not settings.secret.present:
        yield Judged(
            found=Found(
                id="credentials-missing-in-client",
                certainty=Certainty.LIKELY,
                facts={"client": title, "value": "password", "user": str(settings.user.value)},
                evidence=pointer_to(settings.user.origin),
            ),
            told=f"{title} is to log in as {settings.user.value}, and has no password.",
            change={"secret": None},
        )
    user, sender = settings.user.value, settings.envelope_sender.value
    if isinstance(user, str) and user and user == sender and "@" not in user:
        yield Judged(
            found=Found(
                id="sender-is-the-username",
                certainty=Certainty.LIKELY,
                facts={"user": user, "sender": user, "host": str(settings.host.value or "HOST")},
                evidence=pointer_to(settings.envelope_sender.origin),
            ),
            told=f"{title} takes {user}, the name of its login, as envelope sender; MAIL FROM needs an address.",
            change={"sender": None},
        )


def _clear(reading: Reading, title: str) -> Iterator[Judged]:
    """A password that goes over a network without TLS, because the settings say so."""
    settings = reading.settings
    host = settings.host.value
    if settings.security.value is not Security.NONE or not settings.auth.value or not settings.secret.present:
        return
    if not isinstance(host, str) or is_loopback(host) or "." not in host:
        return  # the same machine, or the next container
    yield Judged(
        found=Found(
            id="application-sends-in-clear",
            certainty=Certainty.CERTAIN,
            facts={"client": title, "host": host, "name": settings.security.origin.key or ""},
            evidence=pointer_to(settings.security.origin),
        ),
        told=f"With these settings {title} uses no TLS, and its password goes to {host} in clear.",
        change={"security": usual_security(host, settings.port.value)},
    )


_SETTING_OF = {
    "username-must-be-fixed-word": "user",
    "username-must-be-full-address": "user",
    "username-must-be-provider-login": "user",
    "wrong-credential-type": "secret",
    "oauth-token-invalid": "secret",
    "password-mangled-by-config": "secret",
    "port-and-tls-mode-disagree": "security",
}
"""The setting that a rule of `config` speaks of, by the cause that it gives."""


def _by_tables(reading: Reading) -> Iterator[Judged]:
    """What the rules that a check has for its own options say of these values: provider's table, secret's shape."""
    scene = _scene(reading)
    if scene is None:
        return
    for rule in (config.username, config.secret, config.mode):
        for found in rule(scene):
            if not isinstance(found, Found):
                continue
            name = _SETTING_OF[found.id]
            one: Setting = getattr(reading.settings, name)
            at = pointer_to(one.origin) or pointer_to(reading.settings.port.origin)
            yield Judged(found=replace(found, evidence=at), change={name: _wanted(found, scene.provider)})


def _wanted(found: Found, provider: Provider | None) -> Value:
    """The value that the rule would have, where there is but one."""
    if found.id == "port-and-tls-mode-disagree":
        return Security(found.facts["expected"])
    if found.id == "username-must-be-fixed-word" and provider is not None and provider.username is not None:
        return provider.username.word
    return None


def _scene(reading: Reading) -> Scene | None:
    """The settings as a check would have them, of which nothing was tried."""
    settings = reading.settings
    host, port, security = settings.host.value, settings.port.value, settings.security.value
    if not isinstance(host, str) or not isinstance(port, int) or not isinstance(security, Security):
        return None
    secret = settings.secret
    facts = None
    if settings.auth.value and secret.present and secret.length is not None:
        facts = SecretFacts(
            kind=SecretKind.PASSWORD,
            source=secret.origin.file or "the environment",
            length=secret.length,
            hygiene=secret.hygiene,
            shape=secret.shape,
        )
    target = Target(
        host=host,
        port=port,
        tls=TLS_MODES[security],
        user=str(settings.user.value) if settings.auth.value and settings.user.value else None,
        secret=facts,
    )
    return Scene(
        target=target,
        options=Options(),
        attempts=(),
        deciding=0,
        stopper=None,
        began=datetime.min.replace(tzinfo=UTC),  # nothing was tried
        provider=by_host(host),
    )


def _dead(reading: Reading, title: str) -> Iterator[Judged]:
    """Keys that this version does not read: one finding for each reason."""
    told = {effect.origin for effect in reading.effects}
    left = [dead for dead in reading.dead if dead.origin not in told]
    for why in dict.fromkeys(dead.why for dead in left):
        keys = [dead for dead in left if dead.why == why]
        names = ", ".join(dict.fromkeys(dead.key for dead in keys))
        yield Judged(
            found=Found(
                id="setting-has-no-effect",
                certainty=Certainty.CERTAIN,
                facts={"name": names, "client": title},
                evidence=tuple(pointer for dead in keys for pointer in pointer_to(dead.origin)),
            ),
            told=sentence(f"{names}: {why}"),
            dead=tuple(keys),
        )


def _is_address(host: str) -> bool:
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
