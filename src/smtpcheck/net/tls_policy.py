"""What smtpcheck asks of TLS, and the one `SSLContext` that stands for it.

Distributions change OpenSSL's and Python's defaults, so versions, ciphers and flags are all set here: two users who ask
the same server get the same verdict. Python 3.13 made its default context strict (VERIFY_X509_STRICT) and lets an
intermediate be a trust anchor (VERIFY_X509_PARTIAL_CHAIN); here neither is set, on any version: OpenSSL's own default,
which most mail clients use, decides whether the handshake goes on, and what only a strict client refuses is a fault of
the chain's reading (`net.chain`).
"""

import hashlib
import os
import ssl
import warnings
from collections import OrderedDict
from dataclasses import field, replace

from smtpcheck.model import TrustStore, UsageError
from smtpcheck.model.record import brief_record, record
from smtpcheck.model.secret import Secret
from smtpcheck.net.tls_files import check_ca_file, check_client_files, load_client_certificate, stamp
from smtpcheck.net.trust import anchors_of, describe_store

VERSIONS = {
    "1.0": ssl.TLSVersion.TLSv1,
    "1.1": ssl.TLSVersion.TLSv1_1,
    "1.2": ssl.TLSVersion.TLSv1_2,
    "1.3": ssl.TLSVersion.TLSv1_3,
}

# Upstream Python's string since 3.10. RSA key exchange and SHA-1 suites are not in it.
_CIPHERS = "@SECLEVEL=2:ECDH+AESGCM:ECDH+CHACHA20:ECDH+AES:DHE+AES:!aNULL:!eNULL:!aDSS:!SHA1:!AESCCM"
# TLS 1.0 and 1.1 sign with SHA-1, which OpenSSL 3 allows at level 0 alone.
_OLD_CIPHERS = "DEFAULT:!aNULL:!eNULL:@SECLEVEL=0"
_ANY_CIPHER = "ALL:@SECLEVEL=0"

_LEGACY_SERVER_CONNECT = 0x4  # ssl.OP_LEGACY_SERVER_CONNECT, from Python 3.12
_NO_RENEGOTIATION = getattr(ssl, "OP_NO_RENEGOTIATION", 0)
_IGNORE_UNEXPECTED_EOF = getattr(ssl, "OP_IGNORE_UNEXPECTED_EOF", 0)  # of OpenSSL 3 alone


@record
class TlsPolicy:
    """What the user, or a second look, asks for. Versions are `1.0` to `1.3`.

    `legacy` takes any cipher and a server without RFC 5746 (secure renegotiation); `small_hello` offers one key share,
    so that the ClientHello fits one segment also where OpenSSL would add a post-quantum one. Neither is for sending a
    credential: both are how a second look finds out why a handshake failed.
    """

    verify: bool = True
    ca_file: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    client_key_password: Secret | None = field(default=None, compare=False, repr=False)
    min_version: str = "1.2"
    max_version: str | None = None
    alpn: tuple[str, ...] = ()
    legacy: bool = False
    small_hello: bool = False


@brief_record
class Loaded:
    """A policy made ready: its context, and the store that was loaded into it (None where nothing is verified)."""

    context: ssl.SSLContext
    store: TrustStore | None


def check_policy_files(policy: TlsPolicy) -> None:
    """Raises UsageError with one sentence if a file or version of the policy cannot be used.

    It reads files and asks nothing on the terminal; it never blocks on a pipe or a device.
    """
    load(policy)


def context(policy: TlsPolicy) -> ssl.SSLContext:
    """The context of this policy, built once for each state of its files. Raises UsageError."""
    return load(policy).context


def trust_store(policy: TlsPolicy) -> TrustStore | None:
    """What the policy's certificates are verified against; with `verify` off, what they would be.

    None if the store cannot be loaded (any more).
    """
    try:
        return load(_verifying(policy)).store
    except UsageError:
        return None


def anchors(policy: TlsPolicy) -> tuple[bytes, ...]:
    """The DER certificates of the policy's trust store, for the reading of a chain; none if it cannot be loaded."""
    try:
        return anchors_of(policy.ca_file, load(_verifying(policy)).context)
    except UsageError:
        return ()


