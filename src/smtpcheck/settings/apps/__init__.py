"""What applications call their mail settings, and what they do with them: one file per application.

A carrier (`settings.carriers`) knows a syntax: it turns files into flat `Entry`s, each with its file and line. A
reader, here, knows a vocabulary: it turns the entries of one service into the normalised record. It yields facts and
no findings; what they mean is told by `diagnose.settings`.

How to write one, `NAME.py`:

* `READER = Reader(name="vaultwarden", title="Vaultwarden", since="1.25", source="src/config.rs, ...",
  syntaxes=("env",), marks=(...), keys=(...), read=read, spell=spell)`. `marks` are keys that no other application has
  (one is enough to recognise it), `keys` such as others have too. A `*` at the end stands for any rest.
* `read(given) -> Reading` looks keys up in `Keys(given, "Vaultwarden")`. Each value carries its origin: the entry's,
  the application's default (`keys.default(...)`), or that the library decides (`keys.library(...)`). Follow the
  application: where it compares with `true` alone, `1` is false; an unknown value is what its code makes of it.
* Where it does something else than the words say, add an `Effect`: it sends nothing, refuses to start, skips the
  login, goes on in clear. `told` is a whole sentence with key and value (never a secret). A key that has no effect is
  a `DeadKey`.
* `spell(intent) -> assignments` says the same in the application's own keys: for `--as NAME`, and so that a fix can
  name the key, its line, its present and its new value. Leave out what is a default anyway.
* The head names the source and the version from which it holds. Nothing is executed, nothing else is read.

Its test, `tests/settings/apps/test_NAME.py`, reads real files under `files/NAME/`: one as the documentation shows it,
one for each trap; it asserts value, file, line and key, and the finding. Nothing is registered: files are listed.
"""

from collections.abc import Callable
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from smtpcheck.model import UsageError
from smtpcheck.model.record import record
from smtpcheck.model.settings import Assignment, Given, Reading, Security, Value
from smtpcheck.settings.quote import quoted

PLACEHOLDER = "PASSWORD"
"""What stands for the secret wherever settings are written out."""


@record
class Intent:
    """Settings as they are meant, to be written in an application's words. `user` None: no login."""

    host: str
    port: int
    security: Security
    user: str | None = None
    sender: str | None = None
    ehlo: str | None = None
    timeout: float | None = None


def login(intent: Intent, user: str, secret: str, *more: Assignment) -> tuple[Assignment, ...]:
    """The keys of a login, none where there is none: its name, a placeholder for its secret, and what goes with it."""
    if intent.user is None:
        return ()
    return (Assignment(key=user, value=intent.user), Assignment(key=secret, value=PLACEHOLDER), *more)


def where(value: Value, key: str) -> tuple[Assignment, ...]:
    """The key with its value, nothing where the value is None."""
    return () if value is None else (Assignment(key=key, value=value),)


@record
class Reader:
    """One application: how it is recognised, read and written. `syntax` is the one that `spell` is written in.

    `dialect` names how it reads an `.env` or an ini file, where that matters (`carriers.dialects`). `generic` readers
    stand back behind every other.
    """

    name: str
    title: str
    since: str
    source: str
    syntaxes: tuple[str, ...]
    read: Callable[[Given], Reading]
    spell: Callable[[Intent], tuple[Assignment, ...]]
    marks: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    generic: bool = False
    dialect: str | None = None
    fits: Callable[[Given], bool] | None = None

    @property
    def syntax(self) -> str:
        return self.syntaxes[0]


@cache
def readers() -> tuple[Reader, ...]:
    """Every reader, by name."""
    modules = (import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__))
    found = [module.READER for module in modules if hasattr(module, "READER")]
    return tuple(sorted(found, key=lambda reader: str(reader.name)))


def reader_named(name: str) -> Reader:
    """The reader of that name. Raises UsageError, which names the nearest one."""
    from difflib import get_close_matches

    known = {reader.name: reader for reader in readers()}
    if name in known:
        return known[name]
    close = get_close_matches(name.lower(), known, n=1)
    raise UsageError(
        f"there is no application {quoted(name)}: "
        + (f"did you mean {close[0]}?" if close else f"give one of {', '.join(known)}")
    )


def recognised(given: Given) -> tuple[Reader, ...]:
    """The readers that fit, none where nothing does. Several: only the user can tell (`--app`)."""
    able = [reader for reader in readers() if set(reader.syntaxes) & set(given.syntaxes)]
    found = [reader for reader in able if _is_marked(reader, given)]
    if not any(not reader.generic for reader in found):
        found += [reader for reader in able if _has_keys(reader, given) and reader not in found]
    return tuple([reader for reader in found if not reader.generic] or found)


def _is_marked(reader: Reader, given: Given) -> bool:
    if reader.fits is not None:
        return reader.fits(given)
    return any(matches(entry.key, mark) for entry in given.entries for mark in reader.marks)


def _has_keys(reader: Reader, given: Given) -> bool:
    """Whether all its common keys stand there."""
    return bool(reader.keys) and all(any(matches(entry.key, key) for entry in given.entries) for key in reader.keys)


def matches(key: str, mark: str) -> bool:
    """Whether a key is the mark, or begins with it where the mark ends in `*`."""
    return key.startswith(mark[:-1]) if mark.endswith("*") else key == mark
