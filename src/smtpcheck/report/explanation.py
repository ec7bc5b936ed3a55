"""What was found in a pasted text, for a person: the cause of the last failure, then the others with how often and
where.
"""

from smtpcheck.model import Explained, Explanation
from smtpcheck.report.cause import Shown, beside, cause
from smtpcheck.report.layout import Paragraph, lay_out, words
from smtpcheck.report.phrases import number
from smtpcheck.report.printable import cleaned

LONGEST_TEXT = 500
_BLANK = Paragraph()

_WOULD_HELP = (
    "the server's reply, with its code: a line such as 535 5.7.8 ...",
    "the lines around it: the exception's last lines, or the dialogue of the client's debug mode (set_debuglevel(1) in "
    "smtplib, debug: true and logger: true in nodemailer, SMTPDebug = 2 in PHPMailer, mail.debug=true in Java)",
    "what is known besides the text: --host, --stage, --provider and the other hints",
    "a check of the server itself, which needs no text: smtpcheck check HOST:PORT --user USER",
    "a word of it among the causes: smtpcheck explain --search WORD",
)


def explanation_text(explanation: Explanation, *, width: int, color: bool, ascii: bool) -> str:
    """The explanation as text, no line wider than `width`. Says so where nothing is known."""
    told = cleaned(explanation, limit=LONGEST_TEXT, ascii=ascii)
    return lay_out(_known(told, told.cause) if told.cause else _unknown(), width, color)


def _known(told: Explanation, found: Explained) -> list[Paragraph]:
    paragraphs = cause(found, [*_shown(found), ("", f"({_where(told, found)})")])
    if told.also:
        paragraphs += [_BLANK, words("Also in this text:")]
        paragraphs += [words(f"{_often(other)}: {beside(other)}", indent=2, bullet="* ") for other in told.also]
    return paragraphs


def _shown(found: Explained) -> list[Shown]:
    """The lines that the finding points to; a number says nothing where there is but one."""
    lines = []
    for pointer in found.evidence:
        match pointer:
            case {"line": int(line), "text": str(text)} if line > 1 or found.count > 1:
                lines.append((f"line {line}: ", text))
            case {"text": str(text)}:
                lines.append(("", text))
    return lines


def _where(told: Explanation, found: Explained) -> str:
    """Stage, client, and how often."""
    parts = [f"at the stage {told.stage}" if told.stage else "the stage is not known"]
    if found.client:
        parts.append(f"in the words of {found.client}")
    if found.count > 1:
        parts.append(f"{number(found.count, 'time')}, first at line {found.first_line}, last at line {found.last_line}")
    failures = f"; {number(told.count, 'failure')} in all" if told.count > found.count else ""
    return f"{', '.join(parts)}{failures}"


def _often(other: Explained) -> str:
    if other.count == 1:
        return f"once, line {other.last_line}"
    return f"{number(other.count, 'time')}, lines {other.first_line} to {other.last_line}"


def _unknown() -> list[Paragraph]:
    return [
        words("not known: nothing in this text is a failure that smtpcheck knows", "bold yellow"),
        _BLANK,
        words("What would help:", indent=2),
        *(words(item, indent=2, bullet="* ") for item in _WOULD_HELP),
    ]
