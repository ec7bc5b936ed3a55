"""Every refusal of the test bed's table, met by the check that a user would make.

`test_refusals.py` has the table: role, what a client says, and the server's exact answer. Here each row becomes the
options that lead smtpcheck to the same command, and the report has to give the stage, the exit code and the same words.
The rows that smtpcheck cannot meet, because it never says such a thing, stand in `NEVER_SAID` with the reason.
"""

import base64
from collections.abc import Sequence
from pathlib import Path

import pytest

from smtpcheck import Outcome, Stage, UsageError
from smtpcheck.api import Wanted
from smtpcheck.model import QuitFacts

from .checking import checked, checked_and_logged, done, left_by_quit, rudeness, words
from .servers.accounts import ALICE
from .servers.process import Server
from .test_refusals import AIOSMTPD_REFUSALS, EXIM_REFUSALS, POSTFIX_REFUSALS

ROWS = [
    (name, role, tuple(commands), reply)
    for name, table in (("postfix", POSTFIX_REFUSALS), ("exim", EXIM_REFUSALS), ("aiosmtpd", AIOSMTPD_REFUSALS))
    for role, commands, reply in table
]

CLOSING = "RCPT TO:<closing@example.org>"
NOT_OFFERED = "what the server does not offer is not asked for"
NEVER_SAID = {
    ("postfix", "503 5.5.1 Error: send HELO/EHLO first"): "EHLO always comes first",
    ("postfix", "421 4.7.0 mail.example.org Error: too many errors"): "no unknown command is sent (see below)",
    ("postfix", "502 5.5.1 Error: command not implemented"): NOT_OFFERED,
    ("postfix", "503 5.5.1 Error: authentication not enabled"): NOT_OFFERED,
    ("postfix", "535 5.7.8 Error: authentication failed: Invalid authentication mechanism"): NOT_OFFERED,
    ("postfix", "450 4.7.1 Error: too many AUTH commands from 127.0.0.1"): "there is one AUTH in a run (see below)",
    ("postfix", "504 5.5.2 <me>: Sender address rejected: need fully-qualified address"): "a sender has a domain",
    ("postfix", "450 4.7.1 Error: too much mail from 127.0.0.1"): "there is one MAIL in a run (see below)",
    ("exim", "500 Too many unrecognized commands"): "no unknown command is sent",
    ("exim", "503 AUTH command used when not advertised"): NOT_OFFERED,
    ("aiosmtpd", "454 TLS not available"): NOT_OFFERED,
    ("aiosmtpd", "538 5.7.11 Encryption required for requested authentication mechanism"): NOT_OFFERED,
}

# Where the size is announced in MAIL, as smtpcheck does wherever SIZE is offered, a message too large gets no further.
TOLD_IN_MAIL = {
    ("exim", "small", "552 Message size exceeds maximum permitted"),
    ("aiosmtpd", "relay", "552 Error: Too much mail data"),
}
SAID_IN_MAIL = {"552 Error: Too much mail data": "552 Error: message size exceeds fixed maximum message size"}
# The answer to HELO, which follows a refused EHLO (RFC 5321 section 3.2).
SAID_TO_HELO = {
    "501 Syntactically invalid EHLO argument(s)": "501 Syntactically invalid HELO argument(s)",
}


def address_in(command: str) -> str:
    return command.partition("<")[2].partition(">")[0]


