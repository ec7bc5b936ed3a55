"""From configuration files to what their application will do: the carrier's entries, the reader that fits, its reading.

The application is recognised by its keys. Where two fit, or none, the sentence names them, and `--app` decides.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields, replace

from smtpcheck.model import Origin, UsageError
from smtpcheck.model.record import record
from smtpcheck.model.settings import Does, Effect, Entry, Given, Reading
from smtpcheck.settings.apps import Reader, reader_named, readers, recognised
from smtpcheck.settings.carriers import given
from smtpcheck.settings.carriers.dialects import DIALECTS
from smtpcheck.settings.quote import quoted


@record
class Application:
    """One service whose settings were read: what it was given, by whom it was read, and the reading. `files` are those
    that were named for it, `process` the one whose environment was.
    """

    given: Given
    reader: Reader
    reading: Reading
    files: tuple[str, ...] = ()
    process: int | None = None


def read_applications(
    paths: Sequence[str], *, app: str | None = None, service: str | None = None, process: int | None = None
) -> tuple[Application, ...]:
    """Every service with mail settings in these files, in their order; at least one.

    `app` names the application where its keys do not, `service` picks one of a compose file or manifest. Raises
    UsageError.
    """
    found = _of_service(given(paths, process=process), service)
    chosen = reader_named(app) if app is not None else None
    read = [
        Application(given=one, reader=reader, reading=_read(one, reader), files=tuple(paths), process=process)
        for one in found
        if (reader := _reader(one, chosen, alone=len(found) == 1)) is not None
    ]
    if not read:
        raise UsageError(
            f"{_named(paths, process)} {_has(paths)} no mail settings that smtpcheck knows: --app names the "
            f"application, one of {', '.join(reader.name for reader in readers())}"
        )
    return tuple(read)


def _of_service(found: Sequence[Given], service: str | None) -> Sequence[Given]:
    if service is None:
        return found
    kept = [one for one in found if one.service == service]
    if not kept:
        known = ", ".join(str(one.service) for one in found if one.service) or "no services"
        raise UsageError(f"--service {quoted(service)} is not in these files: they have {known}")
    return kept


def _reader(one: Given, chosen: Reader | None, *, alone: bool) -> Reader | None:
    """The reader of a service, None where it has no mail settings. Raises UsageError where several fit."""
    fitting = recognised(one)
    if chosen is not None:
        return chosen if alone or chosen in fitting else None
    if len(fitting) > 1:
        where = f"the service {one.service}" if one.service else "this configuration"
        names = " and ".join(reader.name for reader in fitting)
        raise UsageError(f"{where} fits {names}: --app NAME decides which of them it is")
    return fitting[0] if fitting else None


def _read(one: Given, reader: Reader) -> Reading:
    """The reading, each value as the application's own dialect has it; what that lost is an effect."""
    entries, lost = one.entries, []
    if reader.dialect is not None:
        pairs = [_in_dialect(entry, reader.dialect) for entry in one.entries]
        entries, lost = tuple(entry for entry, _ in pairs), [(entry, how) for entry, how in pairs if how]
    reading = reader.read(replace(one, entries=entries))
    places = set(_places(reading))
    changed = tuple(
        Effect(
            does=Does.CHANGES_VALUE,
            told=f"{reader.title} reads {entry.key} otherwise than it is written: {how}",
            origin=entry.origin,
        )
        for entry, how in lost
        if (entry.origin.file, entry.origin.line, entry.origin.key) in places
    )
    return replace(reading, effects=(*reading.effects, *changed))


def _in_dialect(entry: Entry, dialect: str) -> tuple[Entry, str | None]:
    if entry.raw is None:
        return entry, None
    value, lost = DIALECTS[dialect](entry.raw)
    return replace(entry, value=value), lost


def _places(reading: Reading) -> Iterator[tuple[str | None, int | None, str | None]]:
    """Where the values that count stand."""
    for one in fields(reading.settings):
        origin: Origin = getattr(reading.settings, one.name).origin
        yield origin.file, origin.line, origin.key


def _named(paths: Sequence[str], process: int | None) -> str:
    names = [quoted(path) for path in paths] + ([f"process {process}"] if process is not None else [])
    return ", ".join(names)


def _has(paths: Sequence[str]) -> str:
    return "have" if len(paths) > 1 else "has"
