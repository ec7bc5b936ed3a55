"""From a request to Target and Options: defaults, origins, and every combination that cannot be."""

from pathlib import Path
from typing import Any

import pytest
import trustme

from smtpcheck.model import Origin, Protocol, Stage, Target, TlsMode, UsageError
from smtpcheck.settings.build import UnusableTarget, build
from smtpcheck.settings.request import Request

LOGIN: dict[str, Any] = {"user": "alice"}


def target_of(target: str, **words: Any) -> Target:
    return build(Request(target=target, **words), {})[0]


@pytest.mark.parametrize(
    ("target", "words", "port", "tls"),
    [
        ("h", {}, 587, TlsMode.AUTO),
        ("h", {"tls": "implicit"}, 465, TlsMode.IMPLICIT),
        ("h", {"tls": "OFF"}, 587, TlsMode.OFF),
        ("h:465", {}, 465, TlsMode.IMPLICIT),
        ("h:2465", {}, 2465, TlsMode.IMPLICIT),
        ("h", {"port": 465}, 465, TlsMode.IMPLICIT),
        ("h:465", {"tls": "starttls"}, 465, TlsMode.STARTTLS),
        ("h:465", {"tls": "opportunistic"}, 465, TlsMode.OPPORTUNISTIC),
        ("h", {"port": "2525"}, 2525, TlsMode.AUTO),
        ("smtp://h", {}, 25, TlsMode.AUTO),
        ("smtp://h", LOGIN, 587, TlsMode.AUTO),
        ("smtp://h", {"auth": "anonymous"}, 587, TlsMode.AUTO),
        ("smtp://alice@h", {}, 587, TlsMode.AUTO),
        ("smtp://h", {"tls": "implicit"}, 465, TlsMode.IMPLICIT),
        ("smtps://h", {}, 465, TlsMode.IMPLICIT),
        ("smtps://h:4465", {}, 4465, TlsMode.IMPLICIT),
        ("submissions://h", {}, 465, TlsMode.IMPLICIT),
        ("submission://h", {}, 587, TlsMode.AUTO),
        ("lmtp://h", {}, 24, TlsMode.AUTO),
        ("unix:/run/x", {}, None, TlsMode.OFF),
    ],
)
def test_ports_and_tls(target: str, words: dict[str, Any], port: int | None, tls: TlsMode) -> None:
    """The default port follows scheme, TLS mode and login; 465 and 2465 mean implicit TLS."""
    built = target_of(target, **words)
    assert (built.port, built.tls) == (port, tls)


def test_each_value_says_where_it_comes_from() -> None:
    """The report shows it beside the value."""
    built = target_of(
        "h", port="465", user="alice", sender="a@b.c", recipients=("d@e.f",), helo="me", address="192.0.2.1"
    )
    assert built.origin == {
        "host": Origin(kind="argument"),
        "port": Origin(kind="option", detail="--port"),
        "tls": Origin(kind="derived", detail="port 465"),
        "user": Origin(kind="option", detail="--user"),
        "sender": Origin(kind="option", detail="--from"),
        "recipients": Origin(kind="option", detail="--to"),
        "address": Origin(kind="option", detail="--address"),
        "ehlo": Origin(kind="option", detail="--helo"),
    }
    assert target_of("h").origin["port"] == Origin(kind="default")
    assert target_of("bücher.example").origin["host"].detail == "bücher.example"


def test_the_envelope() -> None:
    """No --from means no MAIL, an empty one the null sender; LMTP takes mailbox names."""
    assert target_of("h").sender is None
    assert target_of("h", sender="").sender == ""
    assert target_of("h", sender="<>").sender == ""
    lmtp = target_of("lmtp://h", sender="", recipients=("alice",))
    assert (lmtp.protocol, lmtp.recipients) == (Protocol.LMTP, ("alice",))
    assert target_of("unix:/x").protocol is Protocol.LMTP
    assert target_of("smtp:unix:/x").protocol is Protocol.SMTP


def test_options_and_their_defaults() -> None:
    """What is not given has the documented value."""
    options = build(Request(target="h"), {})[1]
    assert (options.max_time, options.auth, options.min_tls, options.until) == (90.0, "auto", "1.2", None)
    options = build(
        Request(target="h", ipv6=True, until="TLS", max_time="7", timeout="300", auth="LOGIN", **LOGIN), {}
    )[1]
    assert (options.family, options.until, options.max_time, options.auth) == (6, Stage.TLS, 7.0, "login")
    assert build(Request(target="h", timeout="300"), {})[1].max_time > 2000


