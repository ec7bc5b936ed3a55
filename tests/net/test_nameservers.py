"""resolv.conf, as the system resolver reads it."""

from pathlib import Path

import pytest

from smtpcheck.net.nameservers import ResolverConfiguration, candidates, name_fault, nameserver, resolver_configuration


def read(tmp_path: Path, raw: bytes) -> ResolverConfiguration:
    file = tmp_path / "resolv.conf"
    file.write_bytes(raw)
    return resolver_configuration(str(file))


def test_three_nameservers_count_and_the_last_search_line(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        b"# one\n; two\nnameserver 192.0.2.1\nnameserver nonsense\nnameserver fe80::1%lo\nnameserver 192.0.2.1\n"
        b"nameserver [2001:db8::1]:5353\nnameserver 192.0.2.9\ndomain first.example\nsearch Corp.Example. b.example\n"
        b"options timeout:1 ndots:5\n",
    )
    assert found.nameservers == ("192.0.2.1", "fe80::1%lo", "[2001:db8::1]:5353")
    assert found.search == ("corp.example", "b.example")
    assert found.ndots == 5


@pytest.mark.parametrize(
    "raw", [b"", b"nameserver\n", b"\xff\xfe\x00", b"nameserver 192.0.2.1:99999\n", b"options ndots:x\n"]
)
def test_a_file_without_a_nameserver_names_none(tmp_path: Path, raw: bytes) -> None:
    assert read(tmp_path, raw) == ResolverConfiguration()


def test_an_absent_file_names_none(tmp_path: Path) -> None:
    assert resolver_configuration(str(tmp_path / "none")) == ResolverConfiguration()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", ("192.0.2.1", 53)),
        ("192.0.2.1:5353", ("192.0.2.1", 5353)),
        ("::1", ("::1", 53)),
        ("[::1]", ("::1", 53)),
        ("[::1]:5353", ("::1", 5353)),
        ("fe80::1%eth0", ("fe80::1%eth0", 53)),
    ],
)
def test_a_nameserver_is_an_address_with_or_without_a_port(text: str, expected: tuple[str, int]) -> None:
    assert nameserver(text) == expected


@pytest.mark.parametrize("text", ["", "ns.example", "192.0.2.1:0", "192.0.2.1:65536", "192.0.2.1:x", "[::1", "1.2.3"])
def test_all_else_is_no_nameserver(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the text is Python's own for most of them
        nameserver(text)


@pytest.mark.parametrize(
    ("host", "search", "ndots", "names"),
    [
        ("mail", ("a.example", "b.example"), 1, ("mail.a.example", "mail.b.example", "mail")),
        ("mail", (), 1, ("mail",)),
        ("mail.", ("a.example",), 1, ("mail",)),
        ("mail.example.org", ("a.example",), 1, ("mail.example.org",)),
        ("mail.example.org", ("a.example",), 5, ("mail.example.org.a.example", "mail.example.org")),
        ("mail", ("a.example",), 0, ("mail", "mail.a.example")),
    ],
)
def test_the_search_list_is_applied_as_the_system_resolver_does(
    host: str, search: tuple[str, ...], ndots: int, names: tuple[str, ...]
) -> None:
    assert candidates(host, search, ndots) == names


@pytest.mark.parametrize("name", ["mail.example.org", "mail.example.org.", "a_b.example", "x" * 63])
def test_what_dns_can_hold(name: str) -> None:
    assert name_fault(name) is None


@pytest.mark.parametrize("name", ["", ".", "a..b", ".a", "x" * 64, "é.example", "a." * 130])
def test_what_dns_cannot_hold(name: str) -> None:
    assert name_fault(name)
