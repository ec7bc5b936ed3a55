"""The report for a person: right words for each ending, right at every width, and deaf to what a server sends."""

import re
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from smtpcheck.model import (
    Asked,
    Certainty,
    ConfigFacts,
    Expectation,
    Finding,
    Outcome,
    Report,
    Secret,
    SecretFacts,
    Severity,
    Stage,
    UsageError,
)
from smtpcheck.model.secret import SecretKind
from smtpcheck.report import render

from .builders import ENDINGS, Session, connection_refused, passed, refused_login, reply, report, slow, target
from .strategies import reports

SGR = re.compile(r"\x1b\[[0-9;]*m")
EVIL = "\x1b[2J\x1b]0;owned\x07[bold red]:skull:\u202e\u200b\x00\x9b5m\r\u2028你好[/]"


def flat(text: str) -> str:
    """The text as one line, as a reader takes it in, whatever the width."""
    return " ".join(text.split())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", ENDINGS)
def test_no_line_is_wider_than_asked(name: str, width: int) -> None:
    for ascii in (False, True):
        text = render(ENDINGS[name](), width=width, ascii=ascii, verbose=True)
        assert max(map(cell_len, text.splitlines())) <= width
        assert text.endswith("\n")
        assert not any(line.endswith(" ") for line in text.splitlines())
        assert text.isascii() or not ascii


@pytest.mark.parametrize("name", ENDINGS)
def test_color_adds_nothing_but_color(name: str) -> None:
    plain, colored = (render(ENDINGS[name](), width=80, color=color) for color in (False, True))
    assert SGR.sub("", colored) == plain
    assert "\x1b" not in plain
    assert "\x1b[" in colored


def test_color_does_not_depend_on_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "20")
    assert "\x1b[" in render(passed(), color=True)
    assert max(map(len, render(passed(), width=100).splitlines())) > 60


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("passed", ["✓ passed: the sender and the recipient were accepted in the envelope; nothing was sent"]),
        ("sent", ["queue id 4XyZ12abc; whether it will be delivered is not known yet"]),
        ("slow", ["Slow: the server took 12.3 s at banner. It did answer", "✓ passed: dns, connect, banner and ehlo"]),
        (
            "no_name",
            ["your resolver says that smtp.example.com does not exist", 'EAI_NONAME: "Name or service', "NXDOMAIN"],
        ),
        (
            "connection_refused",
            ["192.0.2.1 port 587 refused the connection", "(ECONNREFUSED)", "2001:db8::1, the first of"],
        ),
        ("no_answer", ["no answer from 192.0.2.1 port 25 within 10.0 s", "--port 587", "--timeout 60"]),
        (
            "silent_banner",
            [
                "no greeting came within 30.0 s",
                "The server accepted the connection and sent nothing for 30.0 s.",
                "To the kernel the connection is in order (state ESTABLISHED, round trip 21 ms).",
                "--tls implicit, if this port speaks TLS from the first byte",
                "--patience rfc",
            ],
        ),
        ("dripping_banner", ['10 bytes came and no whole reply: "220 mx.exa"']),
        (
            "refused_banner",
            ["the server refused the session in its greeting", "S: 554 5.7.1 Service unavailable; client host"],
        ),
        ("ssh_banner", ["this port speaks SSH, not SMTP", r'What came is "SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".']),
        ("reset_at_ehlo", ["the connection was reset instead of answering EHLO client.example.org", "(RST)"]),
        ("no_starttls", ["does not list STARTTLS", "--tls implicit with --port 465"]),
        (
            "not_tls",
            [r'these bytes came: "220 mx.example.com ESMTP Postfix\r\n"', "--tls starttls, because this port begins"],
        ),
        (
            "untrusted",
            [
                "expired on 2026-03-01, 266 days before this check",
                "for mail.example.net and www.example.net, and smtpcheck asked for smtp.example.com",
                "did not send the certificate of R11",
                "--ca-file F",
                "--verify-name mail.example.net",
                "--insecure, only to see the rest of the session; the login would then go to a server that nobody",
            ],
        ),
        ("stalled_handshake", ["acknowledgement of 2 segments, sent again 4 times"]),
        (
            "refused_login",
            [
                "stopped at auth after 0.6 s: the server refused the login as alice",
                "C: AUTH PLAIN ***",
                "S: 535-5.7.8 Username and Password not accepted. For more information, go to",
                "S: 535 5.7.8  https://support.google.com/mail/?p=BadCredentials",
                "--auth login or --auth cram-md5",
            ],
        ),
        ("cleartext_login", ["the credential would travel in cleartext", "--tls starttls: the server offers it"]),
        ("refused_sender", ["the server refused the sender <alice@example.com>", "not owned by user alice"]),
        ("greylisted", ["refused 1 of 2 recipients, for now", "C: RCPT TO:<carol@example.org>", "after some minutes"]),
        (
            "silent_after_dot",
            ["it may have been sent", "Sending it again may deliver it twice.", "look for this Message-ID"],
        ),
        ("interrupted", ["stopped at banner after 2.4 s: the check was ended: Ctrl-C", "exit code 130"]),
        (
            "our_bug",
            ["smtpcheck itself failed; this says nothing about the server", "ZeroDivisionError: division by zero"],
        ),
        ("nothing_tried", ["bug at config"]),
        ("as_expected", ["the server refused the sender", "✓ refused, as expected"]),
    ],
)
def test_each_ending_says_what_was_seen(name: str, sentences: list[str]) -> None:
    text = flat(render(ENDINGS[name](), width=100))
    for sentence in sentences:
        assert flat(sentence) in text


