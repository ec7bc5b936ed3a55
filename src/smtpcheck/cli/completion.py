"""`smtpcheck completion SHELL`: the script that makes a shell complete commands, options and their words.

The script calls smtpcheck again, with the words so far in its environment; Typer answers that. Typer's own options for
this (`--install-completion`) would write to the user's files, so they are off.
"""

from collections.abc import Callable
from typing import Annotated

import typer

from smtpcheck.cli.misuse import Misuse

SHELLS = ("bash", "zsh", "fish", "powershell")


def completion(
    ctx: typer.Context,
    shell: Annotated[
        str | None,
        typer.Argument(
            metavar="SHELL",
            rich_help_panel="Arguments",
            help=f"One of: {', '.join(SHELLS)}.",
            autocompletion=lambda: list(SHELLS),
        ),
    ] = None,
) -> Callable[[], int]:
    """Print the completion script of a shell.

    bash: smtpcheck completion bash > ~/.local/share/bash-completion/completions/smtpcheck
    """
    if shell not in SHELLS or ctx.args:
        raise Misuse(f"completion needs the name of a shell: give one of {', '.join(SHELLS)}")

    def run() -> int:
        from typer._completion_shared import get_completion_script

        typer.echo(get_completion_script(prog_name="smtpcheck", complete_var="_SMTPCHECK_COMPLETE", shell=shell))
        return 0

    return run


def register_shells() -> None:
    """Lets Typer answer the scripts, which it does by itself only where its own options are on."""
    from typer._completion_classes import completion_init

    completion_init()
