"""The provider files are data that people and rules rely on: each fact has a source, each row its own example."""

import re
import tomllib
from importlib.resources import files
from typing import Any

import pytest

from smtpcheck.model.row import Row, Said, all_fits, first_fit
from smtpcheck.providers import Provider, by_host, provider, providers
from smtpcheck.smtp.reply import parse_whole

FILES: dict[str, dict[str, Any]] = {
    file.name.removesuffix(".toml"): tomllib.loads(file.read_text("utf-8"))
    for file in files("smtpcheck.providers").iterdir()
    if file.name.endswith(".toml")
}
KEYS = {"name", "hosts", "banners", "domains", "docs", "port", "username", "secret", "sender", "reply"}
FACT_KEYS = {
    "port": {"number", "tls"},
    "username": {"rule", "word", "example", "say"},
    "secret": {"kind", "account_password", "shapes", "how"},
    "sender": {"rule", "checked", "how"},
}
USERNAME_RULES = {"word", "address", "local-part", "provider-login", "key-id", "token", "any", "none"}
SENDER_RULES = {"verified-domain", "own-address", "equals-login", "own-domain", "any"}
SHAPES = {
    "jwt",
    "google-access-token",
    "sendgrid-key",
    "resend-key",
    "brevo-smtp-key",
    "brevo-api-key",
    "mailgun-key",
    "uuid",
    "sixteen-letters",
    "aws-key-id",
    "hex-32",
    "hex-40",
    "base64-40",
    "base64-44",
    "aws-44",
}
PLACEHOLDERS = set(
    re.findall(
        r"\w+",
        """
        host port address user sender recipient command code reply seconds stage mechanism offered expected names word
        provider how means file line value limit waited other client tls days first_bytes name
        """,
    )
)
CAUSES = set(
    re.findall(
        r"\S+",
        """
        username-must-be-fixed-word username-must-be-full-address username-must-be-provider-login
        credentials-missing-in-client wrong-credential-type credentials-for-wrong-region client-protocol-bug
        ipv6-broken outbound-smtp-redirected too-many-connections ip-blocklisted rdns-missing helo-rejected
        server-tempfail server-misconfigured tls-required-first tls-version-too-old tls-handshake-failed
        client-certificate-required bad-credentials app-password-required basic-auth-disabled smtp-auth-disabled
        smtp-access-not-enabled conditional-access-policy account-security-challenge account-suspended-or-quota
        oauth-token-invalid api-key-lacks-permission auth-mechanism-unsupported auth-not-offered auth-malformed
        auth-backend-down too-many-auth-failures source-ip-not-authorized wrong-server-for-submission
        not-authenticated sender-not-owned-by-login sender-domain-not-verified sender-domain-not-found
        sender-authentication-failed envelope-address-malformed smtputf8-unsupported sandbox-recipient-not-verified
        recipient-unknown recipient-rejected-by-policy recipient-suppressed mailbox-full greylisted rate-limited
        too-many-recipients message-too-large message-format-rejected content-rejected bare-lf mail-loop
        command-out-of-sequence command-syntax-error idle-timeout
        """,
    )
)


def said(text: str, **around: Any) -> Said:
    """What a server said, read as the live check reads it; a text without a code stands for itself."""
    reply = parse_whole(text.replace("\n", "\r\n").encode())
    if reply is None:
        return Said(text=text, **around)
    return Said(text=reply.text, code=reply.code, enhanced=reply.enhanced, **around)


def example_of(row: Row) -> Said:
    return said(row.example, stage=min(row.stages) if row.stages else row.at, logged_in=row.login)


ALL = pytest.mark.parametrize("one", providers(), ids=lambda one: one.id)


def test_there_are_enough_providers_and_most_explain_their_own_replies() -> None:
    """Sixty providers at least, thirty of them with three reply rows or more."""
    assert len(providers()) >= 60
    assert sum(len(one.replies) >= 3 for one in providers()) >= 30


@pytest.mark.parametrize("name", sorted(FILES))
def test_a_file_holds_the_keys_of_the_contract_and_no_other(name: str) -> None:
    """A misspelt key would be a fact that nobody ever sees."""
    table = FILES[name]
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
    assert {"name", "hosts", "docs", "port", "username", "secret", "sender"} <= table.keys() <= KEYS
    for kind, allowed in FACT_KEYS.items():
        for fact in table[kind] if kind == "port" else [table[kind]]:
            assert fact.keys() <= allowed | {"source", "verified"}


@pytest.mark.parametrize("name", sorted(FILES))
def test_every_fact_and_every_row_names_its_source_or_says_that_it_is_not_verified(name: str) -> None:
    """Never both, never neither."""
    table = FILES[name]
    for fact in [*table["port"], table["username"], table["secret"], table["sender"], *table.get("reply", [])]:
        assert ("source" in fact) is not (fact.get("verified") is False), fact
        assert fact.get("source", "somewhere").strip()


@ALL
def test_ports_and_rules_are_possible_ones(one: Provider) -> None:
    """Valid numbers, none twice, and words of the closed lists."""
    assert one.ports
    assert len({port.number for port in one.ports}) == len(one.ports)
    for port in one.ports:
        assert 0 < port.number < 65536
        assert port.tls in {"implicit", "starttls", "off"}
        assert port.number not in {465, 2465, 8465} or port.tls == "implicit" or not port.verified
    assert one.username is not None
    assert one.secret is not None
    assert one.sender is not None
    assert one.username.rule in USERNAME_RULES
    assert (one.username.word is not None) is (one.username.rule == "word")
    assert one.sender.rule in SENDER_RULES
    assert one.sender.checked in {None, "sender", "recipient", "message"}
    assert set(one.secret.shapes) <= SHAPES


