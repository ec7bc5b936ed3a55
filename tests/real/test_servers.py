"""The guard of the test bed: each server, port, certificate and mechanism is what the fixtures promise.

What fails here is a fault of the servers or of their configuration, not of smtpcheck.
"""

import base64
import hashlib
import hmac
import json
import secrets
import socket
import ssl
import subprocess
import time

import pytest

from .servers.accounts import ALICE, BOB, CAROL, User, expired_token, token
from .servers.certificates import Authority
from .servers.client import client, decoded, encoded, last_reply, plain
from .servers.dovecot import MECHANISMS
from .servers.process import Server, program

EHLO = "EHLO client.example.com"
TLS = (EHLO, "STARTTLS", EHLO)


@pytest.mark.parametrize("name", ["postfix", "exim", "aiosmtpd"])
@pytest.mark.parametrize("role", ["submission", "submissions", "relay"])
def test_a_message_is_accepted(name: str, role: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(name)
    preparation = {"submission": (*TLS, plain(BOB)), "submissions": (EHLO, plain(BOB)), "relay": (EHLO,)}[role]
    with client(server, role) as session:
        for command in (*preparation, f"MAIL FROM:<{BOB.address}>", "RCPT TO:<alice@example.org>"):
            assert session.say(command).startswith("2")
        assert session.say("DATA").startswith("354")
        assert session.say("Subject: hello\r\n\r\nhello\r\n.").startswith("250")
        assert session.say("QUIT").startswith("221")


def test_postfix_is_silent_where_a_proxy_should_speak_first(postfix: Server) -> None:
    address = (postfix.host, postfix.ports["silent"])
    with socket.create_connection(address, timeout=0.5) as waiting, pytest.raises(TimeoutError):
        waiting.recv(1)


def test_postfix_greets_late(postfix: Server) -> None:
    began = time.monotonic()
    assert last_reply(postfix, "slow") == "220 mail.example.org ESMTP Postfix"
    assert time.monotonic() - began > 1.9


def test_nothing_listens_on_the_closed_port(postfix: Server) -> None:
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((postfix.host, postfix.ports["closed"])).close()


def test_postfix_without_its_backend_hangs_up_after_ehlo(postfix: Server) -> None:
    with client(postfix, "dead_sasl") as session:
        session.say(EHLO)
        assert session.say("STARTTLS").startswith("220")
        with pytest.raises((EOFError, ssl.SSLEOFError)):
            session.say(EHLO)


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("expired_certificate", "certificate has expired"),
        ("other_name", "Hostname mismatch"),
        ("no_certificate", "HANDSHAKE_FAILURE"),
    ],
)
def test_postfix_has_a_certificate_that_is_no_good(postfix: Server, role: str, reason: str) -> None:
    with pytest.raises(ssl.SSLError, match=reason):
        last_reply(postfix, role, EHLO, "STARTTLS")


@pytest.mark.parametrize("name", ["postfix", "exim"])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
def test_only_tls_1_0_is_spoken(name: str, request: pytest.FixtureRequest) -> None:
    server: Server = request.getfixturevalue(name)
    permissive = ssl.create_default_context(cafile=server.ca_file)
    permissive.minimum_version = ssl.TLSVersion.TLSv1
    permissive.set_ciphers("DEFAULT:@SECLEVEL=0")
    with client(server, "old_tls", tls=permissive) as session:
        assert [session.say(command)[:3] for command in TLS] == ["250", "220", "250"]
    with pytest.raises(ssl.SSLError, match=r"PROTOCOL_VERSION|HANDSHAKE_FAILURE"):
        last_reply(server, "old_tls", *TLS)


def test_postfix_takes_a_certificate_of_its_authority(postfix: Server, authority: Authority) -> None:
    identified = ssl.create_default_context(cafile=authority.ca_file)
    identified.load_cert_chain(authority.client_chain)
    with client(postfix, "client_certificate", tls=identified) as session:
        assert [session.say(command)[:3] for command in TLS] == ["250", "220", "250"]


