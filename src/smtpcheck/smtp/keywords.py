"""The EHLO reply (RFC 5321 section 4.1.1.1): the server's name, then one keyword with parameters a line.

Two spellings of AUTH exist: `AUTH PLAIN LOGIN` (RFC 4954) and `AUTH=PLAIN LOGIN` (drafts before RFC 2554, still sent
for old clients). Both are read; mechanism names are compared in upper case.
"""

import re

from smtpcheck.model import EhloFacts, Keyword, Reply

_KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_MASKED = re.compile(r"[X*]{4,}A?")


def parse_keywords(lines: tuple[str, ...]) -> tuple[Keyword, ...]:
    """The keywords of an EHLO reply's lines (its first line names the server and is left out)."""
    return tuple(keyword for line in lines[1:] if (keyword := parse_keyword(line)) is not None)


def parse_keyword(line: str) -> Keyword | None:
    """One line as a Keyword, its name in upper case; None for an empty line."""
    words = line.split()
    if not words:
        return None
    name, equals, rest = words[0].partition("=")
    parameters = ([rest] if equals and rest else []) + words[1:]
    return Keyword(name=name.upper(), parameters=tuple(parameters), line=line)


def auth_mechanisms(keywords: tuple[Keyword, ...]) -> tuple[str, ...]:
    """The mechanisms of all AUTH lines, in the order offered, upper case, each once."""
    found = (word.upper() for keyword in keywords if keyword.name == "AUTH" for word in keyword.parameters)
    return tuple(dict.fromkeys(found))


def size_limit(keywords: tuple[Keyword, ...]) -> int | None:
    """The SIZE limit in bytes (RFC 1870), or None when none is stated; 0 means that no fixed limit is in force."""
    for keyword in keywords:
        if keyword.name == "SIZE" and keyword.parameters and re.fullmatch(r"[0-9]{1,20}", keyword.parameters[0]):
            return int(keyword.parameters[0])
    return None


def ehlo_facts(facts: EhloFacts, reply: Reply) -> EhloFacts:
    """`facts` completed with what the reply lists. A HELO reply lists nothing."""
    keywords = parse_keywords(reply.lines) if facts.verb != "HELO" and reply.positive else ()
    first = reply.lines[0].split() if reply.lines else []
    odd = [keyword.line for keyword in keywords if not _KEYWORD.fullmatch(keyword.name)]
    masked = [keyword.line for keyword in keywords if _MASKED.fullmatch(keyword.name)]
    return EhloFacts(
        verb=facts.verb,
        name=facts.name,
        name_origin=facts.name_origin,
        tls=facts.tls,
        server_name=first[0] if first and reply.positive else None,
        keywords=keywords,
        auth=auth_mechanisms(keywords),
        size=size_limit(keywords),
        malformed=f"keyword {(odd or masked)[0]!r}" if odd or masked else None,
    )
