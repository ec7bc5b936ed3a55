"""`smtpcheck settings`: what an application's configuration says about its mail, what is wrong with it, and the same in
another application's spelling. Nothing is sent.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from smtpcheck.cli.app_options import App, AppProcess, As, Service, process_id
from smtpcheck.cli.misuse import Misuse
from smtpcheck.cli.output_options import Color, Json
from smtpcheck.settings.words import COLOR

if TYPE_CHECKING:
    from smtpcheck.cli.printing import Style
    from smtpcheck.settings.applications import Application

FINE, WRONG = 0, 1

_WHAT = "What is read"


def settings(
    files: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="FILE...",
            rich_help_panel=_WHAT,
            help="Its files: .env, settings.py, docker-compose.yml, config.json, an ini file, a unit ... A later one "
            "wins where the application says so.",
        ),
    ] = None,
    app: App = None,
    service: Service = None,
    app_process: AppProcess = None,
    as_: As = None,
    json: Json = False,
    color: Color = "auto",
) -> Callable[[], int]:
    """Read an application's configuration: its mail settings, and what is wrong with them.

    Nothing is sent and nothing is executed: check --app-config FILE checks the server with exactly these settings.

    Exit codes: 0 nothing is wrong that could be told so, 1 an error was found.
    """
    if not files and app_process is None:
        raise Misuse("a file is missing: give the application's .env, settings.py, docker-compose.yml ... or a process")
    if color not in COLOR:
        raise Misuse(f"--color is {color[:40]!r}: give one of {', '.join(COLOR)}")
    if json and as_ is not None:
        raise Misuse("--json and --as exclude each other: give one of them")
    process = process_id(app_process)

    def run() -> int:
        from smtpcheck.cli.printing import Style
        from smtpcheck.settings.applications import read_applications

        found = read_applications(files or (), app=app, service=service, process=process)
        style = Style(json=json, color=color)
        return _show(found, style) if as_ is None else _translate(found, as_, style)

    return run


def _show(found: "tuple[Application, ...]", style: "Style") -> int:
    from smtpcheck.application import service_of
    from smtpcheck.model import Severity

    services = [service_of(one) for one in found]
    if style.json:
        from smtpcheck.report.codec import services_to_json

        style.write_json(services_to_json(services))
    else:
        from smtpcheck.report.settings import settings_text

        titles = [one.reader.title for one in found]
        style.write(settings_text(services, titles, width=style.width, color=style.colored, ascii=style.ascii))
    wrong = any(one.severity is Severity.ERROR for service in services for one in service.findings)
    return WRONG if wrong else FINE


def _translate(found: "tuple[Application, ...]", name: str, style: "Style") -> int:
    """The same settings for another application. Only what is known can be translated."""
    from smtpcheck.model import UsageError
    from smtpcheck.settings.apps import reader_named
    from smtpcheck.settings.own_words import intent_of, unknown
    from smtpcheck.settings.spelling import block

    reader = reader_named(name)
    if len(found) > 1:
        names = ", ".join(str(one.given.service) for one in found)
        raise UsageError(f"--as writes the settings of one service, and these files have {names}: give --service NAME")
    if (missing := unknown(found[0].reading.settings)) is not None:
        raise UsageError(f"--as {reader.name} has nothing to write: {missing}")
    style.write(block(reader.spell(intent_of(found[0].reading.settings)), reader.syntax))
    return FINE
