"""What this machine and its kernel know without a packet: its name, its routes, and the state of a connection.

The EHLO argument is the client's fully-qualified name, or an address literal where it has none (RFC 5321 section
4.1.4). `getfqdn()` is never asked: it may wait for DNS for many seconds and then answer with another machine's name.
"""

import ipaddress
import re
import socket
import struct
import sys

from smtpcheck.model import TcpInfo

_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z")
_NAMES_OF_NOBODY = ("localhost", "localdomain", "local", "invalid", "example", "test")

# RFC 5737, RFC 3849: nobody's addresses. Connecting a UDP socket looks for a route and sends nothing.
_ELSEWHERE = {4: ("192.0.2.1", 9), 6: ("2001:db8::1", 9)}
_FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}

_TCP_STATES = (
    *("UNKNOWN", "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT1", "FIN_WAIT2", "TIME_WAIT", "CLOSE"),
    *("CLOSE_WAIT", "LAST_ACK", "LISTEN", "CLOSING"),
)
# struct tcp_info of linux/tcp.h, as far as tcpi_rtt: eight bytes, then 32-bit numbers.
_TCP_INFO = struct.Struct("=8B16I")


def ehlo_name() -> tuple[str | None, str]:
    """The machine's own name if it can stand in EHLO, else None; with where it comes from or why it cannot."""
    name = socket.gethostname().rstrip(".")
    fault = _name_fault(name)
    return (name, "the name of this machine") if fault is None else (None, f"the name of this machine {fault}")


def _name_fault(name: str) -> str | None:
    """Why `name` is no fully-qualified domain name (RFC 5321 section 2.3.5) that others could look up, or None."""
    labels = name.split(".")
    if not name:
        return "is empty"
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        return f"is no domain name: {name[:80]!a}"
    if len(labels) == 1:
        return f"has no domain: {name}"
    if labels[-1].isdigit():
        return f"ends like an IP address: {name}"
    if labels[-1].lower() in _NAMES_OF_NOBODY:
        return f"means nothing to others: {name}"
    return None


def address_literal(ip: str) -> str:
    """An IP address as EHLO takes it: `[192.0.2.1]`, `[IPv6:2001:db8::1]` (RFC 5321 section 4.1.3); no scope id."""
    address = ipaddress.ip_address(ip.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return f"[IPv6:{address.compressed}]"
        address = address.ipv4_mapped
    return f"[{address}]"


def routes(family: int) -> bool:
    """True if this machine has an address and a route beyond itself in IP version `family` (4 or 6). Sends nothing."""
    try:
        with socket.socket(_FAMILIES[family], socket.SOCK_DGRAM) as sock:
            sock.connect(_ELSEWHERE[family])
            return not ipaddress.ip_address(sock.getsockname()[0].partition("%")[0]).is_loopback
    except OSError:
        return False


def tcp_info(sock: socket.socket) -> TcpInfo | None:
    """What the kernel knows of a TCP connection; None where it does not say (not Linux, not TCP, closed)."""
    if not sys.platform.startswith("linux"):
        return None
    try:
        raw = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    except OSError:
        return None
    if len(raw) < _TCP_INFO.size:
        return None
    state, _, retransmits, *_, rtt = fields = _TCP_INFO.unpack_from(raw)
    unacked, last_data_received = fields[12], fields[19]
    return TcpInfo(
        state=_TCP_STATES[state] if state < len(_TCP_STATES) else str(state),
        unacked=unacked,
        retransmits=retransmits,
        rtt=rtt / 1e6,
        since_last_received=last_data_received / 1e3,
    )
