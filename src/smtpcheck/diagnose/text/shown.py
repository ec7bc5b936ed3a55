"""What may be shown of a pasted line: nothing that a client sent as a secret, and no control characters."""

import re

LONGEST = 300

_SECRETS = re.compile(
    r"(?P<auth>\bAUTH [A-Z0-9_-]{3,20} )\S+"
    r"|(?P<key>\b(?:pass|password|passwd|pwd|secret|token|api[_-]?key|apikey|authorization|bearer)\b[\"']?\s?[=:]\s?[\"']?)"
    r"[^\s\"',;}]+"
    r"|(?P<url>://[^\s:/@]{1,200}:)[^\s/@]{1,200}(?=@)"
    r"|(?P<bearer>\bBearer )\S+"
    r"|(?P<lone>^\s*)[A-Za-z0-9+/]{16,}={0,2}\s*$",
    re.IGNORECASE,
)


def shown(line: str) -> str:
    """The line for a reader: secrets masked, control characters replaced, at most `LONGEST` characters."""
    masked = _SECRETS.sub(lambda found: f"{found.group(found.lastgroup or 0)}***", line[: LONGEST * 4])
    printable = "".join(letter if letter.isprintable() else " " for letter in masked)
    return " ".join(printable.split())[:LONGEST]
