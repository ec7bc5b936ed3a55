"""What is worth knowing before a packet is sent, and stops nothing: the notes of the stage `config`."""

import re
from collections.abc import Mapping

from smtpcheck.model import Options, Target
from smtpcheck.settings.secret_sources import PASSWORD_VARIABLE

_PROXY_VARIABLES = ("ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "SOCKS_PROXY", "SOCKS5_PROXY")
_MAIL_PORT_AS_GROUP = re.compile(r":(25|465|587|2525)$")

_HYGIENE = {
    "trailing-newline-stripped": "the newline at the end of the {kind} was left out",
    "file-readable-by-others": "the file with the {kind} can be read by every user of this machine",
}


def target_notes(target: Target, options: Options, environ: Mapping[str, str]) -> tuple[str, ...]:
    """About the values: one sentence each."""
    return (*_host(target), *_proxy(options, environ))


def secret_notes(target: Target, environ: Mapping[str, str]) -> tuple[str, ...]:
    """About the secret, once it was read, and about smtpcheck's own variable when it was not."""
    return tuple(_secret(target, environ))


def _host(target: Target) -> list[str]:
    notes = []
    origin = target.origin.get("host")
    if origin is not None and origin.detail is not None and origin.detail != target.host and "." in target.host:
        notes.append(f"the host of TARGET is looked up as {target.host}")
    if "_" in target.host:
        notes.append(
            f"the name {target.host} has an underscore, which a host name cannot have (RFC 952): some resolvers"
        )
        notes[-1] += " and certificate checks refuse it"
    if ":" in target.host and _MAIL_PORT_AS_GROUP.search(target.host):
        address, _, port = target.host.rpartition(":")
        notes.append(f"{target.host} was read as an address alone: with a port it is written [{address}]:{port}")
    return notes


def _secret(target: Target, environ: Mapping[str, str]) -> list[str]:
    notes = []
    if target.secret is not None:
        kind = target.secret.kind
        notes += [sentence.format(kind=kind) for key, sentence in _HYGIENE.items() if key in target.secret.hygiene]
    if PASSWORD_VARIABLE in environ and (target.secret is None or target.secret.source != f"env {PASSWORD_VARIABLE}"):
        why = "no user was given" if target.user is None else "it was not needed"
        notes.append(f"{PASSWORD_VARIABLE} is set and was not used: {why}")
    return notes


def _proxy(options: Options, environ: Mapping[str, str]) -> list[str]:
    if options.proxy is not None:
        return []
    found = [name for upper in _PROXY_VARIABLES for name in (upper, upper.lower()) if environ.get(name)]
    if not found:
        return []
    verb = "is" if len(found) == 1 else "are"
    return [
        f"{' and '.join(found)} {verb} set and not obeyed: smtpcheck connects directly unless --proxy says otherwise"
    ]
