"""The classes of special addresses, at the edges of their networks."""

import pytest

from smtpcheck.net.addresses import classify, same_address


@pytest.mark.parametrize(
    ("address", "classes"),
    [
        ("8.8.8.8", ()),
        ("0.0.0.0", ("unspecified",)),
        ("0.1.2.3", ("reserved",)),
        ("10.255.255.255", ("private",)),
        ("11.0.0.0", ()),
        ("100.63.255.255", ()),
        ("100.64.0.0", ("shared",)),
        ("127.8.8.8", ("loopback",)),
        ("169.254.169.254", ("link-local",)),
        ("172.15.0.1", ()),
        ("172.16.0.1", ("private",)),
        ("172.32.0.1", ()),
        ("192.0.2.1", ("documentation",)),
        ("192.168.1.1", ("private",)),
        ("198.19.0.1", ("benchmarking",)),
        ("203.0.113.7", ("documentation",)),
        ("224.0.0.251", ("multicast",)),
        ("240.0.0.1", ("reserved",)),
        ("255.255.255.255", ("broadcast",)),
        ("2606:4700::1", ()),
        ("::", ("unspecified",)),
        ("::1", ("loopback",)),
        ("fe80::1%eth0", ("link-local",)),
        ("fd00::1", ("unique-local",)),
        ("ff02::1", ("multicast",)),
        ("2001:db8::1", ("documentation",)),
        ("64:ff9b::808:808", ("nat64",)),
        ("64:ff9b::7f00:1", ("nat64", "loopback")),
        ("64:ff9b:1::1", ("nat64",)),
        ("::ffff:10.0.0.1", ("ipv4-mapped", "private")),
        ("no address", ()),
    ],
)
def test_an_address_has_its_classes(address: str, classes: tuple[str, ...]) -> None:
    assert classify(address).classes == classes
    assert classify(address).address == address


def test_the_same_address_in_two_spellings() -> None:
    assert same_address("2001:db8::1", "2001:0DB8:0::1")
    assert same_address("fe80::1%eth0", "fe80::1")
    assert not same_address("192.0.2.1", "192.0.2.2")
    assert not same_address("nonsense", "nonsense")