def _verifying(policy: TlsPolicy) -> TlsPolicy:
    return policy if policy.verify else TlsPolicy(ca_file=policy.ca_file)


_CACHE_SIZE = 32
_cache: OrderedDict[tuple[object, ...], Loaded] = OrderedDict()
_KEY = os.urandom(32)


def load(policy: TlsPolicy, *, check_name: bool = True) -> Loaded:
    """Builds the context or remembers it. Raises UsageError.

    Without `check_name`, OpenSSL verifies the chain and leaves the comparison of names to the caller. A replaced file
    makes another context, and so does another password, known by a keyed digest.
    """
    password = policy.client_key_password
    text = b"" if password is None else password.reveal().encode("utf-8", "surrogatepass")
    digest = None if password is None else hashlib.blake2b(text, key=_KEY).digest()
    paths = ssl.get_default_verify_paths()
    environment = tuple(os.environ.get(name) for name in (paths.openssl_cafile_env, paths.openssl_capath_env))
    files = tuple(stamp(path) for path in (policy.ca_file, policy.client_cert, policy.client_key, paths.cafile))
    # The cache keeps the digest, and not the password with the policy.
    key = (replace(policy, client_key_password=None), check_name, digest, environment, files)
    found = _cache.get(key)
    if found is None:
        built = _build(policy, check_name=check_name)
        found = Loaded(built, describe_store(policy.ca_file, built) if policy.verify else None)
        _cache[key] = found
        while len(_cache) > _CACHE_SIZE:
            _cache.popitem(last=False)
    return found


def _build(policy: TlsPolicy, *, check_name: bool) -> ssl.SSLContext:
    built = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _set_versions(built, policy)
    built.options = _options(built.options, policy)
    built.verify_flags = ssl.VerifyFlags.VERIFY_X509_TRUSTED_FIRST
    if policy.alpn:
        built.set_alpn_protocols(list(policy.alpn))
    if policy.small_hello:
        built.set_ecdh_curve("prime256v1")  # the one group that every TLS 1.3 server must have (RFC 8446 section 9.1)
    built.check_hostname = check_name and policy.verify
    built.verify_mode = ssl.CERT_REQUIRED if policy.verify else ssl.CERT_NONE
    if policy.ca_file is not None:
        check_ca_file(policy.ca_file, built)
    elif policy.verify:
        built.load_default_certs(ssl.Purpose.SERVER_AUTH)
    check_client_files(policy.client_cert, policy.client_key)
    if policy.client_cert is not None:
        load_client_certificate(built, policy.client_cert, policy.client_key, policy.client_key_password)
    return built


def _set_versions(built: ssl.SSLContext, policy: TlsPolicy) -> None:
    for asked in (policy.min_version, policy.max_version):
        if asked is not None and asked not in VERSIONS:
            raise UsageError(f"TLS version {asked!r} is not known: {', '.join(VERSIONS)} can be asked for")
    old = policy.legacy or policy.min_version in ("1.0", "1.1")
    with warnings.catch_warnings():
        # Python calls TLS 1.0 and 1.1 deprecated: so do we, in the report.
        warnings.simplefilter("ignore", DeprecationWarning)
        built.minimum_version = ssl.TLSVersion.TLSv1 if policy.legacy else VERSIONS[policy.min_version]
        built.maximum_version = VERSIONS[policy.max_version] if policy.max_version else ssl.TLSVersion.TLSv1_3
    built.set_ciphers(_ANY_CIPHER if policy.legacy else _OLD_CIPHERS if old else _CIPHERS)


def _options(options: int, policy: TlsPolicy) -> ssl.Options:
    """An end without close_notify is an error that we see, and nothing is renegotiated under our feet."""
    kept = (options | _NO_RENEGOTIATION) & ~(_IGNORE_UNEXPECTED_EOF | _LEGACY_SERVER_CONNECT)
    return ssl.Options(kept | (_LEGACY_SERVER_CONNECT if policy.legacy else 0))
