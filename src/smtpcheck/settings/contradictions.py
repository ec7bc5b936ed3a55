"""Which options do not go together, each as one sentence: a pair that cannot both be meant, or one without its other.

An option that would have no effect is an error too: a run that leaves out what was asked for must not look like one
that did it.
"""

from collections.abc import Iterator, Sequence

from smtpcheck.model import Options, Protocol, Stage, Target, TlsMode
from smtpcheck.settings.host import family_of, is_literal
from smtpcheck.settings.request import Request
from smtpcheck.settings.target import Place
from smtpcheck.settings.words import WITH_PASSWORD, WITH_TICKET, WITH_TOKEN, WITHOUT_SECRET

_ORDER = tuple(Stage)
_RELAY_PORT = 25


def contradictions(request: Request, place: Place, target: Target, options: Options) -> Iterator[str]:
    """Every contradiction, the one that says most first."""
    yield from _ports(request, place, target)
    yield from _tls(request, place, target)
    yield from _network(request, target, options)
    yield from _login(request, target, options)
    yield from _envelope(request, target, options)
    yield from _until(target, options)
    yield from _expectations(target, options)
    if request.timeout is not None and request.patience is not None:
        yield "--timeout and --patience both set the seconds of every step: give one of them"


def given_sources(request: Request) -> list[str]:
    """The options that say where the secret comes from."""
    sources = {
        "--password-env": request.password_env is not None,
        "--password-file": request.password_file is not None,
        "--password-stdin": request.password_stdin,
        "--password-command": request.password_command is not None,
        "--password-keyring": request.password_keyring is not None,
        "--ask-password": request.ask_password,
        "--token-env": request.token_env is not None,
        "--token-file": request.token_file is not None,
        "--token-command": request.token_command is not None,
        "a secret of the caller": request.secret is not None,
    }
    return [option for option, given in sources.items() if given]


def _ports(request: Request, place: Place, target: Target) -> Iterator[str]:
    if request.port is not None and place.path is not None:
        yield "--port has no meaning for a unix: path, which has no port"
    elif request.port is not None and place.port is not None and place.port != target.port:
        yield f"--port {target.port} and the port {place.port} of TARGET differ: give one of them"
    if target.protocol is Protocol.LMTP and target.port == _RELAY_PORT:
        yield "LMTP is never spoken on port 25 (RFC 2033 section 5): give the port of the LMTP server, usually 24"


def _tls(request: Request, place: Place, target: Target) -> Iterator[str]:
    scheme = f"{place.scheme}://"
    if place.scheme in ("smtps", "submissions") and target.tls is not TlsMode.IMPLICIT:
        yield f"--tls {target.tls} contradicts {scheme}, which is TLS from the first byte: write submission:// or smtp://"
    if place.scheme == "submission" and request.tls is not None and target.tls is TlsMode.IMPLICIT:
        yield f"--tls implicit contradicts {scheme}, which begins in clear: write submissions://"
    if target.tls is TlsMode.OFF:
        reason = (
            "--tls off" if request.tls is not None else "a unix: path, where no TLS is used unless --tls asks for it"
        )
        yield from (f"{option} has no use with {reason}" for option in _tls_options(request))
    elif place.path is not None and request.verify_name is None and not request.insecure:
        yield f"--tls {target.tls} on a unix: path needs --verify-name (a path is no name to verify) or --insecure"
    if request.insecure:
        for option, given in (("--verify-name", request.verify_name), ("--ca-file", request.ca_file)):
            if given is not None:
                yield f"--insecure verifies nothing, so {option} has no use: give one of them"
    if request.client_key is not None and request.client_cert is None:
        yield "--client-key needs --client-cert: a key without its certificate cannot be used"
    if request.client_key_password_env is not None and request.client_cert is None:
        yield "--client-key-password-env needs --client-cert"
    if request.sni is not None and is_literal(request.sni):
        yield f"--sni is {request.sni!r}: SNI is a host name, never an address (RFC 6066 section 3)"


def _tls_options(request: Request) -> list[str]:
    options = {
        "--ca-file": request.ca_file is not None,
        "--verify-name": request.verify_name is not None,
        "--sni": request.sni is not None,
        "--client-cert": request.client_cert is not None,
        "--min-tls": request.min_tls is not None,
        "--insecure": request.insecure,
    }
    return [option for option, given in options.items() if given]


def _network(request: Request, target: Target, options: Options) -> Iterator[str]:
    if request.ipv4 and request.ipv6:
        yield "-4 and -6 exclude each other: give one of them, or neither for both families"
    if target.path is not None:
        yield from (
            f"{option} has no meaning for a unix: path, which is no network" for option in _network_options(request)
        )
        return
    literal = target.address or (target.host if is_literal(target.host) else None)
    where = "--address" if target.address else "TARGET"
    if literal is not None:
        family = family_of(literal)
        if options.family not in (None, family):
            yield f"-{options.family} contradicts {where}, which is an IPv{family} address"
        if options.source is not None and family_of(options.source) != family and options.proxy is None:
            yield f"--source is an IPv{family_of(options.source)} address and {where} an IPv{family} one"
        if options.resolver is not None and options.proxy is None:
            yield f"--resolver has nothing to resolve: {where} is an IP address"
    elif options.source is not None and options.family not in (None, family_of(options.source)):
        yield f"-{options.family} contradicts --source, which is an IPv{family_of(options.source)} address"
    if options.all_addresses:
        for option, given in (("--address", target.address), ("--proxy", options.proxy)):
            if given is not None:
                yield f"--all-addresses contradicts {option}, with which there is only one to connect to"
    if request.proxy_password_env is not None and options.proxy is None:
        yield "--proxy-password-env needs --proxy"
    elif request.proxy_password_env is not None and "@" not in (options.proxy or ""):
        yield "--proxy-password-env needs a user in --proxy, such as socks5://USER@HOST:1080"


