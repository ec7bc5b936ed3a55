"""The cause in the report of a check: in whose words, what else was tried, and what is not said twice."""

from dataclasses import replace

import pytest

from smtpcheck.model import Asked, Certainty, ConnectFacts, Finding, Outcome, Report, Severity, Stage
from smtpcheck.report import render

from .builders import ENDINGS, Session, passed, refused_login, report


def finding(id: str, stage: Stage, **more: object) -> Finding:
    values = {
        "severity": Severity.ERROR,
        "certainty": Certainty.CERTAIN,
        "title": "TITLE",
        "why": "WHY",
        "fix": ("do",),
    }
    return Finding(id=id, stage=stage, **(values | more))  # type: ignore[arg-type]


def shown(made: Report, width: int = 100) -> str:
    return render(made, width=width)


def test_the_servers_words_stand_with_the_cause_and_nowhere_else() -> None:
    """Above what to do, with the command that they answer; the options that the steps make needless are gone."""
    made = refused_login()
    words = made.attempts[0].stopper
    assert words is not None
    assert words.reply is not None
    text = shown(replace(made, cause=finding("bad-credentials", Stage.AUTH)))
    last = f"S: {words.reply.code}"
    assert text.count(f"{last}") == shown(made).count(f"{last}")
    assert text.index("What shows it:") < text.index(last) < text.index("What to do:")
    assert "To try:" in shown(made)
    assert "To try:" not in text
    assert "The server's words" not in text


def test_a_guess_is_called_a_guess() -> None:
    text = shown(replace(refused_login(), cause=finding("x", Stage.AUTH, certainty=Certainty.POSSIBLE)))
    assert "cause (possible, a guess): TITLE" in text


def test_what_the_words_mean_here_is_said_once() -> None:
    """Unless the page has said it already."""
    made = refused_login()
    assert "  Locked accounts too.\n" in shown(
        replace(made, cause=finding("x", Stage.AUTH, means="locked accounts too"))
    )
    repeated = shown(replace(made, cause=finding("x", Stage.AUTH, means="TITLE")))
    assert repeated.count("TITLE") == 1


def test_a_message_that_may_have_been_sent_is_never_passed_over() -> None:
    """Whatever the cause, the advice against sending it twice stays."""
    name = next(name for name in ENDINGS if "twice" in shown(ENDINGS[name]()))
    text = shown(replace(ENDINGS[name](), cause=finding("x", Stage.MESSAGE)))
    assert "before sending it again" in text


def with_look(**more: object) -> Report:
    look = Session(look="tls-first").connect().handshake("implicit")
    silent = ENDINGS["silent_banner"]().attempts[0]
    steps = tuple(
        replace(step, **more) if step.outcome is Outcome.STALLED else step  # type: ignore[arg-type]
        for step in silent.steps
    )
    made = report(replace(silent, steps=steps), look)
    return replace(made, asked=(Asked(look="tls-first", because="BECAUSE"),))


def test_a_look_is_evidence_and_stands_with_its_reason() -> None:
    """The line that it points to is quoted, with the connection that it was made on."""
    made = with_look()
    last = len(made.attempts[1].events) - 1
    cause = finding("implicit-tls-port-used-with-starttls", Stage.BANNER, evidence=({"attempt": 1, "event": last},))
    text = shown(replace(made, cause=cause))
    assert "    tls-first at 192.0.2.1: TLS is up: TLSv1.3" in text
    assert "Other connections:" in text
    assert "(BECAUSE)" in text


def test_a_wait_that_a_look_ended_says_so() -> None:
    """And a certain cause leaves no room for a server that is only slow."""
    cause = finding("implicit-tls-port-used-with-starttls", Stage.BANNER)
    text = " ".join(shown(replace(with_look(ended_by="look"), cause=cause)).split())
    assert "until a second look had the answer" in text
    assert "a second look knew why" in text
    assert "may only be slow" not in text
    assert "second look" not in shown(with_look())
    assert "may only be slow" in shown(replace(with_look(), cause=replace(cause, certainty=Certainty.LIKELY)))


def test_pointers_that_lead_nowhere_are_passed_over() -> None:
    """A saved report is hostile."""
    evidence = ({"attempt": 9, "event": 0}, {"attempt": 0, "event": 999}, {"attempt": "0", "event": -1}, {"odd": 1})
    assert "TITLE" in shown(replace(refused_login(), cause=finding("x", Stage.AUTH, evidence=evidence)))


def test_an_option_is_shown_with_its_value() -> None:
    cause = finding("x", Stage.AUTH, evidence=({"option": "--user"},))
    made = refused_login()
    assert f"--user: {made.target.user}" in shown(replace(made, cause=cause))


def test_several_ports_are_told_one_by_one() -> None:
    """The reader wants to know which are open, not where a session stopped."""
    made = report(ENDINGS["no_answer"]().attempts[0], Session(look="sibling-ports").connect())
    opened = made.attempts[1].steps[0]
    assert isinstance(opened.facts, ConnectFacts)
    closed = replace(opened, outcome=Outcome.UNREACHABLE, facts=replace(opened.facts, port=465, failure="refused"))
    look = replace(made.attempts[1], steps=(opened, closed))
    text = shown(replace(made, attempts=(made.attempts[0], look)))
    assert "sibling-ports at 192.0.2.1: port 587 open and port 465 connection refused" in text


@pytest.mark.parametrize(
    ("id", "told"),
    [
        ("hosts-file-override", "hosts file: /etc/hosts line 7: 127.0.0.1"),
        ("helo-rejected", "name said in EHLO: box"),
        ("certificate-not-yet-valid", "clock: 1970-01-01 00:00:09 UTC"),
        ("trust-store-empty", "in a container: yes: Docker"),
        ("bad-credentials", None),
    ],
)
def test_this_machine_is_mentioned_only_where_it_bears_on_the_cause(id: str, told: str | None) -> None:
    local = {
        "hosts_file": "/etc/hosts line 7: 127.0.0.1",
        "ehlo_name": "box",
        "clock": "1970-01-01 00:00:09 UTC",
        "container": "yes: Docker",
        "trust_store": "missing",
    }
    text = shown(replace(refused_login(), cause=finding(id, Stage.AUTH), local=local))
    if told is None:
        assert "About this machine" not in text
    else:
        assert told in text


def test_no_container_is_not_worth_a_line() -> None:
    cause = finding("app-calls-localhost", Stage.AUTH)
    text = shown(replace(refused_login(), cause=cause, local={"container": "no sign of one"}))
    assert "About this machine" not in text


def test_what_is_worth_knowing_has_the_name_that_explain_takes() -> None:
    """A pass with a remark: its severity, its doubt and its id."""
    remark = finding("certificate-expires-soon", Stage.TLS, severity=Severity.WARNING, certainty=Certainty.LIKELY)
    assert "warning, likely: TITLE (certificate-expires-soon)" in shown(replace(passed(), also=(remark,)))
