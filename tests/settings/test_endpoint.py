"""The proxy, the resolver and the addresses beside TARGET."""

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.endpoint import parse_address, parse_proxy, parse_resolver


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("socks5://proxy.example", "socks5://proxy.example:1080"),
        ("SOCKS5H://proxy.example:9050", "socks5://proxy.example:9050"),
        ("socks5://[::1]:1081/", "socks5://[::1]:1081"),
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://al%40ice@proxy.example:3128", "http://al%40ice@proxy.example:3128"),
        ("socks5://älice@proxy.example", "socks5://%C3%A4lice@proxy.example:1080"),
    ],
)
def test_proxies_have_one_form(text: str, normal: str) -> None:
    """Scheme, user, host and port, whatever was left out."""
    assert parse_proxy(text) == normal


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("proxy.example:1080", "give socks5://"),
        ("https://proxy.example:3128", "give socks5://"),
        ("socks4://proxy.example", "give socks5://"),
        ("http://proxy.example", "give the port"),
        ("socks5://proxy.example:0", "the port '0'"),
        ("socks5://", "names no host"),
        ("socks5://a..b", "empty label"),
        ("socks5://@proxy.example", "a user that is empty"),
        ("socks5://proxy.example/x", "give socks5://"),
    ],
)
def test_other_proxies_are_refused(text: str, said: str) -> None:
    """With the forms that are allowed."""
    with pytest.raises(UsageError) as caught:
        parse_proxy(text)
    assert said in str(caught.value)


@pytest.mark.parametrize("text", ["socks5://alice:hunter2@proxy", "alice:hunter2@proxy:1080", "http://a:hunter2@:x"])
def test_a_password_in_the_proxy_is_refused_and_hidden(text: str) -> None:
    """It belongs into --proxy-password-env."""
    with pytest.raises(UsageError, match="--proxy-password-env") as caught:
        parse_proxy(text)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("192.0.2.53", "192.0.2.53"),
        ("192.0.2.53:5353", "192.0.2.53:5353"),
        ("::1", "::1"),
        ("[::1]", "::1"),
        ("[2001:DB8::53]:5353", "[2001:db8::53]:5353"),
    ],
)
def test_resolvers_are_addresses(text: str, normal: str) -> None:
    """With or without a port."""
    assert parse_resolver(text) == normal


@pytest.mark.parametrize("text", ["", "dns.example", "192.0.2.53:", "192.0.2.53:0", "0.0.0.0:53", "[::1]:x", "1.2.3"])
def test_other_resolvers_are_refused(text: str) -> None:
    """A name would have to be resolved first."""
    with pytest.raises(UsageError, match="--resolver"):
        parse_resolver(text)


def test_an_address_is_an_address_alone() -> None:
    """Brackets are let pass, a port and a name are not."""
    assert parse_address("[::1]", "--address") == "::1"
    for text in ("h", "192.0.2.1:25", "", "127.1"):
        with pytest.raises(UsageError, match="--address is"):
            parse_address(text, "--address")
