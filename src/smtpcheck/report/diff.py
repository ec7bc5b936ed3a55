"""What changed between two reports: one line that names it, then the changes in the order of their weight; or JSON.

"Now" and "before" are said of one machine; of two, "the new one" and "the old one", since neither is the later state of
the other.
"""

from collections.abc import Iterator
from typing import Any

from smtpcheck.model import Outcome, Report
from smtpcheck.model.comparison import Change, Comparison, Value
from smtpcheck.report.layout import Paragraph, lay_out, words
from smtpcheck.report.phrases import listed
from smtpcheck.report.printable import cleaned
from smtpcheck.report.stop import stop_of
from smtpcheck.report.words import headline

LONGEST_TEXT = 300

_NAMES = {
    "target": "server",
    "outcome": "where it stops",
    "ehlo-name": "name said in EHLO",
    "hosts-file": "hosts file",
    "connected-to": "address connected to",
    "dns-problem": "what the resolver says",
    "certificate-issuer": "certificate: issuer",
    "certificate-names": "certificate: names",
    "certificate-expiry": "certificate: expires",
    "certificate-key": "certificate: key",
    "certificate-fingerprint": "certificate: SHA-256",
    "certificate-faults": "certificate: faults",
    "tls-failure": "how TLS failed",
    "tls-version": "TLS version",
    "client-certificate": "our certificate",
    "reply-text": "words of the reply",
    "seconds": "time",
}
_MACHINE = {
    "resolver": "nameservers",
    "address_families": "address families with a route",
    "trust_store": "trust store",
    "openssl": "TLS library",
}
_LISTS = ("addresses", "keywords", "mechanisms", "certificate-names", "certificate-faults", "recipients", "hosts-file")
_BLANK = Paragraph()


def diff_to_json(comparison: Comparison) -> dict[str, Any]:
    """The changes as plain JSON values."""
    return {
        "schema": 1,
        "changed": comparison.matters,
        "parts_at": comparison.parts_at,
        "same_target": comparison.same_target,
        "same_machine": comparison.same_machine,
        "old": _about(comparison.old),
        "new": _about(comparison.new),
        "changes": [
            {
                "what": change.what,
                "of": change.of,
                "stage": change.stage,
                "old": _plain(change.old),
                "new": _plain(change.new),
                "matters": change.matters,
            }
            for change in comparison.changes
        ],
    }


def _about(report: Report) -> dict[str, Any]:
    return {
        "target": report.target.label,
        "began": report.began.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "outcome": report.outcome,
        "stage": report.stage,
        "cause": report.cause.id if report.cause else None,
        "exit_code": report.exit_code,
    }


def _plain(value: Value) -> str | list[str] | None:
    return list(value) if isinstance(value, tuple) else value


def diff_line(comparison: Comparison, *, ascii: bool) -> str:
    """The change in one line, whatever its length."""
    return f"{_first_line(cleaned(comparison, limit=LONGEST_TEXT, ascii=ascii))}\n"


def diff_text(comparison: Comparison, *, width: int, color: bool, ascii: bool) -> str:
    """The change in its first line, then everything that differs, no line wider than `width`."""
    shown = cleaned(comparison, limit=LONGEST_TEXT, ascii=ascii)
    paragraphs = [words(_first_line(shown), "bold")]
    if shown.parts_at is not None:
        paragraphs.append(words(f"the first stage where the two part: {shown.parts_at}"))
    paragraphs.append(words(_when(shown), "dim"))
    kinds = ("asked", "machine", "ehlo-name", "hosts-file", "smtpcheck")
    explains = [change for change in shown.changes if change.what in kinds]
    rest = [change for change in shown.changes if change.what not in kinds]
    for heading, changes in (
        ("What changed", [change for change in rest if change.matters]),
        ("What was asked, and where it ran", explains),
        ("Differs, and does not matter by itself", [change for change in rest if not change.matters]),
    ):
        if changes:
            paragraphs += [_BLANK, words(heading, "bold")]
            paragraphs += [paragraph for change in changes for paragraph in _told(change, shown)]
    return lay_out(paragraphs, width, color)


