"""An application's configuration, judged: what `settings` reads, what `diagnose` makes of it, and each fix in the
application's own words (key, file, line, present and new value).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from smtpcheck.diagnose.judged import Judged, pointer_to, usual_security
from smtpcheck.diagnose.pages import finding
from smtpcheck.diagnose.rule import Found
from smtpcheck.diagnose.settings import TLS_MODES, container_name, judge, other_region, too_impatient
from smtpcheck.model import Certainty, Finding, Report, Severity
from smtpcheck.model.settings import Does, Security, Service, Value
from smtpcheck.settings.applications import Application
from smtpcheck.settings.apps import readers
from smtpcheck.settings.host import UnusableHost, usable_host
from smtpcheck.settings.own_words import missing_switches, of_dead, of_effect, step

_ORDER = tuple(Severity)
_OTHERS = ("PHPMailer", "Symfony", "smtplib", "Jakarta", "ConfigParser", "WordPress")
_FIRST = ("application-sends-nothing", "client-config-error", "app-calls-localhost")
_MOST_STEPS = 6
_IMAGE = "smtpcheck:1"

_SETTINGS: Mapping[str, str] = {
    "host-value-malformed": "host",
    "dns-name-not-found": "host",
    "dns-no-address": "host",
    "null-mx": "host",
    "resolves-to-loopback": "host",
    "app-calls-localhost": "host",
    "wrong-server-for-submission": "host",
    "nothing-listens": "port",
    "egress-port-blocked": "port",
    "implicit-tls-port-used-with-starttls": "security",
    "starttls-port-used-with-implicit-tls": "security",
    "starttls-inside-tls": "security",
    "port-and-tls-mode-disagree": "security",
    "tls-required-first": "security",
    "credentials-would-be-in-clear": "security",
    "helo-rejected": "ehlo",
    "username-must-be-fixed-word": "user",
    "username-must-be-full-address": "user",
    "username-must-be-provider-login": "user",
    "application-skips-login": "secret",
    "bad-credentials": "secret",
    "app-password-required": "secret",
    "wrong-credential-type": "secret",
    "credentials-for-wrong-region": "secret",
    "credentials-missing-in-client": "secret",
    "password-mangled-by-config": "secret",
    "sender-is-the-username": "sender",
    "sender-not-owned-by-login": "sender",
    "sender-domain-not-verified": "sender",
    "sender-domain-not-found": "sender",
    "envelope-address-malformed": "sender",
    "envelope-sender-empty": "sender",
}
"""The setting that a cause found on the wire is about."""

_SECURITY = {
    "implicit-tls-port-used-with-starttls": Security.IMPLICIT,
    "starttls-port-used-with-implicit-tls": Security.STARTTLS,
    "starttls-inside-tls": Security.IMPLICIT,
    "tls-required-first": Security.STARTTLS,
}


def service_of(application: Application) -> Service:
    """The settings of one service with their findings, the worst first: an item of `smtpcheck settings --json`."""
    return Service(
        service=application.given.service,
        app=application.reader.name,
        settings=application.reading.settings,
        findings=findings(application),
        dead=application.reading.dead,
    )


def findings(application: Application, *, from_here: bool = False) -> tuple[Finding, ...]:
    """What the settings show by themselves, the worst first. `from_here`: localhost is this machine."""
    title = application.reader.title
    container = application.given.container and not from_here
    judged = [*_host(application), *judge(application.reading, title, container=container)]
    if (elsewhere := other_region(application.reading, application.given.entries)) is not None:
        judged.append(elsewhere)
    told = [_told(one, application) for one in judged]
    return tuple(sorted(told, key=lambda one: (_ORDER.index(one.severity), one.id not in _FIRST)))


def kept_inside(application: Application) -> Finding | None:
    """Why a check from outside of the application's container says nothing about it, and the command that repeats it
    from inside; None where it may be made from here.
    """
    if not application.given.container:
        return None
    title = application.reader.title
    inside = next(
        (one for one in judge(application.reading, title, container=True) if one.found.id == "app-calls-localhost"),
        None,
    ) or container_name(application.reading, title, services=application.given.services)
    if inside is None:
        return None
    told = _told(inside, application)
    return replace(told, fix=(*_command(application), *told.fix)[:_MOST_STEPS])


def in_own_words(report: Report, application: Application) -> Report:
    """The report with its cause said for this application: the step that names its own key comes first. For a session
    that passed: whether the application waits as long as the server took.
    """
    cause = report.cause
    impatient = too_impatient(report, application.reading, application.reader.title)
    if impatient is not None:
        told = replace(_told(impatient, application), severity=Severity.WARNING)  # it stopped nothing here
        return replace(report, also=(*report.also, told))
    if cause is None or cause.id not in _SETTINGS:
        return report if cause is None else replace(report, cause=_without_others(cause, application))
    name = _SETTINGS[cause.id]
    first = step(application, {name: _wanted(cause.id, name, application)})
    told = _without_others(cause, application)
    if cause.id == "credentials-would-be-in-clear":
        told = replace(
            told, why=f"{told.why} {application.reader.title} does not stop here: it sends the password all the same."
        )
    steps = dict.fromkeys((*([first] if first else []), *told.fix))
    return replace(report, cause=replace(told, fix=tuple(steps)[:_MOST_STEPS]))


def _wanted(id: str, name: str, application: Application) -> Value:
    if name != "security":
        return None
    settings = application.reading.settings
    return _SECURITY.get(id) or usual_security(settings.host.value, settings.port.value)


def _host(application: Application) -> Iterator[Judged]:
    """A host that is no host name."""
    host = application.reading.settings.host
    if not isinstance(host.value, str) or not host.value:
        return
    try:
        usable_host(host.value, host.origin.key or "the host")
    except UnusableHost as error:
        yield Judged(
            found=Found(
                id="host-value-malformed",
                certainty=Certainty.CERTAIN,
                facts={"value": host.value, "means": str(error)},
                evidence=pointer_to(host.origin),
            ),
            change={"host": None},
        )


def _told(one: Judged, application: Application) -> Finding:
    """A judgement in words: its page, the sentence of the application, and the step in its own words first."""
    base = finding(one.found)
    named = one.effect is not None and one.effect.instead is not None
    own = step(application, one.change) if one.change and not named else None
    if own is None and one.effect is not None:
        own = of_effect(application, one.effect)
    if own is None and one.effect is not None and one.effect.does in (Does.SENDS_NOTHING, Does.SKIPS_LOGIN):
        own = missing_switches(application, login=one.effect.does is Does.SKIPS_LOGIN)
    if one.dead:
        own = of_dead(one.dead)
    told = _without_others(base, application)
    steps = dict.fromkeys((*([own] if own else []), *told.fix))
    return replace(told, why=one.told or told.why, fix=tuple(steps)[:_MOST_STEPS])


def _without_others(told: Finding, application: Application) -> Finding:
    """Without the steps that speak of other applications alone; a page has them for a reader whose own is not known."""
    kept = tuple(one for one in told.fix if not _speaks_of_others(one, application.reader.title))
    return replace(told, fix=kept or told.fix)


def _speaks_of_others(text: str, title: str) -> bool:
    """Whether it names applications, and this one is none of them. Postfix is the server as often as the client."""
    names = {word for reader in readers() for word in re.split(r"[^\w.]+", reader.title) if word[:1].isupper()}
    names -= {"Postfix", "SMTP_", "Boot", "CE"}
    spoken = {name for name in (*names, *_OTHERS, "nodemailer") if re.search(rf"\b{re.escape(name)}\b", text)}
    return bool(spoken) and not any(name in title for name in spoken)


def _command(application: Application) -> tuple[str, ...]:
    """The line that repeats the check from inside the application's network, with the image of this repository."""
    from shlex import join, quote

    given = application.given
    named = [word for file in application.files for word in ("--app-config", file)]
    if application.process is not None:
        pid = str(application.process)
        enter = ["sudo", "nsenter", "--target", pid, "--net", "smtpcheck", "check", *named, "--app-process", pid]
        line = join([*enter, "--app", application.reader.name, "--from-here"])
        return (f"`{line}` repeats this check from inside the application's network",)
    if not given.services and given.container_name is None:
        return (_in_cluster(application),)
    chosen = ["--service", given.service] if given.service is not None else []
    check = join(["check", *named, "--app", application.reader.name, *chosen, "--from-here"])
    composed = [file for file in application.files if file.lower().endswith((".yml", ".yaml"))]
    compose = join(["docker", "compose", *(word for file in composed for word in ("-f", file))])
    name = (
        quote(f"container:{given.container_name}")
        if given.container_name is not None
        else f'"container:$({compose} ps -q {quote(given.service or "")})"'
    )
    return (
        f'`docker run --rm -it --network {name} --user "$(id -u)" -v "$PWD:$PWD:ro" -w "$PWD" {_IMAGE} {check}` '
        f"repeats this check from inside the application's network ({_IMAGE}: the Dockerfile of smtpcheck)",
    )


def _in_cluster(application: Application) -> str:
    """The same for Kubernetes, where files of this machine are not at hand: each value as an option."""
    from shlex import join, quote

    settings = application.reading.settings
    security, user = settings.security.value, settings.user.value if settings.auth.value else None
    mode = TLS_MODES[security].value if isinstance(security, Security) else "auto"
    check = ["smtpcheck", "check", f"{settings.host.value}:{settings.port.value}", "--tls", mode]
    check += ["--user", str(user)] if user else []
    target = quote(application.given.service or "CONTAINER")
    return (
        f"`kubectl debug -it POD --image={_IMAGE} --target={target} -- {join(check)}` repeats this check from inside "
        f"the application's network ({_IMAGE}: the Dockerfile of smtpcheck)"
    )
