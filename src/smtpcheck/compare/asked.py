"""What the two were asked for, and where they ran: it explains a change, and is none of the server's."""

from collections.abc import Iterator
from typing import Any

from smtpcheck.model import DnsFacts, Outcome, Report, Stage, TlsFacts
from smtpcheck.model.comparison import Change, Value

_OPTIONS = (
    "auth",
    "until",
    "send",
    "family",
    "all_addresses",
    "source",
    "proxy",
    "resolver",
    "ca_file",
    "verify_name",
    "sni",
    "client_cert",
    "min_tls",
    "insecure",
    "allow_cleartext_auth",
)
_TARGET = ("tls", "address", "user", "sender", "recipients")
# What tells of a machine, and what of it tells one from another; the rest of `local` (a clock) changes with each run.
_MACHINE = ("container", "resolver", "address_families", "trust_store", "openssl", "python")
_IDENTITY = ("container", "resolver", "openssl", "python")


def same_target(old: Report, new: Report) -> bool:
    """Whether both are about one server: its name, port and protocol."""
    return _server(old) == _server(new)


def same_machine(old: Report, new: Report) -> bool:
    """False where both tell of their machine, and not the same."""
    return not any(_differs(old, new, key) for key in _IDENTITY)


def _differs(old: Report, new: Report, key: str) -> bool:
    """Where both know the fact: the trust store that was used is known only after a handshake on both sides."""
    if key == "trust_store" and not (_handshaken(old) and _handshaken(new)):
        return False
    return key in old.local and key in new.local and old.local[key] != new.local[key]


def _handshaken(report: Report) -> bool:
    facts = (step.facts for attempt in report.attempts if attempt.look == "first" for step in attempt.steps)
    return any(isinstance(one, TlsFacts) and one.store is not None for one in facts)


def _server(report: Report) -> tuple[object, ...]:
    target = report.target
    return target.host.lower().rstrip("."), target.port, target.path, target.protocol


def asked(old: Report, new: Report) -> Iterator[Change]:
    """Target, envelope and options."""
    if not same_target(old, new):
        yield Change(what="target", stage=None, old=old.target.label, new=new.target.label, matters=True)
    for name in _TARGET:
        yield from _asked(name, getattr(old.target, name), getattr(new.target, name))
    for name in _OPTIONS:
        yield from _asked(name, getattr(old.options, name), getattr(new.options, name))


def _asked(name: str, old: Any, new: Any) -> Iterator[Change]:
    if old != new:
        yield Change(what="asked", of=name, stage=Stage.CONFIG, old=_value(old), new=_value(new), matters=False)


def _value(value: Any) -> Value:
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case tuple():
            return tuple(map(str, value))
    return str(value)


def machine(old: Report, new: Report) -> Iterator[Change]:
    """The name said in EHLO, the hosts file, and the facts of the machines."""
    if old.target.ehlo != new.target.ehlo and old.target.ehlo and new.target.ehlo:
        yield Change(what="ehlo-name", stage=Stage.EHLO, old=old.target.ehlo, new=new.target.ehlo, matters=False)
    before, now = (_hosts(report) for report in (old, new))
    if before is not None and now is not None and before != now:
        yield Change(what="hosts-file", stage=Stage.DNS, old=before, new=now, matters=False)
    for key in _MACHINE:
        if _differs(old, new, key):
            yield Change(what="machine", of=key, stage=None, old=old.local[key], new=new.local[key], matters=False)
    if old.smtpcheck != new.smtpcheck:
        yield Change(what="smtpcheck", stage=None, old=old.smtpcheck, new=new.smtpcheck, matters=False)


def dns_facts(report: Report) -> DnsFacts | None:
    """What was found out about the name; it stands in the first attempt."""
    step = report.attempts[0].step(Stage.DNS) if report.attempts else None
    known = step is not None and step.outcome is not Outcome.SKIPPED
    return step.facts if known and step is not None and isinstance(step.facts, DnsFacts) else None


def _hosts(report: Report) -> tuple[str, ...] | None:
    facts = dns_facts(report)
    return None if facts is None else tuple(f"{entry.address} {' '.join(entry.names)}" for entry in facts.hosts)
