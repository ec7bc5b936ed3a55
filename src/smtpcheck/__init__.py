"""smtpcheck: goes through one SMTP session step by step and says where it stopped, why, and what to change.

    report = smtpcheck.check("smtp.example.com:587", user="alice", password=...)
    if not report.passed:
        print(smtpcheck.render(report))

    smtpcheck.explain("535 5.7.8 Username and Password not accepted", host="smtp.gmail.com").cause

A dead server is a value, never an exception; only misuse raises `UsageError`. The names below are loaded on first use
(PEP 562), since the command line imports this package before anything else.
"""

from typing import TYPE_CHECKING

from smtpcheck._version import __version__

if TYPE_CHECKING:
    from smtpcheck.api import check, check_async
    from smtpcheck.diagnose.engine import rediagnose
    from smtpcheck.diagnose.text import explain
    from smtpcheck.many import check_many_async
    from smtpcheck.model import (
        Attempt,
        Certainty,
        Explained,
        Explanation,
        Finding,
        Options,
        Outcome,
        Patience,
        Protocol,
        Reply,
        Report,
        Secret,
        Severity,
        Stage,
        Step,
        Target,
        TlsMode,
        UsageError,
    )
    from smtpcheck.report import render
    from smtpcheck.report.codec import load

_HOMES = {
    "check": "api",
    "check_async": "api",
    "check_many_async": "many",
    "explain": "diagnose.text",
    "load": "report.codec",
    "rediagnose": "diagnose.engine",
    "render": "report",
}

__all__ = [
    "Attempt",
    "Certainty",
    "Explained",
    "Explanation",
    "Finding",
    "Options",
    "Outcome",
    "Patience",
    "Protocol",
    "Reply",
    "Report",
    "Secret",
    "Severity",
    "Stage",
    "Step",
    "Target",
    "TlsMode",
    "UsageError",
    "__version__",
    "check",
    "check_async",
    "check_many_async",
    "explain",
    "load",
    "rediagnose",
    "render",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'model')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
