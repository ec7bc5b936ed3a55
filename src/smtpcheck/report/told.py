"""What each report for machines and tickets tells first, as plain text: the end in one sentence, the cause, the steps.

The words are those of the terminal report; a format adds only its own frame and escapes.
"""

from smtpcheck.model import Finding, Report, Severity
from smtpcheck.report.cause import SURE, beside, doubt, means
from smtpcheck.report.evidence import pointed, quoted
from smtpcheck.report.printable import cleaned
from smtpcheck.report.remarks import expectations, others, slow, warnings
from smtpcheck.report.stages import shortened
from smtpcheck.report.stop import stop_of
from smtpcheck.report.words import expected, headline, verdict

LONGEST_TEXT = 500


def tidy(report: Report) -> Report:
    """The report with every text in it printable, and of a traceback only its last line."""
    return cleaned(shortened(report), limit=LONGEST_TEXT)


def end(report: Report) -> str:
    """How a tidy report ended, in one sentence."""
    if report.passed:
        missed = "; but something that was expected of it did not hold" if report.exit_code else ""
        return verdict(report) + missed
    stop = stop_of(report)
    if stop is None:
        return f"{report.outcome} at {report.stage}" if report.stage else str(report.outcome)
    return f"{expected(report)}: {headline(stop)}" if report.expected else headline(stop)


def named(finding: Finding) -> str:
    """`The server requires a login (certain)`: a cause and how sure it is."""
    return f"{finding.title} ({SURE[finding.certainty]})"


def because(finding: Finding) -> list[str]:
    """Why it happens, and what the server's words mean here."""
    return [line for line in (finding.why, means(finding)) if line]


def unsure(finding: Finding) -> list[str]:
    """What else it could be, and what would settle it."""
    return doubt(finding)


def shows(report: Report) -> list[str]:
    """What shows how it ended: the server's words first. Takes the report before it is tidy."""
    stop = stop_of(tidy(report))
    said = [*(quoted(stop) if stop else []), *(pointed(report, report.cause, ascii=False) if report.cause else [])]
    return [f"{who}{text}" for who, text in said]


def account(report: Report) -> list[str]:
    """The whole story of a check that did not pass, a line each: how it ended, cause, why, what to change, evidence."""
    clean = tidy(report)
    lines = [sentence(end(clean))]
    if (cause := clean.cause) is not None:
        lines += [f"Cause: {named(cause)}.", *because(cause)]
        lines += [f"{number}. {step}" for number, step in enumerate(cause.fix, 1)]
        lines += doubt(cause)
    return lines + shows(report)


def sentence(text: str) -> str:
    """The text with a capital at its beginning and a full stop at its end."""
    return f"{text[:1].upper()}{text[1:]}{'' if text.endswith(('.', '!', '?')) else '.'}"


def warned(report: Report) -> list[str]:
    """What a pass warns of: findings, slow steps, and expectations that only warn."""
    findings = [finding.title for finding in report.also if finding.severity is not Severity.NOTE]
    unmet = [
        f"not as expected: {each.rule}"
        for each in report.expectations
        if not each.met and each.severity is not Severity.ERROR
    ]
    return findings + slow(report) + unmet


def beside_it(report: Report) -> list[tuple[str, list[str]]]:
    """What stands beside the verdict of a tidy report: titles, and the lines under each that has any."""
    sections = [
        ("Expectations", expectations(report)),
        ("Worth knowing", [*(beside(finding) for finding in report.also), *warnings(report)]),
        ("Other connections", others(report)),
    ]
    return [(title, lines) for title, lines in sections if lines]
