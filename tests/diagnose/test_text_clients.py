"""What client libraries, programs and logs print when mail does not go out, and what is read from it."""

import pytest

from smtpcheck.diagnose.text import explain

TOLD: list[tuple[str, dict[str, object], str, str]] = [
    (
        "status=deferred (connect to mail.example.com[192.0.2.1]:25: Connection timed out)",
        {},
        "egress-port-blocked connect-timed-out",
        "connect",
    ),
    (
        "socket.timeout: timed out\n"
        "\n"
        "During handling of the above exception, another exception occurred:\n"
        "\n"
        "smtplib.SMTPServerDisconnected: Connection unexpectedly closed: timed out",
        {"port": 465},
        "implicit-tls-port-used-with-starttls banner-stalled",
        "banner",
    ),
    (
        "System.IO.IOException: Connection timed out\n"
        " ---> System.Net.Sockets.SocketException (110): Connection timed out\n"
        "   at MailKit.Net.NetworkStream.Read(Byte[] buffer)\n"
        "   at MailKit.Net.Smtp.SmtpStream.ReadAhead(CancellationToken c)\n"
        "   at MailKit.Net.Smtp.SmtpClient.PostConnect(Stream s)",
        {"port": 465, "tls": "starttls"},
        "implicit-tls-port-used-with-starttls banner-stalled",
        "banner",
    ),
    (
        "email: FATAL: Smtp error: Timeout(10) while trying to read from SMTP server",
        {"port": 465},
        "implicit-tls-port-used-with-starttls banner-stalled",
        "banner",
    ),
    (
        "Unable to send email to (smtps://mail.us.es:465/us.es): Timeout was reached.",
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        "Exception while invoking method 'sendSMTPTestEmail' Error: connect ETIMEDOUT     at Object.Future.wait",
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        "MailKit.Security.SslHandshakeException: An error occurred while attempting to establish "
        "an SSL or TLS connection.\n"
        "\n"
        "The host name did not match the name given in the server's SSL certificate.\n"
        "\n"
        " ---> System.Security.Authentication.AuthenticationException: The remote certificate "
        "was rejected by the provided RemoteCertificateValidationCallback.",
        {},
        "certificate-name-mismatch",
        "tls",
    ),
    (
        "MailKit.Security.SslHandshakeException: An error occurred while attempting to establish "
        "an SSL or TLS connection.\n"
        "\n"
        "The server's SSL certificate could not be validated for the following reasons:\n"
        "  unable to get certificate CRL",
        {},
        "certificate-refused-by-policy unknown-ca",
        "tls",
    ),
    (
        "The server's SSL certificate could not be validated for the following reasons:\n"
        "• The server certificate has the following errors:\n"
        "  • self signed certificate",
        {},
        "certificate-self-signed",
        "tls",
    ),
    (
        "MailKit.Security.SslHandshakeException: An error occurred while attempting to establish "
        "an SSL or TLS connection.\n"
        "When connecting to an SMTP service, port 587 is typically reserved for plain-text "
        "connections.\n"
        " ---> System.IO.IOException: Cannot determine the frame size or a corrupted frame was "
        "received.",
        {},
        "starttls-port-used-with-implicit-tls",
        "tls",
    ),
    (
        "Mono.Btls.MonoBtlsException: Ssl error:1000042e:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION",
        {},
        "tls-version-too-old",
        "tls",
    ),
    (
        "Certificate validation for 10.0.0.25 failed. RemoteCertificateNameMismatch, RemoteCertificateChainErrors",
        {},
        "certificate-name-mismatch",
        "tls",
    ),
    (
        'lvl=eror msg="Failed to send alert notification email" logger=alerting.notifier.email '
        'error="dial tcp 217.70.184.11:587: i/o timeout"',
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        'lvl=eror msg="Failed to send alert notification email" logger=alerting.notifier.email '
        'error="dial tcp [2a02:6b8::38]:465: i/o timeout"',
        {},
        "ipv6-broken connect-timed-out",
        "connect",
    ),
    (
        'lvl=eror msg="Failed to send alert notification email" logger=alerting.notifier.email error=EOF',
        {"port": 465},
        "connection-closed implicit-tls-port-used-with-starttls",
        "banner",
    ),
    (
        'error="535 5.7.8 Username and Password not accepted. Learn more at\\n5.7.8  '
        'https://support.google.com/mail/?p=BadCredentials s81-v6sm12080461qke.47 - gsmtp"',
        {},
        "app-password-required bad-credentials",
        "auth",
    ),
    (
        "Failed to send test alert.: failed to send notification to email addresses: x@y.z: 535 Authentication failed",
        {},
        "bad-credentials",
        "auth",
    ),
    (
        '"Net::ReadTimeout: "Net::ReadTimeout with #<TCPSocket:(closed)>"',
        {"port": 465},
        "implicit-tls-port-used-with-starttls banner-stalled",
        "banner",
    ),
    (
        "Net::SMTPAuthenticationError: 454 4.7.0 Temporary authentication failure: generic "
        "failure (Net::SMTPAuthenticationError)",
        {},
        "auth-backend-down",
        "auth",
    ),
    (
        "WARN: Net::SMTPFatalError: 550 relay access denied - please authenticate",
        {},
        "not-authenticated",
        "recipient",
    ),
    (
        "Net::OpenTimeout: execution expired",
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        "WARN: Net::SMTPAuthenticationError: 503 5.5.1 Error: authentication not enabled",
        {},
        "auth-not-offered",
        "auth",
    ),
    (
        "javax.mail.MessagingException: Could not connect to SMTP host: smtp.gmail.com, port: 465, response: -1",
        {},
        "implicit-tls-port-used-with-starttls connection-closed",
        "banner",
    ),
    (
        "com.sun.mail.util.MailConnectException: Couldn't connect to host, port: smtp.strato.de, "
        "465; timeout 10000;\n"
        "  nested exception is:\n"
        "        java.net.SocketTimeoutException: Connect timed out",
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        "javax.mail.MessagingException: Could not connect to SMTP host: localhost, port: 25;\n"
        "  nested exception is:\n"
        "\tjava.net.ConnectException: Connection refused",
        {},
        "app-calls-localhost nothing-listens",
        "connect",
    ),
    (
        "javax.mail.MessagingException: Could not connect to SMTP host: 10.8.0.1, port: 465;\n"
        "  nested exception is:\n"
        "\tjavax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException: PKIX "
        "path validation failed: java.security.cert.CertPathValidatorException: validity check "
        "failed",
        {},
        "certificate-expired",
        "tls",
    ),
    (
        "javax.mail.MessagingException: Unknown SMTP host: smtp.gmail.com;\n"
        "  nested exception is:\n"
        "\tjava.net.UnknownHostException: smtp.gmail.com",
        {},
        "dns-name-not-found",
        "dns",
    ),
    (
        "Failed to send out e-mail\n\njava.net.ConnectException: Connection refused: connect",
        {},
        "nothing-listens app-calls-localhost",
        "connect",
    ),
    (
        "com.sun.mail.smtp.SMTPSendFailedException: 530 5.7.1 Authentication required",
        {},
        "not-authenticated",
        "sender",
    ),
    (
        "javax.net.ssl.SSLHandshakeException: sun.security.validator.ValidatorException: PKIX "
        "path building failed: unable to find valid certification path to requested target",
        {},
        "unknown-ca",
        "tls",
    ),
    (
        "javax.mail.MessagingException: Could not convert socket to TLS;\n"
        " nested exception is: javax.net.ssl.SSLHandshakeException: No appropriate protocol "
        "(protocol is disabled or cipher suites are inappropriate)",
        {},
        "tls-version-too-old",
        "tls",
    ),
    (
        "SMTP IO error: Resource temporarily unavailable (os error 11)",
        {},
        "banner-stalled implicit-tls-port-used-with-starttls",
        "banner",
    ),
    (
        "SMTP Connection error: error:1408F10B:SSL routines:ssl3_get_record:wrong version "
        "number:ssl/record/ssl3_record.c:332:",
        {},
        "starttls-port-used-with-implicit-tls",
        "tls",
    ),
    (
        "Error: Connection timeout\n"
        "    at SMTPConnection._formatError "
        "(/app/node_modules/nodemailer/lib/smtp-connection/index.js:790:19) {\n"
        "  code: 'ETIMEDOUT',\n"
        "  command: 'CONN'\n"
        "}",
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        "Error: queryA ETIMEOUT smtp.example.com\n  errno: undefined,\n  code: 'EDNS',\n  syscall: 'queryA'",
        {},
        "dns-temporary-failure resolver-unreachable",
        "dns",
    ),
    (
        "Error: getaddrinfo EAI_AGAIN mailserver",
        {},
        "dns-temporary-failure host-is-a-container-name",
        "dns",
    ),
    (
        "Error: Client network socket disconnected before secure TLS connection was established",
        {},
        "tls-handshake-failed",
        "tls",
    ),
    (
        "Error: Hostname/IP does not match certificate's altnames: Host: localhost. is not in "
        "the cert's altnames: DNS:mail.example.com",
        {},
        "certificate-name-mismatch",
        "tls",
    ),
    (
        "Error: Can't send mail - all recipients were rejected: 554 5.7.1 <bob@example.net>: "
        "Relay access denied\n"
        "  code: 'EENVELOPE',\n"
        "  response: '554 5.7.1 <bob@example.net>: Relay access denied',\n"
        "  responseCode: 554,\n"
        "  command: 'RCPT TO'",
        {},
        "not-authenticated",
        "recipient",
    ),
    (
        "Error: Mail command failed: 553 5.7.1 <a@example.org>: Sender address rejected: not "
        "owned by user b@example.org",
        {},
        "sender-not-owned-by-login",
        "sender",
    ),
    (
        "Error: Missing credentials for \"PLAIN\"\n code: 'EAUTH', command: 'API'",
        {},
        "credentials-missing-in-client",
        "auth",
    ),
    (
        "Error: Message failed: 554 5.2.252 SendAsDenied; a@b.c not allowed to send as d@b.c; "
        "STOREDRV.Submission.Exception:SendAsDeniedException",
        {},
        "sender-not-owned-by-login",
        "message",
    ),
    (
        "smtplib.SMTPSenderRefused: (530, b'5.7.0 Must issue a STARTTLS command first. x - gsmtp', 'a@b.c')",
        {},
        "tls-required-first",
        "sender",
    ),
    (
        "smtplib.SMTPRecipientsRefused: {'bob@example.net': (554, b'5.7.1 <bob@example.net>: Relay access denied')}",
        {},
        "not-authenticated",
        "recipient",
    ),
    (
        "smtplib.SMTPDataError: (550, b'The from address does not match a verified Sender Identity.')",
        {},
        "sender-domain-not-verified",
        "message",
    ),
    (
        "smtplib.SMTPNotSupportedError: STARTTLS extension not supported by server.",
        {},
        "starttls-not-offered",
        "starttls",
    ),
    (
        "smtplib.SMTPHeloError: (501, b'Syntactically invalid EHLO argument(s)')",
        {},
        "helo-rejected",
        "ehlo",
    ),
    (
        "smtplib.SMTPServerDisconnected: please run connect() first",
        {},
        "client-config-error connection-closed",
        "config",
    ),
    (
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
        "failed: unable to get local issuer certificate (_ssl.c:1006)",
        {},
        "unknown-ca",
        "tls",
    ),
    (
        "ssl.SSLCertVerificationError: [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify "
        "failed: Missing Authority Key Identifier (_ssl.c:1028)",
        {},
        "certificate-refused-by-policy",
        "tls",
    ),
    (
        "ssl.SSLEOFError: EOF occurred in violation of protocol (_ssl.c:1007)",
        {},
        "tls-handshake-failed",
        "tls",
    ),
    (
        "socket.gaierror: [Errno -2] Name or service not known",
        {},
        "dns-name-not-found",
        "dns",
    ),
    (
        "socket.gaierror: [Errno -3] Temporary failure in name resolution",
        {},
        "dns-temporary-failure",
        "dns",
    ),
    (
        "OSError: [Errno 101] Network is unreachable",
        {},
        "host-unreachable ipv6-broken",
        "connect",
    ),
    (
        "aiosmtplib.errors.SMTPConnectTimeoutError: Timed out connecting to smtp.example.com on port 587",
        {},
        "connect-timed-out",
        "connect",
    ),
    (
        "aiosmtplib.errors.SMTPAuthenticationError: (535, '5.7.8 Error: authentication failed: UGFzc3dvcmQ6')",
        {},
        "bad-credentials",
        "auth",
    ),
    (
        "SMTP Error: Could not authenticate.",
        {},
        "bad-credentials",
        "auth",
    ),
    (
        "PHPMailer\\PHPMailer\\Exception: SMTP connect() failed. "
        "https://github.com/PHPMailer/PHPMailer/wiki/Troubleshooting",
        {},
        "connect-timed-out",
        "connect",
    ),
    (
        "stream_socket_enable_crypto(): SSL operation failed with code 1. OpenSSL Error "
        "messages:\n"
        "error:0A000086:SSL routines::certificate verify failed",
        {},
        "unknown-ca",
        "tls",
    ),
    (
        'Failed to authenticate on SMTP server with username "a@b.c" using the following '
        'authenticators: "LOGIN", "PLAIN", "XOAUTH2". Authenticator "LOGIN" returned "Expected '
        'response code "235" but got code "535", with message "535 5.7.8 Error: authentication '
        'failed: UGFzc3dvcmQ6"."',
        {},
        "bad-credentials",
        "auth",
    ),
    (
        'Connection could not be established with host "mailhog:1025": stream_socket_client(): '
        "php_network_getaddresses: getaddrinfo for mailhog failed: Name or service not known",
        {},
        "dns-name-not-found host-is-a-container-name",
        "dns",
    ),
    (
        'Connection could not be established with host "ssl://smtp.gmail.com:587": '
        "stream_socket_client(): SSL operation failed with code 1. OpenSSL Error messages: "
        "error:0A00010B:SSL routines::wrong version number",
        {},
        "starttls-port-used-with-implicit-tls",
        "tls",
    ),
    (
        'Expected response code "250" but got code "530", with message "530 5.7.0 Must issue a STARTTLS command first"',
        {},
        "tls-required-first",
        "sender",
    ),
    (
        'Connection to "process /usr/sbin/sendmail -bs -i" has been closed unexpectedly.',
        {},
        "connection-closed",
        "banner",
    ),
    (
        "x509: certificate signed by unknown authority",
        {},
        "unknown-ca",
        "tls",
    ),
    (
        "gomail: could not send email 1: 553 5.7.1 <a@b>: Sender address rejected: not logged in",
        {},
        "not-authenticated",
        "recipient",
    ),
    (
        "dial tcp: lookup smtp.example.com on 127.0.0.11:53: no such host",
        {},
        "dns-name-not-found",
        "dns",
    ),
    (
        "dial tcp 127.0.0.1:25: connect: connection refused",
        {},
        "app-calls-localhost",
        "connect",
    ),
    (
        "unencrypted connection",
        {},
        "client-refuses-plaintext-auth",
        "auth",
    ),
    (
        "550 5.1.1 <x@y>: Recipient address rejected: User unknown in virtual mailbox table (in "
        "reply to RCPT TO command)",
        {},
        "recipient-unknown",
        "recipient",
    ),
    (
        "System.Net.Mail.SmtpException: Mailbox unavailable. The server response was: 5.7.54 "
        "SMTP; Unable to relay recipient in non-accepted domain",
        {},
        "not-authenticated",
        "recipient",
    ),
    (
        "System.Net.Mail.SmtpException: The SMTP server requires a secure connection or the "
        "client was not authenticated. The server response was: 5.7.0 Authentication Required. "
        "Learn more at",
        {},
        "not-authenticated",
        "sender",
    ),
    (
        "System.Net.Mail.SmtpException: Transaction failed. The server response was: 5.2.0 "
        "STOREDRV.Submission.Exception:SendAsDeniedException",
        {},
        "sender-not-owned-by-login",
        "message",
    ),
    (
        "MailKit.Security.AuthenticationException: 535: 5.7.3 Authentication unsuccessful "
        "[AM0PR.eurprd.prod.outlook.com]",
        {},
        "bad-credentials smtp-auth-disabled basic-auth-disabled",
        "auth",
    ),
    (
        "535: 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the "
        "Mailbox. Visit https://aka.ms/smtp_auth_disabled",
        {},
        "smtp-auth-disabled",
        "auth",
    ),
    (
        "msmtp: authentication failed (method PLAIN)\n"
        "msmtp: server message: 535 5.7.8 Error: authentication failed\n"
        "msmtp: could not send mail (account default from /etc/msmtprc)",
        {},
        "bad-credentials",
        "auth",
    ),
    (
        "msmtp: envelope from address bob@example.org not accepted by the server\n"
        "msmtp: server message: 553 5.7.1 <bob@example.org>: Sender address rejected: not owned "
        "by user alice\n"
        "msmtp: could not send mail",
        {},
        "sender-not-owned-by-login",
        "sender",
    ),
    (
        "msmtp: TLS handshake failed: An unexpected TLS packet was received.",
        {},
        "starttls-port-used-with-implicit-tls",
        "tls",
    ),
    (
        "msmtp: network read error: the operation timed out",
        {"port": 465},
        "implicit-tls-port-used-with-starttls",
        "banner",
    ),
    (
        "curl: (67) Login denied",
        {},
        "bad-credentials",
        "auth",
    ),
    (
        "curl: (60) SSL: no alternative certificate subject name matches target host name 'localhost'",
        {},
        "certificate-name-mismatch",
        "tls",
    ),
    (
        "*** Error connecting to smtp.example.com:587:\n*** \tIO::Socket::INET6: connect: Connection timed out",
        {},
        "connect-timed-out egress-port-blocked",
        "connect",
    ),
    (
        "lettre::transport::smtp::Error { kind: Connection, source: Os { code: 111, kind: "
        'ConnectionRefused, message: "Connection refused" } }',
        {},
        "nothing-listens",
        "connect",
    ),
    (
        "SMTP error: Connection error: failed to lookup address information: Name or service not known",
        {},
        "dns-name-not-found",
        "dns",
    ),
    (
        "SMTP error: Connection error: received corrupt message of type InvalidContentType",
        {},
        "starttls-port-used-with-implicit-tls",
        "tls",
    ),
    (
        "SMTP 5xx error: permanent error (530): 5.7.0 Authentication Required",
        {},
        "not-authenticated",
        "sender",
    ),
    (
        "2024-05-01 10:00:00 1s2AbC-000x-1a ** bob@example.net R=dnslookup T=remote_smtp "
        "H=mx.example.net [192.0.2.1] X=TLS1.3: SMTP error from remote mail server after RCPT "
        "TO:<bob@example.net>: 550 5.1.1 <bob@example.net>: Recipient address rejected: User "
        "unknown",
        {},
        "recipient-unknown",
        "recipient",
    ),
    (
        "postfix/smtp[1]: AB: to=<b@x>, relay=smtp.office365.com[40.97.1.1]:587, dsn=5.7.57, "
        "status=bounced (host smtp.office365.com[40.97.1.1] said: 530 5.7.57 Client not "
        "authenticated to send mail. [AM6.eurprd.prod.outlook.com] (in reply to MAIL FROM "
        "command))",
        {},
        "not-authenticated",
        "sender",
    ),
    (
        "postfix/smtp[1]: AB: SASL authentication failed; server smtp.gmail.com[1.2.3.4] said: "
        "535-5.7.8 Username and Password not accepted. Learn more at?535 5.7.8  "
        "https://support.google.com/mail/?p=BadCredentials x - gsmtp",
        {},
        "app-password-required bad-credentials",
        "auth",
    ),
    (
        "Diagnostic-Code: smtp; 550-5.7.26 This mail has been blocked because the sender is "
        "unauthenticated.\n"
        " 550-5.7.26 Gmail requires all senders to authenticate with either SPF or DKIM.",
        {},
        "sender-authentication-failed",
        "message",
    ),
    (
        "Final-Recipient: rfc822; x@example.com\n"
        "Action: failed\n"
        "Status: 5.2.2\n"
        "Remote-MTA: dns; mx.example.com\n"
        "Diagnostic-Code: smtp; 552 5.2.2 Mailbox full",
        {},
        "mailbox-full",
        "recipient",
    ),
    (
        "S: 334 "
        "eyJzdGF0dXMiOiI0MDAiLCJzY2hlbWVzIjoiQmVhcmVyIiwic2NvcGUiOiJodHRwczovL21haWwuZ29vZ2xlLmNv"
        "bS8ifQ==\n"
        "S: 535-5.7.8 Username and Password not accepted.",
        {},
        "oauth-token-invalid",
        "auth",
    ),
    (
        "send: 'AUTH PLAIN AHVuZGVmaW5lZAB1bmRlZmluZWQ=\\r\\n'\nreply: b'535 5.7.8 Error: authentication failed\\r\\n'",
        {},
        "credentials-missing-in-client",
        "auth",
    ),
    (
        'Thread 0x7f (idle): "MainThread"\n'
        "    recv_into (socket.py:705)\n"
        "    readinto (socket.py:705)\n"
        "    getreply (smtplib.py:398)\n"
        "    connect (smtplib.py:341)\n"
        "    __init__ (smtplib.py:255)\n"
        "    send (app/mail.py:12)",
        {},
        "banner-stalled",
        "banner",
    ),
    (
        '  File "/usr/lib/python3.11/smtplib.py", line 398, in getreply\n'
        "    line = self.file.readline(_MAXLINE + 1)\n"
        '  File "/usr/lib/python3.11/smtplib.py", line 731, in login\n'
        '  File "/usr/lib/python3.11/socket.py", line 705, in readinto\n'
        "    return self._sock.recv_into(b)\n"
        "KeyboardInterrupt",
        {},
        "auth-stalled",
        "auth",
    ),
    (
        "=== Trying mail.example.org:587...\n"
        "=== Connected to mail.example.org.\n"
        "<-  220 mail.example.org ESMTP Postfix\n"
        " -> EHLO me\n"
        "<-  250-mail.example.org\n"
        "<-  250 AUTH PLAIN\n"
        " -> MAIL FROM:<a@example.org>\n"
        "<-  250 2.1.0 Ok\n"
        " -> RCPT TO:<b@example.net>\n"
        "<** 554 5.7.1 <b@example.net>: Relay access denied\n"
        " -> QUIT\n"
        "<-  221 2.0.0 Bye",
        {},
        "not-authenticated",
        "recipient",
    ),
    (
        "SERVER -> CLIENT: 220 smtp.example.org ESMTP\n"
        "CLIENT -> SERVER: EHLO x\n"
        "SERVER -> CLIENT: 250-smtp.example.org\n"
        "250 AUTH LOGIN\n"
        "CLIENT -> SERVER: AUTH LOGIN\n"
        "SERVER -> CLIENT: 334 VXNlcm5hbWU6\n"
        "CLIENT -> SERVER: [credentials hidden]\n"
        "SERVER -> CLIENT: 334 UGFzc3dvcmQ6\n"
        "CLIENT -> SERVER: [credentials hidden]\n"
        "SERVER -> CLIENT: 535 5.7.8 Error: authentication failed: generic failure\n"
        "SMTP ERROR: Password command failed: 535 5.7.8 Error: authentication failed: generic "
        "failure\n"
        "SMTP Error: Could not authenticate.\n"
        "CLIENT -> SERVER: QUIT\n"
        "SERVER -> CLIENT: 221 2.0.0 Bye",
        {},
        "bad-credentials",
        "auth",
    ),
]

