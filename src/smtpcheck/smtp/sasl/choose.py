"""Which of the offered mechanisms to use, and the sentence that says why.

One attempt is all that smtpcheck makes, so the order is what most clients do. Inside TLS the plain ones come first:
they work where the server keeps hashes, and nobody listens. In clear those come first that do not show the password.
"""

from collections.abc import Sequence

from smtpcheck.model.record import brief_record
from smtpcheck.model.secret import SecretKind
from smtpcheck.smtp.sasl.start import MECHANISMS

IN_TLS = ("PLAIN", "LOGIN", "SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5")
IN_CLEAR = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "DIGEST-MD5", "PLAIN", "LOGIN")
WITH_TOKEN = ("OAUTHBEARER", "XOAUTH2")

_SHOWN = 12
_NEEDS = {
    **dict.fromkeys(IN_TLS, "a password"),
    **dict.fromkeys(WITH_TOKEN, "an OAuth token (--token-env)"),
    "SCRAM-SHA-256-PLUS": "a password and --auth scram-sha-256-plus",
    "SCRAM-SHA-1-PLUS": "a password and --auth scram-sha-1-plus",
    "EXTERNAL": "a client certificate (--client-cert) and --auth external",
    "ANONYMOUS": "--auth anonymous",
    "NTLM": "--auth ntlm and pip install 'smtpcheck[ntlm]'",
    "GSSAPI": "--auth gssapi and pip install 'smtpcheck[gssapi]'",
}


@brief_record
class Choice:
    """The mechanism to use (None: there is none to use), why, and what else was offered, in the server's order."""

    mechanism: str | None
    why: str
    not_tried: tuple[str, ...] = ()


def choose(offered: Sequence[str], secret_kind: SecretKind | None, tls: bool, asked: str = "auto") -> Choice:
    """The choice among the mechanisms of the EHLO reply. `asked` is "auto", "none" or a mechanism's name."""
    listed = tuple(dict.fromkeys(name.upper() for name in offered))
    mechanism, why = _chosen(listed, secret_kind, tls, asked)
    return Choice(mechanism, why, tuple(name for name in listed if name != mechanism))


def _chosen(listed: tuple[str, ...], kind: SecretKind | None, tls: bool, asked: str) -> tuple[str | None, str]:
    if asked == "none":
        return None, "no login was asked for"
    where = "inside TLS" if tls else "without TLS"
    if asked != "auto":
        name = asked.upper()
        if name not in MECHANISMS:
            return None, f"smtpcheck does not speak {name}"
        if name in listed:
            return name, f"{name}: asked for by name"
        return None, f"{name} was asked for, and the server offers {_list(listed)} {where}"

    if kind is None:
        return None, f"no password or token was given; the server offers {_list(listed)} {where}"
    order = WITH_TOKEN if kind is SecretKind.TOKEN else IN_TLS if tls else IN_CLEAR
    for name in order:
        if name in listed:
            for_what = "for a token" if kind is SecretKind.TOKEN else "for a password"
            return name, f"{name}: the first in smtpcheck's order {for_what} that the server offers {where}"
    if not listed:
        return None, f"the server offers no mechanism {where}"
    needs = "; ".join(f"{name} needs {_NEEDS.get(name, 'a client that speaks it')}" for name in listed[:_SHOWN])
    return None, f"nothing that a {kind} can be used with: the server offers {_list(listed)} {where}; {needs}"


def _list(listed: tuple[str, ...]) -> str:
    if not listed:
        return "no mechanism"
    more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
    return ", ".join(listed[:_SHOWN]) + more