def options(commands: Sequence[str], directory: Path) -> Wanted:
    """The options with which smtpcheck says what these commands say."""
    wanted: Wanted = {"tls": "starttls" if "STARTTLS" in commands else "off"}
    recipients = [address_in(command) for command in commands if command.startswith("RCPT")]
    for command in commands:
        verb, _, rest = command.partition(" ")
        if verb == "EHLO":
            wanted["helo"] = rest
        elif verb == "AUTH":
            _, user, password = base64.b64decode(rest.partition(" ")[2]).decode().split("\0")
            wanted |= {"user": user, "password": password, "auth": "plain"}
        elif verb == "MAIL":
            wanted["sender"] = address_in(command)
        elif verb == "DATA":
            wanted["send"] = True
        elif verb == "Subject:":
            wanted |= _message(directory, command.partition("\r\n\r\n")[2].removesuffix("."))
        if "SIZE=99999" in command:
            wanted |= {"send": True, **_message(directory, "a long line of the letter\r\n" * 4000)}
    if recipients or any("SIZE=" in command for command in commands):
        wanted["recipients"] = recipients or [ALICE.address]
    return wanted


def _message(directory: Path, text: str) -> Wanted:
    path = directory / "body.txt"
    path.write_text(text)
    return {"body_file": str(path)}


def stage_of(commands: Sequence[str]) -> Stage:
    """Where a refusal of the last of these commands belongs."""
    if not commands:
        return Stage.BANNER
    return {
        "EHLO": Stage.EHLO,
        "STARTTLS": Stage.STARTTLS,
        "AUTH": Stage.AUTH,
        "MAIL": Stage.SENDER,
        "RCPT": Stage.RECIPIENT,
        "DATA": Stage.MESSAGE,
        "Subject:": Stage.MESSAGE,
    }[commands[-1].split()[0]]


def exit_code(stage: Stage, reply: str) -> int:
    order = (Stage.BANNER, Stage.EHLO, Stage.STARTTLS, Stage.TLS, Stage.AUTH, Stage.SENDER, Stage.RECIPIENT)
    code = 12 + (*order, Stage.MESSAGE).index(stage)
    return code + 20 if reply.startswith("4") else code


@pytest.mark.parametrize(
    ("name", "role", "commands", "reply"), [row for row in ROWS if (row[0], row[3]) not in NEVER_SAID]
)
def test_a_refusal_is_reported_where_it_came_and_in_its_own_words(
    name: str, role: str, commands: Sequence[str], reply: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """Stage, exit code and words are right, and the server's log has nothing to say of the client's manners."""
    server: Server = request.getfixturevalue(name)
    wanted = options(commands, tmp_path)
    stage, said = stage_of(commands), SAID_TO_HELO.get(reply, reply)
    if (name, role, reply) in TOLD_IN_MAIL:
        stage, said = Stage.SENDER, SAID_IN_MAIL.get(reply, reply)
    if name == "aiosmtpd":  # it calls every connection lost, however it ends
        report, log = checked(server, role, **wanted), ""
    else:
        report, log = checked_and_logged(server, role, **wanted)

    assert words(done(report, stage)) == said
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, stage, exit_code(stage, said))
    assert report.temporary is said.startswith("4")
    assert not rudeness(log)
    server_closes = said.startswith("421 ") or (name == "exim" and (not commands or commands[-1] == CLOSING))
    assert log == "" or left_by_quit(log) is not server_closes


def test_the_list_of_what_is_never_said_names_rows_of_the_table() -> None:
    assert set(NEVER_SAID) <= {(name, reply) for name, _, _, reply in ROWS}
    assert {(name, role, reply) for name, role, _, reply in ROWS} >= TOLD_IN_MAIL


