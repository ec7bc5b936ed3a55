"""Servers that mean harm: the check ends, says what came, stays small, and its report is clean."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable
from typing import Any

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import AnyEvent, AuthFacts, BannerFacts, EhloFacts, Outcome, Report, Stage, Surplus, TlsFacts
from smtpcheck.net.channel import Channel
from smtpcheck.report import FORMATS, render
from smtpcheck.serve import running
from smtpcheck.smtp.reply import KEPT, Parsed

from ..conftest import HOST, Play
from .leftovers import PASSWORD, SLACK, nothing_left

GREETING = "S: 220 mail.example.com ESMTP\nC: EHLO *\n"
STARTTLS = GREETING + "S: 250-mail.example.com\nS: 250 STARTTLS\nC: STARTTLS\n"
END = "C: QUIT\nS: 221 bye\n"
HELLO = "C: EHLO *\nS: 250 mail.example.com\n" + END

MIB = 1024 * 1024
MOST_MEMORY = 120  # MiB
MOST_JSON = 16 * MIB


def raw(data: bytes, times: int = 1) -> str:
    """A step of a dialogue that sends these bytes."""
    return f"! repeat {times}\n! raw {data.hex()}\n"


def surplus(report: Report) -> bytes:
    """The bytes that were kept of what is no reply."""
    assert report.attempt is not None
    (found,) = (event for event in report.attempt.events if isinstance(event, Surplus))
    return found.raw


def assert_clean(report: Report) -> None:
    """No renderer passes on what a terminal would obey, and none writes without end."""
    for format in FORMATS:
        text = render(report, format, verbose=True)
        assert all(character.isprintable() or character == "\n" for character in text), format
        assert len(text) < MOST_JSON


BROKEN = {
    "an endless line": (raw(b"A" * 64, 3_000_000), "a line of more than 64 KiB", b"AAAA"),
    "an endless line with a code": (
        raw(b"220 ") + raw(b"\xff" * 64, 3_000_000),
        "a line of more than 64 KiB",
        b"220 \xff\xff",
    ),
    "200 MB of continuation lines": (
        raw(b"220-" + b"x" * 60 + b"\r\n", 3_100_000),
        "a reply of more than 1 MiB",
        b"220-xxx",
    ),
    "short continuation lines without end": (raw(b"220-\n", 3_000_000), "a reply of more than 1 MiB", b"220-\n220-\n"),
    "a banner of more than 1 MiB": (
        raw(b"220-" + b"x" * 65_000 + b"\r\n", 17) + "S: 220 x\n" + HELLO,
        "a reply of more than 1 MiB",
        b"220-xxx",
    ),
    "mixed codes": ("S: 220-a\nS: 250 b\n" + HELLO, "one reply mixes the codes 220 and 250", b"220-a\r\n250 b"),
    "a code that is none": ("S: 999 hi\n" + HELLO, "a line does not begin with a reply code", b"999 hi"),
    "no code": ("S: hello\n" + HELLO, "a line does not begin with a reply code", b"hello"),
    "NUL": (raw(b"\0\0\0\0\r\n"), "a line does not begin with a reply code", b"\0\0\0\0"),
    "GBK": (raw("欢迎\r\n".encode("gbk")), "a line does not begin with a reply code", "欢迎".encode("gbk")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_reply_is_broken_with_its_reason_and_first_bytes(play: Play, name: str) -> None:
    """At the banner; the parser is the same everywhere."""
    text, reason, begins = BROKEN[name]
    with nothing_left():
        report = play(text)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.BANNER, Outcome.BROKEN, 12)
    step = report.step(Stage.BANNER)
    assert step is not None
    assert step.why == reason
    assert isinstance(step.facts, BannerFacts)
    assert step.facts.malformed == reason
    assert step.facts.surplus is not None
    assert step.facts.surplus.startswith(begins)
    assert surplus(report).startswith(begins)
    assert len(surplus(report)) <= KEPT
    assert_clean(report)


@pytest.mark.parametrize(
    ("before", "stage", "asked"),
    [
        (GREETING, Stage.EHLO, {}),
        (STARTTLS, Stage.STARTTLS, {"tls": "starttls"}),
        (STARTTLS + "S: 220 go\n! tls\nC: EHLO *\n", Stage.EHLO, {}),
        (GREETING + "S: 250 x\nC: MAIL *\n", Stage.SENDER, {"sender": "a@example.com"}),
    ],
)
def test_an_endless_reply_is_broken_at_any_stage(play: Play, before: str, stage: Stage, asked: Any) -> None:
    """In clear and inside TLS."""
    report = play(before + raw(b"250-" + b"x" * 60 + b"\r\n", 3_100_000), **asked)
    assert (report.stage, report.outcome) == (stage, Outcome.BROKEN)
    assert surplus(report).startswith(b"250-xxx")
    assert_clean(report)


ODD = {
    "ANSI": b"220 \x1b[2J\x1b]0;owned\x07 hi\r\n",
    "NUL": b"220 a\0b\r\n",
    "GBK": b"220 " + "欢迎".encode("gbk") + b"\r\n",
    "bidi": "220 \u202egnp.exe\u2066\r\n".encode(),
    "markup": b"220 [bold red]hi[/] [link=http://x]y[/link]\r\n",
    "a lone CR": b"220 a\rb\rc\r\n",
    "bare LF": b"220-a\n220 b\n",
    "no text": b"220\r\n",
    "CR CR LF": b"220 a\r\r\n",
}


@pytest.mark.parametrize("name", ODD)
def test_a_reply_with_odd_bytes_is_a_reply_and_the_report_is_clean(play: Play, name: str) -> None:
    """Nothing is lost either: the bytes stand in the report as they came."""
    report = play(raw(ODD[name]) + HELLO)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert report.attempt is not None
    assert any(getattr(event, "raw", None) == ODD[name] for event in report.attempt.events)
    assert_clean(report)


def test_a_whole_session_that_comes_byte_by_byte(play: Play) -> None:
    """Every reply split at every byte."""
    report = play("! drip 0.001\n" + GREETING + "S: 250-mail.example.com\nS: 250-SIZE 1000\nS: 250 HELP\n" + END)
    assert report.exit_code == 0
    step = report.step(Stage.EHLO)
    assert step is not None
    assert isinstance(step.facts, EhloFacts)
    assert [keyword.name for keyword in step.facts.keywords] == ["SIZE", "HELP"]


def test_ten_thousand_lines_and_five_thousand_keywords_are_read(play: Play) -> None:
    """They are too many, and no harm."""
    lines = "".join(f"S: 250-X{number}\n" for number in range(5_000))
    report = play("! repeat 10000\nS: 220-hi\nS: 220 hi\n" + "C: EHLO *\nS: 250-x\n" + lines + "S: 250 HELP\n" + END)
    assert report.exit_code == 0
    banner, hello = report.step(Stage.BANNER), report.step(Stage.EHLO)
    assert banner is not None
    assert banner.reply is not None
    assert len(banner.reply.lines) == 10_001
    assert hello is not None
    assert isinstance(hello.facts, EhloFacts)
    assert len(hello.facts.keywords) == 5_001
    assert_clean(report)


def test_bytes_without_end_after_the_220_to_starttls(play: Play) -> None:
    """They came in clear: none of them is taken for the server's words inside TLS."""
    report = play(STARTTLS + "S: 220 go\n" + raw(b"250 injected\r\n", 7_000_000), tls="starttls")
    assert (report.stage, report.outcome, report.exit_code) == (Stage.STARTTLS, Outcome.BROKEN, 14)
    assert surplus(report).startswith(b"250 injected")
    assert_clean(report)


