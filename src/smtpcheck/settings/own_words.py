"""A change of the normalised record, said in an application's own words: which key, in which file and line, now what,
and what to write there.

The application is asked to spell both the present settings and the wanted ones (`Reader.spell`); where the two differ
is what has to be changed. A value that is, or holds, the password is never repeated.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from smtpcheck.model import Origin
from smtpcheck.model.settings import DeadKey, Does, Effect, Entry, Security, Settings, Value
from smtpcheck.settings.applications import Application
from smtpcheck.settings.apps import PLACEHOLDER, Intent
from smtpcheck.settings.apps.lookup import as_text
from smtpcheck.settings.carriers.dialects import DIALECTS
from smtpcheck.settings.spelling import line

HOST, USER, SENDER = "smtp.example.com", "USER", "you@example.com"
"""What stands for a value that nobody knows yet."""

_LONGEST = 60
_LOGIN_IN_URL = re.compile(r"://[^/\s]*:[^/\s]*@")
_CHOSEN = {
    "host": "the name of your mail server",
    "port": "a port that the server listens on",
    "user": "the name that the server knows you by",
    "secret": "the password that belongs to it",
    "sender": "a full address of yours",
    "ehlo": "the full name of this machine",
    "timeout": "a number of seconds",
    "security": "the mode that belongs to the port",
}


def intent_of(settings: Settings) -> Intent:
    """The settings as they are meant, what is not known filled by what is usual."""
    return Intent(
        host=_text(settings.host.value) or HOST,
        port=settings.port.value if isinstance(settings.port.value, int) else 587,
        security=settings.security.value if isinstance(settings.security.value, Security) else Security.STARTTLS,
        user=_text(settings.user.value),
        sender=_text(settings.sender.value),
        ehlo=_text(settings.ehlo.value) if settings.ehlo.origin.kind in ("file", "process") else None,
        timeout=settings.timeout.value if isinstance(settings.timeout.value, int | float) else None,
    )


def unknown(settings: Settings) -> str | None:
    """Which of the values that every connection needs is not known, and why; None where all are."""
    needed = (("host", settings.host), ("port", settings.port), ("TLS mode", settings.security))
    for name, one in needed:
        if one.value in (None, ""):
            at = one.origin
            where = f"{at.key}{place(at)} " if at.key is not None else ""
            return f"the {name} is not known ({where}{at.detail or 'is empty'})"
    return None


def of_effect(application: Application, effect: Effect) -> str | None:
    """The step for what a reader told: what to write instead where it knows that, else which line is meant. None where
    no line is.
    """
    origin = effect.origin
    entry = _entry(application, origin.key) if origin.key is not None else None
    if entry is None or origin.key is None:
        return None
    if effect.instead and effect.shown == origin.key:  # another key, not another value: an option in the wrong place
        return f"write `{effect.instead}` instead of `{effect.shown}`{place(origin)}"
    key, now = _named(application, entry.key, origin), _now(_shown(application, entry))
    if effect.does is Does.CHANGES_VALUE and (quotes := _quotes(application, entry)) is not None:
        return f"put the value of `{key}`{place(origin)} between {quotes}, which keep it whole"
    if effect.does is Does.TRUSTS_ANYBODY and entry.key != application.reading.settings.host.origin.key:
        return f"take `{key}` out{place(origin).replace(' in ', ' of ', 1)}{now}"
    if effect.instead and not effect.instead.endswith("://") and effect.shown in (None, as_text(entry.value)):
        written = line(entry.key, _typed(effect.instead, entry), _syntax(application, origin))
        return f"set `{written}`{place(origin)}{now}"
    return None if effect.does in _WITHOUT_LINE else f"correct `{key}`{place(origin)}{now}"


def of_dead(keys: Sequence[DeadKey]) -> str:
    """The step for keys that are not read."""
    first = keys[0]
    more = f" and {len(keys) - 1} more" if len(keys) > 1 else ""
    return f"take `{first.key}`{place(first.origin)}{more} out, and write the value where the application reads it"


def missing_switches(application: Application, *, login: bool) -> str | None:
    """The step for keys that only switch something on (`enabled`; with `login` `auth`): those that the application
    needs whatever its server, and that do not stand in its files so.
    """
    intent = replace(intent_of(application.reading.settings), security=Security.STARTTLS)
    values = {as_text(one) for one in (intent.host, intent.port, intent.user, intent.sender, intent.ehlo, PLACEHOLDER)}
    implicit = {one.key: one.value for one in application.reader.spell(replace(intent, security=Security.IMPLICIT))}
    without = {(one.key, one.value) for one in application.reader.spell(replace(intent, user=None))}
    parts = [
        _set(application, one.key, one.value, entry)
        for one in application.reader.spell(intent)
        if ((one.key, one.value) not in without) is login
        if implicit.get(one.key) == one.value and as_text(one.value) not in values
        if (entry := _entry(application, one.key)) is None or as_text(entry.value) != as_text(one.value)
    ]
    return ", and ".join(parts) or None


_WITHOUT_LINE = (Does.WAITS_FOR_EVER, Does.SKIPS_LOGIN, Does.LOGS_IN_WITHOUT_SECRET, Does.CONNECTS_TO_LOCALHOST)
"""What is not wrong in a line that stands there, but for one that does not."""


def _typed(text: str, entry: Entry) -> Value:
    """A switch as its syntax has it, where the present value is one."""
    return text == "true" if isinstance(entry.value, bool) and text in ("true", "false") else text


def _quotes(application: Application, entry: Entry) -> str | None:
    """The quotes that keep a value whole which the application's dialect cuts; None where it does not."""
    dialect = application.reader.dialect
    if dialect is None or entry.raw is None or DIALECTS[dialect](entry.raw)[1] is None:
        return None
    return '`"""` and `"""`' if dialect == "go-ini" else "`'` and `'`"


