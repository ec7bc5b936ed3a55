"""Providers of mail submission: hosts, ports, what they take as username and secret, and what their replies mean.

One TOML file for each. Every fact has a source or says that it is not verified; one that is not verified never gives
more than "possible".
"""

from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from smtpcheck.model.record import record

if TYPE_CHECKING:
    from smtpcheck.model.row import Row


@record
class Port:
    """A port and when TLS begins there (a word of `TlsMode`)."""

    number: int
    tls: str
    verified: bool = True
    source: str | None = None


@record
class Username:
    """What the provider takes as username. `rule` is word, address, local-part, provider-login, key-id, token, any,
    none; `word` stands with rule word.
    """

    rule: str
    word: str | None = None
    example: str | None = None
    say: str | None = None
    verified: bool = True
    source: str | None = None


@record
class SecretRule:
    """The kind of secret. `shapes` are words of `SecretFacts.shape`; `account_password` is None where unknown."""

    kind: str
    account_password: bool | None = None
    shapes: tuple[str, ...] = ()
    how: str | None = None
    verified: bool = True
    source: str | None = None


@record
class SenderRule:
    """Whose address the sender may be: verified-domain, own-address, equals-login, own-domain, any. `checked` is the
    stage at which the provider enforces it.
    """

    rule: str
    checked: str | None = None
    how: str | None = None
    verified: bool = True
    source: str | None = None


@record
class Provider:
    """One provider; `id` is the name of its file."""

    id: str
    name: str
    hosts: tuple[str, ...]
    banners: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    docs: str | None = None
    ports: tuple[Port, ...] = ()
    username: Username | None = None
    secret: SecretRule | None = None
    sender: SenderRule | None = None
    replies: "tuple[Row, ...]" = ()

    def port(self, number: int) -> Port | None:
        """What is known about that port."""
        return next((port for port in self.ports if port.number == number), None)


@cache
def providers() -> tuple[Provider, ...]:
    """Every provider, by name of its file; raises RowMalformed or TypeError for a table that cannot be used."""
    return tuple(_load(id) for id in _texts())


def provider(id: str) -> Provider | None:
    """The provider with that id."""
    return _load(id) if id in _texts() else None


@lru_cache(maxsize=256)
def by_host(host: str) -> Provider | None:
    """The provider that this host name belongs to."""
    labels = host.lower().rstrip(".").split(".")
    if len(labels) < 2 or labels[-1].isdigit():  # an address, or a name of this network
        return None
    return _first(labels[-2], lambda head: any(_covers(pattern, labels) for pattern in head.get("hosts", ())))


def by_banner(text: str) -> Provider | None:
    """The provider whose own words, or whose host, stand in a banner."""
    lowered = text.lower()
    return _first("banners", lambda head: any(words.lower() in lowered for words in head.get("banners", ())))


def by_address(address: str) -> Provider | None:
    """The provider whose domain an address is in."""
    domain = address.rpartition("@")[2].lower()
    return _first(domain, lambda head: domain in head.get("domains", ())) if domain else None


def _first(hint: str, fits: Callable[[Mapping[str, Any]], bool]) -> Provider | None:
    """The first provider whose head fits. Only heads that hold the hint are read, and one whole file at the most: all
    of them would take 90 ms of every check.
    """
    return next((_load(id) for id, text in _texts().items() if hint in _above(text) and fits(_head(id))), None)


def _above(text: str) -> str:
    """What stands above the first table of a file: name, hosts, banners, domains."""
    return text.partition("\n[")[0]


@cache
def _head(id: str) -> Mapping[str, Any]:
    return _toml(_above(_texts()[id]))


@cache
def _texts() -> Mapping[str, str]:
    """The text of each file, by id, in the order of the names."""
    return {file.stem: file.read_text("utf-8") for file in sorted(Path(__file__).parent.glob("*.toml"))}


@cache
def _load(id: str) -> Provider:
    return _provider(id, _toml(_texts()[id]))


def _toml(text: str) -> Mapping[str, Any]:
    import tomllib  # takes 5 ms to load, and most sessions have no provider whose table would be read

    return tomllib.loads(text)


@lru_cache(maxsize=256)
def by_free_name(free: str) -> Provider | None:
    """The provider that somebody names in passing: "Gmail", "office365", "Google Workspace relay", "Yahoo/AOL"."""
    for part in free.replace("(", "/").replace(")", "").split("/"):
        name = _squeezed(part)
        if len(name) < 2:
            continue
        known = _by_name()
        for wanted in (_OTHER_NAMES.get(name, name), name):
            if wanted in known:
                return known[wanted]
        near = [other for other in known if min(len(name), len(other)) > 3 and _one_begins_other(name, other)]
        if near:
            return known[min(near, key=len)]
    return None


def _one_begins_other(name: str, other: str) -> bool:
    return name.startswith(other) or other.startswith(name)


@cache
def _by_name() -> Mapping[str, Provider]:
    ids = {_squeezed(one.id): one for one in providers()}
    return {**{_squeezed(one.name): one for one in providers()}, **ids}


def _squeezed(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


_OTHER_NAMES = {
    "office365": "microsoft365",
    "o365": "microsoft365",
    "m365": "microsoft365",
    "exchangeonline": "microsoft365",
    "hotmail": "outlookcom",
    "outlook": "outlookcom",
    "ses": "amazonses",
    "awsses": "amazonses",
    "sendinblue": "brevo",
    "qqmail": "qq",
    "163": "netease163",
    "126": "netease126",
    "netease": "netease163",
    "netease163": "163",
    "gmailrelay": "googleworkspacerelay",
    "googleworkspace": "gmail",
    "google": "gmail",
    "aliyunmail": "aliyun",
    "godaddy": "godaddyworkspace",
    "yahoomail": "yahoo",
}


def _covers(pattern: str, labels: list[str]) -> bool:
    """Whether a name fits a pattern with at most one `*`, which stands for one or more labels."""
    head, star, tail = pattern.lower().partition("*")
    if not star:
        return pattern.lower().split(".") == labels
    front, back = ([label for label in part.split(".") if label] for part in (head, tail))
    middle = len(labels) - len(front) - len(back)
    return middle >= 1 and labels[: len(front)] == front and labels[len(labels) - len(back) :] == back


def _provider(id: str, table: Mapping[str, Any]) -> Provider:
    from smtpcheck.model.row import row_of

    return Provider(
        id=id,
        name=table["name"],
        hosts=tuple(table.get("hosts", ())),
        banners=tuple(table.get("banners", ())),
        domains=tuple(table.get("domains", ())),
        docs=table.get("docs"),
        ports=tuple(Port(**_sourced(port)) for port in table.get("port", ())),
        username=Username(**_sourced(table["username"])) if "username" in table else None,
        secret=SecretRule(**_sourced(table["secret"])) if "secret" in table else None,
        sender=SenderRule(**_sourced(table["sender"])) if "sender" in table else None,
        replies=tuple(
            row_of(row, f"providers/{id}.toml row {number}") for number, row in enumerate(table.get("reply", ()), 1)
        ),
    )


def _sourced(table: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    return {"verified": "source" in values, **values}
