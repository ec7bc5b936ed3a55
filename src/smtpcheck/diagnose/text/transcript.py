"""A dialogue written down by a client: which side said what, how far it came, what was refused first.

Clients mark the sides in their own ways: `S:` and `C:`, `<-` and `->` (swaks), `reply:` and `send:` (smtplib),
`SERVER -> CLIENT:` (PHPMailer), `<` and `>` (curl). What a client sent in AUTH is compared in memory with what an
application sends when it has no password, and never kept.
"""

import re
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Sequence
from dataclasses import dataclass, field

from smtpcheck.model import Stage

_SERVER = re.compile(
    r"(?:^|\s)(?:<[-~]\*? {1,3}|<\*\* |<~\* |<<< ?|<== |S: ?|\[S\] ?|\[s\] ?|SERVER -> CLIENT: ?|server: ?|"
    r"reply: b?[\"']|DEBUG SMTP: RCVD |RECEIVED: |RECV: ?|Recv: ?|< )(?=\d{3}[ -]|\d{3}$|\d{3}[\"'\\])"
    r"|^(?=[2-5]\d\d[ -]\S)"
)
_CLIENT = re.compile(
    r"(?:^|\s)(?:[-~]> {1,3}|>>> ?|==> |C: ?|\[C\] ?|\[c\] ?|CLIENT -> SERVER: ?|client: ?|send: b?[\"']|"
    r"DEBUG SMTP: SEND |SENT: |SEND: ?|Send: ?|> )(?=\S)"
    r"|^(?=(?:(?:EHLO|HELO) \S|MAIL FROM: ?<|RCPT TO: ?<|AUTH (?:PLAIN|LOGIN|XOAUTH2|CRAM-MD5)\b|"
    r"STARTTLS$|DATA$|QUIT$))"
)
_NOTHING = frozenset({"", "undefined", "null", "none", "nil", "false", "nan", "[object object]"})
_VERBS = {
    "HELO": Stage.EHLO,
    "EHLO": Stage.EHLO,
    "LHLO": Stage.EHLO,
    "STARTTLS": Stage.STARTTLS,
    "AUTH": Stage.AUTH,
    "MAIL": Stage.SENDER,
    "RCPT": Stage.RECIPIENT,
    "DATA": Stage.MESSAGE,
    "BDAT": Stage.MESSAGE,
    ".": Stage.MESSAGE,
    "VRFY": Stage.RECIPIENT,
    "QUIT": Stage.QUIT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """A reply of a dialogue: its lines, the number of its first line in the text, and the stage."""

    lines: tuple[str, ...]
    line: int
    stage: Stage
    code: int


@dataclass(slots=True)
class Dialogue:
    """What was read. `empty_login`: the client sent an empty name or password, or a word for nothing. `waits`: the
    client spoke last.
    """

    answers: list[Answered] = field(default_factory=list)
    logged_in: bool = False
    asked_login: bool = False
    in_tls: bool = False
    empty_login: int | None = None
    sender: str | None = None
    last_stage: Stage = Stage.BANNER
    waits: bool = False

    @property
    def refusal(self) -> Answered | None:
        """The first negative reply that stopped anything: one to EHLO, if HELO passed afterwards, did not."""
        for place, answer in enumerate(self.answers):
            if answer.code < 400 or answer.stage is Stage.QUIT:
                continue
            later = self.answers[place + 1 :]
            if answer.stage is Stage.EHLO and any(one.stage is Stage.EHLO and one.code < 400 for one in later):
                continue
            if answer.stage is Stage.AUTH and any(one.code == 235 for one in later):
                continue
            return answer
        return None


def is_transcript(lines: Sequence[str]) -> bool:
    """Whether the lines show both sides of a dialogue."""
    server = sum(_SERVER.search(line[:160]) is not None for line in lines)
    return server >= 2 and any(_CLIENT.search(line[:160]) is not None for line in lines)


def read(lines: Sequence[str]) -> Dialogue:
    """The dialogue in the lines; what is no part of it is passed over."""
    dialogue = Dialogue()
    stage = Stage.BANNER
    pending: list[str] = []
    began = 0
    waiting = 0  # lines that the client still owes in a LOGIN exchange
    for number, line in enumerate(lines):
        server = _SERVER.search(line[:160])
        if server is not None:
            said = line[server.end() :].rstrip("\"' ")
            dialogue.waits = False
            pending = pending or []
            if not pending:
                began = number
            pending.append(said)
            if said[3:4] != "-":
                _heard(dialogue, tuple(pending), began, stage)
                pending = []
            continue
        client = _CLIENT.search(line[:160])
        if client is None:
            continue
        sent = line[client.end() :].split("\\r")[0].rstrip("\"' ")
        dialogue.waits = True
        verb = sent.split(" ", 1)[0].split(":", 1)[0].upper()
        if verb in _VERBS:
            stage = dialogue.last_stage = _VERBS[verb]
            waiting = 0
            if stage is Stage.AUTH:
                dialogue.asked_login = True
                waiting = 2
                words = sent.split(" ")
                if len(words) > 2 and words[1].upper() == "PLAIN" and _empty_plain(words[2]):
                    dialogue.empty_login = number
            elif stage is Stage.SENDER and "<" in sent:
                dialogue.sender = sent.split("<", 1)[1].split(">", 1)[0]
        elif waiting:
            waiting -= 1
            if _is_nothing(sent) or _empty_plain(sent):
                dialogue.empty_login = number
    return dialogue


def _heard(dialogue: Dialogue, lines: tuple[str, ...], number: int, stage: Stage) -> None:
    code = int(lines[0][:3])
    dialogue.answers.append(Answered(lines=lines, line=number, stage=stage, code=code))
    if code == 235:
        dialogue.logged_in = True
    elif code == 220 and stage is Stage.STARTTLS:
        dialogue.in_tls = True


def _decoded(word: str) -> str | None:
    try:
        return a2b_base64(word, strict_mode=True).decode("utf-8", "replace")
    except (NotBase64, ValueError):
        return None


def _is_nothing(word: str) -> bool:
    text = _decoded(word)
    return text is not None and text.strip().lower() in _NOTHING


def _empty_plain(word: str) -> bool:
    """Whether an initial response of PLAIN holds no name or no password (RFC 4616 section 2)."""
    text = _decoded(word)
    if text is None or text.count("\0") != 2:
        return False
    return any(part.strip().lower() in _NOTHING for part in text.split("\0")[1:])


_AUTH_PLAIN = re.compile(r"AUTH PLAIN ([A-Za-z0-9+/=]{4,})", re.IGNORECASE)


def empty_login(line: str) -> bool:
    """Whether a line anywhere shows AUTH PLAIN with an empty name or password, or a word for nothing."""
    found = _AUTH_PLAIN.search(line)
    return found is not None and _empty_plain(found.group(1))