@pytest.mark.parametrize("name", [name for name in ENDINGS if name not in ("passed", "sent", "slow", "as_expected")])
def test_only_a_pass_says_passed(name: str) -> None:
    """Never a false green: neither in the long report nor in the short one."""
    text = render(ENDINGS[name](), width=100)
    assert "passed:" not in text
    assert "delivered" not in text or "may deliver" in flat(text)
    assert render(ENDINGS[name](), "brief", ascii=True).startswith("FAIL ")


def test_a_message_that_was_taken_is_not_called_delivered() -> None:
    assert "was delivered" not in render(ENDINGS["sent"]())
    assert "delivered" not in render(passed())


def test_an_expectation_that_fails_takes_the_pass_its_mark() -> None:
    rule = Expectation(rule="min-tls=1.3", met=False, actual="TLSv1.2")
    text = render(replace(passed(), expectations=(rule,), exit_code=1), ascii=True)
    assert "min-tls=1.3: not met: TLSv1.2" in text
    assert "FAIL passed: the sender" in text
    assert "ok   passed" not in text


def test_tls_shows_what_changed_in_the_keywords() -> None:
    assert "now AUTH PLAIN LOGIN CRAM-MD5; no longer STARTTLS" in flat(render(passed(), width=60))


def test_config_and_dns_of_the_first_address_stand_before_the_one_that_decides() -> None:
    """They are recorded once, in the first attempt, although the second address is the one that connected."""
    first = connection_refused().attempts[0]
    second = Session("192.0.2.2").connect().banner().ehlo().quit()
    text = render(report(first, second, deciding=1), width=100)
    assert "from your resolver" in text
    assert "192.0.2.1: unreachable: connection refused, at connect" in flat(text)
    assert flat(text).count("192.0.2.2 port 587") == 1


def test_a_refused_ehlo_keeps_its_words_when_helo_passes() -> None:
    """It did not stop the check, and the server's words are still shown."""
    session = Session().dns().connect().banner()
    session.step(Stage.EHLO, Outcome.REFUSED, command="EHLO x", answer=reply(502, "5.5.1 What?", enhanced="5.5.1"))
    session.step(Stage.EHLO, command="HELO x", answer=reply(250, "hello"))
    text = render(report(session.quit()), width=100)
    assert 'refused: 502 "5.5.1 What?"' in text
    assert "✓ passed" in text


def test_a_second_look_is_announced_with_its_reason() -> None:
    look = Session(look="tls-first").connect().handshake("implicit")
    made = replace(
        report(ENDINGS["silent_banner"]().attempts[0], look), asked=(Asked(look="tls-first", because="WHY"),)
    )
    assert "tls-first at 192.0.2.1: passed up to tls (WHY)" in flat(render(made, width=100))


def test_the_cause_stands_above_all() -> None:
    cause = Finding(
        id="app-password-required",
        stage=Stage.AUTH,
        severity=Severity.ERROR,
        certainty=Certainty.LIKELY,
        title="Gmail wants an app password",
        why="The account password is never accepted here.",
        fix=("create an app password", "use it"),
        alternatives=("bad-credentials",),
        settle="log in on the web",
    )
    text = render(replace(refused_login(), cause=cause), width=80)
    told = ["cause (likely): Gmail wants an app password", "1. create an app password", "2. use it", "bad-credentials"]
    places = [
        text.index(words) for words in [*told, "log in on the web", "smtpcheck explain app-password-required", "dns"]
    ]
    assert places == sorted(places)


def test_an_unusable_value_is_the_headline() -> None:
    session = Session(None).step(
        Stage.CONFIG, Outcome.DECLINED, 0.0, facts=ConfigFacts(problem="the port 99999 is no port")
    )
    text = flat(render(report(session), width=100))
    assert "declined: the port 99999 is no port" in text
    assert "stopped at config after less than 0.1 s: the port 99999 is no port" in text


def test_the_state_of_the_secret_is_said() -> None:
    facts = SecretFacts(
        kind=SecretKind.PASSWORD, source="file", length=12, hygiene=("trailing-newline-stripped", "quoted")
    )
    text = flat(render(replace(passed(), target=target(secret=facts)), width=100))
    assert "The password (file) ended with a newline, which was left out and stands in quotes" in text


