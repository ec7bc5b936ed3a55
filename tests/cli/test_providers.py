"""`smtpcheck providers`: the list, and one of them by any name that people use."""

import json

import pytest
from rich.cells import cell_len

from smtpcheck.cli.main import main
from smtpcheck.cli.provider_words import list_text, provider_text
from smtpcheck.providers import Provider, Username, providers

Output = pytest.CaptureFixture[str]


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_list_names_every_provider(capsys: Output) -> None:
    """With its first host, its ports and its username in words."""
    assert main(["providers"]) == 0
    out = capsys.readouterr().out
    assert all(f"({one.id})" in out for one in providers())
    assert "Resend (resend) smtp.resend.com: 465 implicit TLS" in flat(out)
    assert "username: the word resend, for everybody" in flat(out)


@pytest.mark.parametrize("name", ["microsoft-365", "Office365", "smtp.office365.com", "Microsoft 365", "O365"])
def test_one_is_found_by_any_of_its_names(capsys: Output, name: str) -> None:
    """Its id, its host, or what people call it, in one word or several."""
    assert main(["providers", *name.split()]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Microsoft 365 (microsoft-365)")
    assert "587 STARTTLS" in out
    assert "smtpcheck check smtp.office365.com:587 --user" in out


def test_what_nobody_verified_says_so() -> None:
    """A guess is not printed as a fact."""
    made = Provider(
        id="x",
        name="X",
        hosts=("smtp.x.example",),
        username=Username(rule="word", word="x", verified=False),
    )
    assert "the word x (not verified)" in provider_text(made, width=80, color=False, ascii=False)
    assert "(not verified)" in list_text([made], width=80, color=False, ascii=False)


@pytest.mark.parametrize("one", providers(), ids=lambda one: one.id)
def test_each_can_be_shown_at_any_width(one: Provider) -> None:
    for width in (40, 60, 80):
        shown = provider_text(one, width=width, color=False, ascii=False)
        assert max(map(cell_len, shown.splitlines())) <= width
    assert provider_text(one, width=80, color=False, ascii=True).isascii()


def test_json_holds_every_fact_with_its_source(capsys: Output) -> None:
    assert main(["providers", "resend", "--json"]) == 0
    one = json.loads(capsys.readouterr().out)["provider"]
    assert one["username"]["word"] == "resend"
    assert {port["number"]: port["tls"] for port in one["ports"]}[465] == "implicit"
    assert all(port["source"] for port in one["ports"] if port["verified"])
    assert all(reply["example"] and reply["cause"] for reply in one["replies"])
    assert main(["providers", "--json"]) == 0
    assert [one["id"] for one in json.loads(capsys.readouterr().out)["providers"]].count("resend") == 1


def test_an_unknown_name_brings_the_nearest(capsys: Output) -> None:
    """One sentence, exit 2."""
    assert main(["providers", "resnd"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "did you mean resend" in err
