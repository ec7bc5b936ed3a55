"""The server's replies inside other text: bare, in tuples and JSON, after "said:", quoted in another error.

A reply code is three digits, and so are ports, line numbers and milliseconds. So a code counts only where a reply can
begin, and is followed by words or by an enhanced code (RFC 3463).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LONGEST = 2_000
"""Characters of a quoted reply that are kept."""
MOST_IN_LINE = 16
"""Numbers of a line that are tried as a reply code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Quoted:
    """A negative reply as it stands in a text. `line` counts from 0.

    `inner`: another error quotes it as its reason. `loose`: only a space stands before the code, so that it may be any
    number, unless words bear it out.
    """

    code: int | None
    enhanced: str | None
    text: str
    line: int
    inner: bool = False
    loose: bool = False


_ENHANCED = r"[245]\.\d{1,2}\.\d{1,3}"
_START = re.compile(
    r"(?P<before>^|[\s\"'`(\[{<|=:>,])(?P<code>[2-5]\d\d)"
    rf"(?:(?P<sep>[- ]|: |\): |\), |, )(?:b?[\"'])?(?:code=)?"
    rf"(?P<rest>(?:(?P<enhanced>{_ENHANCED})(?!\d)|\S).*)|[\"')\s]*$)"
)
_AGAIN = re.compile(rf"(?<![\w.])[245]\d\d[- ](?:{_ENHANCED})?\s?|(?<![\w.:/]){_ENHANCED}(?=[\s:])\s?")
_ESCAPED = re.compile(r"\\[rn](?=[245]\d\d[ -])")
"""The end of a line before a code, as loggers escape it; two characters, as what stands for it."""
_LONE = re.compile(r"(?:^|[\s\"':(\[])(?P<enhanced>[45]\.\d{1,2}\.\d{1,3})(?:[ :](?P<rest>.*)|$)")
_TRAILING = re.compile(r"\(#([45]\.\d\.\d{1,3})\)")
_NUMBER = re.compile(
    r"(?:response ?code|smtp code|status ?code|reply code|\bcode|last response code|smtpstatus|smtp error|error code)"
    r"[\"']?\s?(?:[=:]\s?)?[\"']?([45]\d\d)\b",
    re.IGNORECASE,
)
_SPELLED = re.compile(
    r"severity: (Transient|Permanent)NegativeCompletion,\s+category: (Syntax|Information|Connections|Unspecified3|"
    r"Unspecified4|MailSystem),\s+detail: (Zero|One|Two|Three|Four|Five|Six|Seven|Eight|Nine)\b"
)
"""How lettre prints a code for debugging."""
_DIGITS = (
    ("Transient", "Permanent"),
    ("Syntax", "Information", "Connections", "Unspecified3", "Unspecified4", "MailSystem"),
    ("Zero", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine"),
)
_NOT_A_REPLY = re.compile(
    r"\b(?:port|line|http(?:/\d(?:\.\d)?)?|after|took|size|pid|errno|ms|bytes|seconds?|id|lport|rport|num)[ =:#]*$",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"(?:bytes?|octets?|[kmg]i?b|ms|msec|seconds?|secs?|messages?|mails?|lines?|users?|files?)\b", re.IGNORECASE
)
_PORTS = frozenset({465, 587})
_USUAL = frozenset(
    {421, 432, 435, 440, 450, 451, 452, 454, 455, 500, 501, 502, 503, 504, 521, 523, 524, 525, 526, 530, 534, 535, 538}
    | {541, 546, 550, 551, 552, 553, 554, 555, 556, 557, 571}
)
_WEAK = frozenset(" \t,<")
_QUOTES = frozenset("\"'`")


def quoted(lines: Sequence[str]) -> Iterator[Quoted]:
    """Each negative reply of some lines of text, in their order; several lines of one reply are joined."""
    number = 0
    while number < len(lines):
        taken = 1
        for found in _in_line(lines[number], number):
            more = _continued(lines, number + 1, found) if found.code is not None else []
            yield _whole(found, more)
            taken = max(taken, 1 + len(more))
        number += taken


def code_named(text: str) -> int | None:
    """A code that a text names apart from the reply ("responseCode: 535"), or None."""
    found = _NUMBER.search(text)
    if found is None:
        spelled = _SPELLED.search(text)
        if spelled is None:
            return None
        first, second, third = (words.index(word) for words, word in zip(_DIGITS, spelled.groups(), strict=True))
        return (4 + first) * 100 + second * 10 + third
    return int(found.group(1))


def lone(lines: Sequence[str]) -> Iterator[Quoted]:
    """Words after an enhanced code that stands without a reply code, as .NET and log systems show them."""
    for number, line in enumerate(lines):
        found = _LONE.search(line)
        if found is not None:
            yield Quoted(code=None, enhanced=found["enhanced"], text=(found["rest"] or "")[:LONGEST], line=number)


def _in_line(line: str, number: int) -> Iterator[Quoted]:
    line = _ESCAPED.sub(": ", line) if "\\" in line else line
    place = 0
    outer = None
    for _ in range(MOST_IN_LINE):
        found = _START.search(line, place)
        if found is None:
            return
        place = found.end("code")
        code = int(found["code"])
        if not 400 <= code < 600 or code in _PORTS or not _plausible(found, line):
            continue
        if outer is not None and code == outer and found["sep"] in ("-", " "):
            continue  # the second line of a reply that was written into one
        inner = outer is not None and line[: found.start("code")].rstrip().lower().endswith("error:")
        if outer is not None and not inner:
            continue
        outer = code
        rest = found["rest"] or ""
        yield Quoted(
            code=code,
            enhanced=found["enhanced"] or _trailing(rest),
            text=_until_quote(rest, found["before"], line, found.start("code")),
            line=number,
            inner=inner,
            loose=not found["enhanced"] and not _led(found, line),
        )


def _plausible(found: re.Match[str], line: str) -> bool:
    ahead = line[max(0, found.start("code") - 24) : found.start("code")]
    if _NOT_A_REPLY.search(ahead):
        return False
    rest = found["rest"]
    if rest is None:
        return found.start("code") == 0 or ahead.rstrip()[-1:] in (":", "(", '"', "'")
    if found["enhanced"]:
        return True
    if not (rest[0].isalpha() or rest[0] in "<#[(\"'*-." or not rest[0].isascii()):
        return False
    return _led(found, line) or (int(found["code"]) in _USUAL and _UNIT.match(rest) is None)


def _led(found: re.Match[str], line: str) -> bool:
    """Whether what stands before a code leads to a reply: the beginning, a quote, a colon."""
    if found["before"] == "" or found["before"] not in _WEAK:
        return True
    return line[: found.start("code")].rstrip()[-1:] in (":", "|", '"', "'", ">")


def _until_quote(rest: str, before: str, line: str, start: int) -> str:
    opened = before if before in _QUOTES else line[start + 3 : start + 8].lstrip(", b)")[:1]
    if opened and opened in _QUOTES:
        rest = rest.split(opened, 1)[0] if not rest.startswith(opened) else rest[1:].split(opened, 1)[0]
    return rest[:LONGEST]


def _continued(lines: Sequence[str], start: int, found: Quoted) -> list[str]:
    """The further lines of a reply: `550-...` with the same code, or indented ones that a mailer wrapped."""
    more: list[str] = []
    same = re.compile(rf"^\W{{0,12}}{found.code}[- ]|\W{found.code}[- ]")
    for line in lines[start : start + 40]:
        if (same.search(line[:200]) is not None and not re.match(r"\s*(?:code|responseCode)", line)) or (
            not more and line[:1] in (" ", "\t") and line.strip()[:1].isalpha() and _prose(line)
        ):
            more.append(line)
        else:
            break
    return more


def _prose(line: str) -> bool:
    """Whether an indented line reads on, rather than being a frame of a stack or a field of an object."""
    words = line.strip()
    return not re.match(r"at |File |code\b|errno|command|response|raise |self\.|return |\w+ ?[:=(]|\w+\.\w+\(", words)


def _whole(found: Quoted, more: Sequence[str]) -> Quoted:
    text = " ".join((found.text, *more)).replace("\\r", " ").replace("\\n", " ")
    words = _AGAIN.sub("", text).strip(" \t\"'`,;}]")
    while words.endswith(")") and words.count("(") < words.count(")"):
        words = words[:-1].rstrip("\"'")
    return Quoted(
        code=found.code,
        enhanced=found.enhanced or _trailing(text),
        text=words[:LONGEST],
        line=found.line,
        inner=found.inner,
        loose=found.loose,
    )


def _trailing(text: str) -> str | None:
    found = _TRAILING.search(text)
    return found.group(1) if found else None