def test_our_own_slowness_is_not_blamed_on_the_server() -> None:
    made = slow()
    steps = tuple(replace(step, lag=10.0 if step.stage is Stage.BANNER else 0.0) for step in made.attempts[0].steps)
    text = flat(render(replace(made, attempts=(replace(made.attempts[0], steps=steps),)), width=100))
    assert "smtpcheck itself was held up for 10.0 s" in text
    assert "Slow:" not in text


def test_a_name_that_a_server_chose_is_not_offered_to_a_shell() -> None:
    made = ENDINGS["untrusted"]()
    step = made.attempts[0].stopper
    assert step is not None
    facts: Any = step.facts
    chain = (replace(facts.chain[0], dns_names=("$(reboot)", "--insecure")),)
    steps = tuple(replace(s, facts=replace(facts, chain=chain)) if s is step else s for s in made.attempts[0].steps)
    text = flat(render(replace(made, attempts=(replace(made.attempts[0], steps=steps),)), width=100))
    assert "--verify-name NAME, if that" in text
    assert "--verify-name $(reboot)" not in text


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize("stage", [Stage.BANNER, Stage.AUTH, Stage.SENDER])
def test_hostile_words_are_shown_and_not_obeyed(stage: Stage, color: bool) -> None:
    session = Session().to_tls()
    session.step(stage, Outcome.REFUSED, command=EVIL, answer=reply(550, EVIL, EVIL), why=EVIL)
    made = replace(report(session), target=target(host=EVIL, user=EVIL, sender=EVIL))
    for verbose in (False, True):
        text = SGR.sub("", render(made, width=60, color=color, verbose=verbose))
        assert all(char == "\n" or char.isprintable() for char in text)
        assert "[bold red]" in flat(text)
        assert ":skull:" in text
        assert "\\x1b[2J" in text.replace("\n", "").replace(" ", "")
        assert max(map(cell_len, text.splitlines())) <= 60


def test_ten_thousand_lines_stay_a_short_report() -> None:
    said = reply(550, *[f"{EVIL} line {number}" for number in range(10_000)])
    made = report(Session().to_tls().auth(Outcome.REFUSED, said))
    text = render(made, width=60)
    assert len(text.splitlines()) < 120
    assert "9,988 more lines; --json has all of them" in flat(text)
    long = render(made, width=60, verbose=True)
    assert len(long.splitlines()) < 400


def test_an_endless_line_stays_a_short_report() -> None:
    made = report(Session().to_tls().auth(Outcome.REFUSED, reply(550, "x" * 60_000)))
    text = render(made, width=60, verbose=True)
    assert len(text.splitlines()) < 120
    assert "59,500 more characters not shown" in flat(text)


@given(reports(), st.integers(20, 130), st.booleans(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_any_report_can_be_shown(made: Report, width: int, ascii: bool, color: bool) -> None:
    """A saved report is hostile as well: whatever it holds, it is shown, within its width, in visible characters."""
    text = SGR.sub("", render(made, width=width, ascii=ascii, color=color, verbose=True))
    assert all(cell_len(line) <= max(width, 40) for line in text.splitlines())
    assert all(char == "\n" or char.isprintable() for char in text)
    assert text.isascii() or not ascii
    line = render(made, "brief", ascii=ascii)
    assert line.count("\n") == 1
    assert line[:-1].isprintable()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("passed", "✓ smtp.example.com:587 passed in 0.8 s\n"),
        ("refused_sender", "✗ smtp.example.com:587 sender refused: 553 5.7.1 <alice@example.com>: Sender address"),
        ("silent_banner", "✗ smtp.example.com:465 banner stalled: waited for the greeting\n"),
        ("connection_refused", "✗ smtp.example.com:587 connect unreachable: connection refused\n"),
        ("interrupted", "✗ smtp.example.com:587 banner interrupted: Ctrl-C\n"),
        ("as_expected", "✓ smtp.example.com:587 sender refused, as expected: 553 5.7.1 <alice@example.com>:"),
    ],
)
def test_the_brief_report_is_one_line(name: str, line: str) -> None:
    text = render(ENDINGS[name](), "brief")
    assert text.startswith(line)
    assert text.count("\n") == 1


def test_secrets_are_in_no_format() -> None:
    made = replace(passed(), options=replace(passed().options, secret=Secret("hunter2")))
    for format in ("terminal", "json", "brief"):
        assert "hunter2" not in render(made, format, verbose=True)


def test_there_is_no_other_format() -> None:
    with pytest.raises(UsageError, match="there are terminal, json, brief"):
        render(passed(), "pdf\n")


def test_json_and_the_brief_report_load_no_rich() -> None:
    """It takes 50 ms that a program which reads JSON would wait for nothing."""
    code = (
        "import sys; from smtpcheck.report import render; import smtpcheck.report.live, smtpcheck.report.style; "
        "import smtpcheck.report.brief, smtpcheck.report.codec; print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
