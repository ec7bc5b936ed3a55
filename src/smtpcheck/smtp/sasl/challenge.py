"""What a report may say about a challenge: the prompt, the error of OAuth, the names of parameters.

Challenges hold nonces, salts and digests, which help to guess a password, so their content is never kept. A hostile
server chooses what stands in the rest: it is kept only if printable and short. A server can also send back what it was
sent, so these texts pass the redactor like any other reply.
"""

import json
from collections.abc import Mapping
from dataclasses import field

from smtpcheck.model.record import record
from smtpcheck.smtp.sasl.mechanism import ChallengeMalformed

PROMPTS = frozenset({"username:", "password:", "user name", "password"})
"""The prompts of LOGIN that strict clients know (draft-murchison-sasl-login, and what everybody sends)."""

_LONGEST_PROMPT = 80
_LONGEST_VALUE = 200
_MOST_VALUES = 12
_OAUTH_ERROR = ("status", "schemes", "scope", "openid-configuration")
_DIGEST_NAMES = ("realm", "nonce", "qop", "stale", "maxbuf", "charset", "algorithm", "cipher", "rspauth")
_SCRAM_NAMES = {b"r": "nonce", b"s": "salt", b"i": "iterations", b"v": "signature", b"e": "error", b"m": "extension"}


@record
class ChallengeFacts:
    """What was seen in a challenge. `standard` is None where there is no prompt to judge."""

    length: int
    prompt: str | None = None
    standard: bool | None = None
    error: Mapping[str, str] = field(default_factory=dict)
    parameters: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """One line for a person."""
        if self.standard is not None:
            words = "an empty prompt" if self.prompt == "" else "a prompt not shown" if self.prompt is None else None
            shown = words or f'prompt "{self.prompt}"'
            return shown if self.standard else f"nonstandard: {shown}"
        if self.error:
            return "error " + ", ".join(f"{name}={value}" for name, value in self.error.items())
        names = f" ({', '.join(self.parameters)})" if self.parameters else ""
        return f"{self.length} bytes{names}" if self.length else "empty"


def describe_challenge(mechanism: str, challenge: bytes) -> ChallengeFacts:
    """The facts about a decoded challenge of the named mechanism; raises nothing."""
    name = mechanism.upper()
    if name == "LOGIN":
        return _prompt(challenge)
    if name in ("XOAUTH2", "OAUTHBEARER"):
        return ChallengeFacts(length=len(challenge), error=_oauth_error(challenge))
    if name == "DIGEST-MD5":
        return ChallengeFacts(length=len(challenge), parameters=_digest_names(challenge))
    if name.startswith("SCRAM-"):
        return _scram(challenge)
    return ChallengeFacts(length=len(challenge))


def _prompt(challenge: bytes) -> ChallengeFacts:
    words = challenge.decode("utf-8", "replace").removesuffix("\0")
    shown = words if len(words) <= _LONGEST_PROMPT and words.isprintable() else None
    return ChallengeFacts(length=len(challenge), prompt=shown, standard=words.lower() in PROMPTS)


def _oauth_error(challenge: bytes) -> dict[str, str]:
    try:
        document = json.loads(challenge)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(document, dict):
        return {}
    names = [name for name in _OAUTH_ERROR if name in document]
    names += [name for name in document if name not in names]
    kept = ((name, _value(document[name])) for name in names if _printable(name))
    return dict([(name, value) for name, value in kept if value is not None][:_MOST_VALUES])


def _value(value: object) -> str | None:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    if isinstance(value, int):
        return str(value) if abs(value) < 10**9 else None
    return value if _printable(value) else None


def _printable(text: str) -> bool:
    return len(text) <= _LONGEST_VALUE and text.isprintable()


def _digest_names(challenge: bytes) -> tuple[str, ...]:
    from smtpcheck.smtp.sasl.digest import directives

    try:
        names = {name for name, _ in directives(challenge)}
    except ChallengeMalformed:
        return ()
    return tuple(name for name in _DIGEST_NAMES if name in names)


def _scram(challenge: bytes) -> ChallengeFacts:
    from smtpcheck.smtp.sasl.scram import error_name

    pairs = [part.partition(b"=") for part in challenge.split(b",")[:_MOST_VALUES]]
    names = dict.fromkeys(_SCRAM_NAMES[letter] for letter, sign, _ in pairs if sign and letter in _SCRAM_NAMES)
    letter, _, value = pairs[0]
    error = {"e": error_name(value)} if letter == b"e" else {}
    return ChallengeFacts(length=len(challenge), error=error, parameters=tuple(names))
