"""What a comparison of two reports says, and in which order."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from smtpcheck.compare import compare
from smtpcheck.compare.session import steady
from smtpcheck.model import (
    DnsFacts,
    EhloFacts,
    Keyword,
    Outcome,
    Report,
    Stage,
    Step,
    TlsFacts,
)
from smtpcheck.report.codec import load
from smtpcheck.report.diff import diff_line, diff_text, diff_to_json

RECORDINGS = Path(__file__).parent.parent / "recordings"
GOOD = load(RECORDINGS / "postfix-passes.json")


def with_step(report: Report, stage: Stage, **values: object) -> Report:
    """The report with other values in the last step of that stage of the attempt that decides."""
    assert report.attempt is not None
    wanted = report.attempt.step(stage)
    steps = tuple(replace(step, **values) if step is wanted else step for step in report.attempt.steps)  # type: ignore[arg-type]
    attempts = list(report.attempts)
    attempts[report.deciding] = replace(report.attempt, steps=steps)
    return replace(report, attempts=tuple(attempts))


def step(report: Report, stage: Stage) -> Step:
    found = report.step(stage)
    assert found is not None
    return found


def what(old: Report, new: Report) -> list[tuple[str, bool]]:
    return [(change.what, change.matters) for change in compare(old, new).changes]


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.json")), ids=lambda path: path.stem)
def test_a_report_does_not_differ_from_itself(path: Path) -> None:
    """Whatever it holds."""
    report = load(path)
    found = compare(report, report)
    assert (found.changes, found.parts_at, found.matters) == ((), None, False)


@pytest.mark.parametrize("path", sorted(RECORDINGS.glob("*.json")), ids=lambda path: path.stem)
def test_every_ending_is_named_first(path: Path) -> None:
    """The first line says where the new one stops; the other way round, that it passes again."""
    bad = load(path)
    line, back = (diff_line(compare(*pair), ascii=True) for pair in ((GOOD, bad), (bad, GOOD)))
    if not bad.passed:
        assert f"stopped at {bad.stage} now, passed before" in line
        assert f"passed now, stopped at {bad.stage} before" in back
    assert "\n" not in line[:-1]


def test_the_end_and_its_cause_stand_before_all_else() -> None:
    """A reader who stops after two lines has read what matters."""
    bad = load(RECORDINGS / "postfix-wrong-password.json")
    found = compare(GOOD, bad)
    assert found.changes[0].what == "outcome"
    assert found.parts_at is Stage.AUTH


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("2.0.0 Ok: queued as 4XyZ1b2QwLz3f9K", "2.0.0 Ok: queued as 4XyZ1c7RmMz8d2P"),
        ("mx.google.com ESMTP a640c23a62f3a-b77 - gsmtp", "mx.google.com ESMTP 5b1f17b1804b1-477 - gsmtp"),
        ("ready at Sun, 22 Nov 2026 17:30:00 +0000", "ready at Mon, 23 Nov 2026 08:01:59 +0000"),
        ("421 try later 2026-11-22 17:30:00", "421 try later 2026-11-23 09:00:01"),
        ("OK id=1abCDe-000123-4F", "OK id=1abXYz-000777-9Q"),
    ],
)
def test_ids_and_times_are_no_change_of_words(old: str, new: str) -> None:
    """What a server makes anew for each session is passed over."""
    assert steady(old) == steady(new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mail.example.com ESMTP Postfix", "mail.example.com ESMTP Exim 4.98"),
        ("5.7.8 authentication failed", "5.7.8 account disabled"),
        ("550 5.1.1 unknown user", "550 5.7.1 relay denied"),
    ],
)
def test_other_words_are_a_change(old: str, new: str) -> None:
    """Versions of a server's software and enhanced codes are no ids."""
    assert steady(old) != steady(new)


def test_keywords_and_mechanisms_are_told_apart() -> None:
    """Both matter: a client relies on them."""
    facts = step(GOOD, Stage.EHLO).facts
    assert isinstance(facts, EhloFacts)
    less = replace(facts, keywords=(Keyword(name="SIZE", parameters=("1000",)),), auth=("XOAUTH2",))
    assert what(GOOD, with_step(GOOD, Stage.EHLO, facts=less)) == [("keywords", True), ("mechanisms", True)]


def test_a_renewed_certificate_does_not_matter_and_another_issuer_does() -> None:
    """Renewal is what is meant to happen; an interception box is not."""
    facts = step(GOOD, Stage.TLS).facts
    assert isinstance(facts, TlsFacts)
    leaf = facts.chain[0]
    assert leaf.not_after is not None
    renewed = replace(leaf, not_after=leaf.not_after + timedelta(days=60), fingerprint="ab" * 32, serial="77")
    other = replace(renewed, issuer="CN=Proxy,O=Somebody Else")

    def presents(one: object) -> Report:
        return with_step(GOOD, Stage.TLS, facts=replace(facts, chain=(one, *facts.chain[1:])))  # type: ignore[arg-type]

    assert [matters for _, matters in what(GOOD, presents(renewed))] == [False, False]
    assert ("certificate-issuer", True) in what(GOOD, presents(other))
    assert compare(GOOD, presents(other)).parts_at is Stage.TLS


