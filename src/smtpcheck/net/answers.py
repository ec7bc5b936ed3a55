"""What the system resolver, the hosts file and the nameservers say of one name, joined: pure, without a socket.

The system resolver decides where an application connects; DNS explains its failure, and shows where it says something
else. The order of weight is glibc's: it goes on to the next nameserver after silence, SERVFAIL and REFUSED, and
believes the first one that says that there is no such name.
"""

from collections.abc import Iterable
from itertools import groupby

from smtpcheck.model import DnsFacts, HostsEntry, Lookup, SystemAnswer
from smtpcheck.model.record import record
from smtpcheck.net.addresses import classify, same_address
from smtpcheck.net.nameservers import name_fault

_ANSWERED = "answered"
_PERMANENT = ("not-found", "no-address", "broken-alias")
_REFUSALS = ("REFUSED", "NOTIMP", "NOTAUTH", "FORMERR", "BADVERS")
# How much each verdict counts: over the names that one nameserver was asked for, and over the nameservers.
_OVER_NAMES = (
    _ANSWERED,
    "broken-alias",
    "no-address",
    "temporary-failure",
    "refused",
    "no-answer",
    "no-resolver",
    "not-found",
)
_OVER_SERVERS = (_ANSWERED, "permanent", "temporary-failure", "refused", "no-answer", "no-resolver")

_SYSTEM_ERRORS = {
    "EAI_NONAME": "not-found",
    "EAI_NODATA": "no-address",
    "EAI_ADDRFAMILY": "no-address",
    "EAI_AGAIN": "temporary-failure",
    "EAI_FAIL": "refused",
    "UnicodeError": "bad-name",
}
_IN_WORDS = {
    "not-found": "the name does not exist",
    "no-address": "the name has no address",
    "broken-alias": "the name is an alias that leads nowhere",
}


@record
class DnsSide:
    """What the files of the machine and the nameservers say, the system resolver aside. `asked` is False where DNS has
    no say: nothing was looked up. `mail` holds what was asked about MX, where a name has no address.
    """

    asked: bool = True
    hosts: tuple[HostsEntry, ...] = ()
    nameservers: tuple[str, ...] = ()
    search: tuple[str, ...] = ()
    lookups: tuple[Lookup, ...] = ()
    mail: tuple[Lookup, ...] = ()


def temporary(problem: str | None) -> bool:
    """True if DNS gave no answer that could be believed: the same question may be answered later."""
    return problem in ("temporary-failure", "refused", "no-answer", "no-resolver")


def join(
    host: str,
    system: SystemAnswer | None,
    side: DnsSide | None,
    *,
    family: int | None = None,
    source: str = "system",
) -> DnsFacts:
    """Everything that is known of `host`. `system` None: it has not answered; `side` None: DNS has not answered yet.

    With the `source` "resolver" the answer of that nameserver gives the addresses, and `system` counts for nothing.
    `family` is the IP version that was asked for.
    """
    seen = side or DnsSide(asked=False)
    if source == "resolver":
        system = None
    addresses = _answer(seen.lookups, family) if source == "resolver" else system.addresses if system else ()
    return DnsFacts(
        name=host,
        source=source,
        addresses=tuple(map(classify, addresses)),
        system=system,
        hosts=seen.hosts,
        nameservers=seen.nameservers,
        search=seen.search,
        lookups=seen.lookups + seen.mail,
        canonical=_canonical(host, system, seen),
        problem=None if addresses else _problem(host, system, seen, family, source),
        differs=_overridden(addresses, seen) if source == "resolver" else _differs(host, system, seen, family),
    )


# --- what went wrong -------------------------------------------------------------------------------------------------


