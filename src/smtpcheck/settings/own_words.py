"""A change of the normalised record, said in an application's own words: which key, in which file and line, now what,
and what to write there.

The application is asked to spell both the present settings and the wanted ones (`Reader.spell`); where the two differ
is what has to be changed. A value that is, or holds, the password is never repeated.
"""

from collections.abc import Mapping
from dataclasses import replace

from smtpcheck.model import Origin
from smtpcheck.model.settings import Effect, Entry, Security, Settings, Value
from smtpcheck.settings.applications import Application
from smtpcheck.settings.apps import PLACEHOLDER, Intent
from smtpcheck.settings.spelling import line

HOST, USER, SENDER = "smtp.example.com", "USER", "you@example.com"
"""What stands for a value that nobody knows yet."""

_LONGEST = 60
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
    """The step for what a reader itself would have instead; None where it names nothing."""
    if effect.instead is None or effect.origin.key is None:
        return None
    if effect.shown == effect.origin.key:  # another key, not another value: an option in the wrong place
        return f"write `{effect.instead}` instead of `{effect.shown}`{place(effect.origin)}"
    written = line(effect.origin.key, effect.instead, _syntax(application, effect.origin))
    return f"set `{written}`{place(effect.origin)}{_now(effect.shown)}"


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
    parts = [_set(application, key, new[key], _entry(application, key)) for key in changed]
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
    return present


def _to_choose(application: Application, name: str) -> str | None:
    """The key of a field whose value only the user knows."""
    origin: Origin = getattr(application.reading.settings, name).origin
    entry = _entry(application, origin.key) if origin.key is not None else None
    key = origin.key or _key_of(application, name)
    if key is None:
        return None
    if entry is None:
        return f"set `{key}`{_somewhere(application)} to {_CHOSEN[name]}"
    return f"set `{entry.key}`{place(entry.origin)} to {_CHOSEN[name]}{_now(_shown(application, entry))}"


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
        return f"add `{written}`{_somewhere(application)}"
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
    text = str(entry.value).lower() if isinstance(entry.value, bool) else str(entry.value)
    if reading.secret is not None and reading.secret.reveal() in text:
        return None
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
