"""A connection through a proxy: SOCKS5 (RFC 1928) or HTTP CONNECT (RFC 9110 section 9.3.6), by python-socks.

The proxy's own name is resolved here, the target's name is left to the proxy. A proxy's refusal is a fact of its own,
with its words and code, so that nobody takes it for the mail server's.
"""

import errno
import socket
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from smtpcheck.model import ConnectFacts, ProxyFacts, Secret, UsageError
from smtpcheck.model.record import record
from smtpcheck.net.dial import DialFailed
from smtpcheck.net.resolve import system_answer


@record
class Proxy:
    """`kind` is socks5 or http."""

    kind: str
    host: str
    port: int
    user: str | None = None
    secret: Secret | None = None


def parse_proxy(url: str, secret: Secret | None) -> Proxy:
    """The proxy of a URL that `settings` has checked: `socks5://[USER@]HOST:PORT`, or `http://...`."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    assert parts.port is not None
    user = unquote(parts.username) if parts.username else None
    return Proxy(kind=parts.scheme, host=parts.hostname, port=parts.port, user=user, secret=secret)


def check_installed() -> None:
    """Raises UsageError when the library is missing."""
    try:
        import python_socks  # noqa: F401  # only asked whether it is there
    except ImportError:
        raise UsageError(
            "--proxy needs the library python-socks, which is not installed: pip install 'smtpcheck[proxy]'"
        ) from None


async def dial_through(proxy: Proxy, host: str, port: int, source: str | None, seconds: float) -> socket.socket:
    """A connected, non-blocking socket to `host:port` behind the proxy. Raises DialFailed.

    The caller's deadline ends it; `seconds` only keeps the library's own one out of the way.
    """
    from python_socks import ProxyConnectionError, ProxyError, ProxyType
    from python_socks.async_.asyncio import Proxy as Client

    facts = ProxyFacts(kind=proxy.kind, host=proxy.host, port=proxy.port)
    ip = await _proxy_address(proxy, facts)
    facts = replace(facts, address=ip)
    client = Client(
        ProxyType.SOCKS5 if proxy.kind == "socks5" else ProxyType.HTTP,
        ip,
        proxy.port,
        username=proxy.user,
        password=proxy.secret.reveal() if proxy.secret else None,
        rdns=True,
    )
    try:
        return await client.connect(host, port, timeout=seconds + 60, local_addr=(source, 0) if source else None)
    except ProxyConnectionError as error:
        number = error.errno
        raise DialFailed(_failure(facts, "proxy-unreachable", number)) from None
    except ProxyError as error:
        words = " ".join(str(error).split())[:500] or "the proxy closed the connection"
        facts = replace(facts, refusal=words, code=error.error_code)
        raise DialFailed(_failure(facts, "proxy-refused", None)) from None
    except OSError as error:
        raise DialFailed(_failure(facts, "proxy-unreachable", error.errno)) from None
    except ValueError:  # its text may hold what could not be encoded
        raise UsageError(
            f"the user or password for --proxy cannot be sent to a proxy of the kind {proxy.kind}"
        ) from None


async def _proxy_address(proxy: Proxy, facts: ProxyFacts) -> str:
    answer = await system_answer(proxy.host, proxy.port, None)
    if not answer.addresses:
        failed = _failure(replace(facts, refusal=answer.error_text), "proxy-unreachable", None)
        raise DialFailed(replace(failed, detail=f"the name {proxy.host} of the proxy was not resolved"))
    return answer.addresses[0]


def _failure(proxy: ProxyFacts, failure: str, number: int | None) -> ConnectFacts:
    return ConnectFacts(
        family="proxy",
        port=proxy.port,
        failure=failure,
        errno=number,
        errno_name=errno.errorcode.get(number or 0),
        proxy=proxy,
    )