def test_any_user_is_taken_as_it_is() -> None:
    """A username is whatever the server says it is."""
    for user in ("a b", "apikey", "ü", "<x>\r\n", "a:b"):
        assert target_of("h", user=user).user == user


def test_secrets_of_proxy_and_key_come_from_the_environment(tmp_path: Path) -> None:
    """Read here, since they need nobody to ask."""
    request = Request(target="h", proxy="socks5://u@p", proxy_password_env="PROXY_PW")
    secret = build(request, {"PROXY_PW": "hunter2"})[1].proxy_secret
    assert secret is not None
    assert secret.reveal() == "hunter2"
    with pytest.raises(UsageError, match="PROXY_PW, which is not set"):
        build(request, {})


def test_an_unusable_host_carries_the_target() -> None:
    """A report at the stage `config` is made of it."""
    with pytest.raises(UnusableTarget, match=r"'a\.\.b' has an empty label") as caught:
        build(Request(target="a..b"), {})
    assert caught.value.target.host == "a..b"


@pytest.mark.parametrize(
    ("target", "words", "said"),
    [
        (None, {}, "TARGET is missing"),
        ("h:25", {"port": 26}, "--port 26 and the port 25 of TARGET differ"),
        ("h", {"port": "0"}, "--port has the port '0'"),
        ("unix:/x", {"port": 25}, "--port has no meaning for a unix: path"),
        ("lmtp://h:25", {}, "RFC 2033"),
        ("h", {"tls": "ssl"}, "--tls is 'ssl': give one of auto, starttls"),
        ("smtps://h", {"tls": "starttls"}, "--tls starttls contradicts smtps://"),
        ("submissions://h", {"tls": "off"}, "contradicts submissions://"),
        ("smtps://h", {"tls": "opportunistic"}, "contradicts smtps://"),
        ("submission://h", {"tls": "implicit"}, "--tls implicit contradicts submission://"),
        ("h", {"tls": "off", "insecure": True}, "--insecure has no use with --tls off"),
        ("h", {"tls": "off", "min_tls": "1.3"}, "--min-tls has no use with --tls off"),
        ("unix:/x", {"sni": "h"}, "--sni has no use with a unix: path"),
        ("unix:/x", {"tls": "starttls"}, "needs --verify-name"),
        ("h", {"insecure": True, "verify_name": "h"}, "--insecure verifies nothing, so --verify-name"),
        ("h", {"insecure": True, "ca_file": "/x"}, "--insecure verifies nothing, so --ca-file"),
        ("h", {"client_key": "/x"}, "--client-key needs --client-cert"),
        ("h", {"sni": "192.0.2.1"}, "--sni is '192.0.2.1'"),
        ("h", {"sni": "a b"}, "--sni 'a b'"),
        ("h", {"verify_name": ""}, "--verify-name '' names no host"),
        ("h", {"min_tls": "1.4"}, "--min-tls is '1.4'"),
        ("h", {"ipv4": True, "ipv6": True}, "-4 and -6 exclude each other"),
        ("::1", {"ipv4": True}, "-4 contradicts TARGET"),
        ("h", {"ipv6": True, "address": "192.0.2.1"}, "-6 contradicts --address"),
        ("h", {"ipv6": True, "source": "192.0.2.1"}, "-6 contradicts --source"),
        ("::1", {"source": "192.0.2.1"}, "--source is an IPv4 address and TARGET an IPv6 one"),
        ("192.0.2.1", {"resolver": "192.0.2.53"}, "--resolver has nothing to resolve"),
        ("h", {"address": "192.0.2.1", "resolver": "192.0.2.53"}, "--resolver has nothing to resolve: --address"),
        ("h", {"address": "192.0.2.1", "all_addresses": True}, "--all-addresses contradicts --address"),
        ("h", {"proxy": "socks5://p", "all_addresses": True}, "--all-addresses contradicts --proxy"),
        ("h", {"address": "mx.example"}, "--address is 'mx.example'"),
        ("h", {"proxy_password_env": "X_Y"}, "--proxy-password-env"),
        ("h", {"proxy": "socks5://p", "proxy_password_env": "SET_IT"}, "needs a user in --proxy"),
        *(("unix:/x", {name: True}, "has no meaning for a unix: path") for name in ("ipv4", "ipv6", "all_addresses")),
        ("unix:/x", {"proxy": "socks5://p"}, "--proxy has no meaning for a unix: path"),
        ("unix:/x", {"address": "192.0.2.1"}, "--address has no meaning for a unix: path"),
        ("h", {"password_env": "X"}, "--password-env needs --user"),
        ("h", {**LOGIN, "password_env": "X", "ask_password": True}, "--password-env and --ask-password each say"),
        ("h", {**LOGIN, "auth": "none"}, "--auth none means no login"),
        ("h", {"auth": "plain"}, "--auth plain needs --user"),
        ("h", {"auth": "xoauth2", "token_env": "X"}, "--auth xoauth2 needs --user"),
        ("h", {"auth": "kerberos"}, "--auth is 'kerberos': give one of auto"),
        ("h", {**LOGIN, "auth": "xoauth2", "password_env": "X"}, "takes a token, not --password-env"),
        ("h", {**LOGIN, "auth": "plain", "token_env": "X"}, "--token-env is for xoauth2 and oauthbearer"),
        ("h", {"auth": "external", "password_env": "X"}, "--auth external takes no secret"),
        ("h", {"allow_cleartext_auth": True}, "--allow-cleartext-auth needs a login"),
        ("h", {"user": ""}, "--user is empty"),
        ("smtp://bob@h", LOGIN, "--user and the user in TARGET differ"),
        ("h", {"user": "a\0b"}, "holds a NUL"),
        ("h", {"user": "a\udcff"}, "not UTF-8"),
        ("h", {"recipients": ("a@b.c",)}, "--to needs --from"),
        ("h", {"sender": "a@b.c", "send": True}, "--send needs --to"),
        ("h", {"sender": "a@b.c", "subject": "x"}, "--subject needs --send"),
        ("h", {"header_from": "a@b.c"}, "--header-from needs --send"),
        ("h", {"body_file": "/x"}, "--body-file needs --send"),
        ("h", {"sender": "", "recipients": ("a@b.c",), "send": True}, "needs --header-from"),
        ("h", {"sender": "root"}, "--from 'root' has no domain"),
        ("h", {"recipients": ("a@b.c",) * 101, "sender": ""}, "at most 100"),
        ("h", {"subject": "a\r\nBcc: x@y.z"}, "U+000D"),
        ("h", {"subject": "x" * 901}, "900 octets"),
        ("h", {"helo": "a b"}, "--helo is 'a b'"),
        ("h", {"helo": "x\r\n"}, "--helo is"),
        ("h", {"helo": "bücher"}, "in ASCII"),
        ("h", {"until": "greeting"}, "--until is 'greeting'"),
        ("h:465", {"until": "starttls"}, "--until starttls would never come"),
        ("h", {"until": "tls", "tls": "off"}, "--until tls would never come"),
        ("192.0.2.1", {"until": "dns"}, "--until dns would never come"),
        ("h", {"until": "dns", "proxy": "socks5://p"}, "--until dns would never come: the proxy"),
        ("h", {"until": "auth"}, "--until auth needs a login"),
        ("h", {"until": "sender"}, "--until sender needs --from"),
        ("h", {"until": "recipient", "sender": ""}, "--until recipient needs --to"),
        ("h", {"until": "message"}, "--until message needs --send"),
        (
            "h",
            {"until": "tls", "sender": "a@b.c", "recipients": ("a@b.c",), "send": True},
            "--send contradicts --until tls",
        ),
        ("h", {"timeout": "5", "patience": "rfc"}, "--timeout and --patience"),
        ("h", {"max_time": "soon"}, "--max-time is 'soon'"),
        ("h", {"ca_file": "/nonexistent"}, "--ca-file names '/nonexistent', which cannot be opened"),
    ],
)
def test_what_cannot_be_is_said_in_one_sentence(target: str | None, words: dict[str, Any], said: str) -> None:
    """Each bad value and each contradiction, with what is allowed."""
    with pytest.raises(UsageError) as caught:
        build(Request(target=target, **words), {"SET_IT": "x"})
    assert said in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("h:25", {"port": "25"}),
        ("smtp://alice@h", LOGIN),
        ("h", {"proxy": "socks5://p", "resolver": "192.0.2.53"}),
        ("h", {"proxy": "socks5://p", "ipv4": True, "source": "192.0.2.1"}),
        ("h", {"auth": "gssapi"}),
        ("h", {**LOGIN, "auth": "gssapi", "password_env": "X"}),
        ("h", {"auth": "external", "allow_cleartext_auth": True}),
        ("h", {**LOGIN, "until": "tls"}),
        ("h", {"until": "config"}),
        ("unix:/x", {"tls": "starttls", "verify_name": "h"}),
        ("unix:/x", {"tls": "implicit", "insecure": True}),
        ("h:465", {"until": "starttls", "tls": "opportunistic"}),
    ],
)
def test_what_goes_together_is_taken(target: str, words: dict[str, Any]) -> None:
    """No contradiction is seen where there is none."""
    assert build(Request(target=target, **words), {})


