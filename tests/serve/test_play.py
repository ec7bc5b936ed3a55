"""The scripted server on the wire: what a client gets, byte for byte, and how each connection ends."""

import asyncio
import resource
import smtplib
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smtpcheck.dialogue import parse
from smtpcheck.serve import Ended, Running, anchor, running, serve


@contextmanager
def played(text: str) -> Iterator[tuple[Running, socket.socket]]:
    """A server that plays `text`, and one client that is connected to it."""
    with (
        running(parse(text)) as server,
        socket.create_connection((server.host, server.port), timeout=5) as client,
    ):
        yield server, client


def everything(client: socket.socket) -> bytes:
    """What comes until the server closes."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def silent(client: socket.socket, seconds: float = 0.15) -> bool:
    """Whether nothing comes for that long: no byte, no EOF."""
    client.settimeout(seconds)
    try:
        return client.recv(1) is None
    except TimeoutError:
        return True
    finally:
        client.settimeout(5)


def trusting() -> ssl.SSLContext:
    """A client's context that trusts the server's authority."""
    return ssl.create_default_context(cadata=anchor().decode())


def test_neighbouring_lines_go_out_in_one_send() -> None:
    """Raw bytes belong to them; a pause parts them."""
    with played("S: 220-a\nS: 220 b\n! raw 4142\n! sleep 0.1\nS: later\n! stall") as (_, client):
        assert client.recv(65536) == b"220-a\r\n220 b\r\nAB"
        assert client.recv(65536) == b"later\r\n"


def test_pipelined_commands_are_lines_whatever_their_packets() -> None:
    """Three in one packet, one in three."""
    text = "C: MAIL FROM:<*>\nS: 250 1\nC: RCPT TO:<*>\nS: 250 2\nC: RSET\nS: 250 3\nC: QUIT\nS: 221 4\n"
    with played(text) as (server, client):
        client.sendall(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nQU")
        time.sleep(0.05)
        client.sendall(b"IT\n")
        assert everything(client) == b"250 1\r\n250 2\r\n250 3\r\n221 4\r\n"
    assert server.sessions[0].lines == ("MAIL FROM:<a@b>", "RCPT TO:<c@d>", "RSET", "QUIT")
    assert server.sessions[0].ended is Ended.PLAYED


def test_another_command_than_expected_is_answered_recorded_and_ends_it() -> None:
    """The failure names the line of the dialogue."""
    with played("S: 220 hi\nC: EHLO *\nS: 250 x\n") as (server, client):
        client.sendall(b"HELO me\r\nQUIT\r\n")
        assert everything(client) == b"220 hi\r\n500 5.5.1 smtpcheck demo server: expected EHLO *\r\n"
    (failure,) = server.failures
    assert (failure.line, failure.expected, failure.said) == (2, "EHLO *", "HELO me")
    assert server.sessions[0].ended is Ended.UNEXPECTED


def test_an_optional_command_may_be_left_out_with_its_answer() -> None:
    """Or be there."""
    text = "C? RSET\nS: 250 reset\n! sleep 0\nC? NOOP\nS: 250 noop\nC: QUIT\nS: 221 bye\n"
    for commands, answers in [
        (b"QUIT\r\n", b"221 bye\r\n"),
        (b"NOOP\r\nQUIT\r\n", b"250 noop\r\n221 bye\r\n"),
        (b"RSET\r\nNOOP\r\nQUIT\r\n", b"250 reset\r\n250 noop\r\n221 bye\r\n"),
    ]:
        with played(text) as (server, client):
            client.sendall(commands)
            assert everything(client) == answers
        assert server.failures == ()


def test_a_chunk_is_not_taken_for_commands() -> None:
    """BDAT's octets are counted, not read as lines (RFC 3030)."""
    with played("C: BDAT * LAST\nS: 250 got it\nC: QUIT\nS: 221 bye\n") as (server, client):
        client.sendall(b"BDAT 7 LAST\r\nRSET\r\n.QUIT\r\n")
        assert everything(client) == b"250 got it\r\n221 bye\r\n"
    assert server.sessions[0].lines == ("BDAT 7 LAST", "QUIT")


def test_of_a_message_only_the_size_is_kept() -> None:
    """`C: **` reads up to the final dot."""
    with played("C: DATA\nS: 354 go\nC: **\nC: .\nS: 250 ok\n") as (server, client):
        client.sendall(b"DATA\r\n")
        client.recv(100)
        client.sendall(b"Subject: hello\r\n\r\n..\r\nQUIT\r\n.\r\n")
        assert everything(client) == b"250 ok\r\n"
    assert server.sessions[0].lines == ("DATA", "(28 bytes)", ".")


def test_a_stall_is_silence_while_the_connection_lives() -> None:
    """What the client sends is read and ignored, and its leaving ends the session as it should."""
    with played("S: 220 hi\n! stall") as (server, client):
        assert client.recv(100) == b"220 hi\r\n"
        client.sendall(b"EHLO x\r\n" * 100_000)
        assert silent(client)
    assert server.sessions[0].ended is Ended.PLAYED


