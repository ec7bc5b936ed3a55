"""`smtpcheck check`: the options, in the order in which a session needs them."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from smtpcheck.cli.app_options import App, AppConfig, AppProcess, As, FromHere, Service, process_id
from smtpcheck.cli.misuse import Misuse
from smtpcheck.cli.output_options import (
    Anonymize,
    Color,
    Expect,
    FailOn,
    Json,
    Nagios,
    Quiet,
    Reports,
    Verbose,
    completes,
)
from smtpcheck.cli.profile_options import Config, Profile, ShowSettings, either
from smtpcheck.settings.words import COLOR, MECHANISMS, MIN_TLS, PATIENCE, STAGES, TLS_MODES

_SERVER, _LOGIN, _MESSAGE, _NETWORK = "Server", "Login", "Envelope and message", "Network"
_CERTIFICATES, _TIME = "Certificates", "How far and how long"


def check(
    ctx: typer.Context,
    target: Annotated[
        str | None,
        typer.Argument(
            metavar="TARGET",
            rich_help_panel=_SERVER,
            help="host, host:port, [::1]:465, or a URL: smtp:// smtps:// submission:// submissions:// lmtp:// "
            "unix:/path",
        ),
    ] = None,
    port: Annotated[
        str | None,
        typer.Option(
            "--port",
            metavar="N",
            rich_help_panel=_SERVER,
            help="Default: 587; 465 with implicit TLS, 25 for smtp:// without a user, 24 for lmtp://.",
        ),
    ] = None,
    tls: Annotated[
        str | None,
        typer.Option(
            "--tls",
            metavar="MODE",
            rich_help_panel=_SERVER,
            autocompletion=completes(*TLS_MODES),
            help="auto (implicit on 465 and 2465, else STARTTLS, required before a login), starttls, "
            "opportunistic (clear first on every port), implicit, off.",
        ),
    ] = None,
    user: Annotated[
        str | None, typer.Option("--user", metavar="USER", rich_help_panel=_LOGIN, help="Log in as USER.")
    ] = None,
    password_env: Annotated[
        str | None,
        typer.Option(
            "--password-env",
            metavar="VAR",
            rich_help_panel=_LOGIN,
            help="The password is in this environment variable. Without any source: SMTPCHECK_PASSWORD, then a prompt.",
        ),
    ] = None,
    password_file: Annotated[
        str | None,
        typer.Option("--password-file", metavar="FILE", rich_help_panel=_LOGIN, help="... in this file."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", rich_help_panel=_LOGIN, help="... on standard input.")
    ] = False,
    password_command: Annotated[
        str | None,
        typer.Option(
            "--password-command",
            metavar="COMMAND",
            rich_help_panel=_LOGIN,
            help="... what this command prints (no shell, 30 s).",
        ),
    ] = None,
    password_keyring: Annotated[
        str | None,
        typer.Option(
            "--password-keyring",
            metavar="SERVICE",
            rich_help_panel=_LOGIN,
            help="... in the desktop's keyring, under this service and USER (the extra 'keyring').",
        ),
    ] = None,
    ask_password: Annotated[
        bool, typer.Option("--ask-password", rich_help_panel=_LOGIN, help="... asked for on the terminal.")
    ] = False,
    token_env: Annotated[
        str | None,
        typer.Option(
            "--token-env", metavar="VAR", rich_help_panel=_LOGIN, help="An OAuth access token is in this variable."
        ),
    ] = None,
    token_file: Annotated[
        str | None,
        typer.Option("--token-file", metavar="FILE", rich_help_panel=_LOGIN, help="... in this file."),
    ] = None,
    token_command: Annotated[
        str | None,
        typer.Option(
            "--token-command", metavar="COMMAND", rich_help_panel=_LOGIN, help="... what this command prints."
        ),
    ] = None,
    auth: Annotated[
        str | None,
        typer.Option(
            "--auth",
            metavar="MECHANISM",
            rich_help_panel=_LOGIN,
            autocompletion=completes(*MECHANISMS),
            help=f"One of: {', '.join(MECHANISMS)}.",
        ),
    ] = None,
    allow_cleartext_auth: Annotated[
        bool | None, either("allow-cleartext-auth", _LOGIN, "Log in even where there is no TLS.")
    ] = None,
    sender: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="ADDRESS",
            rich_help_panel=_MESSAGE,
            help="Offer this envelope sender; empty is the null sender.",
        ),
    ] = None,
    recipients: Annotated[
        list[str] | None,
        typer.Option(
            "--to", metavar="ADDRESS", rich_help_panel=_MESSAGE, help="Offer this recipient. Can be repeated."
        ),
    ] = None,
    send: Annotated[bool | None, either("send", _MESSAGE, "Send one small message. Nothing is sent without.")] = None,
    header_from: Annotated[
        str | None,
        typer.Option(
            "--header-from",
            metavar="ADDRESS",
            rich_help_panel=_MESSAGE,
            help="The author in the From: field. Default: --from.",
        ),
    ] = None,
    subject: Annotated[
        str | None,
        typer.Option("--subject", metavar="TEXT", rich_help_panel=_MESSAGE, help="The subject of the message."),
    ] = None,
    body_file: Annotated[
        str | None,
        typer.Option("--body-file", metavar="FILE", rich_help_panel=_MESSAGE, help="Its text, in UTF-8, up to 1 MiB."),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="STAGE",
            rich_help_panel=_TIME,
            autocompletion=completes(*STAGES),
            help=f"Stop after this stage, which must pass: {', '.join(STAGES)}.",
        ),
    ] = None,
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="SECONDS", rich_help_panel=_TIME, help="The patience with every step."),
    ] = None,
    max_time: Annotated[
        str | None,
        typer.Option(
            "--max-time",
            metavar="SECONDS",
            rich_help_panel=_TIME,
            help="The patience with the whole run. Default: 90, with --send 270.",
        ),
    ] = None,
    patience: Annotated[
        str | None,
        typer.Option(
            "--patience",
            metavar="NAME",
            rich_help_panel=_TIME,
            autocompletion=completes(*PATIENCE),
            help="default (5 to 30 s for a step), or rfc (the minutes of RFC 5321).",
        ),
    ] = None,
    expect: Expect = None,
    fail_on: FailOn = None,
    second_looks: Annotated[
        bool | None,
        typer.Option(
            "--second-looks/--no-second-looks",
            rich_help_panel=_TIME,
            show_default=False,
            help="Whether further connections may find out why the first one stopped (they do, and never log in).",
        ),
    ] = None,
    helo: Annotated[
        str | None,
        typer.Option("--helo", metavar="NAME", rich_help_panel=_NETWORK, help="The name to say in EHLO."),
    ] = None,
    ipv4: Annotated[bool, typer.Option("-4", rich_help_panel=_NETWORK, help="IPv4 only.")] = False,
    ipv6: Annotated[bool, typer.Option("-6", rich_help_panel=_NETWORK, help="IPv6 only.")] = False,
    address: Annotated[
        str | None,
        typer.Option(
            "--address", metavar="IP", rich_help_panel=_NETWORK, help="Connect to this address under TARGET's name."
        ),
    ] = None,
    all_addresses: Annotated[bool | None, either("all-addresses", _NETWORK, "One session for every address.")] = None,
    source: Annotated[
        str | None,
        typer.Option("--source", metavar="IP", rich_help_panel=_NETWORK, help="Connect from this address."),
    ] = None,
    resolver: Annotated[
        str | None,
        typer.Option(
            "--resolver", metavar="IP[:PORT]", rich_help_panel=_NETWORK, help="Ask this nameserver and no other."
        ),
    ] = None,
    proxy: Annotated[
        str | None,
        typer.Option(
            "--proxy",
            metavar="URL",
            rich_help_panel=_NETWORK,
            help="socks5://[USER@]HOST[:PORT] or http://[USER@]HOST:PORT.",
        ),
    ] = None,
    proxy_password_env: Annotated[
        str | None,
        typer.Option(
            "--proxy-password-env",
            metavar="VAR",
            rich_help_panel=_NETWORK,
            help="The proxy's password is in this variable.",
        ),
    ] = None,
    ca_file: Annotated[
        str | None,
        typer.Option(
            "--ca-file",
            metavar="FILE",
            rich_help_panel=_CERTIFICATES,
            help="Trust the CA certificates in this PEM file and no others.",
        ),
    ] = None,
    verify_name: Annotated[
        str | None,
        typer.Option(
            "--verify-name",
            metavar="NAME",
            rich_help_panel=_CERTIFICATES,
            help="The name that the certificate must have. Default: TARGET.",
        ),
    ] = None,
    sni: Annotated[
        str | None,
        typer.Option("--sni", metavar="NAME", rich_help_panel=_CERTIFICATES, help="The name to ask for in TLS."),
    ] = None,
    client_cert: Annotated[
        str | None,
        typer.Option("--client-cert", metavar="FILE", rich_help_panel=_CERTIFICATES, help="Our own certificate (PEM)."),
    ] = None,
    client_key: Annotated[
        str | None,
        typer.Option(
            "--client-key",
            metavar="FILE",
            rich_help_panel=_CERTIFICATES,
            help="Its key (PEM). Default: in the same file.",
        ),
    ] = None,
    client_key_password_env: Annotated[
        str | None,
        typer.Option(
            "--client-key-password-env",
            metavar="VAR",
            rich_help_panel=_CERTIFICATES,
            help="The key's password is in this variable.",
        ),
    ] = None,
    min_tls: Annotated[
        str | None,
        typer.Option(
            "--min-tls",
            metavar="VERSION",
            rich_help_panel=_CERTIFICATES,
            autocompletion=completes(*MIN_TLS),
            help="1.0, 1.1, 1.2 (default) or 1.3.",
        ),
    ] = None,
    insecure: Annotated[bool | None, either("insecure", _CERTIFICATES, "Go on with any certificate.")] = None,
    profile: Profile = None,
    config: Config = None,
    show_settings: ShowSettings = False,
    app_config: AppConfig = None,
    app: App = None,
    service: Service = None,
    app_process: AppProcess = None,
    from_here: FromHere = False,
    as_: As = None,
    json: Json = False,
    report: Reports = None,
    anonymize: Anonymize = False,
    nagios: Nagios = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    color: Color = "auto",
) -> Callable[[], int]:
    """Check one server, step by step; no mail is sent without --send.

    Exit codes: 0 passed or ended as expected, 1 passed but not as expected, 2 usage, 10 dns, 11 connect, 12 banner,
    13 ehlo, 14 starttls, 15 tls, 16 auth, 17 sender, 18 recipient, 19 message; 20 more when the refusal is temporary;
    130 interrupted.
    """
    given: dict[str, Any] = {**locals()}  # the parameters have the names of Request's fields
    if given.pop("ctx").args:
        raise Misuse(_surplus(target))
    if color not in COLOR:
        raise Misuse(f"--color is {color!r}: give one of {', '.join(COLOR)}")
    if not app_config and app_process is None:
        for option, value in (("--app", app), ("--service", service), ("--from-here", from_here)):
            if value:
                raise Misuse(f"{option} needs --app-config FILE or --app-process PID")
    process_id(app_process)
    from smtpcheck.cli.settled import asked  # everything else, now that something is to be done

    settings = {name: given.pop(name) for name in ("profile", "config", "show_settings")}
    spell_as = given.pop("as_")
    words = {name: given.pop(name) for name in ("json", "quiet", "verbose", "color", "anonymize", "nagios")}
    given |= {name: tuple(given[name] or ()) for name in ("recipients", "expect", "report", "app_config")}
    return asked(given, words, **settings, spell_as=spell_as)


def _surplus(target: str | None) -> str:
    """Surplus words are never repeated: one of them may be a password."""
    example = f"{target}:587" if target and target.replace(".", "").replace("-", "").isalnum() else "host:587"
    return (
        "there is a word too many (not shown): TARGET is one word, its port is written "
        f"{example!r} or --port, and a value with spaces needs quotes"
    )
