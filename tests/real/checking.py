"""smtpcheck against a real server: the call that a user would make, and what the server's log says of the session.

The servers listen on 127.0.0.1 and are called by the name in their certificates. A log is read from where the check
began until the server has logged the end of the session, so that no test sees the sessions of another.
"""

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, Unpack

from smtpcheck import Report, Stage, Step, check, render
from smtpcheck.api import Wanted
from smtpcheck.report.codec import from_json, to_json

from .servers.client import IMPLICIT_TLS
from .servers.process import Server

NAME = "mail.example.org"

_T = TypeVar("_T")

_LOG_SECONDS = 3.0
_SILENT_SECONDS = 0.1
_POSTFIX = re.compile(r"postfix/smtpd\[(\d+)\]: (connect from|disconnect from|fatal)")
_EXIM_BEGIN = re.compile(r"SMTP connection from \S+ \(TCP/IP connection count")
# Exim has a process for each connection; one that it refuses at once ends without a word, or with two.
_EXIM_END = re.compile(
    r"\[(\d+)\] (?:SMTP connection from .* (?:closed by|lost)|unexpected disconnection|.*rejected connection in"
    r"|TLS error on connection from \[)"
)
_RUDE = re.compile(
    r"lost connection after|SMTP connection from .* lost|unexpected disconnection|reset by peer|pipelining|"
    r"synchronization error|timeout after"
)


def checked(server: Server, role: str, **wanted: Unpack[Wanted]) -> Report:
    """The report of one check of the port of this role. A step gets 8 s unless told; TLS trusts the authority alone."""
    defaults: Wanted = {"address": server.host, "helo": "client.example.com", "timeout": 8.0}
    if role == IMPLICIT_TLS:
        defaults["tls"] = "implicit"
    if wanted.get("tls") != "off" and not wanted.get("insecure"):
        defaults["ca_file"] = str(server.ca_file)
    defaults.update(wanted)
    report = check(f"{NAME}:{server.ports[role]}", **defaults)
    _must_be_readable(report)
    return report


def _must_be_readable(report: Report) -> None:
    """Whatever a real server said, the report can be shown, and written and read back without loss."""
    written = to_json(report)
    assert to_json(from_json(written)) == written
    assert render(report)


def logged(server: Server, session: Callable[[], _T]) -> tuple[_T, str]:
    """What `session` gives, and what Postfix or Exim logged meanwhile, the end of the session included."""
    log = server.logs[0]
    _until(lambda: _quiet(log))
    before = log.stat().st_size
    outcome = session()
    _until(lambda: _sessions(_since(log, before))[1] > 0)
    return outcome, _since(log, before)


def checked_and_logged(server: Server, role: str, **wanted: Unpack[Wanted]) -> tuple[Report, str]:
    """One check as `checked` makes it, and the log of its session."""
    return logged(server, lambda: checked(server, role, **wanted))


def done(report: Report, stage: Stage) -> Step:
    """The last step of that stage, which has to be there."""
    step = report.step(stage)
    assert step is not None, f"the report has no step {stage}"
    return step


def words(step: Step) -> str:
    """The reply of a step as one line: the code, then its lines joined by " | "."""
    assert step.reply is not None, f"{step.stage} has no reply ({step.outcome}, {step.why})"
    return f"{step.reply.code} " + " | ".join(step.reply.lines)


def rudeness(log: str) -> list[str]:
    """The lines in which a server complains of how its client behaved or left."""
    return [line for line in log.splitlines() if _RUDE.search(line)]


def left_by_quit(log: str) -> bool:
    """Whether the last session that ended in this log of Postfix or Exim was ended by the client's QUIT."""
    ends = [line for line in log.splitlines() if "disconnect from" in line or _EXIM_END.search(line)]
    return "quit=1" in ends[-1] or "closed by QUIT" in ends[-1]


def _since(log: Path, size: int) -> str:
    return log.read_bytes()[size:].decode(errors="replace") if log.exists() else ""


def _sessions(log: str) -> tuple[int, int]:
    """How many sessions began and how many ended. A process of Postfix that dies ends its session without saying so."""
    began = ended = 0
    serving: set[str] = set()
    for process, what in _POSTFIX.findall(log):
        if what == "connect from":
            serving.add(process)
            began += 1
        elif process in serving:
            serving.remove(process)
            ended += 1
    return began + len(_EXIM_BEGIN.findall(log)), ended + len(set(_EXIM_END.findall(log)))


def _quiet(log: Path) -> bool:
    """Whether the sessions of others are over: also the one by which the fixture found out that the server is there.

    A server that was broken in mid-session may never say how it ended; then nothing more is to come.
    """
    began, ended = _sessions(_since(log, 0))
    return ended > 0 and (began == ended or time.time() - log.stat().st_mtime > _SILENT_SECONDS)


def _until(true: Callable[[], bool]) -> None:
    """Waits for something that a server writes to its log a moment after it did it. Gives up in silence."""
    deadline = time.monotonic() + _LOG_SECONDS
    while not true() and time.monotonic() < deadline:
        time.sleep(0.01)
