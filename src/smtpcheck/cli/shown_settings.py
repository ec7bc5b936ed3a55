"""`check --show-settings`: each value and where it comes from. Nothing is sent, and no secret is read."""

import dataclasses
import os
import sys
from collections.abc import Mapping

from smtpcheck.cli.printing import Style
from smtpcheck.cli.session import is_terminal
from smtpcheck.model import Options, Origin, Target
from smtpcheck.model.record import brief_record
from smtpcheck.settings.build import build
from smtpcheck.settings.keys import FIELDS, SECRET_SOURCES
from smtpcheck.settings.layers import Settled
from smtpcheck.settings.origins import placed, where
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.request import Request
from smtpcheck.settings.secret_sources import PASSWORD_VARIABLE, shown_source

_NAME_OF = {"target": "host", "sender": "from", "recipients": "to"}
_UNSET = "not set"
_PIPED = 10_000  # a program that reads it takes a setting for a line


@brief_record
class Row:
    """A setting: its key, its value as JSON has it, and its origin (None: it is not set)."""

    key: str
    value: object
    origin: Origin | None


@brief_record
class ShowSettings:
    """The list that was asked for; called, it is printed."""

    settled: Settled
    request: Request
    profile: str | None
    json: bool = False
    color: str = "auto"

    def __call__(self) -> int:
        rows = all_rows(self.settled, self.request)
        style = Style(json=self.json, color=self.color)
        if self.json:
            style.write_json(
                {
                    "schema": 1,
                    "profile": self.profile,
                    "files": list(self.settled.files),
                    "settings": {row.key: {"value": row.value, "origin": _origin(row.origin)} for row in rows},
                    "unused": list(self.settled.unused),
                    "refused": self.settled.refused,
                }
            )
        else:
            style.write(table(rows, self.settled, style.width if is_terminal(sys.stdout) else _PIPED))
        return 0


def all_rows(settled: Settled, request: Request) -> list[Row]:
    """Every setting that a check has. Raises UsageError for values that `check` would refuse, too."""
    whole = request if request.target is not None else request_elsewhere(request)
    # The passwords of a proxy and of a key are read when a check is built: here their names are enough.
    unread = {name: "-" for name in (request.proxy_password_env, request.client_key_password_env) if name}
    with placed(request.origins):
        target, options = build(whole, {**os.environ, **unread})
    defaults = _defaults(target, options)
    rows = []
    for field in (*(each.name for each in dataclasses.fields(Request) if each.name in FIELDS), "report"):
        key = _NAME_OF.get(field, field)
        value = settled.fields.get(field)
        if value is not None:
            rows.append(Row(key, _shown(field, value.value), value.origin))
        elif field in defaults and (request.target is not None or field != "port"):
            origin = target.origin.get(field) or Origin(kind="default")
            rows.append(Row(key, defaults[field], origin if origin.kind != "option" else Origin(kind="default")))
        else:
            rows.append(Row(key, None, None))
    if PASSWORD_VARIABLE in os.environ and not SECRET_SOURCES & set(settled.fields):
        rows.append(Row("password", "not shown", Origin(kind="environment", detail=PASSWORD_VARIABLE)))
    return rows


def request_elsewhere(request: Request) -> Request:
    """The request with a host, so that all the rest of it can be looked at."""
    return dataclasses.replace(request, target="host.invalid")


def _defaults(target: Target, options: Options) -> Mapping[str, object]:
    """What holds where nothing was set."""
    return {
        "port": target.port,
        "tls": str(target.tls),
        "auth": options.auth,
        "patience": "default",
        "max_time": options.max_time,
        "min_tls": options.min_tls,
        "second_looks": True,
        **dict.fromkeys(("send", "insecure", "allow_cleartext_auth", "all_addresses"), False),
    }


def _shown(field: str, value: object) -> object:
    if field in SECRET_SOURCES and isinstance(value, str):
        return shown_source(field, value)
    return list(value) if isinstance(value, tuple) else value


def _origin(origin: Origin | None) -> dict[str, object] | None:
    if origin is None:
        return None
    return {name: getattr(origin, name) for name in ("kind", "detail", "file", "line", "key")}


def table(rows: list[Row], settled: Settled, width: int) -> str:
    """Three columns: those that are set or have a default, then the names of the others, and what does not count."""
    here = [(row.key, _text(row.value), _place(row.origin)) for row in rows if row.origin is not None]
    widths = [max(len(cells[column]) for cells in here) for column in (0, 1)] if here else [0, 0]
    wide = min(widths[1], 40)
    lines = [f"{key:{widths[0]}}  {value:{wide}}  {place}" for key, value, place in here]
    if max(map(len, lines), default=0) > width:  # the place has a line of its own
        lines = [f"{key:{widths[0]}}  {value}\n    {place}" for key, value, place in here]
    rest = [row.key for row in rows if row.origin is None]
    text = "\n".join(line.rstrip() for line in lines) + "\n"
    if rest:
        from textwrap import fill

        text += "\n" + fill(f"{_UNSET}: {', '.join(rest)}", min(width, 80) - 1, subsequent_indent="  ") + "\n"
    if settled.unused:
        text += "\nwithout effect:\n" + "".join(f"  {sentence}\n" for sentence in settled.unused)
    if settled.refused is not None:
        text += f"\na check with these settings is refused:\n  {settled.refused}\n"
    return text


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(_text(each) for each in value)
    if isinstance(value, float):
        return f"{value:g}"
    text = str(value)
    return text if text and text.isprintable() else quoted(text)


def _place(origin: Origin | None) -> str:
    if origin is None:
        return _UNSET
    if origin.kind == "file":
        return f"{origin.detail}: {origin.file}, line {origin.line}"
    if origin.kind == "argument" or origin.detail == "TARGET":
        return "TARGET"
    if origin.kind == "environment":
        return where(origin)
    return f"{origin.kind} {origin.detail}" if origin.detail else origin.kind