def test_bytes_without_end_in_place_of_a_handshake(play: Play) -> None:
    """What came instead of a ServerHello is kept."""
    report = play(STARTTLS + "S: 220 go\nC: *\n" + raw(b"250 injected\r\n", 7_000_000), tls="starttls")
    assert (report.stage, report.outcome, report.exit_code) == (Stage.TLS, Outcome.BROKEN, 15)
    step = report.step(Stage.TLS)
    assert step is not None
    assert isinstance(step.facts, TlsFacts)
    assert step.facts.first_bytes.startswith(b"250 injected")
    assert_clean(report)


@pytest.mark.parametrize("mechanism", ["login", "cram-md5", "digest-md5", "scram-sha-256"])
def test_a_challenge_of_60_kilobytes(play: Play, mechanism: str) -> None:
    """Whatever the mechanism makes of it, the login ends and the report holds no secret."""
    script = STARTTLS + f"S: 220 go\n! tls\nC: EHLO *\nS: 250-x\nS: 250 AUTH {mechanism.upper()}\nC: AUTH *\n"
    challenge = f"S: 334 {'QUFB' * 15_000}\nC: *\n"
    report = play(script + challenge + "S: 535 no\n" + END, user="alice", password=PASSWORD, auth=mechanism)
    assert (report.stage, report.exit_code) == (Stage.AUTH, 16)
    assert report.outcome in (Outcome.REFUSED, Outcome.BROKEN)
    step = report.step(Stage.AUTH)
    assert step is not None
    assert isinstance(step.facts, AuthFacts)
    assert sum(map(len, step.facts.challenges)) < MIB
    assert_clean(report)
    assert PASSWORD not in render(report, "json")