def test_a_host_belongs_to_one_provider_alone() -> None:
    """No host stands twice, and no pattern of one provider covers a host of another."""
    hosts = [host for one in providers() for host in one.hosts]
    assert len(hosts) == len(set(hosts))
    for one in providers():
        for host in one.hosts:
            assert host == host.lower()
            assert by_host(host.replace("*", "eu-west-1")) is one


def test_a_domain_of_addresses_belongs_to_one_provider_alone() -> None:
    """Otherwise a hint from an address would depend on the order of files."""
    domains = [domain for one in providers() for domain in one.domains]
    assert len(domains) == len(set(domains))


@ALL
def test_each_example_fits_its_own_row_and_no_earlier_one(one: Provider) -> None:
    """An earlier row that takes it would make the later one dead."""
    for row in one.replies:
        assert first_fit(one.replies, example_of(row)) is row, row.example


@ALL
def test_rows_name_known_causes_and_doubt_is_spelled_out(one: Provider) -> None:
    """Alternatives come with what would settle them; what nobody has verified is at most possible."""
    for row in one.replies:
        assert {row.cause, *row.alternatives} <= CAUSES, row.example
        assert row.cause not in row.alternatives
        assert len(row.alternatives) <= 2
        assert bool(row.alternatives) is bool(row.settle), row.example
        assert row.source is not None or row.certainty == "possible", row.example


@ALL
def test_what_a_reply_means_here_reads_as_part_of_a_sentence(one: Provider) -> None:
    """No full stop, short enough for a terminal line or two, placeholders of the closed list with a default."""
    for row in one.replies:
        assert row.means, row.example
        assert len(row.means) < 150, row.means
        assert not row.means.endswith("."), row.means
        for placeholder in re.findall(r"\{([^}]*)\}", row.means):
            word, bar, default = placeholder.partition("|")
            assert word in PLACEHOLDERS
            assert bar + default > "|", row.means


@ALL
def test_words_that_stand_for_a_whole_code_leave_the_telling_words_alone(one: Provider) -> None:
    """A row for any refused login does not swallow a lock, a missing mechanism or a demand for TLS."""
    for text in (
        "535 5.7.0 Authentication failed: account locked, too many failed logins",
        "535 5.7.8 Authentication mechanism not supported",
        "535 Encryption required for authentication",
    ):
        for row in all_fits(one.replies, said(text)):
            assert row.cause not in {"bad-credentials", "app-password-required", "wrong-credential-type"}, row.example


@pytest.mark.parametrize(
    ("host", "reply", "cause"),
    [
        ("smtp.office365.com", "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
         "Mailbox. [X.PROD.OUTLOOK.COM]", "smtp-auth-disabled"),
        ("smtp.office365.com", "5.7.57 Client not authenticated to send mail. Error: 535 5.7.139 Authentication "
         "unsuccessful, basic authentication is disabled.", "basic-auth-disabled"),
        ("smtp.office365.com", "535 5.7.139 Authentication unsuccessful, the user credentials were incorrect.",
         "bad-credentials"),
        ("smtp.office365.com", "554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException.MapiException",
         "sender-not-owned-by-login"),
        ("smtp-mail.outlook.com", "535 5.7.3 Authentication unsuccessful", "basic-auth-disabled"),
        ("smtp.gmail.com", "535 5.7.1 Please log in with your web browser and then try again.",
         "account-security-challenge"),
        ("smtp.gmail.com", "550 5.7.26 This mail has been blocked because the sender is unauthenticated. Gmail requires"
         " all senders to authenticate with either SPF or DKIM.", "sender-authentication-failed"),
        ("email-smtp.eu-central-1.amazonaws.com", "535 Authentication Credentials Invalid", "bad-credentials"),
        ("smtp.sendgrid.net", "451 Authentication failed: Maximum credits exceeded", "account-suspended-or-quota"),
        ("smtp.resend.com", "535 Invalid username", "username-must-be-fixed-word"),
        ("smtp-relay.brevo.com", "525 5.7.1 Unauthorized IP address: 192.0.2.1", "source-ip-not-authorized"),
        ("smtp.mail.yahoo.com", "535 5.7.0 (#AUTH005) Too many bad auth attempts.", "app-password-required"),
        ("smtp.163.com", "535 Error: authentication failed", "app-password-required"),
        ("mail.gmx.net", "550-Requested action not taken: mailbox unavailable\n550 Sender address is not allowed.",
         "sender-not-owned-by-login"),
        ("mobile.charter.net", "421 cmsmtp 192.0.2.10 blocked. AUP#In-1330", "too-many-connections"),
    ],
)  # fmt: skip
def test_a_provider_s_words_tell_their_cause(host: str, reply: str, cause: str) -> None:
    """The same code has another meaning elsewhere; here the provider decides."""
    one = by_host(host)
    assert one is not None
    row = first_fit(one.replies, said(reply))
    assert row is not None
    assert row.cause == cause


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("read_as_latin_1", [False, True])
def test_the_authorisation_code_of_qq_is_recognised_in_every_character_set(
    encoding: str, read_as_latin_1: bool
) -> None:
    """QQ sends GBK; what reaches a log is Chinese, escaped bytes, or Latin-1 mojibake."""
    raw = "535 Error: 请使用授权码登录。".encode(encoding)
    if read_as_latin_1:
        if encoding == "utf-8":
            pytest.skip("nobody reads UTF-8 as Latin-1 here")
        raw = raw.decode("latin-1").encode()
    reply = parse_whole(raw + b"\r\n")
    qq = provider("qq")
    assert reply is not None
    assert qq is not None
    row = first_fit(qq.replies, Said(text=reply.text, code=reply.code))
    assert row is not None
    assert (row.cause, row.certainty) == ("app-password-required", "certain")
