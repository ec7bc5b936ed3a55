"""What client libraries say in their own words, and the marks by which a client and a stage are known: data, loaded.

A library's words come where there is no reply, or in its place, and one fault has as many wordings as there are
libraries: a banner where a ServerHello was due is "wrong version number" to OpenSSL, "first record does not look like
a TLS handshake" to Go, "plaintext connection?" to Java.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from smtpcheck.model import Stage
from smtpcheck.model.row import Row, row_of

TABLES = ("tls", "network", "session")
"""In the order in which they are tried: a fault of TLS names itself, a lost connection is what remains."""


@cache
def client_rows() -> tuple[Row, ...]:
    """The rows of all tables, in the order in which they are tried; raises RowMalformed."""
    return tuple(row for name in TABLES for row in table(name))


@cache
def table(name: str) -> tuple[Row, ...]:
    """The rows of one table; raises RowMalformed."""
    text = files(__package__).joinpath("errors", f"{name}.toml").read_text("utf-8")
    return tuple(
        row_of(row, f"errors/{name}.toml row {number}")
        for number, row in enumerate(tomllib.loads(text).get("reply", ()), 1)
    )


def client_of(text: str) -> str | None:
    """The client whose words these are, by its marks."""
    return next((name for name, marks in _clients() if any(mark in text for mark in marks)), None)


def stage_of(text: str) -> Stage | None:
    """The stage that the words around a reply name ("in reply to RCPT TO command")."""
    return _marked(text, "stage")


def stage_said(reply: str) -> Stage | None:
    """The stage that a server's own words tell: some name the command that they answer."""
    return _marked(reply, "said")


def _marked(text: str, kind: str) -> Stage | None:
    lowered = text.lower()
    return next((stage for stage, marks in _stages(kind) if any(mark in lowered for mark in marks)), None)


@cache
def _clients() -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((one["name"], tuple(one["any"])) for one in _marks()["client"])


@cache
def _stages(kind: str) -> tuple[tuple[Stage, tuple[str, ...]], ...]:
    return tuple((Stage(one["stage"]), tuple(mark.lower() for mark in one["any"])) for one in _marks()[kind])


@cache
def _marks() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(files(__package__).joinpath("marks.toml").read_text("utf-8"))
