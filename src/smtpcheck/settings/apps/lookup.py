"""Looking keys up among the entries of one service, so that each value keeps its origin.

Of several entries with one key the last counts; a reader whose application decides otherwise asks for `all`.
"""

from collections.abc import Callable, Iterable

from smtpcheck.model import Origin, Secret
from smtpcheck.model.secret import describe_secret
from smtpcheck.model.settings import Does, Effect, Entry, Given, SecretSetting, Setting, Value

TRUE = ("true", "1", "yes", "on")
"""What most applications take as true in an environment, where they look at the lower-cased text."""


class Keys:
    """The entries of one service under the name of its application. `under` is put before each key."""

    def __init__(self, given: Given, title: str, under: str = "") -> None:
        self.given = given
        self.title = title
        self.under = under

    def entry(self, *names: str) -> Entry | None:
        """The entry of the first of these keys that stands there; of several with one key the last."""
        for name in names:
            for entry in reversed(self.given.entries):
                if entry.key == self.under + name:
                    return entry
        return None

    def all(self, *names: str) -> tuple[Entry, ...]:
        """All entries with one of these keys, in their order."""
        wanted = {self.under + name for name in names}
        return tuple(entry for entry in self.given.entries if entry.key in wanted)

    def filled(self, *names: str) -> Entry | None:
        """The same as `entry`, for applications that take an empty text for nothing."""
        for name in names:
            entry = self.entry(name)
            if entry is not None and (entry.unread is not None or entry.value not in ("", None)):
                return entry
        return None

    def value(self, *names: str) -> Value:
        """The bare value of `filled`; None where there is none, or it could not be read."""
        entry = self.filled(*names)
        return None if entry is None or entry.unread is not None else entry.value

    def text(self, *names: str, default: str | None = None, detail: str | None = None) -> Setting:
        """A text, or the application's default."""
        entry = self.filled(*names)
        return self.default(default, detail) if entry is None else setting(entry, str)

    def number(self, *names: str, default: float | None = None, detail: str | None = None) -> Setting:
        """A whole or decimal number, or the default; None with the text as `detail` where the value is none."""
        entry = self.filled(*names)
        return self.default(default, detail) if entry is None else setting(entry, number)

    def truth(self, *names: str, default: bool, true: Iterable[str] = TRUE) -> Setting:
        """True where the lower-cased text is one of `true`, or a syntax with types says so."""
        entry = self.filled(*names)
        if entry is None:
            return self.default(default)
        words = tuple(true)
        return setting(entry, lambda value: value if isinstance(value, bool) else str(value).strip().lower() in words)

    def secret(self, *names: str) -> tuple[SecretSetting, Secret | None]:
        """The password: what may be said of it, and itself. Its text never leaves this pair."""
        entry = self.filled(*names)
        if entry is None:
            empty = self.entry(*names)
            where = empty.origin if empty is not None else Origin(kind="default", detail=f"default of {self.title}")
            return SecretSetting(present=False, origin=where), None
        if entry.unread is not None:
            return SecretSetting(present=True, origin=_unread(entry)), None
        secret = Secret(as_text(entry.value))
        facts = describe_secret(secret, "file")
        told = SecretSetting(
            present=True, origin=entry.origin, length=facts.length, hygiene=facts.hygiene, shape=facts.shape
        )
        return told, secret

    def default(self, value: Value, detail: str | None = None) -> Setting:
        """What the application takes where nothing is set."""
        return Setting(value=value, origin=Origin(kind="default", detail=detail or f"default of {self.title}"))

    def derived(self, value: Value, detail: str) -> Setting:
        """What follows from other values: `detail` says from which."""
        return Setting(value=value, origin=Origin(kind="derived", detail=detail))

    def library(self, detail: str) -> Setting:
        """What the application leaves to its library, and so is not known."""
        return Setting(value=None, origin=Origin(kind="library", detail=detail))

    def effect(
        self, does: Does, told: str, *names: str, shown: str | None = None, instead: str | None = None
    ) -> Effect:
        """What the application does because of the first of these keys that stands there."""
        entry = self.entry(*names)
        origin = entry.origin if entry is not None else Origin(kind="default", detail=f"default of {self.title}")
        return Effect(does=does, told=told, origin=origin, shown=shown, instead=instead)


def setting(entry: Entry, convert: Callable[[Value], Value] = lambda value: value) -> Setting:
    """An entry's value with its origin, converted; None where it could not be read, or is nothing of that kind."""
    if entry.unread is not None:
        return Setting(value=None, origin=_unread(entry))
    value = convert(as_text(entry.value) if convert is str else entry.value)
    if value is None and entry.value is not None:
        origin = entry.origin
        return Setting(
            value=None,
            origin=Origin(kind=origin.kind, detail="not a number", file=origin.file, line=origin.line, key=origin.key),
        )
    return Setting(value=value, origin=entry.origin)


def same(setting: Setting) -> Setting:
    """The same value from the same place: the envelope sender where it is the From address."""
    return Setting(value=setting.value, origin=setting.origin)


def logs_in(keys: Keys, user: Setting, name: str) -> Setting:
    """The rule of most libraries: a user means a login."""
    return keys.derived(user.value is not None, f"{name} is set" if user.value is not None else f"no {name}")


def as_text(value: Value) -> str:
    """A value as an environment would hold it."""
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)


def number(value: Value) -> int | float | None:
    """The number that a value is or spells, or None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return value
    text = value.strip()
    if not text.isascii() or len(text) > 12:
        return None
    try:
        return int(text)
    except ValueError:
        try:
            found = float(text)
        except ValueError:
            return None
        return found if abs(found) < 1e9 else None


def _unread(entry: Entry) -> Origin:
    origin = entry.origin
    return Origin(kind=origin.kind, detail=entry.unread, file=origin.file, line=origin.line, key=origin.key)