@pytest.mark.parametrize(
    ("name", "role", "wanted", "stage", "why"),
    [
        ("postfix", "clear", {"tls": "starttls"}, Stage.STARTTLS, "the server does not offer STARTTLS"),
        ("aiosmtpd", "relay", {"tls": "starttls"}, Stage.STARTTLS, "the server does not offer STARTTLS"),
        (
            "postfix",
            "relay",
            {"user": "alice", "password": "wonderland"},
            Stage.AUTH,
            "a login was asked for, and the server offers no AUTH inside TLS",
        ),
        (
            "exim",
            "submission",
            {"user": "alice", "password": "wonderland", "tls": "off", "allow_cleartext_auth": True},
            Stage.AUTH,
            "a login was asked for, and the server offers no AUTH without TLS",
        ),
        (
            "postfix",
            "no_plaintext",
            {"user": "alice", "password": "wonderland", "auth": "plain"},
            Stage.AUTH,
            "PLAIN was asked for, and the server offers CRAM-MD5, DIGEST-MD5, SCRAM-SHA-1, SCRAM-SHA-256 inside TLS",
        ),
    ],
)
def test_what_the_server_does_not_offer_is_declined(
    name: str, role: str, wanted: Wanted, stage: Stage, why: str, request: pytest.FixtureRequest
) -> None:
    report = checked(request.getfixturevalue(name), role, **wanted)
    step = done(report, stage)
    assert (report.outcome, report.stage, report.temporary) == (Outcome.DECLINED, stage, False)
    assert step.why == why
    assert step.reply is None


def test_a_sender_without_a_domain_is_told_before_anything_is_sent(postfix: Server) -> None:
    with pytest.raises(UsageError, match="has no domain"):
        checked(postfix, "early", sender="me")


def test_both_refusals_are_kept_when_helo_is_refused_as_well(exim: Server) -> None:
    report = checked(exim, "relay", tls="off", helo="a_b")
    assert report.attempt is not None
    assert [words(step) for step in report.attempt.steps if step.stage is Stage.EHLO] == [
        "501 Syntactically invalid EHLO argument(s)",
        "501 Syntactically invalid HELO argument(s)",
    ]


@pytest.mark.parametrize(
    ("role", "wanted", "stage", "reply"),
    [
        ("connection_rate", {}, Stage.BANNER, "421 4.7.0 mail.example.org Error: too many connections from 127.0.0.1"),
        (
            "auth_rate",
            {"user": "alice", "password": "wonderland"},
            Stage.AUTH,
            "450 4.7.1 Error: too many AUTH commands from 127.0.0.1",
        ),
        (
            "message_rate",
            {"sender": "somebody@client.example"},
            Stage.SENDER,
            "450 4.7.1 Error: too much mail from 127.0.0.1",
        ),
    ],
)
def test_the_second_run_meets_a_limit_and_says_that_it_is_temporary(
    postfix: Server, role: str, wanted: Wanted, stage: Stage, reply: str
) -> None:
    checked(postfix, role, **wanted)
    report = checked(postfix, role, **wanted)
    assert words(done(report, stage)) == reply
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.REFUSED,
        stage,
        exit_code(stage, reply),
        True,
    )


def test_a_limit_on_tls_sessions_is_temporary(postfix: Server) -> None:
    """The second session is thrown out as soon as TLS is up, the third is not let into TLS.

    Postfix says 421 to the second and closes with our EHLO unread, so that its kernel resets the connection (RFC 2525
    section 2.17) and may drop the 421 before it is sent: then a closed connection is what there is to report.
    """
    first, second, third = (checked(postfix, "tls_rate_again") for _ in range(3))
    assert first.passed
    assert (second.stage, second.outcome, second.exit_code) in (
        (Stage.EHLO, Outcome.REFUSED, 33),
        (Stage.EHLO, Outcome.CLOSED, 13),
    )
    assert (third.stage, third.outcome, third.exit_code) == (Stage.STARTTLS, Outcome.REFUSED, 34)
    assert words(done(third, Stage.STARTTLS)) == ("454 4.7.0 Error: too many new TLS sessions from unknown[127.0.0.1]")


