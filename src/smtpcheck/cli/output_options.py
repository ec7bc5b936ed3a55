"""The options that say what is expected and where the reports go, for every command that has them."""

from collections.abc import Callable
from typing import Annotated

import typer

from smtpcheck.settings.words import COLOR, EXPECTATIONS, FAIL_ON, REPORTS

_EXPECTED, _OUTPUT = "What is expected", "Output"


def completes(*words: str) -> Callable[[str], list[str]]:
    """Completes one of these words."""
    return lambda incomplete: [word for word in words if word.startswith(incomplete)]


Expect = Annotated[
    list[str] | None,
    typer.Option(
        "--expect",
        metavar="RULE",
        rich_help_panel=_EXPECTED,
        autocompletion=completes(*EXPECTATIONS),
        help="Fail unless this holds: min-tls=1.2, min-cert-days=14 (for the certificate and those sent that sign "
        "it), auth=PLAIN, no-auth-before-tls, starttls, max-banner=2 (seconds; any stage), max-total=5, "
        "resolves-to=192.0.2.0/24 (every address); or that it ends so: outcome.recipient=refused, "
        "reply.recipient=550 (or 5xx, 5.7.1), cause=ID. With :warning at its end it warns only. Can be repeated.",
    ),
]
FailOn = Annotated[
    str | None,
    typer.Option(
        "--fail-on",
        metavar="SEVERITY",
        rich_help_panel=_EXPECTED,
        autocompletion=completes(*FAIL_ON),
        help="warning: exit 1 where a check passes with a warning among its findings.",
    ),
]
Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report",
        metavar="FORMAT[=FILE]",
        rich_help_panel=_OUTPUT,
        autocompletion=completes(*REPORTS),
        help=f"The report in this format, in a file; one of them without, on standard output. Can be repeated. There "
        f"are {', '.join(REPORTS)}.",
    ),
]
Json = Annotated[bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="One JSON object on standard output.")]
Anonymize = Annotated[
    bool,
    typer.Option(
        "--anonymize",
        rich_help_panel=_OUTPUT,
        help="For a public tracker: other names for users, hosts and addresses (those of known providers stay).",
    ),
]
Nagios = Annotated[
    bool,
    typer.Option(
        "--nagios",
        rich_help_panel=_OUTPUT,
        help="One line and the exit codes of a monitoring plugin (0 to 3), within 9 s unless --max-time is given.",
    ),
]
Quiet = Annotated[bool, typer.Option("-q", "--quiet", rich_help_panel=_OUTPUT, help="One line.")]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", rich_help_panel=_OUTPUT, help="With the transcript.")]
Color = Annotated[
    str,
    typer.Option(
        "--color",
        metavar="WHEN",
        rich_help_panel=_OUTPUT,
        autocompletion=completes(*COLOR),
        show_default=False,
        help="auto (on a terminal), always, never.",
    ),
]
