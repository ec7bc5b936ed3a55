"""A check with an application's own settings: what it calls, how, as whom, and what is said of it in its own words."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace

from smtpcheck import api
from smtpcheck.application import findings, in_own_words, kept_inside
from smtpcheck.cli.app_options import process_id
from smtpcheck.cli.session import Retell
from smtpcheck.model import Finding, Options, Report, Stage, Target, TlsFacts, TlsMode
from smtpcheck.model.settings import Security
from smtpcheck.settings.applications import Application, read_applications
from smtpcheck.settings.apps import Intent, reader_named
from smtpcheck.settings.build import UnusableTarget, build
from smtpcheck.settings.from_application import one_of, requested, with_origins
from smtpcheck.settings.login import with_secret
from smtpcheck.settings.request import Request
from smtpcheck.settings.spelling import block


def prepare_application(request: Request, environ: Mapping[str, str] = os.environ) -> tuple[Target, Options, Retell]:
    """What to check and how, with the application's values and secret, and what says the diagnosis in its words.

    Raises UnusableTarget where a check from here would say nothing about a container; UsageError.
    """
    found = read_applications(
        request.app_config, app=request.app, service=request.service, process=process_id(request.app_process)
    )
    application = one_of(found)
    inside = None if request.from_here else kept_inside(application)
    asked = requested(request, application)
    try:
        target, options = build(asked, environ)
    except UnusableTarget as error:
        raise UnusableTarget(str(error), with_origins(error.target, request, application)) from None
    told = findings(application, from_here=request.from_here)
    if inside is not None:
        told = (inside, *(one for one in told if one.id != inside.id))
        raise UnusableTarget(inside.title, _with(target, told, request, application), inside.id)
    api.check_before_packet(target, options)  # before anybody is asked for a password
    target, options = with_secret(asked, target, options, environ)
    return _with(target, told, request, application), options, lambda report: in_own_words(report, application)


def _with(target: Target, told: tuple[Finding, ...], request: Request, application: Application) -> Target:
    return replace(with_origins(target, request, application), findings=told)


def writer(name: str) -> Callable[[Report], None]:
    """What writes the settings of a check that passed in the words of an application. Raises UsageError."""
    reader = reader_named(name)

    def write(report: Report) -> None:
        if not report.passed:
            print(  # noqa: T201
                f"smtpcheck: no settings are written for {reader.title}: the check did not pass with them",
                file=sys.stderr,
            )
            return
        if sys.stdout is not None:
            sys.stdout.write(f"\n{block(reader.spell(_intent(report)), reader.syntax)}")
            sys.stdout.flush()

    return write


def _intent(report: Report) -> Intent:
    """The settings that worked, as the session had them."""
    target = report.target
    step = report.step(Stage.TLS)
    encrypted = step is not None and step.passed and isinstance(step.facts, TlsFacts)
    security = Security.IMPLICIT if target.tls is TlsMode.IMPLICIT else Security.STARTTLS
    return Intent(
        host=target.host,
        port=target.port or 25,
        security=security if encrypted else Security.NONE,
        user=target.user,
        sender=target.sender or None,
        ehlo=target.ehlo or None,
    )
