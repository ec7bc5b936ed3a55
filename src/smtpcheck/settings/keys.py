"""The keys of a file: a table of a target file or a profile becomes the fields of a Request.

A key is a long option with underscores (`ca_file`, `password_env`, `expect`), or a name that `target` has in JSON
(`host`, `sender`, `recipients`, `ehlo`); `from` and `to` mean `sender` and `recipients`, `keyring` is
`password_keyring`. A secret itself has no key: whoever writes one learns its line and never sees its value again, in
any message.
"""

import re
from collections.abc import Callable, Mapping
from enum import StrEnum

from smtpcheck.model import UsageError

Place = Callable[[str], str]
"""Tells where a key stands, for the beginning of a sentence: `targets.toml, line 7`."""


class Kind(StrEnum):
    """What a key takes, in the words of the sentence that asks for it."""

    TEXT = "a text"
    NUMBER = "a number"
    TRUTH = "true or false"
    TEXTS = "a list of texts"


_ALIASES = {"host": "target", "from": "sender", "to": "recipients", "ehlo": "helo", "keyring": "password_keyring"}
_NUMBERS = ("port", "timeout", "max_time")
_TRUTHS = (
    *("send", "second_looks", "ipv4", "ipv6", "all_addresses", "insecure", "allow_cleartext_auth"),
    *("password_stdin", "ask_password"),
)
_LISTS = ("recipients", "expect")
_TEXTS = (
    *("target", "tls", "user", "auth", "password_env", "password_file", "password_command", "password_keyring"),
    *("token_env", "token_file", "token_command", "sender", "header_from", "subject", "body_file"),
    *("until", "helo", "patience", "fail_on", "address", "source", "resolver", "proxy", "proxy_password_env"),
    *("ca_file", "verify_name", "sni", "client_cert", "client_key", "client_key_password_env", "min_tls"),
)
FIELDS: Mapping[str, Kind] = {
    **dict.fromkeys(_TEXTS, Kind.TEXT),
    **dict.fromkeys(_NUMBERS, Kind.NUMBER),
    **dict.fromkeys(_TRUTHS, Kind.TRUTH),
    **dict.fromkeys(_LISTS, Kind.TEXTS),
}
"""The fields of a Request that a file may set."""

KEYS = (*FIELDS, *_ALIASES)
SECRET_SOURCES = frozenset(
    name for name in FIELDS if name.startswith(("password_", "token_")) or name == "ask_password"
)

_SECRETS = {
    **dict.fromkeys(("password", "pass", "passwd", "pw", "secret", "auth_password", "smtp_password"), "password"),
    **dict.fromkeys(("token", "access_token", "oauth_token", "api_key", "apikey"), "token"),
    "proxy_password": "proxy_password",
    "client_key_password": "client_key_password",
}
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_WORDS = {"true": True, "yes": True, "on": True, "1": True, "false": False, "no": False, "off": False, "0": False}


def read_keys(table: Mapping[str, object], place: Place, more: Mapping[str, Kind] | None = None) -> dict[str, object]:
    """The fields of a Request that the table sets, ready for `Request(**fields)`; `more` are keys beside them.

    Raises UsageError, which names the place, the key and what is allowed, for the first key that cannot be used.
    """
    kinds = {**FIELDS, **(more or {})}
    found: dict[str, object] = {}
    said: dict[str, str] = {}
    for key, value in table.items():
        field = _ALIASES.get(key, key)
        if field not in kinds:
            raise UsageError(f"{place(key)}: {_unknown(key, (*kinds, *_ALIASES))}")
        if field in said:
            raise UsageError(f"{place(key)}: the keys {said[field]!r} and {key!r} mean the same: give one of them")
        said[field] = key
        found[field] = _value(value, kinds[field], key, place)
    return found


def read_words(row: Mapping[str, str], place: Place) -> dict[str, object]:
    """The same for a file in which every value is a text (CSV); an empty one is not given, a list is parted by `;`."""
    table: dict[str, object] = {}
    for key, text in row.items():
        if not text:
            continue
        kind = FIELDS.get(_ALIASES.get(key, key))
        if kind is Kind.TRUTH:
            table[key] = _WORDS.get(text.lower(), text)
        elif kind is Kind.TEXTS:
            table[key] = [part.strip() for part in text.split(";") if part.strip()]
        else:
            table[key] = text
    return read_keys(table, place)


def secret_key(key: str) -> bool:
    """Whether a key of that name would hold a secret itself."""
    return key.lower().replace("-", "_") in _SECRETS


def _unknown(key: str, known: tuple[str, ...]) -> str:
    """What is wrong with a key that does not exist, without what stands behind it."""
    from difflib import get_close_matches

    plain = key.lower().replace("-", "_")
    if plain in _SECRETS:
        kind = _SECRETS[plain]
        commands = "" if kind.startswith(("proxy", "client")) else f", {kind}_file or {kind}_command"
        return f"the key {key!r} would hold a secret (not shown): name its source with {kind}_env{commands}"
    if not _NAME.fullmatch(key):
        return "there is a key that is no name of an option (not shown)"
    if plain in known:
        return f"the key {key!r} is written {plain}"
    close = get_close_matches(plain, known, n=1)
    meant = f"did you mean {close[0]}?" if close else "a target has host, from, to, ehlo and the long options"
    return f"there is no key {key!r}: {meant}"


def _value(value: object, kind: Kind, key: str, place: Place) -> object:
    match kind, value:
        case Kind.TEXT, str():
            return value
        case Kind.NUMBER, str():
            return value  # `build` reads it, and knows its bounds
        case Kind.NUMBER, int() | float() if not isinstance(value, bool):
            return value
        case Kind.TRUTH, bool():
            return value
        case Kind.TEXTS, str():
            return (value,)
        case Kind.TEXTS, list() if all(isinstance(each, str) for each in value):
            return tuple(value)
    raise UsageError(f"{place(key)}: the key {key!r} holds {_what(value)}: it takes {kind}")


def _what(value: object) -> str:
    """The type of a value, and the value where it cannot be a secret."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return "a text"
        case int() | float():
            return "a number"
        case list():
            return "a list" if all(isinstance(each, str) for each in value) else "a list of something else than texts"
        case Mapping():
            return "a table"
        case None:
            return "null"
    return f"a {type(value).__name__}"