def test_an_older_tls_version_matters_and_another_cipher_does_not() -> None:
    """The cipher is the two libraries' choice."""
    facts = step(GOOD, Stage.TLS).facts
    assert isinstance(facts, TlsFacts)
    other = replace(facts, version="TLSv1.0", cipher="OTHER")
    assert what(GOOD, with_step(GOOD, Stage.TLS, facts=other)) == [("tls-version", True), ("cipher", False)]


@pytest.mark.parametrize(
    ("seconds", "lag", "expected"),
    [(0.3, 0.0, []), (2.0, 0.0, [("seconds", False)]), (9.0, 0.0, [("seconds", True)]), (9.0, 9.0, [])],
)
def test_times_are_told_where_they_are_really_different(
    seconds: float, lag: float, expected: list[tuple[str, bool]]
) -> None:
    """By a factor and by half a second; what our own load explains is left out; a slow step matters."""
    assert what(GOOD, with_step(GOOD, Stage.BANNER, seconds=seconds, lag=lag)) == expected


def resolving_to(*addresses: str) -> Report:
    from smtpcheck.model import Classified

    facts = DnsFacts(
        name="mail.example.org", source="system", addresses=tuple(Classified(address=a) for a in addresses)
    )
    return with_step(GOOD, Stage.DNS, outcome=Outcome.PASSED, facts=facts)


def test_another_address_of_the_same_pool_does_not_matter() -> None:
    """Round robin is no change; another network is, and a family that is gone too."""
    old = resolving_to("192.0.2.1", "192.0.2.2")
    assert what(old, resolving_to("192.0.2.2", "192.0.2.9")) == [("addresses", False)]
    assert what(old, resolving_to("192.0.2.2", "192.0.2.1")) == []
    assert what(old, resolving_to("198.51.100.7")) == [("addresses", True)]
    assert what(resolving_to("192.0.2.1", "2001:db8::1"), resolving_to("192.0.2.1")) == [("addresses", True)]


def test_two_machines_are_not_before_and_now() -> None:
    """Works on the laptop, not in the container: what differs of the machines follows the end."""
    bad = load(RECORDINGS / "postfix-wrong-password.json")
    laptop = replace(GOOD, local={"container": "no sign of one", "resolver": "192.0.2.53"})
    container = replace(bad, local={"container": "yes: Docker (/.dockerenv)", "resolver": "127.0.0.11"})
    text = diff_text(compare(laptop, container), width=60, color=False, ascii=True)
    assert text.startswith("the new one stopped at auth, the old one passed: ")
    assert "the first stage where the two part: auth" in text
    assert "yes: Docker (/.dockerenv)" in text
    assert max(map(len, text.splitlines())) <= 60


def test_different_servers_are_compared_and_said_first() -> None:
    """In the first line, and it matters."""
    other = replace(GOOD, target=replace(GOOD.target, host="other.example.org"))
    assert diff_line(compare(GOOD, other), ascii=True).startswith("two different servers, mail.example.org:")
    assert compare(GOOD, other).matters


def test_a_servers_words_cannot_paint_the_terminal() -> None:
    """Escapes, line ends and markup stay visible characters."""
    reply = step(GOOD, Stage.AUTH).reply
    assert reply is not None
    evil = replace(reply, code=535, lines=("\x1b[2J[red]gone\r\nstopped at dns\u202e",))
    found = compare(GOOD, with_step(GOOD, Stage.AUTH, reply=evil))
    for width in (60, 80):
        text = diff_text(found, width=width, color=False, ascii=True)
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "[red]gone" in text
        assert text.isascii()


def test_json_tells_the_same() -> None:
    """In the same order, with what matters marked."""
    bad = load(RECORDINGS / "postfix-wrong-password.json")
    told = diff_to_json(compare(GOOD, bad))
    assert (told["schema"], told["changed"], told["parts_at"]) == (1, True, "auth")
    assert told["changes"][0]["what"] == "outcome"
    assert set(told["changes"][0]) == {"what", "of", "stage", "old", "new", "matters"}


def test_a_run_that_was_ended_is_said_to_have_been() -> None:
    """What it did not reach is no change of the server."""
    cut = with_step(GOOD, Stage.AUTH, outcome=Outcome.INTERRUPTED, reply=None, why="Ctrl-C")
    cut = replace(cut, outcome=Outcome.INTERRUPTED, stage=Stage.AUTH, exit_code=130)
    assert diff_line(compare(GOOD, cut), ascii=True).startswith("ended early at auth now, passed before")


def test_a_report_without_attempts_is_compared_too() -> None:
    """Nothing was tried, and nothing fails."""
    assert compare(GOOD, replace(GOOD, attempts=(), outcome=Outcome.DECLINED, stage=Stage.CONFIG)).matters
