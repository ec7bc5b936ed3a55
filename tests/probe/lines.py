"""The beginnings of sessions, as dialogues: what the tests of a later stage have to go through first."""

from typing import TypedDict


class Login(TypedDict):
    """Who logs in."""

    user: str
    password: str


GREETING = "S: 220 mail.example.com ESMTP\nC: EHLO *\n"
QUIT = "C: QUIT\nS: 221 Bye\n"


def listed(*keywords: str) -> str:
    """The reply to EHLO with these keywords."""
    lines = ["mail.example.com", *keywords]
    return "".join(f"S: 250-{line}\n" for line in lines[:-1]) + f"S: 250 {lines[-1]}\n"


def clear(*keywords: str) -> str:
    """Up to the reply to EHLO, in clear."""
    return GREETING + listed(*keywords)


def upgraded(*keywords: str, tls: str = "! tls", before: tuple[str, ...] = ()) -> str:
    """Up to the reply to the EHLO inside TLS; `before` was listed in clear, beside STARTTLS."""
    return clear("STARTTLS", *before) + f"C: STARTTLS\nS: 220 go\n{tls}\nC: EHLO *\n" + listed(*keywords)


def implicit(*keywords: str, tls: str = "! implicit") -> str:
    """The same on a port where TLS comes first."""
    return f"{tls}\n" + clear(*keywords)