@pytest.mark.parametrize("after", [0, 5, 14])
def test_what_the_server_says_can_stop_at_any_byte(after: int) -> None:
    """Also in the second of two lines."""
    with played(f"! stall after {after}\nS: 220-one\nS: 220 two") as (_, client):
        wanted = b"220-one\r\n220 two\r\n"[:after]
        got = b""
        while len(got) < after:
            got += client.recv(100)
        assert got == wanted
        assert silent(client)


def test_a_close_is_a_fin_even_with_unread_commands() -> None:
    """Not the reset that the kernel would send for them: the replies before it arrive, and then EOF."""
    with played("C: MAIL *\nS: 250 ok\n! close") as (_, client):
        client.sendall(b"MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRSET\r\nQUIT\r\n")
        assert everything(client) == b"250 ok\r\n"


def test_a_reset_is_a_reset() -> None:
    """After the bytes that were to come."""
    with played("C: GO\n! reset after 3\nS: 220 hi") as (server, client):
        client.sendall(b"GO\r\n")
        with pytest.raises(ConnectionResetError):
            everything(client)
    assert server.sessions[0].ended is Ended.PLAYED


def test_a_half_closed_server_goes_on_reading() -> None:
    """The client gets EOF, and what it sends after that is not answered with a reset."""
    with played("S: 220 hi\n! half-close") as (_, client):
        assert everything(client) == b"220 hi\r\n"
        for _ in range(3):
            client.sendall(b"EHLO x\r\n")
            time.sleep(0.02)


def test_a_dripping_server_sends_single_bytes() -> None:
    """One every so many seconds, until the drip ends."""
    with played("! drip 0.02\nS: 220 hi\n! drip 0\nS: 220 quick\n! stall") as (_, client):
        began = time.monotonic()
        pieces = [client.recv(100) for _ in range(8)]
        assert pieces == [bytes([byte]) for byte in b"220 hi\r\n"]
        assert time.monotonic() - began >= 7 * 0.02
        assert client.recv(100) == b"220 quick\r\n"


