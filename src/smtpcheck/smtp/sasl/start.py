"""From a mechanism's name to an exchange that is ready for its first line.

A mechanism is loaded when it is used: most sessions log in with one that needs next to nothing.
"""

from collections.abc import Callable

from smtpcheck.smtp.sasl.clear import Login, anonymous, external, plain
from smtpcheck.smtp.sasl.mechanism import Credentials, Mechanism, MechanismUnavailable

_SCRAM = ("SCRAM-SHA-256", "SCRAM-SHA-1", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS")
_OTHERS = ("PLAIN", "LOGIN", "CRAM-MD5", "DIGEST-MD5", "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "ANONYMOUS")
_FOREIGN = ("NTLM", "GSSAPI")

MECHANISMS = frozenset({*_SCRAM, *_OTHERS, *_FOREIGN})
"""Every mechanism that smtpcheck speaks, by its registered name."""


def fresh_nonce() -> str:
    """A nonce of 144 random bits in letters that need no quoting anywhere."""
    import secrets

    return secrets.token_urlsafe(18)


def start(name: str, credentials: Credentials, nonce: Callable[[], str] = fresh_nonce) -> Mechanism:
    """A new exchange of the named mechanism, in any case of letters.

    Raises `CredentialsUnusable` or `MechanismUnavailable`; nothing was sent then. `nonce` is called where the mechanism
    needs one. Where `blocks(name)`, this call may take long too.
    """
    match name.upper():
        case "PLAIN":
            return plain(credentials)
        case "LOGIN":
            return Login(credentials)
        case "EXTERNAL":
            return external(credentials)
        case "ANONYMOUS":
            return anonymous(credentials)
        case "CRAM-MD5":
            from smtpcheck.smtp.sasl.cram import CramMd5

            return CramMd5(credentials)
        case "DIGEST-MD5":
            from smtpcheck.smtp.sasl.digest import DigestMd5

            return DigestMd5(credentials, nonce)
        case "XOAUTH2":
            from smtpcheck.smtp.sasl.oauth import xoauth2

            return xoauth2(credentials)
        case "OAUTHBEARER":
            from smtpcheck.smtp.sasl.oauth import oauthbearer

            return oauthbearer(credentials)
        case "NTLM":
            from smtpcheck.smtp.sasl.spnego import Ntlm

            return Ntlm(credentials)
        case "GSSAPI":
            from smtpcheck.smtp.sasl.spnego import Gssapi

            return Gssapi(credentials)
        case scram if scram in _SCRAM:
            from smtpcheck.smtp.sasl.scram import Scram

            return Scram(scram, credentials, nonce)
    raise MechanismUnavailable("smtpcheck does not speak this mechanism")


def blocks(name: str) -> bool:
    """Whether `start` and `respond` of the mechanism belong in a daemon thread: long hashing, or a key server asked."""
    return name.upper() in {*_SCRAM, *_FOREIGN}