def test_certificate_files_are_looked_at_before_anything_is_sent(tmp_path: Path) -> None:
    """Each kind of wrong file is told, an encrypted key without its password too."""
    ca = trustme.CA()
    issued = ca.issue_cert("client.example")
    cert, key, both = tmp_path / "cert.pem", tmp_path / "key.pem", tmp_path / "both.pem"
    cert.write_bytes(issued.cert_chain_pems[0].bytes())
    key.write_bytes(issued.private_key_pem.bytes())
    both.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    der, locked = tmp_path / "cert.der", tmp_path / "locked.pem"
    der.write_bytes(b"\x30\x82\x01\x00")
    locked.write_text("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAA=\n-----END ENCRYPTED PRIVATE KEY-----\n")

    def said(**words: Any) -> str:
        with pytest.raises(UsageError) as caught:
            build(Request(target="h", **words), {"KEY_PW": "x"})
        return str(caught.value)

    assert build(Request(target="h", ca_file=str(cert), client_cert=str(both)), {})
    assert build(Request(target="h", client_cert=str(cert), client_key=str(key)), {})
    build(
        Request(target="h", client_cert=str(cert), client_key=str(locked), client_key_password_env="KEY_PW"),
        {"KEY_PW": "x"},
    )
    assert "private key and no certificate" in said(ca_file=str(key))
    assert "DER or PKCS#12" in said(ca_file=str(der))
    assert "not a regular file" in said(ca_file=str(tmp_path))
    assert "holds no PEM private key" in said(client_cert=str(cert))
    assert "holds no PEM private key" in said(client_cert=str(cert), client_key=str(cert))
    assert "is encrypted: give its password with --client-key-password-env" in said(
        client_cert=str(cert), client_key=str(locked)
    )


