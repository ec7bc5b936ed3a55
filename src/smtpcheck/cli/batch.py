"""`smtpcheck batch`: many targets from a file, with results that a run which is cut off does not lose."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from smtpcheck.cli.misuse import Misuse
from smtpcheck.settings.words import COLOR, STAGES

_TARGETS, _PACE, _ALL, _OUTPUT = "Targets", "Pace", "For targets that say nothing else", "Output"


def _text(*names: str, metavar: str, panel: str, help: str) -> Any:
    return typer.Option(*names, metavar=metavar, rich_help_panel=panel, help=help)


def batch(
    ctx: typer.Context,
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE",
            rich_help_panel=_TARGETS,
            help="TOML ([[target]] tables, [defaults]), CSV (its first row names the keys; lists are parted by ;), "
            "JSONL, or one target a line; - is standard input. Keys: host, port, tls, user, from, to, ehlo, and long "
            "options with underscores.",
        ),
    ],
    format: Annotated[
        str | None,
        _text(
            "--format", metavar="NAME", panel=_TARGETS, help="toml, csv, jsonl or lines. Default: by the file's name."
        ),
    ] = None,
    shard: Annotated[
        str | None,
        _text(
            "--shard",
            metavar="I/N",
            panel=_TARGETS,
            help="Only part I of N, counted from 0 (Kubernetes: $JOB_COMPLETION_INDEX/N; GitLab: CI_NODE_INDEX less "
            "1). A target stays in its part however the list grows.",
        ),
    ] = None,
    recheck: Annotated[
        str | None,
        _text(
            "--recheck",
            metavar="failed",
            panel=_TARGETS,
            help="Only the targets that failed, by the results of --resume.",
        ),
    ] = None,
    concurrency: Annotated[int, _text("--concurrency", metavar="N", panel=_PACE, help="So many checks at once.")] = 32,
    per_address: Annotated[
        int, _text("--per-address", metavar="N", panel=_PACE, help="So many connections at once to one IP address.")
    ] = 2,
    user: Annotated[str | None, _text("--user", metavar="USER", panel=_ALL, help="Log in as USER.")] = None,
    password_env: Annotated[
        str | None, _text("--password-env", metavar="VAR", panel=_ALL, help="The password is in this variable.")
    ] = None,
    password_file: Annotated[
        str | None, _text("--password-file", metavar="FILE", panel=_ALL, help="... in this file.")
    ] = None,
    password_command: Annotated[
        str | None,
        _text("--password-command", metavar="COMMAND", panel=_ALL, help="... what this command prints; it runs once."),
    ] = None,
    tls: Annotated[str | None, _text("--tls", metavar="MODE", panel=_ALL, help="As for check.")] = None,
    sender: Annotated[
        str | None, _text("--from", metavar="ADDRESS", panel=_ALL, help="Offer this envelope sender.")
    ] = None,
    recipients: Annotated[
        list[str] | None,
        _text("--to", metavar="ADDRESS", panel=_ALL, help="Offer this recipient. Can be repeated."),
    ] = None,
    helo: Annotated[str | None, _text("--helo", metavar="NAME", panel=_ALL, help="The name to say in EHLO.")] = None,
    until: Annotated[
        str | None,
        _text("--until", metavar="STAGE", panel=_ALL, help=f"Stop after this stage: {', '.join(STAGES)}."),
    ] = None,
    timeout: Annotated[
        str | None, _text("--timeout", metavar="SECONDS", panel=_ALL, help="The patience with every step.")
    ] = None,
    max_time: Annotated[
        str | None, _text("--max-time", metavar="SECONDS", panel=_ALL, help="The patience with each target.")
    ] = None,
    second_looks: Annotated[
        bool | None,
        typer.Option(
            "--second-looks/--no-second-looks",
            rich_help_panel=_ALL,
            show_default=False,
            help="Whether further connections may find out why one stopped. Default: yes, but for other ports.",
        ),
    ] = None,
    expect: Annotated[
        list[str] | None,
        _text("--expect", metavar="RULE", panel=_ALL, help="As for check. Can be repeated."),
    ] = None,
    fail_on: Annotated[str | None, _text("--fail-on", metavar="SEVERITY", panel=_ALL, help="As for check.")] = None,
    ca_file: Annotated[
        str | None, _text("--ca-file", metavar="FILE", panel=_ALL, help="Trust the CA certificates in this file.")
    ] = None,
    resolver: Annotated[
        str | None, _text("--resolver", metavar="IP[:PORT]", panel=_ALL, help="Ask this nameserver and no other.")
    ] = None,
    insecure: Annotated[
        bool, typer.Option("--insecure", rich_help_panel=_ALL, help="Go on with any certificate.")
    ] = False,
    out: Annotated[
        str | None,
        _text("--out", metavar="FILE", panel=_OUTPUT, help="Write each result to this new file as it comes (JSONL)."),
    ] = None,
    resume: Annotated[
        str | None,
        _text(
            "--resume",
            metavar="FILE",
            panel=_OUTPUT,
            help="Go on with the results of --out: what is in it is not checked again, what is new is added.",
        ),
    ] = None,
    report: Annotated[
        list[str] | None,
        _text("--report", metavar="FORMAT[=FILE]", panel=_OUTPUT, help="As for check, one for all targets."),
    ] = None,
    anonymize: Annotated[
        bool,
        typer.Option(
            "--anonymize",
            rich_help_panel=_OUTPUT,
            help="Replace names and addresses in what --report writes; --out keeps them.",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", rich_help_panel=_OUTPUT, help="Each result on standard output (JSONL).")
    ] = False,
    quiet: Annotated[
        bool, typer.Option("-q", "--quiet", rich_help_panel=_OUTPUT, help="Only what failed, and the count.")
    ] = False,
    color: Annotated[
        str, _text("--color", metavar="WHEN", panel=_OUTPUT, help="auto (on a terminal), always, never.")
    ] = "auto",
) -> Callable[[], int]:
    """Check many servers at once, and keep what was found as it comes.

    Exit codes: 0 all passed, 1 something failed, 2 usage, 130 interrupted (what was done is kept).
    """
    given: dict[str, Any] = {**locals()}  # the parameters have the names of Request's fields, and of Batch's
    if given.pop("ctx").args:
        raise Misuse("there is a word too many (not shown): batch takes one file")
    if color not in COLOR:
        raise Misuse(f"--color is {color!r}: give one of {', '.join(COLOR)}")
    if json and quiet:
        raise Misuse("--json contradicts -q: the results always hold everything")
    if out is not None and resume is not None:
        raise Misuse("--out and --resume exclude each other: --resume adds to the file that it names")
    if recheck not in (None, "failed"):
        raise Misuse("--recheck takes one word: failed")
    if recheck is not None and resume is None:
        raise Misuse("--recheck needs the results of an earlier run: give --resume FILE")
    for option, value in (("--concurrency", concurrency), ("--per-address", per_address)):
        if not 1 <= value <= 10_000:
            raise Misuse(f"{option} is {value}: give a number from 1 to 10000")

    from smtpcheck.cli.many import Batch, Shown
    from smtpcheck.cli.outputs import parse_outputs

    own = ("file", "format", "concurrency", "per_address", "out", "resume")
    mine = {name: given.pop(name) for name in own}
    shown = Shown(outputs=parse_outputs(report or ()), json=json, quiet=quiet, color=color, anonymize=anonymize)
    if anonymize and not report:
        raise Misuse("--anonymize changes what --report writes: give --report FORMAT[=FILE]")
    if json and shown.outputs.stdout is not None:
        raise Misuse(f"--json and --report {shown.outputs.stdout} both go to standard output: give one of them a file")
    for name in ("json", "quiet", "color", "report", "anonymize", "shard", "recheck"):
        given.pop(name)
    lists = {name: tuple(given.pop(name) or ()) for name in ("recipients", "expect")}
    looks = given.pop("second_looks")
    defaults: dict[str, object] = {name: value for name, value in {**given, **lists}.items() if value}
    if looks is not None:
        defaults["second_looks"] = looks
    return Batch(**mine, failed_only=recheck is not None, shard=_shard(shard), defaults=defaults, shown=shown)


def _shard(text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    index, slash, count = text.partition("/")
    if not (slash and index.isascii() and index.isdecimal() and count.isascii() and count.isdecimal()):
        raise Misuse(f"--shard is {text[:40]!r}: give I/N, such as 0/4 for the first of four parts")
    if len(text) > 12 or not int(index) < int(count):
        raise Misuse(f"--shard is {text[:40]!r}: the parts count from 0, so I is less than N")
    return int(index), int(count)
