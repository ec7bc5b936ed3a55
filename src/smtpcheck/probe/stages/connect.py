"""Stage `connect`: one transport connection to one address, or through the proxy to the host's name."""

from dataclasses import replace

from smtpcheck.model import Connected, ConnectFacts, ProxyFacts
from smtpcheck.net.channel import Channel
from smtpcheck.net.dial import dial
from smtpcheck.probe.session import Session
from smtpcheck.probe.tape import OpenStep


async def connect(session: Session, opened: OpenStep) -> None:
    """Connects. The facts say `no-answer` until something else is known: that is what a deadline leaves."""
    tape, address, options = session.tape, session.address, session.options
    facts = ConnectFacts(family=address.family, port=address.port, failure="no-answer")
    opened.facts = facts
    if options.proxy is None:
        tape.waiting("the connection to be accepted")
        sock = await dial(address, options.source)
    else:
        from smtpcheck.net.proxy import dial_through, parse_proxy

        proxy = parse_proxy(options.proxy, options.proxy_secret)
        shown = ProxyFacts(kind=proxy.kind, host=proxy.host, port=proxy.port)
        facts = replace(facts, family="proxy", proxy=shown)
        opened.facts = facts
        tape.waiting(f"the proxy {proxy.host} to connect")
        assert address.port is not None
        sock = await dial_through(proxy, address.ip, address.port, options.source, opened.seconds)
    session.channel = Channel(sock, tape)
    local = session.channel.local
    shown_local = "" if local is None else f"[{local[0]}]:{local[1]}" if ":" in local[0] else f"{local[0]}:{local[1]}"
    opened.facts = replace(facts, failure=None, local=shown_local or None, seconds=tape.now() - opened.began)
    tape.record(Connected(at=tape.now(), address=address.path or address.ip, port=address.port, local=shown_local))
