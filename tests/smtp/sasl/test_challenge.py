"""What a report says about a challenge, and what it keeps to itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.smtp.sasl import MECHANISMS, describe_challenge


@pytest.mark.parametrize(
    "prompt", [b"Username:", b"Password:", b"User Name", b"User Name\0", b"PASSWORD:", b"Password\0"]
)
def test_the_usual_prompts_of_login(prompt: bytes) -> None:
    """Their words are kept, without the NUL of the draft."""
    facts = describe_challenge("LOGIN", prompt)
    assert facts.standard is True
    assert facts.text == f'prompt "{prompt.decode().rstrip(chr(0))}"'


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        (b"Login please", 'nonstandard: prompt "Login please"'),
        (b"", "nonstandard: an empty prompt"),
        (b"\x1b[2J", "nonstandard: a prompt not shown"),
        ("user\u202e:".encode(), "nonstandard: a prompt not shown"),
        (b"x" * 81, "nonstandard: a prompt not shown"),
    ],
)
def test_other_prompts_are_a_fact(prompt: bytes, text: str) -> None:
    """Strict clients stop at them; escapes, marks and novels are not kept."""
    facts = describe_challenge("login", prompt)
    assert facts.standard is False
    assert facts.text == text


def test_the_error_of_oauth_is_decoded() -> None:
    """RFC 7628 section 4.3, and Google's own."""
    rfc = (
        b'{"status":"invalid_token","scope":"example_scope",'
        b'"openid-configuration":"https://example.com/.well-known/openid-configuration"}'
    )
    assert describe_challenge("OAUTHBEARER", rfc).error == json.loads(rfc)
    google = b'{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}'
    assert describe_challenge("XOAUTH2", google).text == (
        "error status=400, schemes=Bearer, scope=https://mail.google.com/"
    )


def test_the_known_names_come_first_and_the_rest_is_bounded() -> None:
    """A server may add anything; only short printable text and small numbers are kept."""
    document = {
        "extra": "kept",
        "code": 7,
        "status": "401",
        "escape": "\x1b[2J",
        "long": "x" * 201,
        "deep": {"a": 1},
        "yes": True,
        "huge": 10**50,
        "\x1b": "name",
    }
    error = describe_challenge("XOAUTH2", json.dumps(document).encode()).error
    assert list(error.items()) == [("status", "401"), ("extra", "kept"), ("code", "7")]
    many = json.dumps({str(number): "x" for number in range(1000)}).encode()
    assert len(describe_challenge("XOAUTH2", many).error) == 12


@pytest.mark.parametrize("challenge", [b"", b"[]", b"not json", b"\xff\xfe", b"[" * 60_000, b"9" * 5000, b'"x"'])
def test_what_is_no_error_is_counted_only(challenge: bytes) -> None:
    """Neither nesting nor a number of 5,000 digits hurts."""
    facts = describe_challenge("OAUTHBEARER", challenge)
    assert dict(facts.error) == {}
    assert facts.text == (f"{len(challenge)} bytes" if challenge else "empty")


@pytest.mark.parametrize(
    ("mechanism", "challenge", "text"),
    [
        ("DIGEST-MD5", b'qop="auth",nonce="SECRET",x=1,realm="SECRET"', "44 bytes (realm, nonce, qop)"),
        ("DIGEST-MD5", b"SECRET", "6 bytes"),
        ("SCRAM-SHA-256", b"r=SECRET,s=U0VDUkVU,i=4096,SECRET=1", "35 bytes (nonce, salt, iterations)"),
        ("SCRAM-SHA-1", b"v=U0VDUkVU", "10 bytes (signature)"),
        ("SCRAM-SHA-1", b"e=invalid-proof", "error e=invalid-proof"),
        ("SCRAM-SHA-1", b"e=SECRET", "error e=other-error"),
        ("CRAM-MD5", b"<SECRET@x>", "10 bytes"),
        ("NTLM", b"NTLMSSP\0SECRET", "14 bytes"),
        ("PLAIN", b"", "empty"),
    ],
)
def test_of_the_others_only_the_outline_is_kept(mechanism: str, challenge: bytes, text: str) -> None:
    """Lengths and names of parameters, never their values."""
    facts = describe_challenge(mechanism, challenge)
    assert facts.text == text
    assert "SECRET" not in repr(facts)


@given(st.sampled_from(sorted(MECHANISMS)), st.binary(max_size=200) | st.text(max_size=90).map(str.encode))
def test_every_line_about_a_challenge_can_be_printed(mechanism: str, challenge: bytes) -> None:
    """Whatever the server sent."""
    assert describe_challenge(mechanism, challenge).text.isprintable()