def step(application: Application, change: Mapping[str, Value]) -> str | None:
    """One sentence that says how the application's files change so that these fields have these values; None where it
    has no key for them. A value of None: the user has to choose it.
    """
    known = {name: value for name, value in change.items() if value is not None}
    parts = _known(application, known) if known else []
    parts += [part for name in change if name not in known if (part := _to_choose(application, name)) is not None]
    return ", and ".join(parts) or None


def _known(application: Application, change: Mapping[str, Value]) -> list[str]:
    present = _present(application, change)
    wanted = replace(present, **change)  # type: ignore[arg-type]  # the names of Intent
    old = {one.key: one.value for one in application.reader.spell(present)}
    new = {one.key: one.value for one in application.reader.spell(wanted)}
    changed = [key for key in new if key not in old or old[key] != new[key]]
    gone = [key for key in old if key not in new]
    origins = [getattr(application.reading.settings, name).origin for name in change]
    if len(changed) == 1 and not gone and len(origins) == 1 and origins[0].key is not None:
        entry = _entry(application, changed[0]) or _entry(application, origins[0].key)
        if entry is not None:
            return [_set(application, entry.key, new[changed[0]], entry)]
    parts = [
        _set(application, key, new[key], entry)
        for key in changed
        if (entry := _entry(application, key)) is None or as_text(entry.value) != as_text(new[key])
    ]
    left = [entry for key in gone if (entry := _entry(application, key)) is not None]
    left += [
        entry
        for origin in origins
        if origin.key is not None and not any(_same(origin.key, key) for key in (*new, *gone))
        if (entry := _entry(application, origin.key)) is not None
    ]
    return parts + [f"remove `{one.key}`{place(one.origin)}{_now(_shown(application, one))}" for one in left]


def _present(application: Application, change: Mapping[str, Value]) -> Intent:
    """The present settings, with something else than what is wanted where the present value is not known."""
    settings = application.reading.settings
    present = intent_of(settings)
    if "security" in change and not isinstance(settings.security.value, Security):
        other = Security.STARTTLS if change["security"] is Security.IMPLICIT else Security.IMPLICIT
        return replace(present, security=other)
    if "timeout" in change and present.timeout is None:
        return replace(present, timeout=-1)
    return present


