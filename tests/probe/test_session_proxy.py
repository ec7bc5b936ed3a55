"""Through a proxy: it resolves the name, the session is the same, and its refusal is never taken for the server's."""

import socket
from base64 import b64encode
from functools import partial

import pytest

from smtpcheck.api import check
from smtpcheck.dialogue import parse
from smtpcheck.model import ConnectFacts, Outcome, ProxyFacts, Report, Stage, SystemAnswer
from smtpcheck.report import render
from smtpcheck.serve import running

from ..conftest import HOST
from .lines import QUIT, clear, upgraded
from .proxies import Asked, Handler, http, proxy, socks5


def connect_of(report: Report) -> tuple[ConnectFacts, ProxyFacts]:
    """The facts of the connection, and the proxy's in them."""
    step = report.step(Stage.CONNECT)
    assert step is not None
    assert isinstance(step.facts, ConnectFacts)
    assert step.facts.proxy is not None
    return step.facts, step.facts.proxy


@pytest.mark.parametrize(("scheme", "handler"), [("socks5", socks5), ("http", http)])
def test_the_proxy_resolves_the_name(ca_file: str, scheme: str, handler: Handler) -> None:
    """A name that nobody here knows; the session with its TLS goes through as if there were no proxy."""
    with (
        running(parse(upgraded() + QUIT), names=[HOST]) as server,
        proxy(handler, ("127.0.0.1", server.port)) as (port, asked),
    ):
        report = check(f"{HOST}:587", proxy=f"{scheme}://127.0.0.1:{port}", ca_file=ca_file, timeout=5.0)
    assert (report.outcome, report.exit_code) == (Outcome.PASSED, 0)
    assert asked == [f"{HOST}:587"]
    dns = report.step(Stage.DNS)
    assert dns is not None
    assert (dns.outcome, dns.why) == (Outcome.SKIPPED, "the proxy resolves the name")
    facts, shown = connect_of(report)
    assert (facts.family, facts.failure) == ("proxy", None)
    assert (shown.kind, shown.host, shown.port, shown.refusal) == (scheme, "127.0.0.1", port, None)


def test_an_address_goes_through_as_one() -> None:
    """--address is what the proxy is asked for."""
    with running(parse(clear() + QUIT)) as server, proxy(socks5, ("127.0.0.1", server.port)) as (port, asked):
        report = check(f"{HOST}:587", address="::1", proxy=f"socks5://127.0.0.1:{port}", timeout=5.0)
    assert report.exit_code == 0
    assert asked == ["::1:587"]


def test_a_user_and_password_for_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 1929; the password comes from the environment, and stays out of the report."""
    monkeypatch.setenv("PROXY_PASSWORD", "open sesame 42")
    handler = partial(socks5, user=("me", "open sesame 42"))
    with running(parse(clear() + QUIT)) as server, proxy(handler, ("127.0.0.1", server.port)) as (port, _):
        report = check(
            f"{HOST}:587", proxy=f"socks5://me@127.0.0.1:{port}", proxy_password_env="PROXY_PASSWORD", timeout=5.0
        )
    assert report.exit_code == 0
    assert "open sesame" not in repr(report)


@pytest.mark.parametrize(
    ("scheme", "handler", "code", "words"),
    [
        ("http", partial(http, status="403 Forbidden by policy"), 403, "403 Forbidden by policy"),
        ("http", partial(http, status="407 Proxy Authentication Required"), 407, "407 Proxy Authentication Required"),
        ("http", partial(http, status="502 Bad Gateway"), 502, "502 Bad Gateway"),
        ("socks5", partial(socks5, code=2), 2, "Connection not allowed by ruleset"),
        ("socks5", partial(socks5, code=5), 5, "Connection refused by destination host"),
        ("socks5", partial(socks5, user=("me", "x")), None, "No acceptable authentication methods were offered"),
    ],
)
def test_a_refusal_is_the_proxys(scheme: str, handler: Handler, code: int | None, words: str) -> None:
    """With its words and its code; no reply, since no server has spoken."""
    with proxy(handler) as (port, _):
        report = check(f"{HOST}:587", proxy=f"{scheme}://127.0.0.1:{port}", timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)
    facts, shown = connect_of(report)
    assert facts.failure == "proxy-refused"
    assert shown.code == code
    assert shown.refusal is not None
    assert words in shown.refusal
    step = report.step(Stage.CONNECT)
    assert step is not None
    assert step.reply is None
    assert words in " ".join(render(report).split())


def _hang_up(client: socket.socket, asked: Asked) -> bool:
    client.recv(1)
    return False


def _garbage(client: socket.socket, asked: Asked) -> bool:
    client.sendall(b"220 mail.example.com ESMTP\r\n")
    return False


@pytest.mark.parametrize("scheme", ["socks5", "http"])
@pytest.mark.parametrize("handler", [_hang_up, _garbage])
def test_what_is_no_proxy(scheme: str, handler: Handler) -> None:
    """Closed without a word, or a mail server where the proxy should be: a refusal of the proxy, not a crash."""
    with proxy(handler) as (port, _):
        report = check(f"{HOST}:587", proxy=f"{scheme}://127.0.0.1:{port}", timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)
    assert connect_of(report)[0].failure in ("proxy-refused", "proxy-unreachable")


@pytest.mark.parametrize("scheme", ["socks5", "http"])
def test_a_proxy_that_does_not_listen(scheme: str) -> None:
    """It is the proxy that could not be reached, and its errno that is told."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    report = check(f"{HOST}:587", proxy=f"{scheme}://127.0.0.1:{port}", timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)
    facts, shown = connect_of(report)
    assert (facts.failure, facts.errno_name, shown.port) == ("proxy-unreachable", "ECONNREFUSED", port)