@pytest.mark.parametrize(
    ("role", "offered"),
    [
        ("submission", MECHANISMS),
        ("oauth_only", {"OAUTHBEARER", "XOAUTH2"}),
        ("no_plaintext", {"CRAM-MD5", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"}),
        ("lost_sasl", {"PLAIN", "LOGIN"}),
        ("relay", set()),
    ],
)
def test_postfix_offers_mechanisms(postfix: Server, role: str, offered: set[str]) -> None:
    keywords = last_reply(postfix, role, *TLS).split(" | ")
    assert offered == {word for line in keywords if line.startswith("AUTH ") for word in line.split()[1:]}


def swaks(server: Server, *options: str) -> "subprocess.CompletedProcess[str]":
    """A whole session by swaks as far as AUTH."""
    port = str(server.ports["submission"])
    command = (
        str(program("swaks")),
        "--server",
        server.host,
        "--port",
        port,
        "--tls",
        "--quit-after",
        "AUTH",
        *options,
    )
    return subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)


SWAKS_MECHANISMS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5")


@pytest.mark.parametrize("mechanism", SWAKS_MECHANISMS)
@pytest.mark.parametrize("user", [ALICE, BOB, CAROL], ids=lambda user: user.name)
def test_a_password_is_accepted_unless_only_its_hash_is_stored(postfix: Server, mechanism: str, user: User) -> None:
    session = swaks(postfix, "--auth", mechanism, "--auth-user", user.name, "--auth-password", user.password)
    known = not user.stored_hashed or mechanism in ("PLAIN", "LOGIN")
    assert ("235 2.7.0 " if known else "535 5.7.8 ") in session.stdout, session.stdout
    assert (session.returncode == 0) is known


@pytest.mark.parametrize("mechanism", ["PLAIN", "LOGIN"])
def test_exim_knows_the_users_too(exim: Server, mechanism: str) -> None:
    session = swaks(exim, "--auth", mechanism, "--auth-user", BOB.name, "--auth-password", BOB.password)
    assert "235 Authentication succeeded" in session.stdout


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
@pytest.mark.parametrize("user", [ALICE, BOB], ids=lambda user: user.name)
def test_scram_proves_both_sides(postfix: Server, algorithm: str, user: User) -> None:
    """RFC 5802 by hand: the server takes our proof and its own signature is the one we expect."""
    mechanism = {"sha1": "SCRAM-SHA-1", "sha256": "SCRAM-SHA-256"}[algorithm]
    bare = f"n={user.name},r={secrets.token_hex(12)}"
    with client(postfix, "submission") as session:
        for command in TLS:
            session.say(command)
        first = decoded(session.say(f"AUTH {mechanism} {encoded('n,,' + bare)}"))
        nonce, salt, rounds = (part.partition("=")[2] for part in first.split(","))
        salted = hashlib.pbkdf2_hmac(algorithm, user.password.encode(), base64.b64decode(salt), int(rounds))
        final = f"c=biws,r={nonce}"
        signed = ",".join((bare, first, final)).encode()
        key = hmac.digest(salted, b"Client Key", algorithm)
        mask = hmac.digest(hashlib.new(algorithm, key).digest(), signed, algorithm)
        proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, mask, strict=True))).decode()
        verifier = decoded(session.say(encoded(f"{final},p={proof}")))
        expected = hmac.digest(hmac.digest(salted, b"Server Key", algorithm), signed, algorithm)
        assert verifier == f"v={base64.b64encode(expected).decode()}"
        assert session.say("").startswith("235")


def bearer(mechanism: str, user: User, access: str) -> str:
    who = f"n,a={user.name}," if mechanism == "OAUTHBEARER" else f"user={user.name}"
    response = encoded(f"{who}\1auth=Bearer {access}\1\1")
    return f"AUTH {mechanism} {response}"


@pytest.mark.parametrize("mechanism", ["OAUTHBEARER", "XOAUTH2"])
def test_a_token_is_accepted_until_it_expires(postfix: Server, mechanism: str) -> None:
    accepted = last_reply(postfix, "oauth_only", *TLS, bearer(mechanism, ALICE, token(ALICE)))
    assert accepted == "235 2.7.0 Authentication successful"
    with client(postfix, "oauth_only") as session:
        for command in TLS:
            session.say(command)
        complaint = json.loads(decoded(session.say(bearer(mechanism, ALICE, expired_token(ALICE)))))
        assert complaint["status"] == {"OAUTHBEARER": "invalid_token", "XOAUTH2": "401"}[mechanism]
        assert session.say("").startswith("535 5.7.8")


def test_a_missing_program_skips_the_test_and_fails_it_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"run tests/real/install\.sh"):
        program("no-such-mail-server")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"run tests/real/install\.sh"):
        program("no-such-mail-server")
