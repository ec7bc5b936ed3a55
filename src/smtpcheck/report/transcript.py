"""The dialogue of an attempt as `-v` shows it: `C:` and `S:` lines with times, what is inside TLS marked, the rest as
notes.

The recording holds no credential (`Sent.shown` stands for such a line), so there is none to hide here.
"""

from collections.abc import Iterator

from smtpcheck.model import (
    AnyEvent,
    Attempt,
    Closed,
    Connected,
    Handshake,
    Note,
    Replied,
    Resolved,
    Sent,
    Silent,
    Surplus,
    TlsFailed,
    TlsUp,
)
from smtpcheck.report.layout import Paragraph
from smtpcheck.report.phrases import listed, number, place, quoted_bytes
from smtpcheck.report.printable import cleaned, printable

MOST_LINES = 40
MOST_EVENTS = 2000
_LONGEST = 1000


def transcript(attempt: Attempt, ascii: bool) -> list[Paragraph]:
    """A paragraph for each line of the dialogue, from the recording as it is (not yet cleaned): lines end there."""
    return [
        Paragraph(((text, _STYLES[speaker]),), ((f"{event.at:7.3f} {'tls' if tls else '   '} {speaker} ", "dim"),))
        for event in attempt.events
        for speaker, text, tls in spoken(event, ascii)
    ]


def plain(attempt: Attempt) -> list[str]:
    """The lines of the dialogue without style, of MOST_EVENTS events at most, for files."""
    return [
        f"{event.at:7.3f} {'tls' if tls else '   '} {speaker} {text}"
        for event in attempt.events[:MOST_EVENTS]
        for speaker, text, tls in spoken(event, False)
    ]


_STYLES = {"C:": "", "S:": "cyan", "--": "dim"}

Spoken = tuple[str, str, bool]


def spoken(event: AnyEvent, ascii: bool) -> Iterator[Spoken]:
    """The lines of one event: who speaks (`C:`, `S:`, `--` for a note), the words, whether inside TLS."""
    match event:
        case Sent():
            for line in event.shown.removesuffix("\r\n").split("\r\n"):  # commands that shared a flight
                yield "C:", printable(line, limit=_LONGEST, ascii=ascii), event.tls
        case Replied():
            yield from _reply(event.raw, event.tls, ascii)
        case Surplus():
            yield "--", f"{number(len(event.raw), 'byte')} that belong to no reply:", event.tls
            yield from _reply(event.raw, event.tls, ascii)
        case _:
            yield "--", _note(cleaned(event, limit=_LONGEST, ascii=ascii)), False


def _reply(raw: bytes, tls: bool, ascii: bool) -> Iterator[Spoken]:
    lines = raw.removesuffix(b"\n").removesuffix(b"\r").split(b"\n", MOST_LINES)
    for line in lines[:MOST_LINES]:
        yield "S:", printable(line.removesuffix(b"\r"), limit=_LONGEST, ascii=ascii), tls
    if len(lines) > MOST_LINES:
        rest = lines[MOST_LINES].count(b"\n") + 1
        yield "--", f"{number(rest, 'more line')}, not shown; --json has all of them", False


def _note(event: AnyEvent) -> str:
    match event:
        case Resolved():
            return f"{event.name} is {listed(event.addresses, 8) or 'without an address'}, says {event.source}"
        case Connected():
            return f"connected to {place(event.address, event.port)} from {event.local}"
        case Handshake():
            return f"{'sent' if event.sent else 'received'} {event.message}, {number(event.size, 'byte')}"
        case TlsUp():
            return f"TLS is up: {event.version}, {event.cipher}"
        case TlsFailed():
            alert = f", alert {event.alert}" if event.alert is not None else ""
            came = f", instead of a ServerHello came {quoted_bytes(event.first_bytes)}" if event.first_bytes else ""
            return f"TLS failed: {event.reason}{alert}{came}"
        case Closed():
            return {"eof": "closed from the other side", "reset": "reset"}.get(event.how, event.how)
        case Silent():
            had = f", {number(len(event.partial), 'byte')} of it had come" if event.partial else ""
            return f"silence: waited for {event.waiting_for}{had}"
        case Note():
            return event.text
    raise AssertionError(event)
