"""The options that name an application's configuration, for every command that reads one."""

from typing import Annotated

import typer

from smtpcheck.cli.misuse import Misuse

_APPLICATION = "Settings of an application"


def known_applications(incomplete: str) -> list[str]:
    """Completes the name of an application."""
    from smtpcheck.settings.apps import readers

    return [reader.name for reader in readers() if reader.name.startswith(incomplete)]


AppConfig = Annotated[
    list[str] | None,
    typer.Option(
        "--app-config",
        metavar="FILE",
        rich_help_panel=_APPLICATION,
        help="In place of TARGET: check exactly what the application with this configuration does. Can be repeated. "
        "smtpcheck settings FILE shows what is read.",
    ),
]
App = Annotated[
    str | None,
    typer.Option(
        "--app",
        metavar="NAME",
        rich_help_panel=_APPLICATION,
        autocompletion=known_applications,
        help="The application, where its keys do not tell.",
    ),
]
Service = Annotated[
    str | None,
    typer.Option(
        "--service", metavar="NAME", rich_help_panel=_APPLICATION, help="One service of a compose file or manifest."
    ),
]
AppProcess = Annotated[
    str | None,
    typer.Option(
        "--app-process", metavar="PID", rich_help_panel=_APPLICATION, help="The environment of this running process."
    ),
]
FromHere = Annotated[
    bool,
    typer.Option(
        "--from-here",
        rich_help_panel=_APPLICATION,
        help="Check from here, although the configuration is a container's and names its own network.",
    ),
]
As = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        rich_help_panel=_APPLICATION,
        autocompletion=known_applications,
        help="Write the settings (in check: those that passed) for this application, a placeholder for the password.",
    ),
]


def process_id(text: str | None) -> int | None:
    """The number of a process. Raises Misuse."""
    if text is None or (text.isascii() and text.isdigit() and 0 < len(text) < 11):
        return None if text is None else int(text)
    raise Misuse(f"--app-process is {text[:40]!r}: give the number of a running process")
