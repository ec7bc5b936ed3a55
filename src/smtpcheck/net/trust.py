"""The trust store: which file and directory OpenSSL reads, and whether there is anything in them.

"Unable to get local issuer certificate" is said alike of an unknown CA, a missing intermediate, and a machine without
any CA certificates. OpenSSL loads the file at once and looks into the directory (one file for each certificate, named
by a hash) when it needs one, so its own count does not tell an empty store.
"""

import binascii
import os
import re
import ssl
from collections.abc import Mapping

from smtpcheck.model import TrustStore
from smtpcheck.net.regular_file import read_regular_file

_LABEL = re.compile(rb"(?:TRUSTED |X509 )?CERTIFICATE-----")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]+")
_DIRECTORY_LIMIT = 1000
_ENTRY_LIMIT = 64 * 1024


def describe_store(ca_file: str | None, context: ssl.SSLContext) -> TrustStore:
    """The store that a context was loaded from, with the names of its places whether they exist or not."""
    count = context.cert_store_stats()["x509"]
    if ca_file is not None:
        return TrustStore(source="ca-file", file=ca_file, certificates=count, empty=count == 0)
    file, directory, chosen = system_places()
    return TrustStore(
        source="environment" if chosen else "system",
        file=file,
        directory=directory,
        certificates=count,
        empty=count == 0 and not _hashed_entries(directory),
    )


def anchors_of(ca_file: str | None, context: ssl.SSLContext) -> tuple[bytes, ...]:
    """The store's certificates as DER. A directory is read only where there is no file: usually both hold the same."""
    if ca_file is not None:
        return _pem_certificates(read_regular_file(ca_file) or b"")
    loaded = tuple(context.get_ca_certs(binary_form=True))
    if context.cert_store_stats()["x509"] > 0 and os.path.exists(system_places()[0]):
        return loaded
    entries = (read_regular_file(path, _ENTRY_LIMIT) for path in _hashed_entries(system_places()[1]))
    return loaded + tuple(der for content in entries for der in _pem_certificates(content or b""))


def system_places(environ: Mapping[str, str] = os.environ) -> tuple[str, str, bool]:
    """OpenSSL's file and directory, and whether the environment chose them."""
    paths = ssl.get_default_verify_paths()
    file = environ.get(paths.openssl_cafile_env)
    directory = environ.get(paths.openssl_capath_env)
    chosen = file is not None or directory is not None
    return (
        paths.openssl_cafile if file is None else file,
        paths.openssl_capath if directory is None else directory,
        chosen,
    )


def _hashed_entries(directory: str) -> list[str]:
    """The files that OpenSSL could find in a directory, or in each of several (separated as in PATH)."""
    found: list[str] = []
    for place in directory.split(os.pathsep):
        try:
            with os.scandir(place) as entries:
                found += sorted(entry.path for entry in entries if _HASHED.fullmatch(entry.name))
        except (OSError, ValueError):
            continue
    return found[:_DIRECTORY_LIMIT]


def _pem_certificates(content: bytes) -> tuple[bytes, ...]:
    found = []
    for block in content.split(b"-----BEGIN ")[1:]:
        label = _LABEL.match(block)
        body = block[label.end() : block.find(b"-----END ")] if label else b""
        try:
            found.append(binascii.a2b_base64(body))
        except binascii.Error:
            continue
    return tuple(der for der in found if der)