NOT_KNOWN = [
    "2024-05-01 10:00:00 1s2AbC-000x-1a == bob@example.net R=dnslookup T=remote_smtp defer "
    "(-53): retry time not reached for any host for 'example.net'",
    "hello world",
    "The weather is fine, 550 people came",
    "Traceback (most recent call last):\n"
    '  File "x.py", line 3, in <module>\n'
    "ValueError: invalid literal for int() with base 10: 'x'",
    "KeyError: 'EMAIL_HOST'",
    "250 OK",
]


@pytest.mark.parametrize(("text", "hints", "causes", "stage"), TOLD)
def test_a_librarys_words_are_understood(text: str, hints: dict[str, object], causes: str, stage: str) -> None:
    """The cause at the first place, and the stage where it happened."""
    told = explain(text, **hints)  # type: ignore[arg-type]  # the hints are named as the parameters
    assert told.cause is not None
    assert told.cause.id in causes.split()
    assert told.stage == stage


@pytest.mark.parametrize("text", NOT_KNOWN)
def test_what_fits_nothing_is_not_known(text: str) -> None:
    """A guess would send the reader to the wrong place."""
    told = explain(text)
    assert told.cause is None
    assert told.also == ()
    assert told.count == 0


@pytest.mark.parametrize(
    ("text", "client"),
    [
        ("smtplib.SMTPDataError: (554, b'5.7.1 spam message rejected')", "smtplib"),
        ("nodemailer: Error: Invalid login: 535 5.7.8 bad credentials", "nodemailer"),
        ("javax.mail.AuthenticationFailedException: 535 5.7.8 bad credentials", "Jakarta Mail"),
        ("msmtp: authentication failed (method LOGIN)", "msmtp"),
        ("MailKit.Security.AuthenticationException: 535: 5.7.8 bad credentials", "MailKit"),
        ("535 5.7.8 bad credentials", None),
    ],
)
def test_the_client_is_named_where_the_text_tells(text: str, client: str | None) -> None:
    told = explain(text)
    assert told.cause is not None
    assert told.cause.client == client


