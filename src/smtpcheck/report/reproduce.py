"""The same session with other tools, so that the other side can see it with theirs; and the command to run it again.

Each word is quoted for a POSIX shell, also where it comes from a saved report that somebody sent. A secret is never in
it: the tools ask for it, or it stands in a variable. A value that begins with a hyphen would be an option to most
tools, so then the tool is left out and the reason given.
"""

from collections.abc import Iterator
from dataclasses import fields
from shlex import join, quote

from smtpcheck.model import Options, Protocol, Report, Target, TlsMode
from smtpcheck.model.record import brief_record
from smtpcheck.model.secret import SecretKind

_DEFAULT = Options()


@brief_record
class Command:
    """A line for a shell and a remark on it; `line` is None where the tool cannot do it, and the remark says why."""

    tool: str
    line: str | None
    remark: str = ""


def again(report: Report) -> str:
    """The command that runs the check again, the secret taken from the environment. Takes a tidy report."""
    target, options = report.target, report.options
    words = ["smtpcheck", "check"]
    for option, value in _values(report):
        words += [f"{option}={value}"] if value.startswith("-") or not value else [option, value]
    words += [option for option, given in _flags(options) if given]
    where = target.label
    if target.protocol is Protocol.LMTP and target.path is None:
        where = f"lmtp://{where}"
    return join([*words, *(["--"] if where.startswith("-") else []), where])


def _values(report: Report) -> Iterator[tuple[str, str]]:
    target, options = report.target, report.options
    if target.path is None:
        yield "--tls", target.tls.value
    given = {
        "--user": target.user,
        _secret_option(target): _variable(target) if _logs_in(report) else None,
        "--auth": options.auth if options.auth != _DEFAULT.auth else None,
        "--from": target.sender,
    }
    yield from ((option, value) for option, value in given.items() if value is not None)
    yield from (("--to", recipient) for recipient in target.recipients)
    more = {
        "--helo": target.ehlo or None,
        "--address": target.address,
        "--header-from": options.header_from,
        "--subject": options.subject,
        "--body-file": "message.txt" if options.body is not None else None,
        "--until": options.until.value if options.until else None,
        "--source": options.source,
        "--proxy": options.proxy,
        "--proxy-password-env": "PROXY_PASSWORD" if options.proxy_secret else None,
        "--resolver": options.resolver,
        "--ca-file": options.ca_file,
        "--verify-name": options.verify_name,
        "--sni": options.sni,
        "--client-cert": options.client_cert,
        "--client-key": options.client_key,
        "--client-key-password-env": "CLIENT_KEY_PASSWORD" if options.client_key_secret else None,
        "--min-tls": options.min_tls if options.min_tls != _DEFAULT.min_tls else None,
        "--timeout": _timeout(options),
        "--patience": "rfc" if _is_minutes(options) else None,
        "--max-time": f"{options.max_time:g}" if options.max_time != _DEFAULT.max_time else None,
    }
    yield from ((option, value) for option, value in more.items() if value is not None)
    for each in report.expectations:
        soft = each.severity == "warning" and not each.rule.endswith(":warning")
        yield "--expect", f"{each.rule}:warning" if soft else each.rule
    if options.fail_on is not None:
        yield "--fail-on", str(options.fail_on)


def _timeout(options: Options) -> str | None:
    """The patience with every step, where it was set to one value."""
    steps = {getattr(options.patience, field.name) for field in fields(options.patience) if field.name != "quit"}
    return f"{steps.pop():g}" if len(steps) == 1 else None


def _is_minutes(options: Options) -> bool:
    """Whether the patience is that of RFC 5321 section 4.5.3.2: five minutes for a banner, ten for the final dot."""
    return (options.patience.banner, options.patience.message_end) == (300, 600)


def _flags(options: Options) -> Iterator[tuple[str, bool]]:
    yield "--send", options.send
    yield "-4", options.family == 4
    yield "-6", options.family == 6
    yield "--all-addresses", options.all_addresses
    yield "--insecure", options.insecure
    yield "--allow-cleartext-auth", options.allow_cleartext_auth
    yield "--no-second-looks", not options.second_looks


def _logs_in(report: Report) -> bool:
    return report.target.user is not None and report.options.auth not in ("none", "anonymous", "external", "gssapi")


def _token(target: Target) -> bool:
    return target.secret is not None and target.secret.kind is SecretKind.TOKEN


def _secret_option(target: Target) -> str:
    return "--token-env" if _token(target) else "--password-env"


def _variable(target: Target) -> str:
    return "SMTPCHECK_TOKEN" if _token(target) else "SMTPCHECK_PASSWORD"


def commands(report: Report) -> list[Command]:
    """The session with swaks, `openssl s_client` and curl. Takes a tidy report."""
    made = [_swaks(report), _openssl(report), _curl(report)]
    target, options = report.target, report.options
    given = (target.host, target.address, target.user, target.sender, *target.recipients, target.ehlo, target.path)
    files = (options.ca_file, options.client_cert, options.client_key, options.sni, options.verify_name, options.proxy)
    if any(value is not None and value.startswith("-") for value in (*given, *files)):
        why = "a value of this session begins with a hyphen, which the tool would take for an option"
        return [Command(each.tool, None, why) for each in made]
    return made


def _tls(report: Report) -> TlsMode:
    """When TLS begins, AUTO being settled as the check settles it."""
    target = report.target
    if target.tls is TlsMode.AUTO:
        return TlsMode.STARTTLS if target.user else TlsMode.OPPORTUNISTIC
    return target.tls


def _server(target: Target, *, brackets: bool) -> str:
    host = target.address or target.host
    return f"[{host}]" if brackets and ":" in host else host


