"""A report for a public tracker: the same session, with other names for everybody in it.

Users, mail addresses, host names and IP addresses are replaced, the same one by the same word wherever it stands, in
what was asked for, in what the server said and in what is told of it. An address keeps its kind (loopback, private,
public). Certificates keep their dates, keys and faults, and lose their names and numbers; bytes that are no text, the
ids of queues and messages, and the message itself are left out, since names are inside them.

`localhost`, usernames that a provider makes everybody use (`apikey`, `resend`) and the host names that `keep` knows
(those of providers) stay: they are nobody's, and the diagnosis rests on them.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from enum import Enum
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

from smtpcheck.model import (
    BannerFacts,
    Certificate,
    DnsFacts,
    EhloFacts,
    HostsEntry,
    MessageFacts,
    Options,
    Origin,
    Replied,
    Reply,
    Report,
    Sent,
    Silent,
    Surplus,
    Target,
    TlsFacts,
    TlsFailed,
)
from smtpcheck.model.facts import Keyword
from smtpcheck.model.target import SETTINGS_FROM

Keep = Callable[[str], bool]

GONE = "(removed)"

_NOBODYS_HOSTS = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_NOBODYS_USERS = frozenset(
    (
        *("apikey", "resend", "emailapikey", "api", "smtp", "mail", "user", "username", "test", "token", "anonymous"),
        *("postmaster", "root", "admin", "info", "support", "noreply", "no-reply", "sender", "recipient"),
    )
)
# Texts of the peer: every name in them may be somebody's. In our own sentences only those are, and their quotes.
_SPOKEN = (Reply, Replied, Surplus, Silent, Sent, BannerFacts, EhloFacts, DnsFacts, Keyword)
# Words of ours, which a user may happen to share.
_OURS = frozenset(
    (
        *("id", "alternatives", "provider", "look", "auth", "min_tls", "kind", "verb", "enhanced"),
        *("smtpcheck", "family", "failure", "problem", "protocol", "severity", "transport", "type", "rcode", "classes"),
    )
)

_HOST = re.compile(r"(?<![\w.@-])(?:[\w-]{1,63}\.)+(?:xn--[\w-]+|[^\W\d_]{2,63})\.?(?![\w-])")
_MAILBOX = re.compile(r"""([^\s<>"'(),;:\\\[\]@=`]{1,64})@((?:[\w-]+\.)*[\w-]+|\[[^\]\s]{1,80}\])""")
_IPV4 = re.compile(r"(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w]|\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(IPv6:)?([0-9A-Fa-f:]*:[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*[0-9A-Fa-f:])(?:%\w+)?(?![\w:])")
_ID = re.compile(r"(?<![\w@.-])(?=[\w.+/=-]*\d)(?=[\w.+/=-]*[A-Za-z])[\w+/=][\w.+/=-]{8,}(?![\w@])")
_CODE = re.compile(r"^([2-5][0-9]{2}[ -])", re.MULTILINE)  # `250-mail.example.com` is no name
_MECHANISM = re.compile(r"(?:SCRAM|CRAM|DIGEST|XOAUTH|OAUTH|NTLM|8BIT|TLS|RFC)", re.IGNORECASE)


def anonymized(report: Report, keep: Keep = lambda name: False) -> Report:
    """The report with other names in it. `keep` tells the host names that are nobody's."""
    names = _Names(report, keep)
    local = {key: _path_free(value) for key, value in report.local.items()}
    origin = {name: _placeless(each) for name, each in report.target.origin.items()}
    target = replace(report.target, origin=origin)
    renamed: Report = _renamed(replace(report, local=local, target=target), names)
    return renamed


def _placeless(origin: Origin) -> Origin:
    """The origin without the folder and the profile, whose names are somebody's own."""
    if origin.kind != "file":
        return origin
    return replace(origin, file=os.path.basename(origin.file or "") or None, detail=None)


class _Names:
    """Which word stands for which name, in the order in which they were met."""

    def __init__(self, report: Report, keep: Keep) -> None:
        self._keep = keep
        self._hosts: dict[str, str] = {}
        self._users: dict[str, str] = {}
        self._addresses: dict[str, str] = {}
        self._ids: set[str] = set()
        target = report.target
        for name in (target.host, target.ehlo):
            self._meet(name)
        for mailbox in (target.user, target.sender, *target.recipients, report.options.header_from):
            self.text(mailbox or "")
        if target.user and "@" not in target.user:
            self._user(target.user)
        for text in _spoken(report):
            self.text(text, spoken=True)
        for facts in _all_of(report, MessageFacts):
            self._ids |= {one for one in (facts.message_id.strip("<>"), facts.queue_id) if one}
        for entry in _all_of(report, HostsEntry):
            for name in entry.names:
                self._meet(name)
        for greeting in _all_of(report, (BannerFacts, EhloFacts)):
            self._meet(greeting.server_name or "")
        for hello in _all_of(report, EhloFacts):  # `... the name of this machine has no domain: alices-laptop`
            self._meet(hello.name)
            self._meet(hello.name_origin.partition(": ")[2].strip("'\""))
        for certificate in _all_of(report, Certificate):
            for name in certificate.dns_names:
                self._meet(name.removeprefix("*."))
            self._meet_names(certificate.subject)
        self._known = self._pattern()

    def text(self, text: str, *, spoken: bool = False) -> str:
        """The text with every name in it replaced; in what a peer said, everything that looks like one."""
        if not text:
            return text
        if text.startswith(SETTINGS_FROM):  # whoever names a profile or a folder may name himself or a customer
            return f"{SETTINGS_FROM}a file (not shown)"
        known = getattr(self, "_known", None)
        if known is not None and self._ids:
            text = self._without_ids(text)
        text = _MAILBOX.sub(lambda found: f"{self._user(found[1])}@{self._host(found[2])}", text)
        text = _IPV4.sub(lambda found: self._address(found[0]), text)
        text = _IPV6.sub(lambda found: (found[1] or "") + self._address(found[2]), text)
        if spoken:
            text = _HOST.sub(lambda found: self._host(found[0]), text)
        return text if known is None else known.sub(lambda found: self._replacement(found[0]), text)

    def said(self, text: str) -> str:
        """What a peer said, without the ids in it."""
        return _ID.sub(lambda found: found[0] if _is_no_id(found[0]) else GONE, self.text(text, spoken=True))

    def _without_ids(self, text: str) -> str:
        for each in sorted(self._ids, key=len, reverse=True):
            text = text.replace(each, GONE)
        return text

    def _meet_names(self, subject: str) -> None:
        for found in _HOST.finditer(subject.replace("*.", "")):
            self._host(found[0])

    def _meet(self, name: str) -> None:
        """A name that stands alone: it may be one label, an address, or nothing."""
        if name and not _address_of(name.strip("[]").removeprefix("IPv6:")):
            self._host(name)

    def _host(self, name: str) -> str:
        plain = name.rstrip(".").lower()
        if plain.startswith("[") or plain in _NOBODYS_HOSTS or plain in self._hosts.values() or self._keep(plain):
            return name
        return self._hosts.setdefault(plain, f"host-{len(self._hosts) + 1}.example")

    def _user(self, name: str) -> str:
        if name.lower() in _NOBODYS_USERS or name in self._users.values():
            return name
        return self._users.setdefault(name, f"user-{len(self._users) + 1}")

    def _address(self, text: str) -> str:
        address = _address_of(text)
        if address is None or address.is_loopback or address.is_unspecified:
            return text
        key = address.compressed
        if key not in self._addresses:
            self._addresses[key] = _stand_in(address, len(self._addresses) + 1)
        return self._addresses[key]

    def _replacement(self, found: str) -> str:
        if found in self._users:
            return self._users[found]
        return self._hosts.get(found.lower(), self._users.get(found.lower(), found))

    def _pattern(self) -> "re.Pattern[str] | None":
        """Every name that was met, the longest first. A user only as a whole word: `ann` is no part of `annual`."""
        hosts = [re.escape(name) for name in sorted(self._hosts, key=len, reverse=True)]
        users = [re.escape(name) for name in sorted(self._users, key=len, reverse=True)]
        parts = [
            *([rf"(?<![\w-])(?:{'|'.join(hosts)})(?![\w-])"] if hosts else []),
            *([rf"(?<![\w@.-])(?:{'|'.join(users)})(?![\w@-])"] if users else []),
        ]
        return re.compile("|".join(parts), re.IGNORECASE) if parts else None


def _address_of(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None


_PRIVATE = [ip_network(one) for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")]
_SHARED = ip_network("100.64.0.0/10")
_UNIQUE_LOCAL = ip_network("fc00::/7")


def _stand_in(address: IPv4Address | IPv6Address, number: int) -> str:
    """Another address of the same kind; of the public ones, those that are kept for documentation (RFC 5737, 3849)."""
    if isinstance(address, IPv6Address):
        kind = "fe80" if address.is_link_local else "fd00" if address in _UNIQUE_LOCAL else "2001:db8"
        return f"{kind}::{number:x}"
    high, low = divmod(number, 254)
    if address.is_link_local:
        return f"169.254.{high % 256}.{low + 1}"
    if address in _SHARED:
        return f"100.64.{high % 256}.{low + 1}"
    if any(address in network for network in _PRIVATE):
        return f"10.0.{high % 256}.{low + 1}"
    return f"{('192.0.2', '198.51.100', '203.0.113')[high % 3]}.{low + 1}"


def _is_no_id(text: str) -> bool:
    return _MECHANISM.match(text) is not None or text.startswith(("host-", "user-")) or _address_of(text) is not None


# Going through a report


def _spoken(value: Any) -> Iterator[str]:
    """Every text that a peer said."""
    for one in _all_of(value, _SPOKEN):
        for field in fields(one):
            yield from _texts(getattr(one, field.name))


def _texts(value: Any) -> Iterator[str]:
    match value:
        case str() if not isinstance(value, Enum):
            yield value
        case bytes():
            yield _CODE.sub("", value.decode("utf-8", "replace"))
        case tuple():
            for item in value:
                yield from _texts(item)
        case _ if is_dataclass(value):
            for field in fields(value):
                yield from _texts(getattr(value, field.name))


def _all_of(value: Any, wanted: Any) -> Iterator[Any]:
    if isinstance(value, wanted):
        yield value
    if isinstance(value, tuple):
        for item in value:
            yield from _all_of(item, wanted)
    elif is_dataclass(value) and not isinstance(value, type):
        for field in fields(value):
            yield from _all_of(getattr(value, field.name), wanted)


def _renamed(value: Any, names: _Names, *, spoken: bool = False) -> Any:
    match value:
        case None | Enum() | bool() | int() | float() | datetime():
            return value
        case str():
            return names.said(value) if spoken else names.text(value)
        case bytes():
            return _renamed_bytes(value, names)
        case tuple():
            return tuple(_renamed(item, names, spoken=spoken) for item in value)
        case Mapping():
            return {key: _renamed(item, names, spoken=spoken) for key, item in value.items()}
        case Certificate():
            return _without_names(value)
        case MessageFacts():
            value = replace(value, message_id=GONE, queue_id=GONE if value.queue_id else None)
        case Options():
            value = _without_files(value)
        case Target():
            value = replace(value, path=_path_free(value.path) if value.path else None)
        case TlsFacts():
            value = _without_bytes(value, "first_bytes")
        case BannerFacts():
            value = _without_bytes(value, "surplus")
        case TlsFailed():
            value = _without_bytes(value, "first_bytes")
    if not is_dataclass(value) or isinstance(value, type):
        return value
    # EHLO keywords are long words with digits, and no ids.
    ids = isinstance(value, _SPOKEN) and not isinstance(value, EhloFacts | Keyword | DnsFacts | Sent)
    changes = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if field.name == "secret" or field.name.endswith("_secret"):
            continue
        if field.name in _OURS or (isinstance(value, Keyword) and field.name == "name"):
            continue
        if isinstance(value, Target) and field.name == "host" and item:
            changes[field.name] = names.text(item, spoken=True)
        else:
            changes[field.name] = _renamed(item, names, spoken=ids or (spoken and field.name != "facts"))
    return replace(value, **changes)


def _renamed_bytes(raw: bytes, names: _Names) -> bytes:
    """Lines of text are renamed; anything else may hold a name in a form that nobody sees."""
    text = raw.decode("utf-8", "replace")
    if "\ufffd" in text or any(not one.isprintable() and one not in "\r\n\t" for one in text):
        return b""
    keywords = _CODE.match(text) is not None and text.startswith("250-")
    lines = (_CODE.split(line, maxsplit=1) for line in text.splitlines(keepends=True))
    return "".join(
        (code or "") + (names.text(said, spoken=True) if keywords else names.said(said))
        for code, said in ((line[1], line[2]) if len(line) > 1 else (None, line[0]) for line in lines)
    ).encode("utf-8")


def _without_bytes(value: Any, name: str) -> Any:
    return replace(value, **{name: b""})


def _without_files(options: Options) -> Options:
    """Paths lead through home directories, and the message is its author's."""
    changes: dict[str, Any] = {name: GONE for name in ("subject", "body") if getattr(options, name) is not None}
    for name in ("ca_file", "client_cert", "client_key"):
        path = getattr(options, name)
        if path is not None:
            changes[name] = re.split(r"[/\\]", path.rstrip("/\\"))[-1]
    return replace(options, **changes)


def _without_names(certificate: Certificate) -> Certificate:
    return replace(
        certificate,
        subject=f"CN={GONE}",
        issuer=f"CN={GONE}",
        dns_names=(),
        ip_names=(),
        authority_info=(),
        serial="",
        fingerprint="",
    )


_HOME = re.compile(r"(?<![\w.])(/(?:home|Users)/)[^/\s,;]+|(?<=\\Users\\)[^\\\s]+")


def _path_free(text: str) -> str:
    """The text without the name of whose home it is in."""
    return _HOME.sub(lambda found: f"{found[1] or ''}{GONE}", text)