def test_challenges_without_end(play: Play) -> None:
    """A login has an end."""
    script = STARTTLS + "S: 220 go\n! tls\nC: EHLO *\nS: 250-x\nS: 250 AUTH LOGIN\nC: AUTH *\n"
    report = play(script + "S: 334 VXNlcm5hbWU6\nC: *\n" * 50, user="alice", password=PASSWORD, auth="login")
    assert (report.stage, report.outcome, report.exit_code) == (Stage.AUTH, Outcome.BROKEN, 16)


def test_a_certificate_with_very_many_names(ca_file: str) -> None:
    """All of them count, some of them are kept."""
    names = [HOST, *(f"host{number}.example.com" for number in range(3_000))]
    with running(parse("! implicit\n" + "S: 220 hi\n" + HELLO), names=names) as server:
        report = check(f"{HOST}:{server.port}", address="127.0.0.1", ca_file=ca_file, tls="implicit", timeout=5.0)
    assert report.exit_code == 0
    step = report.step(Stage.TLS)
    assert step is not None
    assert isinstance(step.facts, TlsFacts)
    assert step.facts.chain[0].names == len(names)
    assert len(step.facts.chain[0].dns_names) <= 100
    assert_clean(report)


def test_replies_ahead_of_their_commands(play: Play) -> None:
    """What nobody has asked yet is no answer to what is asked later: the banner's facts keep it."""
    report = play("S: 220 hi\nS: 250 x\nS: 250 y\nS: 250 z\nC: EHLO *\n! stall\n", timeout=0.5)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.EHLO, Outcome.STALLED, 13)
    step = report.step(Stage.BANNER)
    assert step is not None
    assert isinstance(step.facts, BannerFacts)
    assert (step.facts.surplus or b"").startswith(b"250 x")
    assert_clean(report)


class _Deaf:
    """A recorder that keeps nothing."""

    def now(self) -> float:
        return 0.0

    def take(self, reply: Parsed) -> None:
        pass

    def record(self, event: AnyEvent) -> None:
        pass

    def waiting(self, what: str) -> None:
        pass


@pytest.mark.parametrize("doing", ["the handshake's end", "leaving"])
def test_a_peer_that_never_pauses_is_timed_all_the_same(monkeypatch: pytest.MonkeyPatch, doing: str) -> None:
    """asyncio reads what is there without giving way, so a deadline would never have its turn."""

    async def never_pauses(sock: socket.socket, size: int) -> bytes:
        return b"x"

    async def in_time() -> float:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            ours.setblocking(False)
            channel = Channel(ours, _Deaf())
            monkeypatch.setattr(asyncio.get_running_loop(), "sock_recv", never_pauses)
            channel.engine = _Silent()  # type: ignore[assignment]  # decrypts to nothing, for ever
            began = time.monotonic()
            work: Awaitable[Any] = channel.leave(0.2) if doing == "leaving" else channel.reply("a reply")
            try:
                async with asyncio.timeout(0.2):
                    await work
            except TimeoutError:
                pass
            return time.monotonic() - began

    assert asyncio.run(in_time()) < 0.2 + SLACK


