"""A provider in words and in JSON: every fact that nobody has verified says so."""

from collections.abc import Iterator, Sequence
from shlex import quote

from smtpcheck.model.row import Row
from smtpcheck.providers import Port, Provider, SecretRule, SenderRule, Username
from smtpcheck.report.layout import Paragraph, Span, lay_out, words
from smtpcheck.report.phrases import listed, number
from smtpcheck.report.printable import printable

_BLANK = Paragraph()
_DOUBT = " (not verified)"

_TLS = {"implicit": "implicit TLS", "starttls": "STARTTLS", "off": "without TLS"}

_USERNAMES = {
    "address": "the full mail address",
    "local-part": "the part of the address before the @",
    "provider-login": "the login that the provider gave, which need not be an address",
    "key-id": "the id of the key",
    "token": "the token itself",
    "any": "any text",
    "none": "no login is needed",
}

_SENDERS = {
    "verified-domain": "an address in a domain that is verified there",
    "own-address": "an address that belongs to the login",
    "equals-login": "the address that logs in, and no other",
    "own-domain": "an address in the account's own domain",
    "any": "any address",
}

_CHECKED = {"sender": "MAIL FROM", "recipient": "RCPT TO", "message": "the end of the message"}


def list_text(known: Sequence[Provider], *, width: int, color: bool, ascii: bool) -> str:
    """All providers: name, first host, ports, and what they take as username."""
    paragraphs: list[Paragraph] = []
    for one in known:
        paragraphs.append(Paragraph(((one.name, "bold"), (f" ({one.id})", "dim"))))
        paragraphs.append(words(f"{_first_host(one)}: {_ports(one.ports)}", indent=2))
        if one.username is not None:
            paragraphs.append(words(f"username: {username(one.username)}", indent=2))
    paragraphs += [_BLANK, words("More about one: smtpcheck providers NAME", "dim")]
    return _printed(paragraphs, width, color, ascii)


def provider_text(one: Provider, *, width: int, color: bool, ascii: bool) -> str:
    """Everything that is known of one provider, and how to check a login there."""
    paragraphs = [Paragraph(((one.name, "bold"), (f" ({one.id})", "dim"))), _BLANK]
    for title, said in _facts(one):
        paragraphs.append(Paragraph(((said, ""),), ((f"{title:<10} ", "bold"),)))
    if one.replies:
        paragraphs += [_BLANK, words("What its replies mean:")]
        paragraphs += [line for row in one.replies for line in _reply(row)]
    paragraphs += [_BLANK, *_try(one)]
    return _printed(paragraphs, width, color, ascii)


def _facts(one: Provider) -> Iterator[tuple[str, str]]:
    yield "hosts", listed(one.hosts, 20) or "its own in every place"
    if one.ports:
        yield "ports", _ports(one.ports)
    if one.username is not None:
        yield "username", username(one.username)
    if one.secret is not None:
        yield "password", secret(one.secret)
    if one.sender is not None:
        yield "sender", sender(one.sender)
    if one.docs:
        yield "see", one.docs


def _first_host(one: Provider) -> str:
    more = len(one.hosts) - 1
    first = one.hosts[0] if one.hosts else "a host of its own in every place"
    return f"{first} and {number(more, 'more host')}" if more > 0 else first


def _ports(ports: Sequence[Port]) -> str:
    said = [f"{port.number} {_TLS.get(port.tls, port.tls)}{'' if port.verified else _DOUBT}" for port in ports]
    return listed(said, 20) or "no port is known"


def username(rule: Username) -> str:
    """What the provider takes as username."""
    said = rule.say or (f"the word {rule.word}" if rule.rule == "word" else _USERNAMES.get(rule.rule, rule.rule))
    shown = rule.example in said or "such as" in said if rule.example else True
    example = None if shown else rule.example
    return f"{said}{f', such as {example}' if example else ''}{'' if rule.verified else _DOUBT}"


def secret(rule: SecretRule) -> str:
    """What the provider takes as password."""
    parts = [rule.kind]
    if rule.account_password is False:
        parts.append("the account's own password is not accepted")
    elif rule.account_password:
        parts.append("the account's own password is accepted")
    if rule.how:
        parts.append(rule.how)
    return "; ".join(parts) + ("" if rule.verified else _DOUBT)


def sender(rule: SenderRule) -> str:
    """Which senders the provider takes, and when it says no."""
    parts = [_SENDERS.get(rule.rule, rule.rule)]
    if rule.checked:
        parts.append(f"refused at {_CHECKED.get(rule.checked, rule.checked)}")
    if rule.how:
        parts.append(rule.how)
    return "; ".join(parts) + ("" if rule.verified else _DOUBT)


def _reply(row: Row) -> list[Paragraph]:
    """A reply as it comes, and the cause that it leads to."""
    first, *rest = row.example.splitlines() or [""]
    more = f" ... and {number(len(rest), 'more line')}" if rest else ""
    sure = "" if row.certainty == "certain" else f", {row.certainty}"
    doubt = _DOUBT if row.source is None else ""
    said = f"{row.means} ({row.cause}{sure}){doubt}" if row.means else f"{row.cause}{sure}{doubt}"
    return [words(f"{first}{more}", "cyan", indent=2, bullet="* "), words(said, indent=4)]


def _try(one: Provider) -> list[Paragraph]:
    """Two commands to copy. A host with a `*` in it has to be completed first."""
    host = one.hosts[0] if one.hosts else "HOST"
    port = min((port for port in one.ports if port.tls != "off"), key=_preference, default=None)
    name = (one.username.word or one.username.example if one.username else None) or "USER"
    where = f"{host}:{port.number}" if port else host
    commands = [f"smtpcheck check {_argument(where)} --user {_argument(name)}"]
    if one.replies:
        commands.append(f"smtpcheck explain --provider {one.id} 'its reply'")
    return [words("Try:"), *(words(command, "cyan", indent=2) for command in commands)]


def _preference(port: Port) -> int:
    """Submission before relay, the usual ports before the others (RFC 8314 section 3.3)."""
    return {587: 0, 465: 1, 25: 9}.get(port.number, 2)


def _argument(text: str) -> str:
    return text.replace("*", "REGION") if "*" in text else quote(text)


def _printed(paragraphs: Sequence[Paragraph], width: int, color: bool, ascii: bool) -> str:
    """Laid out; where the stream takes ASCII only, the other characters are escaped."""
    if ascii:
        paragraphs = [Paragraph(_escaped(one.body), _escaped(one.lead)) for one in paragraphs]
    return lay_out(paragraphs, width, color)


def _escaped(spans: tuple[Span, ...]) -> tuple[Span, ...]:
    return tuple((printable(text, ascii=True), style) for text, style in spans)


def as_json(one: Provider) -> dict[str, object]:
    """A provider as plain JSON values."""
    return {
        "id": one.id,
        "name": one.name,
        "hosts": list(one.hosts),
        "domains": list(one.domains),
        "docs": one.docs,
        "ports": [_fields(port) for port in one.ports],
        "username": _fields(one.username) if one.username else None,
        "secret": _fields(one.secret) if one.secret else None,
        "sender": _fields(one.sender) if one.sender else None,
        "replies": [
            {
                "example": row.example,
                "cause": row.cause,
                "certainty": row.certainty.value,
                "alternatives": list(row.alternatives),
                "means": row.means,
                "source": row.source,
                "verified": row.source is not None,
            }
            for row in one.replies
        ],
    }


def _fields(fact: Port | Username | SecretRule | SenderRule) -> dict[str, object]:
    from dataclasses import asdict

    return asdict(fact)
