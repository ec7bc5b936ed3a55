"""The closed lists of words that options take, for the checks here and for the help and completion of the shell.

Plain text and nothing else, since `--help` must not cost the import of the types.
"""

TLS_MODES = ("auto", "starttls", "opportunistic", "implicit", "off")
STAGES = (
    *("config", "dns", "connect", "banner", "ehlo", "starttls", "tls"),
    *("auth", "sender", "recipient", "message", "quit"),
)
MIN_TLS = ("1.0", "1.1", "1.2", "1.3")
PATIENCE = ("default", "rfc")
FAIL_ON = ("warning",)
EXPECTATIONS = (
    *("min-tls", "min-cert-days", "auth", "no-auth-before-tls", "starttls", "max-STAGE", "max-total", "resolves-to"),
    *("reply.STAGE", "outcome.STAGE", "cause"),
)
COLOR = ("auto", "always", "never")

# SASL mechanisms (RFC 4422) by what a login with them needs.
WITH_PASSWORD = (
    *("plain", "login", "cram-md5", "digest-md5", "scram-sha-1", "scram-sha-256"),
    *("scram-sha-1-plus", "scram-sha-256-plus", "ntlm"),
)
WITH_TOKEN = ("xoauth2", "oauthbearer")
WITHOUT_SECRET = ("external", "anonymous")  # the client certificate speaks, or nobody
WITH_TICKET = ("gssapi",)  # a password is possible, a ticket is usual
MECHANISMS = ("auto", *WITH_PASSWORD, *WITH_TOKEN, *WITHOUT_SECRET, *WITH_TICKET, "none")

REPORTS = ("terminal", "json", "brief", "jsonl", "markdown", "html", "junit", "github", "prometheus", "nagios")
"""The formats of `--report`, which are those of `smtpcheck.report`."""
