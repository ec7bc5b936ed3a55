"""NTLM against pyspnego's own acceptor, GSSAPI against a context that plays Kerberos, and both without their extra."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from smtpcheck.model.secret import Secret
from smtpcheck.smtp.sasl import (
    ChallengeMalformed,
    ChannelBinding,
    Credentials,
    CredentialsUnusable,
    MechanismUnavailable,
    blocks,
    key_server,
    start,
)

ALICE = Credentials(user="EXAMPLE\\alice", secret=Secret("sword$fish"), host="mail.example.com")


@pytest.mark.parametrize("name", ["NTLM", "GSSAPI"])
def test_without_pyspnego_the_extra_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence that can be typed."""
    monkeypatch.setitem(sys.modules, "spnego", None)
    with pytest.raises(MechanismUnavailable) as caught:
        start(name, ALICE)
    assert caught.value.reason == f"{name} needs an optional part: pip install 'smtpcheck[{name.lower()}]'"


def accept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, password: str) -> Any:
    """pyspnego as the server of one user."""
    spnego = pytest.importorskip("spnego")
    users = tmp_path / "users"
    users.write_text(f"EXAMPLE:alice:{password}\n")
    monkeypatch.setenv("NTLM_USER_FILE", str(users))
    return spnego.server(protocol="ntlm", options=spnego.NegotiateOptions.use_ntlm)


def test_ntlm_logs_in_to_pyspnegos_own_acceptor(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negotiate, challenge, authenticate; the server has no way to prove itself."""
    server = accept(tmp_path, monkeypatch, "sword$fish")
    ntlm = start("NTLM", ALICE)
    assert (ntlm.initial or b"").startswith(b"NTLMSSP\0\x01")
    server.step(ntlm.respond(server.step(ntlm.initial)))
    assert server.complete
    assert server.client_principal == "EXAMPLE\\alice"
    assert ntlm.finished().proven is None
    with pytest.raises(ChallengeMalformed, match="another"):
        ntlm.respond(b"")


def test_ntlm_with_another_password_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So the test above can fail."""
    server = accept(tmp_path, monkeypatch, "another")
    ntlm = start("NTLM", ALICE)
    answer = ntlm.respond(server.step(ntlm.initial))
    with pytest.raises(Exception, match="denied"):
        server.step(answer)


@pytest.mark.parametrize("challenge", [b"", b"ntlm supported", b"NTLMSSP\0\x02\0\0\0\xff"])
def test_hostile_ntlm_challenges(challenge: bytes) -> None:
    """Whatever pyspnego makes of them, the reason is ours and quotes nothing."""
    pytest.importorskip("spnego")
    with pytest.raises(ChallengeMalformed, match="cannot be answered") as caught:
        start("NTLM", ALICE).respond(challenge)
    assert caught.value.__context__ is None


class Kerberos:
    """A client context as pyspnego has it: two tokens, then messages wrapped by a prefix."""

    protocol = "kerberos"

    def __init__(self, *given: Any, **named: Any) -> None:
        self.given, self.named = given, named
        self.complete = False

    def step(self, token: bytes | None) -> bytes | None:
        if token is None:
            return b"AP-REQ"
        if token != b"AP-REP":
            raise ValueError("sword$fish")  # a library may quote anything
        self.complete = True
        return None

    def unwrap(self, data: bytes) -> SimpleNamespace:
        if not data.startswith(b"W"):
            raise ValueError("sword$fish")
        return SimpleNamespace(data=data[1:])

    def wrap(self, data: bytes, encrypt: bool) -> SimpleNamespace:
        assert not encrypt
        return SimpleNamespace(data=b"W" + data)


@pytest.fixture
def kerberos(monkeypatch: pytest.MonkeyPatch) -> list[Kerberos]:
    """The contexts that were made."""
    made: list[Kerberos] = []

    def client(*given: Any, **named: Any) -> Kerberos:
        made.append(Kerberos(*given, **named))
        return made[-1]

    module: Any = ModuleType("spnego")
    module.client = client
    module.NegotiateOptions = SimpleNamespace(use_gssapi="gssapi")
    module.ContextReq = SimpleNamespace(mutual_auth=2, integrity=32)
    monkeypatch.setitem(sys.modules, "spnego", module)
    return made


def test_gssapi_authenticates_both_and_declines_a_layer(kerberos: list[Kerberos]) -> None:
    """RFC 4752 section 3.1: tokens, then four octets; the ticket cache where there is no password."""
    gssapi = start("GSSAPI", Credentials(user="alice@EXAMPLE.COM", host="mail.example.com", authzid="bob"))
    assert kerberos[0].given == ("alice@EXAMPLE.COM", None)
    assert kerberos[0].named["service"] == "smtp"
    assert kerberos[0].named["hostname"] == "mail.example.com"
    assert kerberos[0].named["context_req"] == 34
    assert gssapi.initial == b"AP-REQ"
    assert gssapi.finished().proven is False
    assert gssapi.respond(b"AP-REP") == b""
    assert gssapi.respond(b"W\x07\x00\x10\x00") == b"W\x01\0\0\0bob"
    assert gssapi.finished().proven is True
    with pytest.raises(ChallengeMalformed, match="over"):
        gssapi.respond(b"W\x01\0\0\0")


@pytest.mark.parametrize("layers", [b"W\x06\0\0\0", b"W\x01", b"W", b"W\x01\0\0\0\0", b"junk"])
def test_gssapi_refuses_an_offer_without_no_layer(kerberos: list[Kerberos], layers: bytes) -> None:
    """A server that insists on a layer, or sends something else, is not answered."""
    gssapi = start("GSSAPI", ALICE)
    gssapi.respond(b"AP-REP")
    with pytest.raises(ChallengeMalformed, match="layer") as caught:
        gssapi.respond(layers)
    assert "sword" not in caught.value.reason
    assert caught.value.__context__ is None


def test_gssapi_quotes_no_library(kerberos: list[Kerberos]) -> None:
    """The name of an error is kept, its words are not."""
    with pytest.raises(ChallengeMalformed, match="ValueError") as caught:
        start("GSSAPI", ALICE).respond(b"junk")
    assert "sword" not in caught.value.reason


def test_no_ticket_is_a_matter_of_credentials(monkeypatch: pytest.MonkeyPatch, kerberos: list[Kerberos]) -> None:
    """The mail server has nothing to do with it, and was sent nothing."""

    def no_ticket(self: Kerberos, token: bytes | None) -> bytes:
        raise RuntimeError("sword$fish")

    monkeypatch.setattr(Kerberos, "step", no_ticket)
    with pytest.raises(CredentialsUnusable, match="no ticket") as caught:
        start("GSSAPI", ALICE)
    assert "sword" not in caught.value.reason


def test_channel_binding_reaches_ntlm() -> None:
    """Servers with extended protection refuse a login without it."""
    pytest.importorskip("spnego")
    bound = Credentials(
        user="a", secret=Secret("swordfish"), channel_binding=ChannelBinding("tls-server-end-point", b"\x01\x02")
    )
    context: Any = vars(start("NTLM", bound))["_context"]
    assert context.channel_bindings.application_data == b"tls-server-end-point:\x01\x02"


def test_the_key_server_is_known_before_it_is_asked() -> None:
    """As far as it can be: its realm."""
    assert key_server("GSSAPI", "alice@example.com") == (
        "the key server (KDC) of realm EXAMPLE.COM, as krb5.conf or DNS names it"
    )
    assert "default realm" in (key_server("gssapi", "alice") or "")
    assert key_server("NTLM", "alice@example.com") is None
    assert blocks("gssapi")
    assert blocks("NTLM")