def test_the_body_of_the_message(tmp_path: Path) -> None:
    """UTF-8 text of a regular file, read only when a message is to be sent."""
    file = tmp_path / "body"
    words: dict[str, Any] = {"sender": "a@b.c", "recipients": ("d@e.f",), "send": True, "body_file": str(file)}
    for content, said in ((b"\xff", "not UTF-8 at byte 0"), (b"a\0", "NUL"), (b"x" * (1 << 20) + b"x", "1024 KiB")):
        file.write_bytes(content)
        with pytest.raises(UsageError, match=said):
            build(Request(target="h", **words), {})
    file.write_text("grüße\n", "utf-8")
    assert build(Request(target="h", **words), {})[1].body == "grüße\n"


@pytest.mark.parametrize(
    ("target", "environ", "said"),
    [
        ("mail_server.example", {}, "has an underscore"),
        ("bücher.example", {}, "is looked up as xn--bcher-kva.example"),
        ("2001:db8::1:587", {}, "it is written [2001:db8::1]:587"),
        ("h", {"https_proxy": "http://u:hunter2@p:1"}, "https_proxy is set and not obeyed"),
        ("h", {"ALL_PROXY": "x", "all_proxy": "x"}, "ALL_PROXY and all_proxy are set and not obeyed"),
    ],
)
def test_notes(target: str, environ: dict[str, str], said: str) -> None:
    """What stops nothing and is worth knowing stands in the report."""
    notes = build(Request(target=target), environ)[0].notes
    assert any(said in note for note in notes)
    assert "hunter2" not in "".join(notes)


def test_no_notes_where_nothing_is_odd() -> None:
    """A plain request, and a proxy that was asked for, leave nothing to say."""
    assert target_of("smtp.example.com:587").notes == ()
    assert build(Request(target="h", proxy="socks5://p"), {"ALL_PROXY": "x"})[0].notes == ()


@pytest.mark.parametrize(
    ("target", "tls", "port", "mode"),
    [
        ("smtp.gmail.com", None, 465, TlsMode.IMPLICIT),
        ("smtp.gmail.com", "starttls", 587, TlsMode.STARTTLS),
        ("submission://smtp.gmail.com", None, 587, TlsMode.AUTO),
        ("smtps://smtp.gmail.com", None, 465, TlsMode.IMPLICIT),
        ("smtp.office365.com", None, 587, TlsMode.AUTO),
        ("smtp.gmail.com:2525", None, 2525, TlsMode.AUTO),
        ("smtp.example.com", None, 587, TlsMode.AUTO),
    ],
)
def test_a_known_provider_has_its_own_default_port(target: str, tls: str | None, port: int, mode: TlsMode) -> None:
    """The provider's first whose TLS mode fits what was asked for."""
    built, _ = build(Request(target=target, tls=tls), {})
    assert (built.port, built.tls) == (port, mode)
