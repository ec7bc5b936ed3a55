"""A file of settings: `[defaults]`, and a `[profile.NAME]` for each server.

    [defaults]
    timeout = 10

    [profile.work]
    host = "mail.example.com"
    user = "alice"
    password_command = "pass show mail/work"
    expect = ["min-tls=1.2"]
    report = ["junit=smtp.xml"]

A file never holds a secret: it names where the secret is. Whose file it is decides what may stand in it (`trust`).
Paths in it are read from the folder that it lies in; reports go where the command line's would.
"""

import os
import shlex
from collections.abc import Mapping

from smtpcheck.model import Origin, UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.settings.endpoint import parse_proxy
from smtpcheck.settings.files import read_file
from smtpcheck.settings.keys import Kind, Place, read_keys
from smtpcheck.settings.places import shown_path
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.target import parse_target
from smtpcheck.settings.toml_text import Document, read_toml
from smtpcheck.settings.trust import check_guest

LIMIT = 64 * 1024
MORE = {"report": Kind.TEXTS}
PATHS = ("password_file", "token_file", "body_file", "ca_file", "client_cert", "client_key")
LONGEST_NAME = 64
COMMANDS = ("password_command", "token_command")


@brief_record
class Value:
    """A field's value and where it came from; `guest` is one that the working directory's file says."""

    value: object
    origin: Origin
    guest: bool = False


Fields = Mapping[str, Value]


@brief_record
class ProfileFile:
    """What a file says. `guest` is the working directory's, which may have come from anybody."""

    path: str
    shown: str
    guest: bool
    defaults: Fields
    profiles: Mapping[str, Fields]


def read_profiles(path: str, *, guest: bool, named_by: str = "the search for settings") -> ProfileFile:
    """All that stands in the file. Raises UsageError with the line for the first thing in it that cannot be used."""
    document = read_document(path, named_by)
    shown = shown_path(path)
    tables = {"defaults": document.data.get("defaults", {}), "profile": document.data.get("profile", {})}
    for key in document.data:
        if key not in tables:
            raise UsageError(
                f"{shown}, line {document.line(key)}: there is something besides [defaults] and [profile.NAME], "
                "in which all keys stand"
            )
    for key, table in tables.items():
        if not isinstance(table, dict):
            header = "[defaults]" if key == "defaults" else "[profile.NAME]"
            raise UsageError(f"{shown}, line {document.line(key)}: {key!r} is a table: write {header}")
    profiles: dict[str, Fields] = {}
    for name, table in tables["profile"].items():
        if not isinstance(table, dict):
            line = document.line("profile", name)
            raise UsageError(f"{shown}, line {line}: a profile is a table: write [profile.NAME] and its keys below")
        if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
            line = document.line("profile", name)
            raise UsageError(f"{shown}, line {line}: a profile's name has 1 to {LONGEST_NAME} printable characters")
        profiles[name] = _fields(document, shown, path, ("profile", name), table, guest=guest)
    defaults = _fields(document, shown, path, ("defaults",), tables["defaults"], guest=guest)
    return ProfileFile(path, shown, guest, defaults, profiles)


def read_document(path: str, named_by: str) -> Document:
    """The file as TOML with its places. Raises UsageError."""
    shown = shown_path(path)
    raw = read_file(path, named_by, LIMIT, name=shown).raw
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{shown}: it is not UTF-8 at byte {error.start}") from None
    return read_toml(text, shown)


def _fields(
    document: Document, shown: str, path: str, where: tuple[str, ...], table: Mapping[str, object], *, guest: bool
) -> Fields:
    place: Place = lambda key: f"{shown}, line {document.line(*where, key)}"  # noqa: E731
    read = read_keys(table, place, MORE)
    keys = {field: key for key in table for field in read_keys({key: table[key]}, place, MORE)}
    for field, value in read.items():
        if guest:
            check_guest(field, value, keys[field], place, defaults=where == ("defaults",))
        check_command(field, value, place(keys[field]))
        _check_url(field, value, place(keys[field]))
    detail = "[defaults]" if where == ("defaults",) else f"profile {where[-1]}"
    return {
        field: Value(
            _located(field, value, path),
            Origin(kind="file", detail=detail, file=shown, line=document.line(*where, keys[field]), key=keys[field]),
            guest,
        )
        for field, value in read.items()
    }


def check_command(field: str, value: object, place: str) -> None:
    """Raises UsageError for a command that means another program in each directory: it would be the one of whoever
    filled the directory that smtpcheck is started in.
    """
    if field not in COMMANDS or not isinstance(value, str):
        return
    try:
        program = next(iter(shlex.split(value)), "")
    except ValueError:
        return  # `bounded` says how to quote, if it comes to that
    if os.path.dirname(program) and not os.path.isabs(program):
        raise UsageError(
            f"{place}: {field} names its program by a relative path, which is another program in every directory: "
            "give its whole path, or a name that PATH finds"
        )


def _check_url(field: str, value: object, place: str) -> None:
    """Raises UsageError for a server or proxy that cannot be one; a URL may hold a password, which is not shown."""
    if not isinstance(value, str):
        return
    try:
        if field == "target":
            parse_target(value)
        elif field == "proxy":
            parse_proxy(value)
    except UsageError as error:
        raise UsageError(f"{place}: {error}") from None


def _located(field: str, value: object, path: str) -> object:
    """A path in the file, from the folder that the file lies in."""
    if field not in PATHS or not isinstance(value, str) or not value:
        return value
    return os.path.join(os.path.dirname(os.path.abspath(path)), os.path.expanduser(value))


def no_such_profile(name: str, files: list[ProfileFile], looked: list[str]) -> UsageError:
    """The sentence for a name that no file has, with the nearest."""
    from difflib import get_close_matches

    known = sorted({each for file in files for each in file.profiles})
    near = get_close_matches(name, known, n=1)
    there = ", ".join(known[:10]) or "none"
    meant = f"did you mean {near[0]}?" if near else f"there are: {there}"
    return UsageError(f"there is no profile {quoted(name)} in {' or '.join(looked)}: {meant}")