@pytest.mark.parametrize(
    ("text", "cause", "stage"),
    [
        ('{:retries_exceeded, {:missing_requirement, "smtp.example.org", :tls}}', "starttls-not-offered", "starttls"),
        ('{:missing_requirement, "smtp.example.org", :auth}', "auth-not-offered", "auth"),
        ("{:tls_alert, {:unexpected_message, 'TLS client: Fatal'}}", "starttls-port-used-with-implicit-tls", "tls"),
        ("code: 'ESOCKET', errno: -4039, syscall: 'connect'", "connect-timed-out", "connect"),
        ('level=error msg="sending the notification failed: EOF"', "connection-closed", "banner"),
        ('Expected response code 250 but got code "", with message ""', "connection-closed", "banner"),
        (
            'Expected response code 354 but got code "250", with message "250 Accepted"',
            "client-protocol-bug",
            "message",
        ),
        ("Error: Can't send mail - all recipients were rejected", "recipient-unknown", "recipient"),
        ("Server terminates connection.", "server-tempfail", "banner"),
        ("the server sent an invalid reply", "reply-malformed", "banner"),
        ("Problems with connecting to the SMTP Server: Permission denied", "egress-port-blocked", "connect"),
        ("warning: SASL authentication failure: cannot connect to saslauthd server", "auth-backend-down", "auth"),
        ("gomail: could not send email 1: Auth: 451 4.3.2 Internal server error", "auth-backend-down", "auth"),
        ("lost connection after DATA (0 bytes) from mail.example.org[192.0.2.1]", "connection-closed", "message"),
    ],
)
def test_what_libraries_say_in_the_place_of_a_reply(text: str, cause: str, stage: str) -> None:
    told = explain(text)
    assert told.cause is not None
    assert (told.cause.id, told.stage) == (cause, stage)


