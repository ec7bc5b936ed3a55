"""NTLM (MS-SMTPNTLM) and GSSAPI, that is Kerberos (RFC 4752), through pyspnego.

pyspnego is an optional extra and slow to import, so it is loaded by the exchange that needs it. Kerberos asks its key
server for tickets, in the libraries of the operating system and without a deadline: the calls block, and the report
has to announce a host that smtpcheck did not choose.
"""

from typing import TYPE_CHECKING, ClassVar

from smtpcheck.smtp.sasl.mechanism import (
    NO_PROOF,
    ChallengeMalformed,
    ChannelBinding,
    Credentials,
    CredentialsUnusable,
    MechanismUnavailable,
    Proof,
    SaslError,
    octets,
    secret_text,
)

if TYPE_CHECKING:
    from spnego import ContextProxy
    from spnego.channel_bindings import GssChannelBindings

_NO_LAYER = 1


class Ntlm:
    """Three messages, of which the second is the server's. The user may be `DOMAIN\\user` or `user@domain`."""

    blocking: ClassVar[bool] = True
    key_server: ClassVar[None] = None

    def __init__(self, credentials: Credentials) -> None:
        self.name = "NTLM"
        password = secret_text(credentials, self.name)
        self._context = _context("ntlm", credentials, password)
        self.initial: bytes | None = _step(self._context, None, CredentialsUnusable)

    def respond(self, challenge: bytes) -> bytes:
        if self._context.complete:
            raise ChallengeMalformed("NTLM has one challenge, and the server sent another")
        return _step(self._context, challenge, ChallengeMalformed)

    def finished(self) -> Proof:
        return NO_PROOF


class Gssapi:
    """Kerberos tokens until both sides know each other, then one exchange that declines a security layer.

    Without a password the ticket cache of this machine is used. Making the object may already ask the key server.
    """

    blocking: ClassVar[bool] = True

    def __init__(self, credentials: Credentials) -> None:
        self.name = "GSSAPI"
        self.key_server = key_server(self.name, credentials.user)
        self._identity = octets(credentials.authzid or "", "authorization identity")
        self._layered = False
        password = None if credentials.secret is None else credentials.secret.reveal()
        self._context = _context("kerberos", credentials, password)
        self.initial: bytes | None = _step(self._context, None, CredentialsUnusable)

    def respond(self, challenge: bytes) -> bytes:
        if self._layered:
            raise ChallengeMalformed("the exchange was over, and the server sent another challenge")
        if not self._context.complete:
            return _step(self._context, challenge, ChallengeMalformed)
        return self._decline_layer(challenge)

    def finished(self) -> Proof:
        if self._context.complete:
            return Proof(True, "Kerberos authenticated the server as well")
        return Proof(False, "the server said yes before Kerberos had authenticated it")

    def _decline_layer(self, challenge: bytes) -> bytes:
        """The last exchange of RFC 4752 section 3.1: which layers there are, and that we want none."""
        failed = None
        offered = answer = b""
        try:
            offered = self._context.unwrap(challenge).data
            if len(offered) == 4 and offered[0] & _NO_LAYER:
                answer = self._context.wrap(bytes([_NO_LAYER, 0, 0, 0]) + self._identity, encrypt=False).data
        except Exception as error:
            failed = type(error).__name__
        if failed:
            raise ChallengeMalformed(f"the offer of security layers cannot be read ({failed})")
        if not answer:
            raise ChallengeMalformed("the server insists on a security layer, which SMTP clients leave to TLS")
        self._layered = True
        return answer


def key_server(mechanism: str, user: str) -> str | None:
    """Which host besides the mail server the mechanism may contact, as far as it can be known before."""
    if mechanism.upper() != "GSSAPI":
        return None
    realm = user.rpartition("@")[2] if "@" in user else ""
    of = f"realm {realm.upper()}" if realm else "this machine's default realm"
    return f"the key server (KDC) of {of}, as krb5.conf or DNS names it"


def _context(protocol: str, credentials: Credentials, password: str | None) -> "ContextProxy":
    extra = "ntlm" if protocol == "ntlm" else "gssapi"
    missing = MechanismUnavailable(f"{extra.upper()} needs an optional part: pip install 'smtpcheck[{extra}]'")
    failed: str | None
    try:
        import spnego

        # Without the flag a GSSAPI plug-in of the system could take NTLM over, and behave in its own way.
        options = spnego.NegotiateOptions.use_ntlm if protocol == "ntlm" else spnego.NegotiateOptions.use_gssapi
        return spnego.client(
            credentials.user or None,
            password,
            hostname=credentials.host,
            service="smtp",
            protocol=protocol,
            options=options,
            channel_bindings=_bindings(credentials.channel_binding),
            context_req=spnego.ContextReq.mutual_auth | spnego.ContextReq.integrity,
        )
    except ImportError:
        failed = None
    except Exception as error:
        failed = type(error).__name__
    # Raised outside of the handlers: an error of another library may hold what it was given.
    if failed is None:
        raise missing
    raise CredentialsUnusable(_unusable(protocol, failed))


def _step(context: "ContextProxy", token: bytes | None, blame: type[SaslError]) -> bytes:
    try:
        return context.step(token) or b""
    except Exception as error:
        failed = type(error).__name__
    if blame is CredentialsUnusable:
        raise CredentialsUnusable(_unusable(context.protocol, failed))
    raise blame(f"the server's token cannot be answered ({failed})")


def _unusable(protocol: str, failed: str) -> str:
    if protocol == "ntlm":
        return f"NTLM cannot use these credentials ({failed})"
    return f"Kerberos gave no ticket for this user and server ({failed})"


def _bindings(binding: ChannelBinding | None) -> "GssChannelBindings | None":
    if binding is None:
        return None
    from spnego.channel_bindings import GssChannelBindings

    return GssChannelBindings(application_data=binding.name.encode("ascii") + b":" + binding.data)
