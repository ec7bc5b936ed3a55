"""Every fault of a certificate gets OpenSSL's verdict for it from a plain client, and a clean one passes."""

import socket
import ssl
from collections.abc import Iterable

import pytest

from smtpcheck.dialogue import CERTIFICATE_FAULTS, parse
from smtpcheck.net.authority import Authority, Fault
from smtpcheck.serve import Running, running

STRICT = ssl.VERIFY_X509_STRICT


def client(server: Running) -> ssl.SSLContext:
    """A context as strict as Python 3.13's."""
    context = ssl.create_default_context(cadata=server.anchor.decode())
    context.verify_flags |= STRICT
    return context


def handshake(server: Running, context: ssl.SSLContext, name: str = "localhost") -> str | None:
    """The version that was agreed on."""
    with (
        socket.create_connection((server.host, server.port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=name) as tls,
    ):
        return tls.version()


def verify_code(options: Iterable[str], *, names: tuple[str, ...] = (), name: str = "localhost") -> int:
    """OpenSSL's verdict on a certificate with these faults."""
    with running(parse(f"! implicit {' '.join(options)}\nS: 220 hi\n! stall"), names=names) as server:
        with pytest.raises(ssl.SSLCertVerificationError) as caught:
            handshake(server, client(server), name)
        return caught.value.verify_code


def test_the_notation_and_the_authority_know_the_same_faults() -> None:
    """They stand in two packages that may not import each other."""
    assert set(Fault) == CERTIFICATE_FAULTS


@pytest.mark.parametrize("key", ["key=ec", "key=rsa"])
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "::1"])
def test_a_certificate_without_faults_passes_the_strictest_client(key: str, name: str) -> None:
    """Names and addresses both."""
    with running(parse(f"! implicit {key}\nS: 220 hi\n! stall")) as server:
        assert handshake(server, client(server), name) == "TLSv1.3"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["expired"], 10),
        (["expired-intermediate"], 10),
        (["not-yet"], 9),
        (["self-signed"], 18),
        (["unknown-ca"], 20),
        (["unknown-ca", "root-sent"], 19),
        (["no-intermediate"], 20),
        (["wrong-name"], 62),
        (["wrong-purpose"], 26),
        (["weak-key"], 66),
        (["weak-hash"], 68),
        (["expired", "wrong-name"], 62),
        (["expired", "wrong-name", "self-signed"], 18),
        (["self-signed", "weak-hash"], 18),
    ],
)
def test_each_fault_is_what_openssl_says_it_is(options: list[str], code: int) -> None:
    """X509_V_ERR_ numbers; of several faults OpenSSL names the first that it finds."""
    assert verify_code(options) == code


def test_an_address_that_the_certificate_does_not_name() -> None:
    """An IP literal is compared with the addresses in the certificate only."""
    assert verify_code([], names=("mail.example.com",), name="127.0.0.1") == 64


def test_the_root_in_the_chain_harms_nobody() -> None:
    """It is superfluous, not wrong."""
    with running(parse("! implicit root-sent\nS: 220 hi\n! stall")) as server:
        assert handshake(server, client(server)) == "TLSv1.3"


def test_chains_are_as_long_as_they_should_be() -> None:
    """Leaf and intermediate; without the intermediate; a self-signed leaf alone; with the root."""
    authority = Authority.make()
    lengths = [
        len(authority.issue(["localhost"], faults).certificates)
        for faults in ([], ["no-intermediate"], ["self-signed"], ["root-sent"], ["unknown-ca", "root-sent"])
    ]
    assert lengths == [2, 1, 1, 3, 3]


def test_an_unknown_fault_or_key_is_refused() -> None:
    """Nobody gets a clean certificate by a slip of the pen."""
    with pytest.raises(ValueError, match="expird"):
        Authority.make().issue(["localhost"], ["expird"])
    with pytest.raises(ValueError, match="dsa"):
        Authority.make().issue(["localhost"], key="dsa")