def _when(comparison: Comparison) -> str:
    times = [report.began.strftime("%Y-%m-%d %H:%M UTC") for report in (comparison.old, comparison.new)]
    machines = "" if comparison.same_machine else "; they did not run in the same surroundings"
    return f"old: {times[0]}, new: {times[1]}{machines}"


def _first_line(comparison: Comparison) -> str:
    if comparison.same_target:
        return _change_line(comparison)
    labels = f"{comparison.old.target.label} and {comparison.new.target.label}"
    return f"two different servers, {labels}: {_change_line(comparison)}"


def _change_line(comparison: Comparison) -> str:
    old, new = comparison.old, comparison.new
    if (old.outcome, old.stage) != (new.outcome, new.stage):
        return _moved(comparison)
    ending = "both passed" if new.passed else f"both stopped at {new.stage} ({new.outcome})"
    if not comparison.matters:
        return f"nothing that matters changed: {ending}"
    if old.cause and new.cause and old.cause.id != new.cause.id:
        before, now = ("before", "now") if comparison.same_machine else ("in the old one", "in the new one")
        return f"{ending}, for another reason: {new.cause.id} {now}, {old.cause.id} {before}"
    names = dict.fromkeys(_label(change) for change in comparison.changes if change.matters)
    return f"{ending}, and this changed: {listed(list(names), 4)}"


def _moved(comparison: Comparison) -> str:
    """The two ended in different places, or in different ways."""
    old, new = comparison.old, comparison.new
    same_stage = old.stage is new.stage
    ends = [_end(report, with_outcome=same_stage) for report in (old, new)]
    line = (
        f"{ends[1]} now, {ends[0]} before"
        if comparison.same_machine
        else f"the new one {ends[1]}, the old one {ends[0]}"
    )
    stopped = new if not new.passed else old
    why = _why(stopped)
    if new.passed:
        return f"{line}{f' ({why})' if why else ''}"
    return f"{line}{f': {why}' if why else ''}"


def _end(report: Report, *, with_outcome: bool) -> str:
    if report.passed:
        return "passed"
    at = f" at {report.stage}" if report.stage else ""
    if report.outcome is Outcome.INTERRUPTED:
        return f"ended early{at}"
    return f"stopped{at}{f' ({report.outcome})' if with_outcome else ''}"


def _why(report: Report) -> str:
    stop = stop_of(report)
    seen = headline(stop).partition(": ")[2] if stop is not None else ""
    return f"{seen} ({report.cause.id})" if report.cause and seen else report.cause.id if report.cause else seen


def _told(change: Change, comparison: Comparison) -> Iterator[Paragraph]:
    yield words(_label(change), indent=2)
    kind = change.of if change.what == "asked" else change.what
    if kind in _LISTS and isinstance(change.old, tuple) and isinstance(change.new, tuple):
        for lead, items in (("gone", _without(change.old, change.new)), ("new", _without(change.new, change.old))):
            if items:
                yield Paragraph(((listed(items, 12), ""),), ((f"    {lead}: ", "dim"),))
        return
    before, now = ("before", "now") if comparison.same_machine else ("old", "new")
    width = len(before)
    for lead, value in ((before, change.old), (now, change.new)):
        yield Paragraph(((_shown(value), ""),), ((f"    {lead:<{width}}  ", "dim"),))


def _without(some: tuple[str, ...], others: tuple[str, ...]) -> list[str]:
    return [item for item in some if item not in others]


def _shown(value: Value) -> str:
    if isinstance(value, tuple):
        return " / ".join(value[:4]) + (f" / and {len(value) - 4} more" if len(value) > 4 else "")
    return "none" if value is None else value


def _label(change: Change) -> str:
    if change.what == "asked":
        return f"asked for: {(change.of or '').replace('_', ' ')}"
    if change.what == "machine":
        return _MACHINE.get(change.of or "", change.of or "")
    name = _NAMES.get(change.what, change.what)
    if change.what in ("reply", "reply-text", "seconds"):
        name = f"{name} at {change.stage}"
    return f"{name} ({change.of})" if change.of else name