class _Silent:
    """TLS that speaks of itself alone: session tickets, key updates."""

    done = True

    def feed(self, data: bytes) -> None:
        pass

    def read(self) -> bytes:
        return b""

    def outgoing(self) -> bytes:
        return b""

    def close_notify(self) -> None:
        pass


# A process of its own, since the memory of this one is not the check's alone.
CHILD = """
import json, re, resource, sys
from pathlib import Path
from smtpcheck.api import check
from smtpcheck.report import FORMATS, render

report = check(sys.argv[1], **json.loads(sys.argv[2]))
sizes = {format: len(render(report, format, verbose=True)) for format in FORMATS}
status = Path("/proc/self/status")
if status.exists():  # ru_maxrss begins with the memory of the parent
    peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text()).group(1)) / 1024
else:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / (1024 if sys.platform == "darwin" else 1)
print(json.dumps({"stage": report.stage, "outcome": report.outcome, "peak": peak, "json": sizes["json"]}))
"""

_LARGEST = raw(b"250-" + b"A\xff" * 32_500 + b"\r\n", 15)
_LINES = raw(b"250-ab\r\n", 17_000)
_IN_TLS = "S: 250 STARTTLS\nC: STARTTLS\nS: 220 go\n! tls\nC: EHLO *\n"
_MAIL: dict[str, Any] = {"sender": "a@example.com", "user": "alice", "password": PASSWORD}


def _everywhere(reply: str) -> str:
    """A session in which each reply begins with these lines."""
    login = reply.replace(b"250-".hex(), b"235-".hex())
    return (
        f"{GREETING}{reply}{_IN_TLS}{reply}S: 250 AUTH PLAIN\nC: AUTH PLAIN *\n{login}S: 235 ok\n"
        f"C: MAIL *\n{reply}S: 250 ok\n" + f"C: RCPT *\n{reply}S: 250 ok\n" * 20 + f"C: RSET\n{reply}S: 250 ok\n{END}"
    )


WORST: dict[str, tuple[str, dict[str, Any]]] = {
    "200 MB of short lines": (raw(b"220-ab\r\n", 26_000_000), {}),
    "100 MB after the 220": (STARTTLS + "S: 220 go\n" + raw(b"250 injected\r\n", 7_000_000), {}),
    "the largest reply at every stage": (
        _everywhere(_LARGEST),
        {**_MAIL, "recipients": [f"to{number}@example.net" for number in range(20)]},
    ),
    "the most lines at every stage": (
        _everywhere(_LINES),
        {**_MAIL, "recipients": [f"to{number}@example.net" for number in range(20)]},
    ),
    "the most keywords that are taken": (GREETING + raw(b"250-ab\r\n", 36_000) + "S: 250 ab\n" + END, {}),
}


@pytest.mark.parametrize("name", WORST)
def test_no_server_makes_the_process_large(name: str, ca_file: str) -> None:
    """Peak memory of the check and of all its reports; and the size of the JSON."""
    text, asked = WORST[name]
    asked = {"address": "127.0.0.1", "ca_file": ca_file, "timeout": 30.0, **asked}
    with running(parse(text), names=[HOST]) as server:
        words = [sys.executable, "-c", CHILD, f"{HOST}:{server.port}", json.dumps(asked)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=True, env=_environment())
    found = json.loads(done.stdout)
    assert found["peak"] < MOST_MEMORY
    assert found["json"] < MOST_JSON
    if "every stage" in name or re.match(r"\d", name):
        assert found["outcome"] == "broken"


def _environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("SMTPCHECK")}
