"""`smtpcheck profile`: what is kept in files of settings. No secret is read or written here, only where one is."""

import inspect
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtpcheck.cli.app import Grouped
from smtpcheck.cli.borrowed import borrowing
from smtpcheck.cli.check import check
from smtpcheck.cli.misuse import Misuse

if TYPE_CHECKING:
    from smtpcheck.settings.profiles import ProfileFile

_PLACE, _OUTPUT = "Where it is kept", "Output"
# What a check has besides settings that can be kept.
_NOT_KEPT = (
    *("ctx", "profile", "config", "show_settings", "json", "anonymize", "nagios", "quiet", "verbose", "color"),
    *("app_config", "app", "service", "app_process", "from_here", "as_"),
)

Config = Annotated[
    str | None,
    typer.Option("--config", metavar="FILE", rich_help_panel=_PLACE, help="This file in place of your own."),
]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="One JSON object.")]
Name = Annotated[str, typer.Argument(metavar="NAME", rich_help_panel="Arguments", help="The profile.")]

commands = typer.Typer(
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@commands.callback()
def profile() -> None:
    """Keep the options of a check under a name, and list, show or remove what is kept."""


@commands.command("save", cls=Grouped, context_settings={"allow_extra_args": True})
@borrowing(check, *(name for name in inspect.signature(check).parameters if name not in _NOT_KEPT))
def save(ctx: typer.Context, name: Name, config: Config = None, **given: Any) -> Callable[[], int]:
    """Keep options of check under NAME, in your own file. No secret is kept: only where it is to be found.

    smtpcheck check --profile NAME then checks with them.
    """
    if ctx.args:
        raise Misuse("there is a word too many (not shown): NAME and TARGET are one word each")
    if not name.replace("-", "").replace("_", "").isalnum() or not name.isascii() or len(name) > 64:
        raise Misuse("NAME is made of ASCII letters, digits, - and _, at most 64")
    given |= {field: tuple(given[field] or ()) for field in ("recipients", "expect", "report")}

    def run() -> int:
        from smtpcheck.cli.printing import Style
        from smtpcheck.cli.settled import named_fields
        from smtpcheck.settings.places import shown_path
        from smtpcheck.settings.profile_edit import save_profile

        fields = named_fields(given)
        if not fields:
            raise Misuse("there is nothing to keep: give a TARGET or options of check")
        _check(fields)
        path = _path(config)
        replaced = save_profile(path, name, _absolute(fields))
        verb = "replaced" if replaced else "saved"
        Style().write(f"{verb} the profile {name} in {shown_path(path)}\n")
        return 0

    return run


@commands.command("list", cls=Grouped)
def list_(config: Config = None, json: Json = False) -> Callable[[], int]:
    """List the profiles of your own file and of smtpcheck.toml in the working directory."""

    def run() -> int:
        from smtpcheck.cli.printing import Style

        rows = [
            (name, _text(fields, "target"), _text(fields, "user"), file.shown)
            for file in _files(config)
            for name, fields in file.profiles.items()
        ]
        if json:
            keys = ("name", "host", "user", "file")
            Style(json=True).write_json({"schema": 1, "profiles": [dict(zip(keys, row, strict=True)) for row in rows]})
            return 0
        if not rows:
            Style().write("there are no profiles: smtpcheck profile save NAME TARGET ... keeps one\n")
            return 0
        cells = [[_printable(cell or "-") for cell in row] for row in rows]
        widths = [max(len(row[column]) for row in cells) for column in range(3)]
        lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)) for row in cells]
        Style().write("\n".join(lines) + "\n")
        return 0

    return run


@commands.command("show", cls=Grouped)
def show(name: Name, config: Config = None, json: Json = False) -> Callable[[], int]:
    """Show what a profile holds, and what else holds with it, each value with its line."""

    def run() -> int:
        from smtpcheck.cli.settled import asked

        plain: dict[str, Any] = {"json": json, "color": "auto", "nagios": False, "quiet": False, "verbose": False}
        return asked({}, plain, profile=name, config=config, show_settings=True)()

    return run


@commands.command("remove", cls=Grouped)
def remove(name: Name, config: Config = None) -> Callable[[], int]:
    """Take a profile out of your own file."""

    def run() -> int:
        from smtpcheck.cli.printing import Style
        from smtpcheck.settings.places import shown_path
        from smtpcheck.settings.profile_edit import remove_profile

        path = _path(config)
        remove_profile(path, name)
        Style().write(f"removed the profile {_printable(name)} from {shown_path(path)}\n")
        return 0

    return run


@commands.command("path", cls=Grouped)
def path() -> Callable[[], int]:
    """Print the path of your own file of settings."""

    def run() -> int:
        from smtpcheck.cli.printing import Style

        Style().write(_path(None) + "\n")
        return 0

    return run


def _path(config: str | None) -> str:
    from smtpcheck.settings.places import user_file

    return user_file() if config is None else config


def _files(config: str | None) -> "list[ProfileFile]":
    from smtpcheck.settings.layers import read_files

    return read_files(config)[0]


def _check(fields: Mapping[str, Any]) -> None:
    """Raises what `check` would say of the options. No secret is read for it, and no source of one asked."""
    from smtpcheck.cli.outputs import parse_outputs
    from smtpcheck.cli.shown_settings import all_rows
    from smtpcheck.settings.layers import Settled
    from smtpcheck.settings.request import Request

    parse_outputs(fields.get("report", ()))
    all_rows(Settled({}), Request(**{field: value for field, value in fields.items() if field != "report"}))


def _absolute(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A path of this command line stands in the file as a whole: a profile is used from other directories."""
    import os

    from smtpcheck.settings.profiles import PATHS

    return {
        field: os.path.abspath(os.path.expanduser(value)) if field in PATHS else value
        for field, value in fields.items()
    }


def _text(fields: Mapping[str, Any], field: str) -> str | None:
    return str(fields[field].value) if field in fields else None


def _printable(text: str) -> str:
    return text if text.isprintable() else repr(text)
