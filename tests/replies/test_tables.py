"""The tables of rows: each row can be used, is reached, and says where it comes from."""

import tomllib
from importlib.resources import files

import pytest

from smtpcheck import replies
from smtpcheck.diagnose import pages
from smtpcheck.diagnose.text import library
from smtpcheck.diagnose.text.quoted import quoted
from smtpcheck.model import Certainty, Stage
from smtpcheck.model.row import Row, Said, first_fit

NAMES = [name for names in replies.order() for name in names]


def as_said(row: Row) -> Said:
    """What the row's own example says, in a place where the row can be meant."""
    found = next(quoted(row.example.split("\n")), None)
    return Said(
        text=found.text if found else row.example,
        code=found.code if found else None,
        enhanced=found.enhanced if found else None,
        stage=min(row.stages, default=None),
        port=min(row.ports, default=None),
        tls=min(row.tls, default=None),
        logged_in=row.login,
    )


@pytest.mark.parametrize("name", NAMES)
def test_each_example_is_its_own_rows(name: str) -> None:
    """A row whose example an earlier row takes is never reached."""
    rows = replies.table(name)
    for number, row in enumerate(rows, 1):
        assert first_fit(rows, as_said(row)) is row, f"row {number}: {row.example}"


@pytest.mark.parametrize("name", library.TABLES)
def test_each_example_of_a_library_is_its_own_rows(name: str) -> None:
    """The same for what libraries say; here the whole example is the text."""
    rows = library.table(name)
    for number, row in enumerate(rows, 1):
        said = Said(text=row.example, port=min(row.ports, default=None), tls=min(row.tls, default=None))
        assert first_fit(rows, said) is row, f"row {number}: {row.example}"


@pytest.mark.parametrize("row", [*replies.rows(), *library.client_rows()], ids=lambda row: row.example[:50])
def test_a_row_names_causes_that_have_a_page(row: Row) -> None:
    """And no cause is its own alternative; where there are alternatives, something would settle it."""
    known = set(pages.ids())
    assert row.cause in known
    assert set(row.alternatives) <= known - {row.cause}
    assert len(row.alternatives) <= 2
    assert bool(row.alternatives) == bool(row.settle)
    if row.certainty is Certainty.CERTAIN:
        assert row.source is not None


def test_order_names_every_file() -> None:
    """A file that is in no order would never be read."""
    there = {file.name.removesuffix(".toml") for file in files("smtpcheck.replies").iterdir()}
    assert {name for name in there if not name.startswith("_")} - {"order", "look-alikes"} == set(NAMES)


def test_the_software_that_is_known_comes_first() -> None:
    """Its words decide before another server's."""
    software, _ = replies.order()
    assert replies.rows("exim")[0] is replies.table("exim")[0]
    assert set(replies.rows("exim")) == set(replies.rows())
    assert {replies.software_named(free) for free in ("Postfix postscreen", "220 mx ESMTP Exim 4.96")} <= set(software)
    assert replies.software_named("somebody's own") is None


def test_bare_codes_are_never_certain() -> None:
    """Code and stage alone admit several readings."""
    table = tomllib.loads(files("smtpcheck.replies").joinpath("generic-codes.toml").read_text("utf-8"))
    assert {row["certainty"] for row in table["reply"]} <= {"likely", "possible"}


def test_look_alikes_are_causes_with_a_page() -> None:
    """No cause is mistaken for itself, at most two are named, and something would settle it."""
    table = tomllib.loads(files("smtpcheck.replies").joinpath("look-alikes.toml").read_text("utf-8"))["look_alike"]
    known = set(pages.ids())
    for one in table:
        assert {one["cause"], *one["alternatives"]} <= known
        assert one["cause"] not in one["alternatives"]
        assert 0 < len(one["alternatives"]) <= 2
        assert one["settle"]


def test_look_alikes_of_one_stage_come_before_those_of_any() -> None:
    at_auth = replies.look_alikes("account-suspended-or-quota", Stage.AUTH)
    anywhere = replies.look_alikes("account-suspended-or-quota", None)
    assert at_auth is not None
    assert anywhere is not None
    assert at_auth.alternatives != anywhere.alternatives
    assert replies.look_alikes("no-such-cause", None) is None
