"""`smtpcheck demo`: real sessions with the scripted server, on loopback, with real TLS.

Each scenario is checked under the name that it plays, with `--address 127.0.0.1` and the demo's own CA, by the same
code and with the same options as on the command line that is printed before it.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from smtpcheck.cli.misuse import Misuse

if TYPE_CHECKING:
    from smtpcheck.cli.session import Display
    from smtpcheck.model import Report
    from smtpcheck.serve import Scenario

SHOWN = ("passes", "resend-username")


def _names(incomplete: str) -> list[str]:
    from smtpcheck.serve import scenarios

    return [scenario.name for scenario in scenarios() if scenario.name.startswith(incomplete)]


def demo(
    ctx: typer.Context,
    scenario: Annotated[
        str | None,
        typer.Argument(
            metavar="SCENARIO",
            rich_help_panel="Arguments",
            autocompletion=_names,
            help="The one to show. Default: a session that passes, then one that a provider refuses.",
        ),
    ] = None,
    list_: Annotated[
        bool, typer.Option("--list", rich_help_panel="Options", help="Show which scenarios there are.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("-v", "--verbose", rich_help_panel="Options", help="With the transcript.")
    ] = False,
) -> Callable[[], int]:
    """Show real reports of a scripted server on this machine.

    Exit codes: 0 when each session ended as its scenario says, else 1.
    """
    if ctx.args:
        raise Misuse("there is a word too many: give one scenario (smtpcheck demo --list)")

    def run() -> int:
        import asyncio

        from smtpcheck.cli.session import Display

        if list_:
            return _show_list()
        chosen = [_scenario(name) for name in ([scenario] if scenario is not None else SHOWN)]
        return asyncio.run(_play_all(chosen, Display(verbose=verbose)))

    return run


def _scenario(name: str) -> "Scenario":
    from difflib import get_close_matches

    from smtpcheck.serve import scenario, scenarios

    try:
        return scenario(name)
    except (KeyError, ValueError, OSError):  # a name can be anything: too long for a file, or with a NUL in it
        close = get_close_matches(name, [known.name for known in scenarios()], n=1)
        meant = f"did you mean {close[0]}?" if close else "smtpcheck demo --list shows them"
        raise Misuse(f"there is no scenario {name[:80]!r}: {meant}") from None


def _show_list() -> int:
    from smtpcheck.serve import scenarios

    width = max(len(scenario.name) for scenario in scenarios())
    for scenario in scenarios():
        typer.echo(f"{scenario.name:<{width}}  {scenario.title}")
    return 0


async def _play_all(chosen: "list[Scenario]", display: "Display") -> int:
    from smtpcheck.cli.main import INTERRUPTED

    unlike = []
    for number, scenario in enumerate(chosen):
        typer.echo(f"{chr(10) if number else ''}{scenario.title}")
        report = await _play(scenario, display)
        if report.exit_code == INTERRUPTED:
            return INTERRUPTED
        if (report.stage, report.outcome, report.exit_code) != (scenario.stage, scenario.outcome, scenario.exit_code):
            unlike.append(scenario.name)
    for name in unlike:
        typer.echo(f"smtpcheck: the session {name} did not end as its scenario says", err=True)
    return 1 if unlike else 0


async def _play(scenario: "Scenario", display: "Display") -> "Report":
    """One session with a server of its own, checked and reported."""
    import os
    import shlex
    from tempfile import TemporaryDirectory

    from smtpcheck.cli.app import parse
    from smtpcheck.cli.session import Check, prepare, session
    from smtpcheck.serve import anchor, serve

    with TemporaryDirectory(prefix="smtpcheck-demo-") as folder:
        ca_file = os.path.join(folder, "ca.pem")
        _write(ca_file, anchor())
        async with serve(scenario.dialogue, names=(scenario.host,)) as server:
            at = [f"{scenario.host}:{server.port}", "--address", "127.0.0.1", "--ca-file", ca_file]
            words = ["check", *at, *scenario.check]
            environ = _environ(scenario)
            variables = "".join(f"{name}={value} " for name, value in environ.items())
            typer.echo(f"$ {variables}smtpcheck {shlex.join(words)}\n")
            asked = parse(words, "smtpcheck")
            assert isinstance(asked, Check)
            target, options = prepare(asked.request, environ)
            return await session(target, options, display)


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)


def _environ(scenario: "Scenario") -> dict[str, str]:
    """Any secret does: the scripted server answers as its dialogue says."""
    if "--token-env" in scenario.check:
        return {scenario.check[scenario.check.index("--token-env") + 1]: "any-token"}
    return {"SMTPCHECK_PASSWORD": "any-password"} if "--user" in scenario.check else {}
