"""One self-contained HTML file: verdict, a timeline drawn to scale, addresses against stages, transcript, certificates.

No script, no font, no image, nothing that is fetched: the content security policy forbids it, so that what a server
said could not do it either. Every text goes through `html.escape`; where a bar stands and how wide it is are numbers.
"""

from collections.abc import Iterator, Sequence
from html import escape

from smtpcheck.model import Attempt, Outcome, Report, Stage, Step, TlsFacts
from smtpcheck.report.certificates import names, validity
from smtpcheck.report.html_style import STYLE
from smtpcheck.report.phrases import authority, clock, lasting, listed
from smtpcheck.report.printable import printable
from smtpcheck.report.remarks import which
from smtpcheck.report.reproduce import again, commands
from smtpcheck.report.stages import shown, told
from smtpcheck.report.told import because, beside_it, end, named, sentence, shows, tidy, unsure
from smtpcheck.report.transcript import plain

_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_MARKS = {Outcome.PASSED: "✓", Outcome.SKIPPED: "–"}


def html(reports: Sequence[Report]) -> str:
    """The whole document, an article for each target."""
    bad = sum(report.exit_code != 0 for report in reports)
    title = f"smtpcheck: {len(reports) - bad} of {len(reports)} passed"
    if len(reports) == 1:
        clean = tidy(reports[0])
        title = f"{clean.target.label}: {end(clean)}"
    contents = "".join(_contents(reports)) if len(reports) > 1 else ""
    articles = "".join(_article(report, number) for number, report in enumerate(reports))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n"
        f"</head>\n<body>\n{contents}{articles}</body>\n</html>\n"
    )


def _contents(reports: Sequence[Report]) -> Iterator[str]:
    yield "<nav><h2>Targets</h2><ul>"
    for number, report in enumerate(reports):
        clean = tidy(report)
        mark = "✗" if clean.exit_code else "✓"
        yield f'<li><a href="#t{number}">{mark} {escape(clean.target.label)}</a> {escape(end(clean))}</li>'
    yield "</ul></nav>\n"


def _article(report: Report, number: int) -> str:
    clean = tidy(report)
    parts = [*_verdict(report, clean), *_timeline(clean), *_stages(clean), *_matrix(clean), *_notes(clean)]
    parts += [*_certificates(clean), *_transcripts(report), *_commands(clean), *_local(clean)]
    took = f"smtpcheck {clean.smtpcheck}, {lasting(clean.seconds)} in all, exit code {clean.exit_code}"
    foot = f"<footer>{escape(took)}, {clean.began:%Y-%m-%d %H:%M:%S} UTC</footer>"
    return f'<article id="t{number}">\n' + "\n".join([*parts, foot]) + "\n</article>\n"


def _verdict(report: Report, clean: Report) -> Iterator[str]:
    kind = "good" if clean.exit_code == 0 else "bad"
    yield f'<header class="{kind}"><p class="target">{escape(clean.target.label)}</p>'
    yield f"<h1>{escape(sentence(end(clean)))}</h1></header>"
    if (cause := clean.cause) is not None:
        yield f'<section class="cause"><h2>{escape(named(cause))}</h2>'
        yield _paragraphs(because(cause))
        if cause.fix:
            yield "<h3>What to change</h3><ol>" + "".join(f"<li>{escape(step)}</li>" for step in cause.fix) + "</ol>"
        yield _paragraphs(unsure(cause)) + "</section>"
    if not clean.passed and (said := shows(report)):
        yield f"<section><h2>What shows it</h2>{_lines(said)}</section>"


def _timeline(report: Report) -> Iterator[str]:
    """A bar for each step, from its beginning, as wide as it lasted."""
    attempt = report.attempt
    steps = [step for step in shown(report, attempt, True) if step.outcome is not Outcome.SKIPPED] if attempt else []
    whole = max((step.began + step.seconds for step in steps), default=0.0)
    if whole <= 0:
        return
    rows = []
    for step in steps:
        left, width = 100 * step.began / whole, 100 * step.seconds / whole
        bar = f'<i class="{_kind(step)}" style="left:{left:.3f}%;width:{width:.3f}%"></i>'
        name = f"{step.stage}, {clock(step.seconds)}, from {clock(step.began)} on"
        rows.append(
            f'<li title="{escape(name)}"><b>{step.stage}</b><span class="track">{bar}</span>'
            f"<span>{escape(clock(step.seconds))}</span></li>"
        )
    yield f"<section><h2>Timeline</h2><ol class='time'>{''.join(rows)}</ol>"
    yield f'<p class="axis"><span>0 s</span><span>{escape(clock(whole))}</span></p></section>'


