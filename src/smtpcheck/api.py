"""The one way in: a target and options become a Report. Command line and library both come through here.

`run` lets `probe` record, ends it when the time is over or the user says so, and has the recording judged. A dead
server is a value: only misuse raises (`UsageError`).
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypedDict, Unpack

from smtpcheck.diagnose.verdict import UNUSABLE
from smtpcheck.inquiry import inquire, told
from smtpcheck.model import (
    ConfigFacts,
    Options,
    Outcome,
    Progress,
    Report,
    Secret,
    Stage,
    Step,
    Target,
    UsageError,
)
from smtpcheck.model.secret import SecretKind, describe_secret
from smtpcheck.probe.company import Company
from smtpcheck.probe.recording import Recording

if TYPE_CHECKING:
    from smtpcheck.settings.request import Request


class Wanted(TypedDict, total=False):
    """What `check` takes besides its target: the long options of the command line, with underscores."""

    port: int
    tls: str
    user: str
    password: str
    token: str
    auth: str
    sender: str
    recipients: Sequence[str]
    send: bool
    header_from: str
    subject: str
    body_file: str
    until: str
    helo: str
    timeout: float
    max_time: float
    patience: str
    ipv4: bool
    ipv6: bool
    address: str
    all_addresses: bool
    source: str
    resolver: str
    proxy: str
    proxy_password_env: str
    ca_file: str
    verify_name: str
    sni: str
    client_cert: str
    client_key: str
    client_key_password_env: str
    min_tls: str
    insecure: bool
    allow_cleartext_auth: bool
    second_looks: bool
    expect: Sequence[str]
    fail_on: str


def check(target: str, **wanted: Unpack[Wanted]) -> Report:
    """Checks one server and gives the report: `check("smtp.example.com:587", user="alice", password=...)`.

    Raises UsageError for a value or combination that cannot be used; whatever the server does is in the report.
    Not for use inside a running event loop: there, await `check_async`.
    """
    return asyncio.run(check_async(target, **wanted))


async def check_async(target: str, **wanted: Unpack[Wanted]) -> Report:
    """The same, awaited. Cancelled, it closes what it opened."""
    from smtpcheck.settings.build import UnusableTarget, refused_options

    request = asked_for({**wanted, "target": target})
    try:
        built, options = prepare(request)
    except UnusableTarget as error:
        return refuse(error.target, refused_options(request), str(error))
    return await run(built, options)


def asked_for(wanted: Mapping[str, object]) -> "Request":
    """The arguments of `check` by name, as a Request. Raises UsageError."""
    from smtpcheck.settings.request import Request

    words = {**wanted, **{name: _texts(name, wanted.get(name, ())) for name in ("recipients", "expect")}}
    secret = _secret(words.pop("password", None), words.pop("token", None))
    try:
        return Request(secret=secret, **words)  # type: ignore[arg-type]  # the names of Wanted
    except TypeError as error:  # it names the field and no value
        raise UsageError(f"a check cannot be made of these arguments: {error}") from None


def prepare(request: "Request") -> tuple[Target, Options]:
    """What to check and how. Raises UsageError, UnusableTarget for the host."""
    from smtpcheck.settings.build import build

    target, options = build(request)
    secret = request.secret
    if secret is not None:
        target = replace(target, secret=describe_secret(secret, "the caller"))
    return target, replace(options, secret=secret)


def _texts(name: str, given: object) -> tuple[str, ...]:
    """A text where a list of texts is meant would be taken apart into its letters."""
    if isinstance(given, str) or not isinstance(given, Sequence) or not all(isinstance(one, str) for one in given):
        raise UsageError(f"{name} has to be a list of texts")
    return tuple(given)


def _secret(password: object, token: object) -> Secret | None:
    """The password or the token as a Secret; UsageError if both are given, or one is no text."""
    if password is not None and token is not None:
        raise UsageError("a password and a token were given: one login takes one of them")
    given, kind = (token, SecretKind.TOKEN) if token is not None else (password, SecretKind.PASSWORD)
    if given is None:
        return None
    if not isinstance(given, str) or not given:
        raise UsageError(f"the {kind} has to be a text that is not empty (its value is not shown)")
    return Secret(given, kind)


async def run(
    target: Target,
    options: Options,
    *,
    progress: Callable[[Progress], None] | None = None,
    on_report: Callable[[Report], None] | None = None,
    interrupt: asyncio.Event | None = None,
    company: Company | None = None,
    retell: Callable[[Report], Report] | None = None,
) -> Report:
    """Runs one check.

    `progress` hears of each step; `on_report` gets the report as soon as it is complete, before the connection is
    drained for up to 0.2 s; `interrupt`, once set, ends the check at once, with a report; `company` is shared by the
    checks of a batch; `retell` says the diagnosis in the words of an application.
    """
    check_before_packet(target, options)
    recording = Recording(target, options, progress, company)
    try:
        by_user = await inquire(recording, interrupt)
        from smtpcheck.diagnose.engine import rediagnose  # loaded while the server was waited for (`inquiry`)

        report = rediagnose(told(recording, by_user=by_user))
        report = report if retell is None else retell(report)
        if on_report is not None:
            on_report(report)
    finally:
        await recording.leave()
    return report


def check_before_packet(target: Target, options: Options) -> None:
    """Raises UsageError for what can be told to fail before anything is sent: TLS files, a library that is
    missing, a cause that does not exist.
    """
    if any(each.name == "cause" for each in options.expect):
        from smtpcheck.diagnose.expect import check_causes

        check_causes(options.expect)
    if options.ca_file or options.client_cert:
        from smtpcheck.net.tls_policy import check_policy_files
        from smtpcheck.probe.stages.secure import policy_of

        check_policy_files(policy_of(options))
    if options.proxy is not None:
        from smtpcheck.net.proxy import check_installed

        check_installed()


def refuse(target: Target, options: Options, sentence: str, cause: str | None = None) -> Report:
    """The report for a target that cannot be used: stage `config`, declined, exit code 2, and nothing was sent. `cause`
    names the finding of the target that says why; without one the host is no host name.
    """
    recording = Recording(target, options)
    tape = recording.tape("first")
    facts = ConfigFacts(problem=sentence, cause=cause)
    tape.add(
        Step(stage=Stage.CONFIG, outcome=Outcome.DECLINED, began=tape.now(), seconds=0.0, why=sentence, facts=facts)
    )
    from smtpcheck.diagnose.engine import rediagnose

    report = rediagnose(told(recording))
    assert report.exit_code == UNUSABLE
    return report
