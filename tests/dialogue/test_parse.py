"""The notation: what each line becomes, and that whatever is not in it is an error with its line."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck import dialogue
from smtpcheck.dialogue import (
    CERTIFICATE_FAULTS,
    DialogueError,
    Drip,
    End,
    Ending,
    Expects,
    Flight,
    Message,
    Says,
    Session,
    Sleep,
    StartTls,
    Tls,
    parse,
)


def test_a_dialogue_becomes_steps_that_know_their_lines() -> None:
    """Comments and blank lines are not steps, but they count."""
    parsed = parse("""
        # a comment
        S: 220 mail.example.com ESMTP
        C: EHLO *

        ! sleep 0.5
        ! drip 1
        S: 250-mail.example.com
        C? NOOP
        C: **
        C: .
        ! stall
    """)
    assert parsed.sessions == (
        Session(
            (
                Says(3, b"220 mail.example.com ESMTP\r\n"),
                Expects(4, "EHLO *"),
                Sleep(6, 0.5),
                Drip(7, 1.0),
                Says(8, b"250-mail.example.com\r\n"),
                Expects(9, "NOOP", optional=True),
                Message(10),
                Expects(11, "."),
                End(12, Ending.STALL),
            )
        ),
    )


def test_the_header_is_what_stands_above_the_first_step() -> None:
    """Later comments are comments, and so is prose at the top."""
    parsed = parse("# title: A: B\n# Prose without a key.\n# exit: 16\nS: 220 hi\n# late: no\n")
    assert parsed.header == {"title": "A: B", "exit": "16"}


def test_what_the_server_says_is_kept_to_the_letter() -> None:
    """Blanks at the end, an empty line, and characters beyond ASCII."""
    says = parse("S: 250 é  \nS:\nS:  x\r\n").sessions[0].steps
    assert [step.data for step in says if isinstance(step, Says)] == ["250 é  \r\n".encode(), b"\r\n", b" x\r\n"]


def test_raw_bytes_come_without_a_line_end_and_repeat_counts_for_one_line() -> None:
    """Blanks between hexadecimal digits mean nothing."""
    assert parse("! repeat 3\n! raw 00 ff41\nS: 250 x").sessions[0].steps == (
        Says(2, b"\x00\xffA", 3),
        Says(3, b"250 x\r\n"),
    )


def test_each_connection_has_its_session_and_the_last_one_repeats() -> None:
    """Second looks connect again, and may be told something else."""
    parsed = parse("S: one\n---\nS: two\n")
    assert [parsed.session(number).steps for number in range(3)] == [
        (Says(1, b"one\r\n"),),
        (Says(3, b"two\r\n"),),
        (Says(3, b"two\r\n"),),
    ]


@pytest.mark.parametrize("ending", Ending)
def test_every_ending_may_come_after_some_bytes(ending: Ending) -> None:
    """The bytes are those of the lines below it."""
    assert parse(f"! {ending} after 4\nS: 220 hi").sessions[0].steps[0] == End(1, ending, 4)


def test_tls_options_stand_together() -> None:
    """Several certificate faults at once are one of the cases worth testing."""
    steps = parse("! tls expired wrong-name key=rsa 1.2 client-cert=required stall=certificate").sessions[0].steps
    assert steps == (
        StartTls(
            1,
            Tls(
                certificate=frozenset({"expired", "wrong-name"}),
                key="rsa",
                version="1.2",
                client_certificate="required",
                stop=(Ending.STALL, Flight.CERTIFICATE),
            ),
        ),
    )
    assert parse("! implicit alert=112").sessions[0].steps == (StartTls(1, Tls(alert=112)),)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("S: 220 hi\n! dance", 2, "unknown directive 'dance'"),
        ("S: 220 hi\n!", 2, "unknown directive ''"),
        ("220 hi", 1, "not with '220'"),
        ("S:220 hi", 1, "not with 'S:220'"),
        ("! stall before 3\nS: 220 hi", 1, "'after N'"),
        ("! stall after x\nS: 220 hi", 1, "a whole number"),
        ("! stall after 99\nS: 220 hi", 1, "only 8 bytes"),
        ("! stall after 3\nC: QUIT", 1, "only 0 bytes"),
        ("! stall after 3\nS: 220 hi\nC: QUIT", 3, "never reached"),
        ("! close\nS: 220 hi", 2, "never reached: line 1"),
        ("! tls stall=finished\nS: 220 hi", 2, "never reached"),
        ("! tls alert=40\nS: 220 hi", 2, "never reached"),
        ("! tls alert=40 stall=finished", 1, "choose one"),
        ("! tls stall=finished reset=certificate", 1, "choose one"),
        ("! tls alert=256", 1, "unknown TLS option 'alert=256'"),
        ("! tls stall=lunch", 1, "unknown TLS option"),
        ("! tls half-close=finished", 1, "unknown TLS option"),
        ("! tls no-shared-cipher 1.3", 1, "TLS 1.2 and an EC key"),
        ("! tls\n! tls", 2, "TLS is on already"),
        ("S: 220 hi\n! implicit", 2, "first step"),
        ("! raw 4", 1, "hexadecimal"),
        ("! raw", 1, "at least one byte"),
        ("! sleep -1", 1, "number of seconds"),
        ("! sleep nan", 1, "number of seconds"),
        ("! drip", 1, "number of seconds"),
        ("! repeat 3", 1, "right below it"),
        ("! repeat 3\nC: QUIT", 1, "right below it"),
        ("C: **", 1, "C: line right below it"),
        ("C: **\nS: 250 x", 1, "C: line right below it"),
        ("S: 220 hi\n---\n# nothing", 2, "nothing happens"),
        ("", 1, "nothing happens"),
    ],
)
def test_what_is_not_in_the_notation_is_an_error_with_its_line(text: str, line: int, message: str) -> None:
    """The line is counted from 1, and the sentence says what is wrong."""
    with pytest.raises(DialogueError, match=re.escape(message)) as caught:
        parse(text)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("pattern", "said", "matches"),
    [
        ("EHLO *", b"ehlo x", True),
        ("EHLO *", b"EHLO ", True),
        ("EHLO *", b"HELO x", False),
        ("QUIT", b"quit", True),
        ("QUIT", b"QUIT ", False),
        ("MAIL FROM:<*>*", b"mail from:<a@b> SIZE=3", True),
        ("MAIL FROM:<*>", b"MAIL FROM:<a@b> SIZE=3", False),
        ("RCPT TO:<bob@example.net>*", b"RCPT TO:<Bob@example.net>", False),
        ("AUTH PLAIN AHJlc2VuZA*", b"auth PLAIN AHJlc2VuZABzZWNyZXQ=", True),
        ("AUTH PLAIN AHJlc2VuZA*", b"AUTH PLAIN ahjlc2vuza", False),
        ("*", b"\x16\x03\x01\n\xff", True),
        ("*", b"", True),
        ("", b"", True),
        (".", b"x", False),
    ],
)
def test_patterns_ignore_case_where_smtp_does(pattern: str, said: bytes, matches: bool) -> None:
    """In the verb, and up to the colon of MAIL FROM: and RCPT TO:; arguments are compared to the letter."""
    assert Expects(1, pattern).matches(said) is matches


@given(parts=st.lists(st.text("ab: .x", max_size=4), min_size=1, max_size=5), fillings=st.data())
def test_a_star_stands_for_anything(parts: list[str], fillings: st.DataObject) -> None:
    """Whatever stands in the place of the stars, the pattern matches."""
    said = parts[0] + "".join(fillings.draw(st.text("abx:\n", max_size=4)) + part for part in parts[1:])
    assert Expects(1, "*".join(parts)).matches(said.encode())


def test_the_package_documents_every_word_of_the_notation() -> None:
    """The docstring is the reference."""
    text = dialogue.__doc__ or ""
    words = {*CERTIFICATE_FAULTS, *Ending, *Flight, "raw", "repeat", "sleep", "drip", "tls", "implicit", "client-cert"}
    assert {word for word in words if word not in text} == set()
