"""The dialogue notation: one SMTP session written down as RFC 5321 writes its scenarios (appendix D).

A mail administrator can read it, a bug report can hold it, and the scripted server of `smtpcheck.serve` plays it.

    # title: A session that passes
    S: 220 mail.example.com ESMTP
    C: EHLO *
    S: 250-mail.example.com
    S: 250 PIPELINING
    C: QUIT
    S: 221 2.0.0 Bye

**Lines.** Blank lines and leading blanks mean nothing; a line that begins with `#` is a comment. Comments of the form
`# key: value` above the first step are the header. `---` alone begins the dialogue of the next connection: the first
connection gets the first one, and so on; the last one serves all further connections.

`S: TEXT`
    The server sends TEXT (UTF-8) and CRLF. Neighbouring `S:` and `! raw` lines go out in one send.
`C: PATTERN`
    The client must say this: one line, whatever the packets it came in, so pipelined commands are just lines. `*`
    stands for anything, nothing included. Case is ignored up to the first colon, or in the first word where there is
    none. After `BDAT N` the N octets of the chunk are read and dropped (RFC 3030). A TLS ClientHello where a line was
    expected counts as one line, which only `C: *` matches. Anything else than PATTERN is answered with 500, recorded as
    a failure, and ends the connection.
`C? PATTERN`
    The client may say this. If its line does not match, the steps up to the next `C:` or `C?` are left out, and the
    line is tried there.
`C: **`
    Any number of lines, until one comes that the `C:` right below wants: the text of a message, with `C: .` below it.

When the dialogue is over the server closes the connection, as after `! close`.

**Directives** take effect where they stand:

`! stall`, `! close`, `! reset`, `! half-close`
    The end. *stall*: the server says nothing more, goes on reading, and waits until the client leaves. *close*: TLS is
    ended properly (close_notify), then TCP (FIN). *reset*: RST. *half-close*: FIN without close_notify, then the server
    goes on reading until the client leaves.
`! stall after N` (and the other three)
    What the server says next (the `S:` and `! raw` lines that follow, as one run of bytes) is cut off after its N-th
    byte; there the end comes.
`! drip SECONDS`
    From here on everything goes out one byte every SECONDS; `! drip 0` ends it.
`! sleep SECONDS`
    The server does nothing for that long, reading neither.
`! raw HEX`
    The server sends these bytes and no CRLF. Blanks between the digits are allowed.
`! repeat N`
    The next `S:` or `! raw` line goes out N times. It is made while it is sent: 200 MB need no memory.
`! tls [OPTION ...]`
    The server's side of a TLS handshake, beginning with the ClientHello. TLS stays on from there.
`! implicit [OPTION ...]`
    The same, and it has to be the first step of its connection: TLS from the first byte (RFC 8314 section 3.3).

**TLS options.** Certificate faults, as many as wanted at once: `expired`, `not-yet`, `self-signed`, `unknown-ca`,
`root-sent` (the root is part of the chain), `no-intermediate`, `expired-intermediate`, `wrong-name`, `weak-key` (RSA
1024), `weak-hash` (SHA-1), `wrong-purpose` (for clients only). `key=ec` (P-256, what is used anyway), `key=rsa` (2048).

Versions: `1.0`, `1.1`, `1.2`, `1.3`: the server speaks this one alone. `no-shared-cipher`: TLS 1.2 with a suite that
its key cannot serve. `client-cert`: it asks for a client certificate; `client-cert=required`: it insists.

`stall=FLIGHT`, `close=FLIGHT`, `reset=FLIGHT` end the connection just before the server would do this: `client-hello`
(read the ClientHello), `server-hello` (send the first byte), `certificate` (send what follows its ServerHello),
`finished` (send its Finished). `alert=N` answers the ClientHello with the fatal alert N and closes.
"""

from smtpcheck.dialogue.parse import DialogueError, parse
from smtpcheck.dialogue.steps import (
    CERTIFICATE_FAULTS,
    Dialogue,
    Drip,
    End,
    Ending,
    Expects,
    Flight,
    Message,
    Says,
    Session,
    Sleep,
    StartTls,
    Step,
    Tls,
)

__all__ = [
    "CERTIFICATE_FAULTS",
    "Dialogue",
    "DialogueError",
    "Drip",
    "End",
    "Ending",
    "Expects",
    "Flight",
    "Message",
    "Says",
    "Session",
    "Sleep",
    "StartTls",
    "Step",
    "Tls",
    "parse",
]
