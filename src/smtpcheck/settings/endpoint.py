"""Addresses and ports that are not TARGET: the proxy, the resolver, the addresses to connect to and from."""

import re
from ipaddress import ip_address
from urllib.parse import quote, unquote_to_bytes

from smtpcheck.model import UsageError
from smtpcheck.settings.host import address_literal, parse_port, usable_host
from smtpcheck.settings.quote import quoted

PROXY_FORMS = "socks5://HOST[:1080] or http://HOST:PORT, a user before an @"
_SOCKS_PORT = 1080  # RFC 1928 section 3


def parse_address(text: str, option: str) -> str:
    """An IP address in its short form, zone kept. Raises UsageError."""
    literal = address_literal(text.removeprefix("[").removesuffix("]") if text.startswith("[") else text)
    if literal is None:
        raise UsageError(f"{option} is {quoted(text)}: give an IP address alone, such as 192.0.2.1 or 2001:db8::1")
    return literal


def parse_resolver(text: str) -> str:
    """`IP`, `IPv4:PORT` or `[IPv6]:PORT`; a name would have to be resolved itself. Raises UsageError."""
    literal = address_literal(text)
    if literal is not None:
        return literal
    found = re.fullmatch(r"(?:\[([^\[\]]+)\]|([^:\[\]]+))(?::([^:]*))?", text)
    literal = address_literal(found[1] or found[2]) if found else None
    if not found or literal is None or ip_address(literal).is_unspecified:
        raise UsageError(
            f"--resolver is {quoted(text)}: give a nameserver's IP address, such as 192.0.2.53 or [::1]:5353"
        )
    if found[3] is None:
        return literal
    port = parse_port(found[3], f"--resolver {quoted(text)}")
    return f"[{literal}]:{port}" if ":" in literal else f"{literal}:{port}"


def parse_proxy(text: str) -> str:
    """The proxy as `socks5://[USER@]HOST:PORT` or `http://[USER@]HOST:PORT`, the user percent-encoded.

    `socks5h` is taken for socks5: the target's name is always resolved by the proxy. Raises UsageError, which never
    quotes what may hold a password.
    """
    scheme, colon, rest = text.partition("://")
    head, at, authority = rest.rpartition("@")
    if ":" in head or ("@" in text and not colon):
        raise UsageError(
            "--proxy is a URL with a password in it (not shown): write the user alone, and --proxy-password-env"
        )
    shown = quoted(f"{scheme}://{authority}" if colon else scheme)
    found = re.fullmatch(r"(?:\[([^\[\]]*)\]|([^:/?#\[\]]*))(?::([^/]*))?/?", authority)
    if not found or scheme.lower() not in ("socks5", "socks5h", "http"):
        raise UsageError(f"--proxy is {shown}: give {PROXY_FORMS}")
    kind = "http" if scheme.lower() == "http" else "socks5"
    host = usable_host(found[1] if found[1] is not None else found[2], "--proxy")
    if found[3] is None and kind == "http":
        raise UsageError(f"--proxy is {shown}: give the port of an HTTP proxy too, such as http://{host}:3128")
    port = _SOCKS_PORT if found[3] is None else parse_port(found[3], "--proxy")
    user = f"{quote(_user(head), safe='')}@" if at else ""
    bracketed = f"[{host}]" if ":" in host else host
    return f"{kind}://{user}{bracketed}:{port}"


def _user(head: str) -> str:
    try:
        user = unquote_to_bytes(head).decode("utf-8")
    except UnicodeError:
        user = ""
    if not user:
        raise UsageError("--proxy has a user that is empty, or not UTF-8 when decoded: write socks5://USER@HOST:1080")
    return user
