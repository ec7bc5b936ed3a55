"""The options of `check` that say which kept settings count, and those that take back what a profile allows."""

from typing import Annotated, Any

import typer

_SETTINGS = "Settings that are kept"


def either(name: str, panel: str, help: str) -> Any:
    """An option with its opposite, so that a command line can also say no to what a profile says."""
    return typer.Option(f"--{name}/--no-{name}", rich_help_panel=panel, show_default=False, help=help)


def _names(incomplete: str) -> list[str]:
    from smtpcheck.cli.settled import profile_names

    return [name for name in profile_names() if name.startswith(incomplete)]


Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        rich_help_panel=_SETTINGS,
        autocompletion=_names,
        help="What smtpcheck profile save has kept under NAME; options of this command line go before it.",
    ),
]
Config = Annotated[
    str | None,
    typer.Option(
        "--config",
        metavar="FILE",
        rich_help_panel=_SETTINGS,
        help="Read this file, and trust it, in place of your own and of smtpcheck.toml in the working directory.",
    ),
]
ShowSettings = Annotated[
    bool,
    typer.Option(
        "--show-settings",
        rich_help_panel=_SETTINGS,
        help="Print each value and where it comes from (option, SMTPCHECK_* variable, profile, defaults); nothing is "
        "sent.",
    ),
]
