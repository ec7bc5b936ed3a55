"""DNS messages as bytes (RFC 1035, EDNS RFC 6891), by dnspython.

The only module that imports dnspython, which costs about a tenth of a second: import this one in a thread, not on the
event loop. Every record type that an answer may hold is imported with it, since dnspython would do that while parsing.
"""

import dns.edns
import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.MX
import dns.rdtypes.ANY.OPT
import dns.rdtypes.ANY.SOA
import dns.rdtypes.IN.A
import dns.rdtypes.IN.AAAA

from smtpcheck.model import Alias, ExtendedError
from smtpcheck.model.record import brief_record, record

# RFC 9715: small enough to pass unfragmented nearly everywhere.
_PAYLOAD = 1232
_ADDRESSES, _ALIASES, _ERRORS, _TEXT = 64, 16, 8, 500  # what we keep of a hostile answer


@brief_record
class Question:
    """One question: what to send, and what its answer is compared with."""

    message: dns.message.Message
    wire: bytes


@record
class Answer:
    """What a message says about its question. `ttl` is that of the addresses, in seconds."""

    rcode: str
    truncated: bool = False
    edns: bool = True
    authenticated: bool = False
    addresses: tuple[str, ...] = ()
    ttl: int | None = None
    aliases: tuple[Alias, ...] = ()
    extended_errors: tuple[ExtendedError, ...] = ()


def question(name: str, type: str, *, edns: bool = True) -> Question:
    """The question for `name` (ASCII labels, taken literally). Raises ValueError if DNS cannot hold the name.

    The AD bit asks for the AD bit of the answer (RFC 6840 section 5.7).
    """
    try:
        labels = [label.encode("ascii") for label in name.rstrip(".").split(".")]
        message = dns.message.make_query(dns.name.Name([*labels, b""]), type)
    except dns.exception.DNSException as error:
        raise ValueError(str(error)) from None
    message.flags |= dns.flags.AD
    message.use_edns(0 if edns else None, payload=_PAYLOAD)
    return Question(message, message.to_wire())


def answer(asked: Question, wire: bytes) -> Answer | None:
    """The answer in `wire`, or None if these bytes are no answer to that question."""
    try:
        # An extended error whose text is no UTF-8 is dropped, the rcode beside it stands.
        message = dns.message.from_wire(wire, ignore_trailing=True, continue_on_error=True)
        if not asked.message.is_response(message):
            return None
        # An error that was answered stands, whatever else is wrong with the message.
        if message.errors and message.rcode() == dns.rcode.NOERROR and not message.flags & dns.flags.TC:
            return None
        return _read(message, asked.message.question[0].name, asked.message.question[0].rdtype)
    except (dns.exception.DNSException, ValueError):  # ValueError: rdata that is well-formed and makes no sense
        return None


def _read(message: dns.message.Message, name: dns.name.Name, type: dns.rdatatype.RdataType) -> Answer:
    end, aliases = _chain(message, name)
    found = message.get_rrset(message.answer, end, dns.rdataclass.IN, type) if end is not None else None
    return Answer(
        rcode=dns.rcode.to_text(message.rcode()),
        truncated=bool(message.flags & dns.flags.TC),
        edns=message.edns >= 0,
        authenticated=bool(message.flags & dns.flags.AD),
        addresses=tuple(rdata.to_text() for rdata in found)[:_ADDRESSES] if found else (),
        ttl=found.ttl if found else None,
        aliases=aliases,
        extended_errors=_extended_errors(message),
    )


def _chain(message: dns.message.Message, name: dns.name.Name) -> tuple[dns.name.Name | None, tuple[Alias, ...]]:
    """Where the CNAMEs of the answer lead (None: round in a circle, or too far) and each of them in order."""
    aliases: list[Alias] = []
    seen = {name}
    while found := message.get_rrset(message.answer, name, dns.rdataclass.IN, dns.rdatatype.CNAME):
        target = found[0].target
        aliases.append(Alias(name=_text(name), target=_text(target), ttl=found.ttl))
        if target in seen or len(aliases) == _ALIASES:
            return None, tuple(aliases)
        seen.add(target)
        name = target
    return name, tuple(aliases)


def _extended_errors(message: dns.message.Message) -> tuple[ExtendedError, ...]:
    options = [option for option in message.options if isinstance(option, dns.edns.EDEOption)]
    return tuple(
        ExtendedError(
            code=int(option.code),
            name=option.code.name,
            text=option.text[:_TEXT] if option.text else None,
        )
        for option in options[:_ERRORS]
    )


def _text(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True)