def _swaks(report: Report) -> Command:
    target, options = report.target, report.options
    if options.proxy:
        return Command("swaks", None, "swaks cannot go through a proxy, and this session did")
    words = ["swaks"]
    if target.path is not None:
        words += ["--socket", target.path]
    else:
        words += ["--server", _server(target, brackets=False)]
        words += ["--port", str(target.port)] if target.port is not None else []
    words += ["--protocol", "LMTP"] if target.protocol is Protocol.LMTP else []
    tls = _tls(report)
    words += {
        TlsMode.STARTTLS: ["--tls"],
        TlsMode.OPPORTUNISTIC: ["--tls-optional"],
        TlsMode.IMPLICIT: ["--tls-on-connect"],
    }.get(tls, [])
    if tls is not TlsMode.OFF:
        name = options.sni or (target.host if target.address else None)
        words += ["--tls-sni", name] if name else []
        words += [] if options.insecure else ["--tls-verify"]
        words += ["--tls-ca-path", options.ca_file] if options.ca_file else []
        words += ["--tls-cert", options.client_cert] if options.client_cert else []
        words += ["--tls-key", options.client_key] if options.client_key else []
    words += ["--helo", target.ehlo] if target.ehlo else []
    remark = ""
    if _logs_in(report):
        if _token(target):
            return Command("swaks", None, "swaks has no mechanism for an OAuth token")
        words += ["--auth", *([] if options.auth == "auto" else [options.auth.upper()])]
        words += ["--auth-user", target.user or ""]
        remark = "swaks asks for the password"
    if target.sender is not None:
        words += ["--from", target.sender or "<>"]
    words += ["--to", ",".join(target.recipients)] if target.recipients else []
    words += ["--quit-after", _last(report)] if not options.send else []
    return Command("swaks", join(words), remark)


def _last(report: Report) -> str:
    """The last command of the session, as swaks names it."""
    target = report.target
    if target.recipients and target.sender is not None:
        return "RCPT"
    if target.sender is not None:
        return "MAIL"
    return "AUTH" if _logs_in(report) else "EHLO"


def _openssl(report: Report) -> Command:
    target, options = report.target, report.options
    tls = _tls(report)
    if tls is TlsMode.OFF:
        return Command("openssl", None, "this session is in clear, and openssl s_client speaks TLS alone")
    if options.proxy and not options.proxy.startswith("http://"):
        return Command("openssl", None, "openssl s_client goes through HTTP proxies alone")
    words = ["openssl", "s_client"]
    words += ["-starttls", target.protocol.value] if tls is not TlsMode.IMPLICIT else []
    if target.path is not None:
        words += ["-unix", target.path]
    else:
        words += ["-connect", f"{_server(target, brackets=True)}:{target.port or 25}"]
    words += ["-proxy", options.proxy.removeprefix("http://").rstrip("/")] if options.proxy else []
    words += ["-name", target.ehlo] if target.ehlo and tls is not TlsMode.IMPLICIT else []
    name = options.sni or target.host
    words += ["-noservername"] if _literal(name) or not name else ["-servername", name]
    expected = options.verify_name or target.host
    if not options.insecure and expected:
        words += ["-verify_ip" if _literal(expected) else "-verify_hostname", expected, "-verify_return_error"]
    words += ["-CAfile", options.ca_file] if options.ca_file else []
    words += ["-cert", options.client_cert] if options.client_cert else []
    words += ["-key", options.client_key] if options.client_key else []
    return Command("openssl", join([*words, "-crlf"]), "TLS and the certificates; then type EHLO and go on by hand")


def _literal(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _curl(report: Report) -> Command:
    target, options = report.target, report.options
    if target.protocol is Protocol.LMTP:
        return Command("curl", None, "curl does not speak LMTP")
    tls = _tls(report)
    host = f"[{target.host}]" if ":" in target.host else target.host or "localhost"
    port = f":{target.port}" if target.port is not None else ""
    url = f"{'smtps' if tls is TlsMode.IMPLICIT else 'smtp'}://{host}{port}/{target.ehlo}"
    words = ["curl", "--verbose", "--globoff"]
    words += {TlsMode.STARTTLS: ["--ssl-reqd"], TlsMode.OPPORTUNISTIC: ["--ssl"]}.get(tls, [])
    words += ["--connect-to", f"::{_server(target, brackets=True)}:"] if target.address else []
    words += ["--unix-socket", target.path] if target.path is not None else []
    words += ["--proxy", options.proxy] if options.proxy else []
    words += ["--cacert", options.ca_file] if options.ca_file else []
    words += ["--cert", options.client_cert] if options.client_cert else []
    words += ["--key", options.client_key] if options.client_key else []
    words += ["--insecure"] if options.insecure and tls is not TlsMode.OFF else []
    tail, remark = "", ""
    if _logs_in(report):
        if _token(target):
            words += ["--user", f"{target.user}:"]
            tail = ' --oauth2-bearer "$SMTPCHECK_TOKEN"'
        else:
            words += ["--user", target.user or ""]
            remark = "curl asks for the password"
        words += ["--login-options", f"AUTH={options.auth.upper()}"] if options.auth != "auto" else []
    if options.send and target.sender is not None:
        words += ["--mail-from", target.sender]
        words += [word for recipient in target.recipients for word in ("--mail-rcpt", recipient)]
        words += ["--upload-file", "message.eml"]
    elif target.sender is not None:
        remark = "; ".join(
            [*([remark] if remark else []), "curl cannot end before DATA: this goes as far as the login"]
        )
    return Command("curl", f"{join(words)}{tail} {quote(url)}", remark)
