"""The stages, one coroutine each, in dialogue order: connect, greet, secure, login, envelope, message, leave.

Each takes the session and the open step, fills in what it learns, and returns or raises; `probe.run` decides what
a raise means. The stage `dns` stands in `probe.check`, because it comes once, before there is a session.
"""

from smtpcheck.probe.stages.connect import connect
from smtpcheck.probe.stages.envelope import envelope
from smtpcheck.probe.stages.greet import banner, hello
from smtpcheck.probe.stages.leave import end, mark_unrun
from smtpcheck.probe.stages.login import log_in
from smtpcheck.probe.stages.message import message
from smtpcheck.probe.stages.secure import secure, starttls, wants_starttls

__all__ = [
    "banner",
    "connect",
    "end",
    "envelope",
    "hello",
    "log_in",
    "mark_unrun",
    "message",
    "secure",
    "starttls",
    "wants_starttls",
]
