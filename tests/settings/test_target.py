"""TARGET: what is understood, and what is said about everything else."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model import UsageError
from smtpcheck.settings.host import UnusableHost, address_literal
from smtpcheck.settings.target import Place, parse_target


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("smtp.example.com", Place(host="smtp.example.com")),
        ("smtp.example.com:587", Place(host="smtp.example.com", port=587)),
        ("mailpit", Place(host="mailpit")),
        ("mail_server:25", Place(host="mail_server", port=25)),
        ("SMTP.Example.com", Place(host="SMTP.Example.com")),
        ("192.0.2.1:25", Place(host="192.0.2.1", port=25)),
        ("[::1]:465", Place(host="::1", port=465)),
        ("[192.0.2.1]", Place(host="192.0.2.1")),
        ("::1", Place(host="::1")),
        ("2001:DB8:0::1", Place(host="2001:db8::1")),
        ("fe80::1%eth0", Place(host="fe80::1%eth0")),
        ("smtp://[fe80::1%25eth0]:25", Place(host="fe80::1%eth0", port=25, scheme="smtp")),
        ("smtp://h", Place(host="h", scheme="smtp")),
        ("SMTPS://h/", Place(host="h", scheme="smtps")),
        ("submission://h:5870", Place(host="h", port=5870, scheme="submission")),
        ("submissions://h", Place(host="h", scheme="submissions")),
        ("lmtp://h:2003", Place(host="h", port=2003, scheme="lmtp")),
        ("smtp://alice%40example.com@h", Place(host="h", scheme="smtp", user="alice@example.com")),
        ("unix:/run/lmtp", Place(host="", scheme="unix", path="/run/lmtp")),
        ("unix:///run/lmtp", Place(host="", scheme="unix", path="/run/lmtp")),
        ("lmtp:unix:/run/lmtp", Place(host="", scheme="unix", path="/run/lmtp")),
        ("smtp:unix:/run/smtp", Place(host="", scheme="unix", path="/run/smtp", path_protocol="smtp")),
        ("example.com.", Place(host="example.com")),
        ("bücher.example:25", Place(host="xn--bcher-kva.example", port=25)),
        ("BÜCHER。example。", Place(host="xn--bcher-kva.example")),
        ("straße.example", Place(host="xn--strae-oqa.example")),
        ("１２７.0.0.1", Place(host="127.0.0.1")),
    ],
)
def test_forms_that_are_understood(text: str, place: Place) -> None:
    """Hosts, ports, literals and URLs, as mail programs write them."""
    assert parse_target(text) == place


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "TARGET is empty"),
        ("  ", "TARGET is empty"),
        ("h:0", "has the port '0': a port is a number from 1 to 65535"),
        ("h:65536", "has the port '65536'"),
        ("h:587 ", "has the port '587 '"),
        ("h:smtp", "has the port 'smtp'"),
        ("h:", "has the port ''"),
        ("h:+25", "has the port '+25'"),
        ("h:25:25", "more than one colon"),
        ("::1:99999", "write '[::1]:99999'"),
        ("1:2:3:4:5:6:7:8:25", "write '[1:2:3:4:5:6:7:8]:25'"),
        ("[::1", "bracket out of place"),
        ("[smtp.example.com]:587", "relayhost notation"),
        ("http://h/", "the scheme 'http'"),
        ("ssl://h", "write smtps://"),
        ("smtp://h/inbox", "something after the host 'h'"),
        ("smtp://h?x=y", "something after the host 'h'"),
        ("smtp://@h", "a user that is empty"),
        ("smtp://%ff@h", "not UTF-8 when decoded"),
        ("alice@example.com", "'alice@example.com' is a mail address"),
        ("unix:run/x", "absolute"),
        ("unix:/" + "x" * 107, "107 bytes"),
        ("h" * 3000, "3000 characters long"),
    ],
)
def test_each_fault_is_named_in_one_sentence(text: str, said: str) -> None:
    """The sentence names the value and what is allowed; these are no faults of the host itself."""
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not isinstance(caught.value, UnusableHost)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (" h", "space"),
        ("h\n", "line end"),
        ("a b", "several hosts"),
        ("a,b", "several hosts"),
        ('"h"', "quotation marks"),
        ("“h”", "quotation marks"),
        ("$SMTP_HOST", "a variable that nothing replaced"),
        ("${{ secrets.HOST }}", "a variable that nothing replaced"),
        ("a..b", "empty label"),
        (".", "names no host"),
        (":25", "names no host"),
        ("-h", "no hyphen at either end"),
        ("h-.example", "no hyphen at either end"),
        ("*.example.com", "letters, digits and hyphens"),
        ("a" * 64, "63 characters"),
        ("a." * 127 + "aa", "253 characters"),
        ("127.1", "four decimal numbers"),
        ("0x7f.1", "four decimal numbers"),
        ("2130706433", "four decimal numbers"),
        ("192.0.2.256", "four decimal numbers"),
        ("010.0.0.1", "four decimal numbers"),
        ("smtp\u200b.example.com", "U+200B"),
        ("smtp\u00a0.example.com", "U+00A0"),
        ("\u202esmtp.example.com", "U+202E"),
        ("caf\udce9.example", "U+DCE9"),
        ("\u0301.example", "internationalised"),
        ("ü" * 200, "internationalised"),
    ],
)
def test_a_host_that_cannot_be_used_is_told_from_other_faults(text: str, said: str) -> None:
    """It stops the run with a report, so it has a class of its own, and the text that was given."""
    with pytest.raises(UnusableHost) as caught:
        parse_target(text)
    assert said in str(caught.value)
    assert str(caught.value).isprintable()
    assert caught.value.host in text


@pytest.mark.parametrize(
    "text",
    [
        "smtps://alice:hunter2@h",
        "smtps://alice:hun/ter2@h",
        "smtps://alice:hunter2@h:0",
        "smtp://:hunter2@h",
        "alice:hunter2@h",
        "alice:hunter2@h:587",
        "alice:hunter2",
        "smtps://alice:hunter2",
        "alice:hun:ter2",
        "[alice]:hunter2",
        "alice:hun[ter2",
        "smtp://alice:hunter2",
    ],
)
def test_what_may_be_a_password_is_never_repeated(text: str) -> None:
    """A password in a URL, or after a colon where the host was forgotten, is not in the sentence."""
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert "hun" not in str(caught.value)
    assert "ter2" not in str(caught.value)


def test_the_sentence_for_a_long_value_is_short() -> None:
    """A value is cut where it is quoted."""
    with pytest.raises(UsageError) as caught:
        parse_target("-" + "x" * 1900)
    assert len(str(caught.value)) < 300


@given(st.one_of(st.text(max_size=80), st.text(alphabet=string.printable + ":[]@/.%ü。", max_size=40)))
def test_any_text_is_understood_or_refused_in_one_printable_line(text: str) -> None:
    """No other exception, and a host that comes out is plain ASCII in which no command can hide."""
    try:
        place = parse_target(text)
    except UsageError as error:
        refused = str(error)
        assert refused.isprintable()
    else:
        assert place.path is not None or place.host
        assert address_literal(place.host) is not None or set(place.host) <= set(string.ascii_letters + "0123456789-_.")


@given(st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z][a-z0-9]{0,10}){0,3}", fullmatch=True), st.integers(1, 65535))
def test_every_plain_host_and_port_comes_back(host: str, port: int) -> None:
    """What needs no change is not changed."""
    assert parse_target(f"{host}:{port}") == Place(host=host, port=port)