def test_a_proxy_whose_name_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its name is resolved here, by the system."""

    async def unknown(host: str, port: int, family: int | None) -> SystemAnswer:
        return SystemAnswer(seconds=0.0, error="EAI_NONAME", error_text="Name or service not known")

    monkeypatch.setattr("smtpcheck.net.proxy.system_answer", unknown)
    report = check(f"{HOST}:587", proxy="socks5://no-such-proxy.invalid:1080", timeout=5.0)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.UNREACHABLE, 11)
    facts, _ = connect_of(report)
    assert facts.failure == "proxy-unreachable"
    assert "no-such-proxy.invalid" in (facts.detail or "")


def test_a_silent_proxy_is_ended_by_the_deadline() -> None:
    """And its socket closed."""

    def silent(client: socket.socket, asked: Asked) -> bool:
        while client.recv(4096):
            pass
        return False

    with proxy(silent) as (port, _):
        report = check(f"{HOST}:587", proxy=f"socks5://127.0.0.1:{port}", timeout=0.3)
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.STALLED, 11)


@pytest.mark.parametrize(("user", "password"), [("a%3Ab", "secret-of-the-proxy"), ("me", "secret-with-€-sign")])
def test_credentials_that_http_cannot_carry(monkeypatch: pytest.MonkeyPatch, user: str, password: str) -> None:
    """Basic has no colon in a name, and the library no character beyond Latin-1: declined, without a word of them."""
    monkeypatch.setenv("PROXY_PASSWORD", password)
    with proxy(http) as (port, _):
        report = check(
            f"{HOST}:587", proxy=f"http://{user}@127.0.0.1:{port}", proxy_password_env="PROXY_PASSWORD", timeout=5.0
        )
    assert (report.stage, report.outcome, report.exit_code) == (Stage.CONNECT, Outcome.DECLINED, 11)
    assert password not in repr(report)


def test_a_proxy_that_echoes_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    """In base64 and in clear: neither is kept."""
    monkeypatch.setenv("PROXY_PASSWORD", "opensesame42")
    with proxy(partial(http, status="407 bad credentials", echo=True)) as (port, _):
        report = check(
            f"{HOST}:587", proxy=f"http://me@127.0.0.1:{port}", proxy_password_env="PROXY_PASSWORD", timeout=5.0
        )
    refusal = connect_of(report)[1].refusal
    assert refusal is not None
    assert refusal.startswith("407 bad credentials ")
    assert "***" in refusal
    text = render(report, "json") + render(report, verbose=True) + repr(report)
    assert "opensesame42" not in text
    sent = b64encode(b"me:opensesame42").decode()
    assert not any(sent[at : at + 8] in text for at in range(4, len(sent) - 8))
