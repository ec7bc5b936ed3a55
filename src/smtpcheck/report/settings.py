"""What an application's configuration says, on a terminal: the record as a table with the origin of each value, what is
wrong with it, and the keys that have no effect.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields

from smtpcheck.model import Finding, Origin, Severity
from smtpcheck.model.settings import DeadKey, SecretSetting, Security, Service, Setting
from smtpcheck.report.cause import steps
from smtpcheck.report.layout import Paragraph, lay_out, words
from smtpcheck.report.phrases import listed, number
from smtpcheck.report.printable import cleaned

LONGEST_TEXT = 500

_BLANK = Paragraph()
_NAMES = {"sender": "from", "envelope_sender": "envelope sender", "ehlo": "EHLO name", "secret": "password"}
_UNITS = {"timeout": " s"}
_SECURITY = {
    Security.IMPLICIT: "implicit TLS",
    Security.STARTTLS: "STARTTLS, required",
    Security.OPPORTUNISTIC: "STARTTLS if the server offers it, else in clear",
    Security.NONE: "none: in clear",
}
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.NOTE: "bold"}


def settings_text(services: Sequence[Service], titles: Sequence[str], *, width: int, color: bool, ascii: bool) -> str:
    """All services, one under the other; `titles` are the names of their applications."""
    paragraphs: list[Paragraph] = []
    for service, title in zip(services, titles, strict=True):
        shown = cleaned(service, limit=LONGEST_TEXT, ascii=ascii)
        paragraphs += [*([_BLANK] if paragraphs else []), *_service(shown, title)]
    return lay_out(paragraphs, width, color)


def _service(service: Service, title: str) -> Iterator[Paragraph]:
    name = f"{service.service}: {title}" if service.service is not None else title
    yield Paragraph(((name, "bold"), (f" ({service.app})", "dim")))
    for one in fields(service.settings):
        yield _row(one.name, getattr(service.settings, one.name))
    for found in service.findings:
        yield _BLANK
        yield from _finding(found)
    if service.dead:
        yield _BLANK
        yield words("Keys without effect:")
        yield from (_dead(dead) for dead in service.dead)
    if not service.findings:
        yield _BLANK
        yield words("Nothing is wrong with these settings that could be told without the server.")


def _row(name: str, setting: Setting | SecretSetting) -> Paragraph:
    value = _secret(setting) if isinstance(setting, SecretSetting) else _value(name, setting)
    return Paragraph(
        ((value, "" if setting.origin.kind != "default" else "dim"), (f" ({place(setting.origin)})", "dim")),
        ((f"  {_NAMES.get(name, name):<16}", ""),),
    )


def _value(name: str, setting: Setting) -> str:
    value = setting.value
    if isinstance(value, Security):
        return _SECURITY[value]
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value == "":
        return "(empty)" if value == "" else "none" if setting.origin.kind == "default" else "not known"
    return f"{value:g}{_UNITS.get(name, '')}" if isinstance(value, float) else f"{value}{_UNITS.get(name, '')}"


def _secret(secret: SecretSetting) -> str:
    if not secret.present:
        return "none"
    parts = ["set"]
    if secret.length is not None:
        parts.append(number(secret.length, "character"))
    if secret.shape is not None:
        parts.append(f"looks like {secret.shape}")
    if secret.hygiene:
        parts.append(listed(secret.hygiene))
    return ", ".join(parts)


def place(origin: Origin) -> str:
    """Where a value came from: `.env line 3, SMTP_HOST`, `default of Django`."""
    if origin.file is not None:
        where = f"{origin.file} line {origin.line}" if origin.line is not None else origin.file
        said = f"{where}, {origin.key}" if origin.key is not None else where
        return f"{said}: {origin.detail}" if origin.detail is not None else said
    said = origin.detail or origin.kind
    if origin.kind == "library":
        return f"left to the library: {said}"
    return f"{said}, {origin.key}" if origin.key is not None else said


def _finding(found: Finding) -> Iterator[Paragraph]:
    sure = "" if found.certainty.value == "certain" else f", {found.certainty}"
    yield Paragraph(((f"{found.severity}{sure}: ", _STYLES[found.severity]), (found.title, "bold")))
    yield words(found.why, indent=2)
    if where := [_pointed(pointer) for pointer in found.evidence]:
        yield words(f"Seen in: {listed(where, 6)}", indent=2)
    yield from steps(found.fix)
    yield words(f"More: smtpcheck explain {found.id}", "dim", indent=2)


def _pointed(pointer: object) -> str:
    match pointer:
        case {"file": file, "line": line, "key": key}:
            return f"{file} line {line} ({key})"
        case {"file": file, "line": line}:
            return f"{file} line {line}"
        case {"file": file}:
            return str(file)
        case {"key": key}:
            return str(key)
    return "the settings"


def _dead(dead: DeadKey) -> Paragraph:
    return words(f"{dead.key} ({place(dead.origin)}): {dead.why}", indent=2, bullet="* ")