def _kind(step: Step) -> str:
    return {Outcome.PASSED: "good", Outcome.SKIPPED: "none"}.get(step.outcome, "bad")


def _stages(report: Report) -> Iterator[str]:
    attempt = report.attempt
    if attempt is None:
        return
    rows = []
    for step, lines in told(report, attempt, shown(report, attempt, True)):
        kind = _kind(step)
        seen = "<br>".join(escape(line) for line in lines)
        rows.append(
            f'<tr class="{kind}"><td>{_MARKS.get(step.outcome, "✗")}</td><th>{step.stage}</th><td>{seen}</td></tr>'
        )
    yield f"<section><h2>Stages</h2><table class='stages'>{''.join(rows)}</table></section>"


def _matrix(report: Report) -> Iterator[str]:
    """Each connection against each stage: what differs from address to address."""
    attempts = [attempt for attempt in report.attempts if attempt.steps]
    if len(attempts) < 2:
        return
    stages = [stage for stage in Stage if any(attempt.step(stage) for attempt in attempts)]
    head = "".join(f"<th><span>{stage}</span></th>" for stage in stages)
    rows = "".join(
        f"<tr><th>{escape(which(attempt))}</th>{''.join(_cell(attempt, stage) for stage in stages)}</tr>"
        for attempt in attempts
    )
    yield "<section><h2>Connections and stages</h2><div class='wide'><table class='matrix'>"
    yield f"<tr><th></th>{head}</tr>{rows}</table></div></section>"


def _cell(attempt: Attempt, stage: Stage) -> str:
    steps = [step for step in attempt.steps if step.stage is stage]
    if not steps:
        return "<td></td>"
    step = next((each for each in steps if each is attempt.stopper), steps[-1])
    name = f"{step.outcome}, {clock(step.seconds)}"
    return f'<td class="{_kind(step)}" title="{escape(name)}">{_MARKS.get(step.outcome, "✗")}</td>'


def _notes(report: Report) -> Iterator[str]:
    for title, lines in beside_it(report):
        items = "".join(f"<li>{escape(line)}</li>" for line in lines)
        yield f"<section><h2>{title}</h2><ul>{items}</ul></section>"


def _certificates(report: Report) -> Iterator[str]:
    facts = report.step(Stage.TLS)
    if facts is None or not isinstance(facts.facts, TlsFacts) or not facts.facts.chain:
        return
    rows = []
    for one in facts.facts.chain:
        key = f"{one.key} {one.key_bits or ''}, {one.signature}"
        told = (listed(names(one), 6), authority(one.issuer), validity(one, report.began), key, one.fingerprint)
        labels = ("For", "Issued by", "Validity", "Key", "SHA-256")
        rows.append("<dl>" + "".join(_pair(*pair) for pair in zip(labels, told, strict=True)) + "</dl>")
    yield f"<section><h2>Certificates</h2>{''.join(rows)}</section>"


def _transcripts(report: Report) -> Iterator[str]:
    for attempt in report.attempts:
        if lines := plain(attempt):
            yield _folded(f"Transcript of {printable(which(attempt), limit=80)}, secrets left out", _lines(lines))


def _commands(report: Report) -> Iterator[str]:
    told = [f"<p>Run it again (the secret comes from the environment):</p>{_lines([again(report)])}"]
    for each in commands(report):
        remark = f": {each.remark}" if each.remark else ""
        told.append(f"<p>{escape(each.tool + remark)}</p>" + (_lines([each.line]) if each.line else ""))
    yield _folded("The same session again, and with other tools", "".join(told))


def _local(report: Report) -> Iterator[str]:
    if report.local:
        facts = "".join(_pair(key, value) for key, value in report.local.items())
        yield _folded("The machine that checked", f"<dl>{facts}</dl>")


def _pair(name: str, value: str) -> str:
    return f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{escape(title)}</summary>{body}</details>"


def _lines(lines: Sequence[str]) -> str:
    return f'<pre tabindex="0">{escape(chr(10).join(lines))}</pre>'


def _paragraphs(lines: Sequence[str]) -> str:
    return "".join(f"<p>{escape(line)}</p>" for line in lines)
