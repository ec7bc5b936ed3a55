"""`smtpcheck diff`: two saved reports side by side, or a saved one and the same check made again.

A saved report may come with a ticket, from anybody. It says whom to check and what to say there, which is printed
first; it never chooses a secret, a CA, a proxy, a relaxation or that mail is sent: those stand on this command line or
nowhere.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import typer

from smtpcheck.cli.borrowed import borrowing
from smtpcheck.cli.check import check
from smtpcheck.cli.misuse import Misuse
from smtpcheck.settings.words import COLOR

if TYPE_CHECKING:
    from smtpcheck.cli.session import Display
    from smtpcheck.model import Report, Target
    from smtpcheck.settings.request import Request

_SECRETS = (
    "password_env",
    "password_file",
    "password_stdin",
    "password_command",
    "ask_password",
    "token_env",
    "token_file",
    "token_command",
)
_AGAIN = (
    *_SECRETS,
    "auth",
    "allow_cleartext_auth",
    "send",
    "header_from",
    "subject",
    "body_file",
    "timeout",
    "max_time",
    "patience",
    "second_looks",
    "source",
    "resolver",
    "proxy",
    "proxy_password_env",
    "ca_file",
    "verify_name",
    "sni",
    "client_cert",
    "client_key",
    "client_key_password_env",
    "min_tls",
    "insecure",
)

_TIMES = ("max_time", "patience", "second_looks")  # a saved report has them in another form, or they change no verdict


@borrowing(check, *_AGAIN, "json", "quiet", "color")
def diff(
    ctx: typer.Context,
    old: Annotated[
        str, typer.Argument(metavar="OLD.json", rich_help_panel="Reports", help="The report to compare with.")
    ],
    new: Annotated[
        str | None,
        typer.Argument(
            metavar="NEW.json",
            rich_help_panel="Reports",
            help="Default: the same check, made now. Server, user, EHLO name, sender and recipients are those of "
            "OLD.json; the options below are never taken from it.",
        ),
    ] = None,
    **options: Any,
) -> Callable[[], int]:
    """Say what changed between two reports, or since one was saved.

    Exit codes: 0 nothing that matters changed, 1 it did, 2 usage, 130 interrupted.
    """
    if ctx.args:
        raise Misuse("there is a word too many (not shown): give OLD.json, or OLD.json and NEW.json")
    json, quiet, color = (options.pop(name) for name in ("json", "quiet", "color"))
    if color not in COLOR:
        raise Misuse(f"--color is {color!r}: give one of {', '.join(COLOR)}")
    if json and quiet:
        raise Misuse("--json contradicts -q: the JSON object always holds everything")
    for name, value in options.items() if new is not None else ():
        if value not in (None, False, "") and not (name == "second_looks" and value):
            raise Misuse(f"--{name.replace('_', '-')} is for a check that is made again, and NEW.json was given")

    def run() -> int:
        from smtpcheck.cli.main import INTERRUPTED
        from smtpcheck.cli.session import Display
        from smtpcheck.report.codec import load

        before = load(old)
        display = Display(json=json, quiet=quiet, color=color)
        now = load(new) if new is not None else _again(before, options, display)
        changed = _show(before, now, display)
        return INTERRUPTED if new is None and now.exit_code == INTERRUPTED else changed

    return run


def _show(old: "Report", new: "Report", display: "Display") -> int:
    from smtpcheck.cli.printing import Style
    from smtpcheck.compare import compare
    from smtpcheck.report.diff import diff_line, diff_text, diff_to_json

    if old.smtpcheck != new.smtpcheck:  # another version may have named another cause for the same recording
        from smtpcheck.diagnose.engine import rediagnose

        old, new = (rediagnose(report) if report.attempts else report for report in (old, new))
    found = compare(old, new)
    style = Style(json=display.json, color=display.color)
    if display.json:
        style.write_json(diff_to_json(found))
    elif display.quiet:
        style.write(diff_line(found, ascii=style.ascii))
    else:
        style.write(diff_text(found, width=style.width, color=style.colored, ascii=style.ascii))
    return int(found.matters)


def _again(old: "Report", options: dict[str, Any], display: "Display") -> "Report":
    """The same check, made now. What it takes from the report is said before the first packet."""
    import asyncio

    from smtpcheck import api
    from smtpcheck.cli.session import live_list, prepare, watched
    from smtpcheck.model import Options, UsageError
    from smtpcheck.settings.build import UnusableTarget, build

    request = _request(old, options)
    typer.echo(_announced(old), err=True)
    try:
        _check_plain(build(request)[0], request, old)
        target, how = prepare(request)
    except UnusableTarget as error:
        return api.refuse(error.target, Options(), str(error))
    except UsageError as error:
        raise UsageError(f"the check cannot be made again: {error}") from None
    live = live_list(display)

    def on_report(_: "Report") -> None:
        if live is not None:
            live.clear()

    return asyncio.run(watched(target, how, live, on_report))


def _check_plain(target: "Target", request: "Request", old: "Report") -> None:
    """A host like `smtp://alice@evil.example` would become a login that nobody saw. Raises UsageError."""
    from smtpcheck.model import UsageError

    if (target.host, target.user) != (old.target.host, request.user):
        raise UsageError("the host in OLD.json is no plain host name")


def _request(old: "Report", options: dict[str, Any]) -> "Request":
    """The target of the report and how far the check went; everything else from the command line. Raises UsageError."""
    from smtpcheck.model import Protocol, Stage, UsageError
    from smtpcheck.settings.request import Request
    from smtpcheck.settings.words import WITHOUT_SECRET

    target, how = old.target, old.options
    until = how.until
    order = tuple(Stage)
    logs_in = target.user is not None and (until is None or order.index(until) >= order.index(Stage.AUTH))
    named = any(options[name] for name in _SECRETS) or (options["auth"] in ("none", "gssapi", *WITHOUT_SECRET))
    if logs_in and not named:
        raise UsageError(
            "OLD.json logs in with a user: name the source of the secret here (--password-env SMTPCHECK_PASSWORD, or "
            "another), or give --auth none; a saved report alone is no reason to send a password to its server, so "
            "SMTPCHECK_PASSWORD is not used unasked"
        )
    if target.path is not None:
        place = f"{'smtp:' if target.protocol is Protocol.SMTP else ''}unix:{target.path}"
    elif target.protocol is Protocol.LMTP:
        place = f"lmtp://{target.label}"
    else:
        place = target.label
    return Request(
        target=place,
        tls=None if target.path is not None else target.tls.value,
        user=None if options["auth"] == "none" else target.user,
        sender=target.sender,
        recipients=target.recipients,
        helo=target.ehlo or None,
        address=target.address,
        until=until.value if until is not None else None,
        ipv4=how.family == 4,
        ipv6=how.family == 6,
        all_addresses=how.all_addresses,
        **options,
    )


def _announced(old: "Report") -> str:
    """What was taken from the report, and which of its options were not."""
    from smtpcheck.model import Options
    from smtpcheck.report.phrases import listed, path_of
    from smtpcheck.report.printable import cleaned

    old = cleaned(old, limit=200)
    target, options = old.target, old.options
    said = [f"server {target.label}"]
    said += [f"at the address {target.address}"] if target.address else []
    said += [f"user {target.user}"] if target.user is not None else []
    said += [f"EHLO name {target.ehlo}"] if target.ehlo else []
    said += [f"sender {path_of(target.sender)}"] if target.sender is not None else []
    said += [f"recipients {listed(list(map(path_of, target.recipients)), 3)}"] if target.recipients else []
    usual = Options()
    left = [
        f"--{name.replace('_', '-')}"
        for name in _AGAIN
        if name not in _TIMES and getattr(options, name, None) != getattr(usual, name, None)
    ]
    lines = [f"checking again, as the saved report says: {', '.join(said)}"]
    if left:
        lines.append(f"it was made with {listed(left, 12)}, which only this command line can give")
    return "\n".join(lines)