def test_a_code_that_lettre_spells_out_is_read() -> None:
    """Permanent, unspecified, four: 534."""
    text = "Permanent(Code { severity: PermanentNegativeCompletion, category: Unspecified3, detail: Four })"
    told = explain(text)
    assert told.cause is not None
    assert (told.cause.id, told.stage) == ("app-password-required", "auth")


def test_a_reply_of_which_only_the_code_is_known_is_never_sure() -> None:
    told = explain('got code "550", with message "550 5.7.1 Command rejected')
    assert told.cause is not None
    assert told.cause.certainty == "possible"
    assert told.cause.alternatives


def test_whoever_speaks_tls_first_waits_for_no_banner_in_clear() -> None:
    """The hint rules a cause out that the same words have otherwise."""
    text = "Connection timeout"
    assert explain(text, port=465, tls="implicit").cause.id == "connect-timed-out"  # type: ignore[union-attr]
    assert explain(text, port=465).cause.id == "implicit-tls-port-used-with-starttls"  # type: ignore[union-attr]


def test_a_dialogue_that_ends_with_the_client_had_no_answer() -> None:
    lines = [
        "S: 220 mail.example.org ESMTP",
        "C: EHLO me",
        "S: 250 AUTH LOGIN",
        "C: AUTH LOGIN",
        "S: 334 VXNlcm5hbWU6",
        "C: ***",
    ]
    told = explain("\n".join(lines))
    assert told.cause is not None
    assert (told.cause.id, told.stage) == ("auth-stalled", "auth")


def test_a_dialogue_without_marks_is_read_by_its_verbs() -> None:
    """As telnet shows it: the refusal came to RCPT, whatever its words."""
    lines = [
        *("220 mail.example.org ESMTP", "EHLO me", "250 mail.example.org", "MAIL FROM:<a@example.org>"),
        *("250 ok", "RCPT TO:<b@example.net>", "550 no"),
    ]
    assert explain("\n".join(lines)).stage == "recipient"


def test_an_error_over_many_lines_is_read_as_one() -> None:
    """Each line alone looks like one of a log, and says nothing about mail."""
    lines = [
        "Warning: crypto: operation failed",
        "error:1416F086:tls_process_server_certificate:certificate verify failed",
    ]
    told = explain("\n".join(lines))
    assert told.cause is not None
    assert told.cause.id == "unknown-ca"