def _problem(host: str, system: SystemAnswer | None, seen: DnsSide, family: int | None, source: str) -> str:
    if name_fault(host) is not None:
        return "bad-name"
    of_system = _SYSTEM_ERRORS.get(system.error or "", "temporary-failure") if system else "no-answer"
    if not seen.asked:
        return of_system
    if not seen.nameservers:
        return "no-resolver"
    verdict = _verdict(seen.lookups, family)
    if verdict == _ANSWERED:  # DNS knows the name, the system resolver does not
        return of_system
    if system is None and source == "system":  # it went on waiting for a nameserver, whatever another one says
        return verdict if verdict == "no-resolver" else "no-answer"
    return verdict


def _verdict(lookups: Iterable[Lookup], family: int | None) -> str:
    """What the nameservers together say of the name: `answered`, or a problem."""
    verdicts = [_verdict_of_server(of_server, family) for of_server in _by_server(lookups)]

    def weight(verdict: str) -> int:
        return _OVER_SERVERS.index("permanent" if verdict in _PERMANENT else verdict)

    return min(verdicts, key=weight, default="no-answer")


def _verdict_of_server(lookups: tuple[Lookup, ...], family: int | None) -> str:
    names = dict.fromkeys(lookup.name for lookup in lookups)
    verdicts = (_verdict_of_name([one for one in lookups if one.name == name], family) for name in names)
    return min(verdicts, key=_OVER_NAMES.index)


def _verdict_of_name(lookups: list[Lookup], family: int | None) -> str:
    """What one nameserver says of one name, asked for A and for AAAA."""
    wanted = [lookup for lookup in lookups if _is_wanted(lookup, family)]
    rcodes = [lookup.rcode for lookup in wanted if lookup.rcode]
    empty = any(lookup.rcode == "NOERROR" for lookup in wanted)
    if any(_has_addresses(lookup) for lookup in wanted):
        return _ANSWERED
    if any(_is_broken(lookup) for lookup in wanted):
        return "broken-alias"
    if "NXDOMAIN" in rcodes and not empty:
        return "not-found"
    if any(rcode not in ("NOERROR", "NXDOMAIN", *_REFUSALS) for rcode in rcodes):
        return "temporary-failure"
    if any(rcode in _REFUSALS for rcode in rcodes):
        return "refused"
    if empty:
        return "no-address" if len(rcodes) == len(wanted) else "no-answer"
    nobody = all(one.failure in ("port-closed", "unreachable") and one.transport == "udp" for one in wanted)
    return "no-resolver" if nobody else "no-answer"


def _is_wanted(lookup: Lookup, family: int | None) -> bool:
    return family is None or lookup.type == ("AAAA" if family == 6 else "A")


def _has_addresses(lookup: Lookup) -> bool:
    return lookup.rcode == "NOERROR" and bool(lookup.addresses)


def _is_broken(lookup: Lookup) -> bool:
    """True for an alias to a name that does not exist, or one that leads back to itself."""
    names = [alias.name.lower() for alias in lookup.aliases]
    loop = any(alias.target.lower() in names[: index + 1] for index, alias in enumerate(lookup.aliases))
    return bool(names) and (loop or lookup.rcode == "NXDOMAIN")


# --- what DNS answers ------------------------------------------------------------------------------------------------


def _by_server(lookups: Iterable[Lookup]) -> list[tuple[Lookup, ...]]:
    return [tuple(of_server) for _, of_server in groupby(lookups, key=lambda lookup: lookup.server)]


def _answering(lookups: Iterable[Lookup], family: int | None) -> tuple[Lookup, ...]:
    """The lookups whose addresses a resolver would give: the first nameserver's that has any, for the first name."""
    for of_server in _by_server(lookups):
        found = [lookup for lookup in of_server if _has_addresses(lookup) and _is_wanted(lookup, family)]
        if found:
            return tuple(lookup for lookup in found if lookup.name == found[0].name)
    return ()


def _answer(lookups: Iterable[Lookup], family: int | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(ip for lookup in _answering(lookups, family) for ip in lookup.addresses))