def _to_choose(application: Application, name: str) -> str | None:
    """The key of a field whose value only the user knows."""
    settings = application.reading.settings
    origin: Origin = getattr(settings, name).origin
    if name == "sender" and origin == settings.user.origin:
        origin = Origin(kind="default")  # the login's name stands in for it
    entry = _entry(application, origin.key) if origin.key is not None else None
    key = origin.key or _key_of(application, name)
    if key is None:
        return None
    if entry is None:
        return f"set `{_named(application, key, origin)}`{_somewhere(application)} to {_CHOSEN[name]}"
    shown = _named(application, entry.key, entry.origin)
    return f"set `{shown}`{place(entry.origin)} to {_CHOSEN[name]}{_now(_shown(application, entry))}"


def _named(application: Application, key: str, origin: Origin | None) -> str:
    """A key as it stands in a file: the section of an ini file stands in a line of its own."""
    section, _, name = key.rpartition(".")
    return f"[{section}] {name}" if section and _syntax(application, origin) == "ini" else key


def _key_of(application: Application, name: str) -> str | None:
    """The key in which the application spells a field, found by the value that stands there."""
    marks: Mapping[str, Value] = {"host": HOST, "user": USER, "secret": PLACEHOLDER, "sender": SENDER}
    if name not in marks:
        return None
    spelled = application.reader.spell(
        Intent(host=HOST, port=587, security=Security.STARTTLS, user=USER, sender=SENDER)
    )
    return next((one.key for one in spelled if one.value == marks[name]), None)


def _set(application: Application, key: str, value: Value, entry: Entry | None) -> str:
    origin = entry.origin if entry is not None else None
    name = entry.key if entry is not None else key
    written = line(name, value, _syntax(application, origin))
    if entry is None:
        section = key.rpartition(".")[0] if _syntax(application, origin) == "ini" else ""
        under = f" under [{section}]" if section else ""
        return f"add `{written}`{under}{_somewhere(application).replace(' in ', ' to ', 1)}"
    return f"set `{written}`{place(entry.origin)}{_now(_shown(application, entry))}"


def _entry(application: Application, key: str) -> Entry | None:
    """The last entry with that key, in whatever case."""
    return next((one for one in reversed(application.given.entries) if _same(one.key, key)), None)


def _same(key: str, other: str) -> bool:
    return key.casefold() == other.casefold()


def _shown(application: Application, entry: Entry) -> str | None:
    """A present value that may be repeated: nothing that is the password, or holds it."""
    reading = application.reading
    if entry.unread is not None or entry.value is None or entry.key == reading.settings.secret.origin.key:
        return None
    text = as_text(entry.value)
    if (reading.secret is not None and reading.secret.reveal() in text) or _LOGIN_IN_URL.search(text):
        return None
    match _syntax(application, entry.origin):
        case "python":
            return repr(entry.value)
        case "json":
            return json.dumps(entry.value, ensure_ascii=False)
    return text


def _now(value: str | None) -> str:
    if value is None:
        return ""
    if not value:
        return " (now empty)"
    return f" (now `{value if len(value) <= _LONGEST else value[: _LONGEST - 3] + '...'}`)"


def place(origin: Origin) -> str:
    """` in .env line 12`, or where else it stands."""
    if origin.file is not None:
        return f" in `{origin.file}`" + (f" line {origin.line}" if origin.line is not None else "")
    return " in its environment" if origin.kind == "process" else ""


def _somewhere(application: Application) -> str:
    """Where a key goes that does not stand anywhere yet: into the file in which the others stand."""
    settings = application.reading.settings
    for one in (settings.host, settings.port, settings.security, settings.user, settings.sender):
        if one.origin.file is not None:
            return f" in `{one.origin.file}`"
    files = dict.fromkeys(entry.origin.file for entry in application.given.entries if entry.origin.file is not None)
    return f" in `{next(iter(files))}`" if len(files) == 1 else ""


def _syntax(application: Application, origin: Origin | None) -> str:
    """How an assignment is written there: a compose file holds an environment as YAML."""
    file = (origin.file if origin is not None else None) or _somewhere(application).removeprefix(" in `").rstrip("`")
    if file.lower().endswith((".yml", ".yaml")):
        return "yaml" if "env" not in application.given.syntaxes else "env"
    able = [one for one in application.reader.syntaxes if one in application.given.syntaxes]
    if file.lower().endswith(".json") and "json" in able:
        return "json"
    return able[0] if able else application.reader.syntax


def _text(value: Value) -> str | None:
    return value if isinstance(value, str) and value else None