def test_endless_output_needs_no_memory() -> None:
    """200 MB of one line, made while they are sent."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with played("! repeat 200000000\n! raw 41\nS:\n") as (_, client):
        total = 0
        while data := client.recv(1 << 20):
            total += len(data)
    assert total == 200_000_002
    unit = 1 if sys.platform == "darwin" else 1024
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * unit < 30_000_000


def test_repeated_lines_are_counted_exactly() -> None:
    """Ten thousand continuation lines, cut after a number of bytes."""
    with played("! close after 79990\n! repeat 10000\nS: 250-xy\nS: 250 end\n") as (_, client):
        assert everything(client) == (b"250-xy\r\n" * 10_000)[:79_990]


def test_each_connection_plays_its_own_session() -> None:
    """The last one again and again."""
    with running(parse("S: one\n---\nS: two\n")) as server:
        heard = []
        for _ in range(3):
            with socket.create_connection((server.host, server.port), timeout=5) as client:
                heard.append(everything(client))
    assert heard == [b"one\r\n", b"two\r\n", b"two\r\n"]
    assert len(server.sessions) == 3


def test_a_client_hello_counts_as_a_line() -> None:
    """A TLS client on a port that greets in clear is seen as what it is."""
    with running(parse("S: 220 hi\nC: *\nS: 500 what?\n")) as server:
        with (
            socket.create_connection((server.host, server.port), timeout=5) as plain,
            pytest.raises(ssl.SSLError) as caught,
        ):
            trusting().wrap_socket(plain, server_hostname="localhost")
        assert caught.value.reason == "WRONG_VERSION_NUMBER"
    assert server.sessions[0].lines == ("(TLS ClientHello)",)
    assert server.failures == ()


def test_a_client_that_leaves_early_is_no_failure() -> None:
    """It is recorded as having left."""
    with played("S: 220 hi\nC: EHLO *\nS: 250 x\nC: QUIT\n") as (server, client):
        client.sendall(b"EHLO me\r\n")
        client.recv(100)
    assert server.failures == ()
    assert server.sessions[0].ended is Ended.LEFT


def test_whoever_connected_before_the_end_is_recorded() -> None:
    """However early the server stops, and whether or not it had noticed."""
    for _ in range(50):
        with played("S: 220 hi\nC: QUIT\nS: 221 bye\n") as (server, client):
            client.sendall(b"QUIT\r\n")
        assert [session.lines for session in server.sessions] == [("QUIT",)]


def test_a_client_that_stays_is_let_go_when_the_server_stops() -> None:
    """What it said until then is kept."""
    with played("C: EHLO *\nC: QUIT\n") as (server, client):
        client.sendall(b"EHLO me\r\n")
        server.join()
        assert (server.sessions[0].lines, server.sessions[0].ended) == (("EHLO me",), Ended.STOPPED)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "localhost", "::ffff:127.0.0.1", ""])
def test_the_server_listens_on_loopback_only(host: str) -> None:
    """Any other address is refused before a socket is bound."""
    with pytest.raises(ValueError, match="loopback"), running(parse("S: 220 hi"), host=host):
        pass


def test_it_listens_on_ipv6_and_on_unix_sockets(tmp_path: Path) -> None:
    """The file of a Unix socket is removed at the end."""
    with (
        running(parse("S: 220 six\n"), host="::1") as server,
        socket.create_connection(("::1", server.port), timeout=5) as client,
    ):
        assert everything(client) == b"220 six\r\n"
    path = tmp_path / "lmtp"
    with running(parse("S: 220 unix\n"), path=str(path)), socket.socket(socket.AF_UNIX) as unix:
        unix.settimeout(5)
        unix.connect(str(path))
        assert everything(unix) == b"220 unix\r\n"
    assert not path.exists()


def test_a_port_that_is_taken_is_an_error_of_the_caller() -> None:
    """In the thread as well."""
    with running(parse("S: 220 hi")) as server, pytest.raises(OSError, match="in use"):  # noqa: SIM117
        with running(parse("S: 220 hi"), port=server.port):
            pass


def test_in_an_event_loop() -> None:
    """`serve` has the same facts while it runs."""

    async def scene() -> tuple[bytes, tuple[str, ...], int, bool]:
        async with serve(parse("S: 220 hi\nC: QUIT\nS: 221 bye\n")) as server:
            reader, writer = await asyncio.open_connection(server.host, server.port)
            writer.write(b"QUIT\r\n")
            heard = await reader.read()
            writer.close()
            await writer.wait_closed()
            settled = await server.settled()
            return heard, server.sessions[0].lines, server.connections, settled

    assert asyncio.run(scene()) == (b"220 hi\r\n221 bye\r\n", ("QUIT",), 1, True)


def test_a_bug_in_the_test_is_not_wrapped_by_the_server() -> None:
    """An error inside of `serve` comes out as it is."""

    async def scene() -> None:
        async with serve(parse("S: 220 hi\n")):
            raise LookupError("the test's own")

    with pytest.raises(LookupError, match="own"):
        asyncio.run(scene())


def test_auth_data_is_never_kept() -> None:
    """Initial response, LOGIN's answers, AUTH data where a command was due, and a mechanism that is none."""
    secrets = [b"AGFsaWNlAHMzY3JldA==", b"YWxpY2U=", b"czNjcmV0", b"cjNjcmV0", b"SECRET1"]
    text = """
        C: AUTH PLAIN *
        S: 535 no
        C: AUTH LOGIN
        S: 334 VXNlcm5hbWU6
        C: *
        S: 334 UGFzc3dvcmQ6
        C: *
        S: 535 no
        C: AUTH *
        S: 504 no
        C: QUIT
    """
    with played(text) as (server, client):
        commands = [b"AUTH PLAIN " + secrets[0], b"auth LOGIN", *secrets[1:3], b"AUTH " + secrets[4], secrets[3]]
        client.sendall(b"".join(command + b"\r\n" for command in commands))
        answer = everything(client)
    assert server.sessions[0].lines == ("AUTH PLAIN ***", "AUTH LOGIN", "***", "***", "AUTH ***", "***")
    for secret in secrets:
        assert secret.decode() not in repr(server.sessions)
        assert secret not in answer


def test_smtplib_goes_through_a_whole_session() -> None:
    """STARTTLS, a login, an envelope and a message, with the standard library's client."""
    text = """
        S: 220 localhost ESMTP
        C: EHLO *
        S: 250-localhost
        S: 250 STARTTLS
        C: STARTTLS
        S: 220 go
        ! tls
        C: EHLO *
        S: 250-localhost
        S: 250 AUTH PLAIN
        C: AUTH PLAIN *
        S: 235 welcome
        C: MAIL FROM:<a@b>*
        S: 250 ok
        C: RCPT TO:<c@d>
        S: 250 ok
        C: DATA
        S: 354 go
        C: **
        C: .
        S: 250 queued
        C: QUIT
        S: 221 bye
    """
    with running(parse(text)) as server, smtplib.SMTP("localhost", server.port, timeout=5) as client:
        client.starttls(context=trusting())
        client.login("alice", "secret")
        client.sendmail("a@b", "c@d", "Subject: hello\r\n\r\nhello\r\n")
    assert server.failures == ()
    (session,) = server.sessions
    assert (session.ended, session.mechanism) == (Ended.PLAYED, "PLAIN")
    assert session.secured is not None
    assert (session.secured.version, session.secured.server_name) == ("TLSv1.3", "localhost")
    assert [said.in_tls for said in session.said[:3]] == [False, False, True]
