"""From a mechanism's name to an exchange that is ready for its first line."""

from collections.abc import Callable

from smtpcheck.smtp.sasl import spnego
from smtpcheck.smtp.sasl.clear import Login, anonymous, external, plain
from smtpcheck.smtp.sasl.cram import CramMd5
from smtpcheck.smtp.sasl.digest import DigestMd5, fresh_nonce
from smtpcheck.smtp.sasl.mechanism import Credentials, Mechanism, MechanismUnavailable
from smtpcheck.smtp.sasl.oauth import oauthbearer, xoauth2
from smtpcheck.smtp.sasl.scram import Scram

_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")

_SIMPLE: dict[str, Callable[[Credentials], Mechanism]] = {
    "PLAIN": plain,
    "LOGIN": Login,
    "CRAM-MD5": CramMd5,
    "XOAUTH2": xoauth2,
    "OAUTHBEARER": oauthbearer,
    "EXTERNAL": external,
    "ANONYMOUS": anonymous,
    "NTLM": spnego.Ntlm,
    "GSSAPI": spnego.Gssapi,
}

MECHANISMS = frozenset({*_SIMPLE, *_SCRAM, "DIGEST-MD5"})
"""Every mechanism that smtpcheck speaks, by its registered name."""


def start(name: str, credentials: Credentials, nonce: Callable[[], str] = fresh_nonce) -> Mechanism:
    """A new exchange of the named mechanism, in any case of letters.

    Raises `CredentialsUnusable` or `MechanismUnavailable`; nothing was sent then. `nonce` is called where the mechanism
    needs one. Where `blocks(name)`, this call may take long too.
    """
    name = name.upper()
    if name in _SCRAM:
        return Scram(name, credentials, nonce)
    if name == "DIGEST-MD5":
        return DigestMd5(credentials, nonce)
    if name not in _SIMPLE:
        raise MechanismUnavailable("smtpcheck does not speak this mechanism")
    return _SIMPLE[name](credentials)


def blocks(name: str) -> bool:
    """Whether `start` and `respond` of the mechanism belong in a daemon thread: long hashing, or a key server asked."""
    return name.upper() in {*_SCRAM, "NTLM", "GSSAPI"}
