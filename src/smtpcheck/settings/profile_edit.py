"""Writing one profile into a file that a person may have written: every line outside of its table stays as it is.

The table's lines are replaced in the text. What came of it is read again and compared with what was to come of it;
where the two differ, or a comment would be lost, nothing is written.
"""

import os
from collections.abc import Mapping
from typing import Any

from smtpcheck.model import UsageError
from smtpcheck.settings.keys import FIELDS, Kind
from smtpcheck.settings.places import shown_path
from smtpcheck.settings.profiles import LIMIT, check_command, read_document
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.toml_text import Document, read_toml

_KEY_OF = {"target": "host", "sender": "from", "recipients": "to"}


def save_profile(path: str, name: str, fields: Mapping[str, object]) -> bool:
    """Writes the profile; True if it took the place of one. Raises UsageError, and has then changed nothing."""
    for field, value in fields.items():
        check_command(field, value, f"profile {name}")
    document = _document(path)
    table = {_KEY_OF.get(field, field): _written(field, value) for field, value in fields.items()}
    before = document.data.get("profile", {})
    there = isinstance(before, dict) and name in before
    text = _without(document, name, path) if there else document.text
    wanted = {**document.data, "profile": {**(before if isinstance(before, dict) else {}), name: table}}
    _write(path, document, _with(text, name, table), wanted)
    return there


def remove_profile(path: str, name: str) -> None:
    """Takes the profile out of the file. Raises UsageError, and has then changed nothing."""
    document = _document(path)
    profiles = document.data.get("profile", {})
    if not isinstance(profiles, dict) or name not in profiles:
        there = ", ".join(sorted(profiles)[:10]) if isinstance(profiles, dict) and profiles else "none"
        raise UsageError(f"there is no profile {quoted(name)} in {shown_path(path)}: there are: {there}")
    left = {key: value for key, value in profiles.items() if key != name}
    _write(path, document, _without(document, name, path), {**document.data, "profile": left})


def _document(path: str) -> Document:
    if not os.path.exists(path):  # a link may lead to a file that is not there yet
        return read_toml("", shown_path(path))
    return read_document(path, "profile")


def _written(field: str, value: object) -> object:
    """The value as a person would write it; a number that was typed is a text until here."""
    if FIELDS.get(field) is Kind.NUMBER and isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return list(value) if isinstance(value, tuple) else value


def _with(text: str, name: str, table: Mapping[str, object]) -> str:
    """The text with the profile at its end."""
    import tomli_w

    text = text.rstrip("\r\n") + "\n\n" if text.strip() else ""
    return text + tomli_w.dumps({"profile": {name: table}})


def _without(document: Document, name: str, path: str) -> str:
    """The text without the profile's table. Raises UsageError if that would take a comment along."""
    statements, text, shown = document.statements, document.text, shown_path(path)
    first = next((i for i, each in enumerate(statements) if each.header and each.path == ("profile", name)), None)
    if first is None:
        raise UsageError(
            f"{shown}, line {document.line('profile', name)}: the profile {quoted(name)} is not written as one table "
            f"[profile.{name}]: change it by hand"
        )
    last = first
    while last + 1 < len(statements) and not statements[last + 1].header:
        last += 1
    begins, ends = statements[first].begins, statements[last].ends
    ends = len(text) if (end := text.find("\n", ends)) < 0 else end + 1
    lost = next((offset for offset in document.comments if begins <= offset < ends), None)
    if lost is not None:
        raise UsageError(
            f"{shown}, line {document.line_at(lost)}: there is a comment in the profile {quoted(name)}, which would be "
            "lost: move it above the profile, or change the profile by hand"
        )
    return text[:begins] + text[ends:]


def _write(path: str, before: Document, text: str, wanted: Mapping[str, Any]) -> None:
    shown = shown_path(path)
    try:
        after: Mapping[str, Any] = read_toml(text, shown).data
    except UsageError:
        after = {}
    if _filled(after) != _filled(wanted):
        raise UsageError(f"{shown}: the profile cannot be changed without changing other lines: do it by hand")
    raw = text.encode("utf-8")
    if len(raw) > LIMIT:
        raise UsageError(f"{shown}: it would have more than {LIMIT // 1024} KiB, the most that is read")
    try:
        _replace(path, before, raw)
    except OSError as error:
        raise UsageError(f"{shown} cannot be written: {error.strerror}") from None


def _filled(data: Mapping[str, Any]) -> dict[str, Any]:
    """Without the table of profiles where it is empty: a file does not tell that from none."""
    return {key: value for key, value in data.items() if not (key == "profile" and value == {})}


def _replace(path: str, before: Document, raw: bytes) -> None:
    """The new file takes its name when it is whole. A link stays one; a new file is its owner's alone."""
    import tempfile

    final = os.path.realpath(path)
    folder, name = os.path.split(final)
    os.makedirs(folder, mode=0o700, exist_ok=True)
    mode = None
    if os.path.exists(final):
        if not os.access(final, os.W_OK):
            raise PermissionError(0, "it is not ours to write")
        if _document(final).text != before.text:
            raise UsageError(f"{shown_path(path)} was changed by somebody else just now: try again")
        mode = os.stat(final).st_mode & 0o777
    descriptor, beside = tempfile.mkstemp(prefix=f".{name}.", suffix=".tmp", dir=folder)  # 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            if mode is not None and hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), mode)
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, final)
    except BaseException:
        if os.path.lexists(beside):
            os.unlink(beside)
        raise
