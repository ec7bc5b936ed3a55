"""What a rule about an application's settings gives: a cause as every rule does, and the change that would end it."""

from collections.abc import Mapping
from dataclasses import field
from ipaddress import ip_address
from types import MappingProxyType

from smtpcheck.diagnose.rule import Found, Pointer
from smtpcheck.model import Origin
from smtpcheck.model.record import record
from smtpcheck.model.settings import DeadKey, Effect, Security, Value
from smtpcheck.providers import by_host

NO_CHANGE: Mapping[str, Value] = MappingProxyType({})
_IMPLICIT_PORTS = (465, 2465)


@record
class Judged:
    """A cause, the sentence that says it of this application (None: the page's own), and what would end it.

    `change` holds fields of the normalised record with the values to put there, None where only the user knows it.
    `effect` or `dead` is what it comes from, if a reader told it.
    """

    found: Found
    told: str | None = None
    change: Mapping[str, Value] = field(default_factory=lambda: NO_CHANGE)
    effect: Effect | None = None
    dead: tuple[DeadKey, ...] = ()


def is_loopback(host: str) -> bool:
    """Whether a host is the machine (or the container) itself, by its name or its address."""
    if host.lower().rstrip(".") in ("localhost", "localhost.localdomain", "ip6-localhost"):
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def usual_security(host: Value, port: Value) -> Security:
    """The TLS that belongs to a port: by the provider's table, else by convention."""
    provider = by_host(host) if isinstance(host, str) else None
    known = provider.port(port) if provider is not None and isinstance(port, int) else None
    if known is not None and known.tls in ("implicit", "starttls"):
        return Security(known.tls)
    return Security.IMPLICIT if port in _IMPLICIT_PORTS else Security.STARTTLS


def sentence(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith((".", "!", "?")) else f"{text}."


def pointer_to(origin: Origin) -> tuple[Pointer, ...]:
    """Where a value stands, as evidence."""
    if origin.file is not None:
        pointer: dict[str, int | str] = {"file": origin.file}
        if origin.line is not None:
            pointer["line"] = origin.line
        if origin.key is not None:
            pointer["key"] = origin.key
        return (pointer,)
    return ({"key": origin.key},) if origin.key is not None else ()