def test_each_recipient_has_its_own_reply(postfix: Server) -> None:
    """Some are refused for good, so the whole is; with temporary refusals alone it may work later."""
    everybody = [ALICE.address, "greylisted@example.org", "nobody@example.org", "bob@example.org", "full@example.org"]
    report = checked(postfix, "relay", sender="somebody@client.example", recipients=everybody)
    assert report.attempt is not None
    replies = {step.recipient: words(step) for step in report.attempt.steps if step.stage is Stage.RECIPIENT}
    assert list(replies) == everybody
    assert [reply[:9] for reply in replies.values()] == [
        "250 2.1.5",
        "450 4.2.0",
        "550 5.1.1",
        "250 2.1.5",
        "452 4.2.2",
    ]
    assert (report.outcome, report.stage, report.exit_code, report.temporary) == (
        Outcome.REFUSED,
        Stage.RECIPIENT,
        18,
        False,
    )
    later = checked(postfix, "relay", sender="somebody@client.example", recipients=[everybody[1], everybody[4]])
    assert (later.exit_code, later.temporary) == (38, True)


@pytest.mark.parametrize(
    ("name", "closing"),
    [
        ("postfix", "421 4.3.2 <closing@example.org>: Recipient address rejected: Shutting down"),
        ("exim", "550 That is enough"),
    ],
)
def test_a_server_that_closes_half_way_leaves_each_reply_at_its_command(
    name: str, closing: str, request: pytest.FixtureRequest
) -> None:
    """Three RCPTs share a flight with MAIL, RSET and QUIT; the server answers up to the second and is gone."""
    server: Server = request.getfixturevalue(name)
    recipients = [ALICE.address, "closing@example.org", "bob@example.org"]
    report, log = checked_and_logged(server, "relay", sender="somebody@client.example", recipients=recipients)
    assert report.attempt is not None
    steps = [step for step in report.attempt.steps if step.stage in (Stage.SENDER, Stage.RECIPIENT)]
    assert [step.command for step in steps if step.command is not None][1:] == [f"RCPT TO:<{to}>" for to in recipients]
    assert [step.outcome for step in steps] == [Outcome.PASSED, Outcome.PASSED, Outcome.REFUSED, Outcome.CLOSED]
    assert words(steps[2]) == closing
    assert steps[3].reply is None
    assert (report.outcome, report.stage) == (Outcome.REFUSED, Stage.RECIPIENT)
    assert report.exit_code == (38 if name == "postfix" else 18)
    assert not rudeness(log)


def test_a_server_that_has_seen_too_many_errors_closes_half_way(postfix: Server) -> None:
    """One refused recipient is the limit of `few_errors`: the next command, whatever it is, gets a 421."""
    report = checked(
        postfix,
        "few_errors",
        sender="somebody@client.example",
        recipients=["nobody@example.org", ALICE.address],
    )
    assert report.attempt is not None
    replies = [words(step) for step in report.attempt.steps if step.stage is Stage.RECIPIENT]
    assert replies[0].startswith("550 5.1.1 <nobody@example.org>")
    assert replies[1] == "421 4.7.0 mail.example.org Error: too many errors"
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, Stage.RECIPIENT, 18)


def test_a_refused_sender_is_the_reason_and_the_rest_of_the_flight_is_not(postfix: Server) -> None:
    """What was sent along with a refused MAIL is read, reset and left by QUIT."""
    report, log = checked_and_logged(
        postfix,
        "early",
        sender="spammer@example.net",
        recipients=[ALICE.address, "bob@example.org"],
    )
    assert report.attempt is not None
    assert words(done(report, Stage.SENDER)) == (
        "554 5.7.1 <spammer@example.net>: Sender address rejected: Sender is on our blocklist"
    )
    spent = [step for step in report.attempt.steps if step.stage is Stage.RECIPIENT]
    assert [(step.outcome, words(step)) for step in spent] == [
        (Outcome.SKIPPED, "503 5.5.1 Error: need MAIL command"),
        (Outcome.SKIPPED, "503 5.5.1 Error: need MAIL command"),
    ]
    assert (report.outcome, report.stage, report.exit_code) == (Outcome.REFUSED, Stage.SENDER, 17)
    ending = done(report, Stage.QUIT).facts
    assert isinstance(ending, QuitFacts)
    assert ending.rset == 250
    assert left_by_quit(log)