def _canonical(host: str, system: SystemAnswer | None, seen: DnsSide) -> str | None:
    """The name that the addresses belong to, where it is another one than `host`: the work of the search list, or the
    end of a CNAME chain.
    """
    answering = _answering(seen.lookups, None)
    aliases = [alias for lookup in answering for alias in lookup.aliases]
    of_dns = aliases[-1].target if aliases else answering[0].name if answering else None
    name = (system.canonical if system else None) or (of_dns if system is None or system.addresses else None)
    return None if name is None or _same_name(name, host) else name


def _same_name(one: str, other: str) -> bool:
    return one.rstrip(".").lower() == other.rstrip(".").lower()


# --- where they differ -----------------------------------------------------------------------------------------------


def _differs(host: str, system: SystemAnswer | None, seen: DnsSide, family: int | None) -> str | None:
    """In a few words, who says what else; None if nobody contradicts the system resolver as far as anybody knows."""
    if system is None or not seen.asked:
        return None
    answering = _answering(seen.lookups, family)
    verdict = _verdict(seen.lookups, family) if seen.lookups else None
    contradicts = verdict in _PERMANENT or (
        verdict == _ANSWERED and not _any_common(system.addresses, _answer(answering, family))
    )
    if contradicts and (system.addresses or verdict == _ANSWERED):
        return f"{_system_says(system, seen)}, {_dns_says(seen, family)}"
    if system.addresses and (expanded := _expanded(host, system, seen, answering)):
        return f"the search list of the system resolver made {expanded} of {host}"
    return _nameservers_differ(seen, family)


def _system_says(system: SystemAnswer, seen: DnsSide) -> str:
    entries = [entry for entry in seen.hosts if _any_common((entry.address,), system.addresses)]
    if entries:
        lines = " and ".join(dict.fromkeys(f"line {entry.line}" for entry in entries[:2]))
        return f"hosts file {lines} says {_listed(tuple(dict.fromkeys(entry.address for entry in entries)))}"
    if system.addresses:
        return f"the system resolver says {_listed(system.addresses)}"
    return f"the system resolver says {system.error} ({system.error_text})"


def _dns_says(seen: DnsSide, family: int | None) -> str:
    if answering := _answering(seen.lookups, family):
        return f"DNS says {_listed(_answer(answering, family))}"
    return f"DNS says that {_IN_WORDS[_verdict(seen.lookups, family)]}"


def _expanded(host: str, system: SystemAnswer, seen: DnsSide, answering: tuple[Lookup, ...]) -> str | None:
    """The name that the search list made of `host`, if the answer is that name's."""
    made = [f"{host.rstrip('.')}.{domain}" for domain in seen.search]
    names = [system.canonical or "", *(lookup.name for lookup in answering)]
    return next((name for name in names for other in made if _same_name(name, other)), None)


def _nameservers_differ(seen: DnsSide, family: int | None) -> str | None:
    """What two nameservers say of the name where one has addresses for it and another says that there are none."""
    said: dict[str, str] = {}
    for of_server in _by_server(seen.lookups):
        verdict = _verdict_of_server(of_server, family)
        if verdict == _ANSWERED:
            said.setdefault(_ANSWERED, f"{of_server[0].server} says {_listed(_answer(of_server, family))}")
        elif verdict in _PERMANENT:
            said.setdefault("permanent", f"{of_server[0].server} says that {_IN_WORDS[verdict]}")
    return ", ".join(said.values()) if len(said) == 2 else None


def _overridden(addresses: tuple[str, ...], seen: DnsSide) -> str | None:
    """What an application on this machine would get from the hosts file, and the nameserver did not say."""
    entries = [entry for entry in seen.hosts if not _any_common((entry.address,), addresses)]
    if not entries or not addresses:
        return None
    return f"hosts file line {entries[0].line} says {entries[0].address}, DNS says {_listed(addresses)}"


def _any_common(some: tuple[str, ...], others: tuple[str, ...]) -> bool:
    return any(same_address(one, other) for one in some for other in others)


def _listed(addresses: tuple[str, ...]) -> str:
    return ", ".join(addresses[:3]) + (f" and {len(addresses) - 3} more" if len(addresses) > 3 else "")
