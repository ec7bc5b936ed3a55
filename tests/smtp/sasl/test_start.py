"""The list of mechanisms, and what no mechanism may do: give the secret away."""

import traceback
from base64 import b64encode
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smtpcheck.model.secret import Secret, SecretKind
from smtpcheck.smtp.sasl import (
    MECHANISMS,
    ChannelBinding,
    Credentials,
    MechanismUnavailable,
    SaslError,
    blocks,
    describe_challenge,
    start,
)

PURE = sorted(MECHANISMS - {"NTLM", "GSSAPI"})
CHALLENGES = (
    b"",
    b"Username:",
    b'nonce="n",algorithm=md5-sess,charset=utf-8',
    b'nonce="n",algorithm=md5-sess',
    b"r=abcdef,s=c2FsdA==,i=1",
    b'{"status":"400"}',
    b"e=invalid-proof",
    b"rspauth=0",
    b"v=AAAA",
)


def test_every_mechanism_can_be_started() -> None:
    """And says of itself what `blocks` says of its name."""
    credentials = Credentials(user="u", secret=Secret("p"), channel_binding=ChannelBinding("tls-unique", b"x"))
    for name in PURE:
        mechanism = start(name.lower(), credentials)
        assert mechanism.name == name
        assert mechanism.blocking == blocks(name)


def test_an_unknown_mechanism_is_unavailable() -> None:
    """Its name comes from a server, so the reason does not repeat it."""
    with pytest.raises(MechanismUnavailable) as caught:
        start("\x1b[2J", Credentials())
    assert caught.value.reason == "smtpcheck does not speak this mechanism"


def shown(error: BaseException) -> Iterator[str]:
    """Everything that printing an error could print, its hidden causes as well."""
    yield from (str(error), repr(error), repr(error.args), "".join(traceback.format_exception(error)))
    for behind in (error.__context__, error.__cause__):
        if behind is not None:
            yield from shown(behind)


@given(
    name=st.sampled_from(PURE),
    rest=st.text(max_size=12),
    challenges=st.lists(st.sampled_from(CHALLENGES) | st.binary(max_size=40), max_size=4),
    kind=st.sampled_from(SecretKind),
)
def test_a_secret_is_in_the_responses_only(name: str, rest: str, challenges: list[bytes], kind: SecretKind) -> None:
    """Not in an exception or what stands behind it, a repr, a proof, or the facts, and in no encoding of it."""
    text = f"zQ7~{rest}"
    credentials = Credentials(user="u", secret=Secret(text, kind), channel_binding=ChannelBinding("tls-unique", b"x"))
    output = [repr(credentials), f"{credentials}"]
    try:
        mechanism = start(name, credentials, lambda: "abc")
        output.append(repr(mechanism))
        for challenge in challenges:
            output += [repr(describe_challenge(name, challenge)), describe_challenge(name, challenge).text]
            mechanism.respond(challenge)
        output.append(repr(mechanism.finished()))
    except SaslError as error:
        output += shown(error)
    raw = text.encode("utf-8", "surrogatepass")
    needles = {text, repr(text)[1:-1], b64encode(raw).decode(), raw.hex(), quote(raw, safe="")}
    assert [(needle, one) for needle in needles for one in output if needle in one] == []
