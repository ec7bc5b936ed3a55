"""The list that is shown while a check runs, as a terminal would show it."""

import re
from io import StringIO

from smtpcheck.model import Outcome, Progress, Stage, Step
from smtpcheck.report.live import MOST_ROWS, Live


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def screen(written: str) -> list[str]:
    """The lines that a terminal shows after this text: "up" and "erase to the end" are all that Live uses."""
    lines = [""]
    row = 0
    for text, up, erase, newline in re.findall(r"([^\x1b\r\n]+)|\x1b\[(\d+)A\r|(\x1b\[J)|(\n)", written):
        if text:
            lines[row] += text
        elif up:
            row -= int(up)
            assert row >= 0, "the cursor left the list"
        elif erase:
            lines[row:] = [""]
        elif newline:
            row += 1
            if row == len(lines):
                lines.append("")
    return [line for line in lines if line]


def progress(kind: str, stage: Stage, *, look: str = "first", attempt: int = 0, **more: object) -> Progress:
    address = "192.0.2.1" if attempt == 0 else "2001:db8::1"
    return Progress(kind=kind, attempt=attempt, look=look, address=address, stage=stage, at=0.0, **more)  # type: ignore[arg-type]


def ended(stage: Stage, outcome: Outcome = Outcome.PASSED, seconds: float = 0.2, why: str | None = None) -> Progress:
    return progress("ended", stage, step=Step(stage=stage, outcome=outcome, began=0.0, seconds=seconds, why=why))


def live(**more: object) -> tuple[Live, StringIO, Clock]:
    stream, clock = StringIO(), Clock()
    return Live(stream, width=72, now=clock, **more), stream, clock  # type: ignore[arg-type]


def test_it_says_what_is_waited_for_and_for_how_long() -> None:
    shown, stream, clock = live()
    shown(ended(Stage.CONNECT))
    shown(progress("began", Stage.BANNER, deadline=30.0))
    shown(progress("waiting", Stage.BANNER, deadline=30.0, waiting_for="the banner"))
    shown.tick()
    clock.now += 12.3
    shown.tick()
    assert screen(stream.getvalue()) == [
        "✓ connect     0.2 s  192.0.2.1",
        "… banner     12.3 s  waiting for the banner (at most 30.0 s)",
    ]


def test_a_second_ehlo_has_a_line_of_its_own() -> None:
    shown, stream, _ = live(ascii=True)
    for _ in range(2):
        shown(progress("began", Stage.EHLO))
        shown(ended(Stage.EHLO))
    shown.tick()
    assert screen(stream.getvalue()) == ["ok   ehlo        0.2 s"] * 2


def test_a_failure_says_how() -> None:
    shown, stream, _ = live()
    shown(ended(Stage.AUTH, Outcome.DECLINED, why="the credentials would travel in clear"))
    shown.tick()
    assert screen(stream.getvalue()) == ["✗ auth        0.2 s  declined: the credentials would travel in clear"]


def test_another_connection_is_told_apart() -> None:
    shown, stream, _ = live()
    shown(progress("began", Stage.CONNECT))
    shown(progress("began", Stage.CONNECT, look="other-family", attempt=1))
    shown.tick()
    lines = screen(stream.getvalue())
    assert "192.0.2.1, waiting" in lines[0]
    assert "other-family 2001:db8::1, waiting" in lines[1]


def test_it_leaves_nothing_behind() -> None:
    """Neither on the screen nor in what comes after: the final report begins where the list began."""
    shown, stream, _ = live()
    with shown:
        shown(ended(Stage.CONNECT))
        shown.tick()
        shown.clear()
        shown(ended(Stage.BANNER))
        shown.tick()
    assert screen(stream.getvalue()) == []
    assert "\x1b[?25l" not in stream.getvalue()


def test_an_exception_takes_the_list_away_too() -> None:
    shown, stream, _ = live()
    try:
        with shown:
            shown(ended(Stage.CONNECT))
            shown.tick()
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    assert screen(stream.getvalue()) == []


def test_it_shows_nothing_where_it_is_not_wanted() -> None:
    shown, stream, _ = live(active=False)
    with shown:
        shown(ended(Stage.CONNECT))
        shown.tick()
    assert stream.getvalue() == ""


def test_no_line_wraps_and_no_text_steers_the_terminal() -> None:
    """A line that wraps would make the cursor miss the list; so would an escape sequence in a text."""
    shown, stream, _ = live(color=True)
    evil = "\x1b[2J\u202e你好\n" * 40
    shown(progress("began", Stage.BANNER, waiting_for=evil))
    shown(ended(Stage.AUTH, Outcome.BROKEN, why=evil))
    shown.tick()
    written = re.sub(r"\x1b\[\d+m", "", stream.getvalue())
    assert "\x1b" not in written
    assert all(len(line) < 72 for line in written.splitlines())


def test_a_list_that_is_too_long_shows_its_end() -> None:
    """More lines than a terminal has could not be taken back."""
    shown, stream, _ = live()
    for _ in range(100):
        shown(ended(Stage.RECIPIENT))
    shown(progress("began", Stage.MESSAGE))
    shown.tick()
    shown.tick()
    lines = screen(stream.getvalue())
    assert len(lines) == MOST_ROWS
    assert "message" in lines[-1]
