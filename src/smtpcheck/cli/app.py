"""The commands, and what Typer's errors become: one sentence, without a value that may be a secret."""

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from smtpcheck.cli.batch import batch
from smtpcheck.cli.check import check
from smtpcheck.cli.completion import completion
from smtpcheck.cli.demo import demo
from smtpcheck.cli.diff import diff
from smtpcheck.cli.explain import explain
from smtpcheck.cli.merge import merge
from smtpcheck.cli.misuse import Misuse
from smtpcheck.cli.providers import providers

Work = Callable[[], int]

# The base of all errors of the parser. Typer has no public name for it, and its vendored Click is private.
_ParserError = cast(type[Exception], typer.BadParameter.__base__)
_COMMANDS = ("check", "batch", "merge", "diff", "explain", "providers", "demo", "completion")


class Commands(TyperGroup):
    """The group, which answers a host in the place of a command with the command that was meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not ctx.resilient_parsing and not args[0].startswith("-"):
            raise Misuse(_meant(args))
        return super().resolve_command(ctx, args)


class Grouped(TyperCommand):
    """A command whose help lists the options under the headings that they were declared with."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        groups: dict[str, list[tuple[str, str]]] = {}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None:
                groups.setdefault(getattr(param, "rich_help_panel", None) or "Other", []).append(record)
        for title, rows in groups.items():
            with formatter.section(title):
                formatter.write_dl(rows)


app = typer.Typer(
    cls=Commands,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Goes through one SMTP session step by step and says where it stopped, why, and what to change.",
)
# Surplus words are left to us: Typer would repeat them, and one of them may be a password.
_SURPLUS = {"allow_extra_args": True}
app.command(cls=Grouped, context_settings=_SURPLUS)(check)
app.command(cls=Grouped, context_settings=_SURPLUS)(batch)
app.command(cls=Grouped)(merge)
app.command(cls=Grouped, context_settings=_SURPLUS)(diff)
app.command(cls=Grouped)(explain)
app.command(cls=Grouped)(providers)
app.command(cls=Grouped, context_settings=_SURPLUS)(demo)
app.command(cls=Grouped, context_settings=_SURPLUS)(completion)


def _version(asked: bool) -> None:
    if asked:
        from smtpcheck._version import __version__

        typer.echo(f"smtpcheck {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_version, help="Show the version.")
    ] = False,
) -> None:
    """What every command has in common: nothing but the version."""


def parse(words: Sequence[str], program: str) -> Work:
    """What the words ask for, to be done by the caller. Raises Misuse; `--help` and `--version` are done already."""
    try:
        asked = app(list(words), prog_name=program, standalone_mode=False)
    except _ParserError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(cast(Any, error).format_message(), err=True)
            return lambda: 2
        raise Misuse(_sentence(error)) from None
    except SystemExit as end:
        # A closed pipe while the help was written, which Typer ends with 1; or an answer to the shell's completion.
        if end.code == 1:
            raise BrokenPipeError from None
        raise
    return asked if callable(asked) else lambda: int(asked or 0)


def _sentence(error: Exception) -> str:
    option = getattr(error, "option_name", None)
    shown = option if option is not None and re.fullmatch(r"--?[A-Za-z0-9][a-z0-9-]{0,30}", option) else "an option"
    if type(error).__name__ == "NoSuchOption":
        possibilities = getattr(error, "possibilities", None)
        if shown == "an option":
            return "there is no such option: --help lists those there are; a text that begins with - stands after --"
        if option in _options_of_check(error):
            return f"{shown} stands before the command: write smtpcheck check TARGET {shown} ..."
        return f"there is no option {shown}: " + (
            f"did you mean {possibilities[0]}?" if possibilities else "--help lists those there are"
        )
    text = str(cast(Any, error).format_message()).strip().rstrip(".")
    if option is not None and "requires" in text:
        return f"{shown} needs a value: --help says which"
    return text[:1].lower() + text[1:]


def _options_of_check(error: Exception) -> list[str]:
    """The options of `check`, if the error was made before any command was read; else nothing."""
    command = cast(Any, error).ctx.command
    if not isinstance(command, Commands):
        return []
    return [name for param in command.commands["check"].params for name in param.opts]


def _meant(words: list[str]) -> str:
    """The answer to `smtpcheck smtp.example.com`."""
    import shlex
    from difflib import get_close_matches

    from smtpcheck.model import UsageError
    from smtpcheck.settings.target import parse_target

    first = words[0]
    commands = ", ".join(_COMMANDS)
    close = get_close_matches(first, _COMMANDS, n=1)
    try:
        parse_target(first)
    except UsageError:
        return f"there is no such command: give {commands} (smtpcheck --help)"
    if "." in first or ":" in first or first == "localhost":
        more = " ..." if len(words) > 1 else ""
        return f"a command is missing: write smtpcheck check {shlex.quote(first)}{more}"
    if close:
        return f"there is no command {first!r}: did you mean {close[0]}?"
    return (
        f"there is no command {first!r}: give {commands}; a host is checked with smtpcheck check {shlex.quote(first)}"
    )
