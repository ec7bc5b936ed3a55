"""The commands, and what Typer's errors become: one sentence, without a value that may be a secret.

A command is a function in the module of its name, and is loaded when it is the one that was asked for: Typer looks into
every parameter of what it is given, so each command would cost every other one its time.
"""

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Annotated, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from smtpcheck.cli.misuse import Misuse

Work = Callable[[], int]

# The base of all errors of the parser. Typer has no public name for it, and its vendored Click is private.
_ParserError = cast(type[Exception], typer.BadParameter.__base__)

# In the order of the help, with its line there: the first of the command's own help.
COMMANDS = {
    "check": "Check one server, step by step; no mail is sent without --send.",
    "batch": "Check many servers at once, and keep what was found as it comes.",
    "merge": "Make one report of the parts; of a target that is there twice, the newest result counts.",
    "diff": "Say what changed between two reports, or since one was saved.",
    "explain": "Explain a cause, or an error that was pasted or piped in.",
    "settings": "Read an application's configuration: its mail settings, and what is wrong with them.",
    "profile": "Keep the options of a check under a name, and list, show or remove what is kept.",
    "providers": "List the mail providers that smtpcheck knows, or show one.",
    "demo": "Show real reports of a scripted server on this machine.",
    "completion": "Print the completion script of a shell.",
}
# Surplus words are left to these: Typer would repeat them, and one of them may be a password.
_TAKE_SURPLUS = ("check", "batch", "diff", "demo", "completion")


class Commands(TyperGroup):
    """The group, which loads a command on demand, and answers a host in its place with the command that was meant."""

    def list_commands(self, ctx: Any) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        if cmd_name not in self.commands and cmd_name in COMMANDS:
            self.commands[cmd_name] = _loaded(cmd_name)
        return self.commands.get(cmd_name)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in COMMANDS and not ctx.resilient_parsing and not args[0].startswith("-"):
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


def _loaded(name: str) -> Any:
    """The command, which Typer makes of its function."""
    module = import_module(f"smtpcheck.cli.{name}")
    if hasattr(module, "commands"):  # it has commands of its own
        return typer.main.get_command(module.commands)
    alone = typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False)
    settings = {"allow_extra_args": True} if name in _TAKE_SURPLUS else {}
    alone.command(name, cls=Grouped, context_settings=settings)(getattr(module, name))
    return typer.main.get_command(alone)


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
    context = cast(Any, error).ctx
    if not isinstance(context.command, Commands):
        return []
    return [name for param in context.command.get_command(context, "check").params for name in param.opts]


def _meant(words: list[str]) -> str:
    """The answer to `smtpcheck smtp.example.com`."""
    import shlex
    from difflib import get_close_matches

    from smtpcheck.model import UsageError
    from smtpcheck.settings.target import parse_target

    first = words[0]
    commands = ", ".join(COMMANDS)
    close = get_close_matches(first, COMMANDS, n=1)
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