def _network_options(request: Request) -> list[str]:
    options = {
        "-4": request.ipv4,
        "-6": request.ipv6,
        "--address": request.address is not None,
        "--all-addresses": request.all_addresses,
        "--source": request.source is not None,
        "--resolver": request.resolver is not None,
        "--proxy": request.proxy is not None,
    }
    return [option for option, given in options.items() if given]


def _login(request: Request, target: Target, options: Options) -> Iterator[str]:
    sources = given_sources(request)
    mechanism = options.auth
    if len(sources) > 1:
        yield f"{_and(sources)} each say where the secret comes from: give one of them"
    if mechanism == "none":
        if target.user is not None:
            yield "--auth none means no login, so a user has no use: give one of them"
        yield from (f"--auth none means no login, so {source} has no use" for source in sources)
    if mechanism in (*WITH_PASSWORD, *WITH_TOKEN) and target.user is None:
        yield f"--auth {mechanism} needs --user"
    if mechanism in WITHOUT_SECRET:
        yield from (f"--auth {mechanism} takes no secret, so {source} has no use" for source in sources)
    elif target.user is None:
        yield from (f"{source} needs --user: nobody to log in as was given" for source in sources)
    yield from _kinds(request, mechanism)
    if options.allow_cleartext_auth and target.user is None and mechanism not in (*WITHOUT_SECRET, *WITH_TICKET):
        yield "--allow-cleartext-auth needs a login: give --user"


def _kinds(request: Request, mechanism: str) -> Iterator[str]:
    for source in given_sources(request):
        if source.startswith("--token") and mechanism in (*WITH_PASSWORD, *WITH_TICKET):
            yield f"{source} is for {_and(WITH_TOKEN)}; --auth {mechanism} takes a password"
        if "password" in source and mechanism in WITH_TOKEN:
            yield f"--auth {mechanism} takes a token, not {source}: --token-env, --token-file or --token-command"


def _envelope(request: Request, target: Target, options: Options) -> Iterator[str]:
    if target.recipients and target.sender is None:
        yield "--to needs --from (which may be empty): RCPT comes after MAIL"
    if options.send and not target.recipients:
        yield "--send needs --to: there is nobody to send the message to"
    if not options.send:
        message = {"--header-from": request.header_from, "--subject": request.subject, "--body-file": request.body_file}
        yield from (
            f"{option} needs --send: without it no message is sent" for option, given in message.items() if given
        )
    elif target.sender == "" and options.header_from is None:
        yield "--send with an empty --from needs --header-from: a message has an author (RFC 5322 section 3.6.2)"


def _until(target: Target, options: Options) -> Iterator[str]:
    until = options.until
    if until is None:
        return
    if options.send and _ORDER.index(until) < _ORDER.index(Stage.MESSAGE):
        yield f"--send contradicts --until {until}, which ends the session before the message"
    named = f"--until {until}"
    if until is Stage.DNS and (target.path is not None or target.address is not None or is_literal(target.host)):
        yield f"{named} would never come: with an address or a path nothing is resolved"
    if until is Stage.DNS and options.proxy is not None:
        yield f"{named} would never come: the proxy resolves the name"
    if until is Stage.STARTTLS and target.tls is TlsMode.IMPLICIT:
        yield f"{named} would never come: TLS is implicit here, so write --until tls (or --tls starttls)"
    if until in (Stage.STARTTLS, Stage.TLS) and target.tls is TlsMode.OFF:
        yield f"{named} would never come: no TLS is used here (--tls)"
    if until is Stage.AUTH and target.user is None and options.auth not in (*WITHOUT_SECRET, *WITH_TICKET):
        yield f"{named} needs a login: give --user"
    if until is Stage.SENDER and target.sender is None:
        yield f"{named} needs --from (which may be empty)"
    if until is Stage.RECIPIENT and not target.recipients:
        yield f"{named} needs --to"
    if until is Stage.MESSAGE and not options.send:
        yield f"{named} needs --send: without it no message is sent"


def _expectations(target: Target, options: Options) -> Iterator[str]:
    """An expectation about a stage that was not asked for could never be met."""
    for each in options.expect:
        named = f"--expect {each.rule}"
        if each.stage is Stage.AUTH and target.user is None and options.auth not in (*WITHOUT_SECRET, *WITH_TICKET):
            yield f"{named} needs a login: give --user"
        if each.stage is Stage.SENDER and target.sender is None:
            yield f"{named} needs --from (which may be empty)"
        if each.stage is Stage.RECIPIENT and not target.recipients:
            yield f"{named} needs --to"
        if each.stage is Stage.MESSAGE and not options.send:
            yield f"{named} needs --send: without it no message is sent"
        if (each.name in ("min-tls", "min-cert-days") or each.stage is Stage.TLS) and target.tls is TlsMode.OFF:
            yield f"{named} would never be met: no TLS is used here (--tls)"


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
