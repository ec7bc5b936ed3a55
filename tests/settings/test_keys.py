"""The keys of target files and profiles."""

import dataclasses

import pytest

from smtpcheck.model import UsageError
from smtpcheck.settings.keys import FIELDS, read_keys, read_words
from smtpcheck.settings.request import Request


def place(key: str) -> str:
    return "targets.toml, line 3"


def test_every_key_is_a_field_of_a_request() -> None:
    """And every field but the secret itself, and what the command line decides for itself, has a key."""
    fields = {field.name for field in dataclasses.fields(Request)}
    assert set(FIELDS) <= fields
    application = {"app_config", "app", "service", "app_process", "from_here"}  # a target of its own kind
    assert fields - set(FIELDS) == {"secret", "sibling_ports", "origins", "files", *application}


def test_the_names_of_a_target_in_json_are_taken() -> None:
    """`from` and `to` mean the same as `sender` and `recipients`."""
    read = read_keys({"host": "a.example", "port": 25, "from": "a@b.c", "to": ["d@e.f"], "ehlo": "me"}, place)
    assert Request(**read) == Request(  # type: ignore[arg-type]
        target="a.example", port=25, sender="a@b.c", recipients=("d@e.f",), helo="me"
    )


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"timeuot": 3}, "did you mean timeout?"),
        ({"ca-file": "x"}, "is written ca_file"),
        ({"from": "a", "sender": "b"}, "mean the same"),
        ({"insecure": "yes"}, "holds a text: it takes true or false"),
        ({"port": True}, "holds true: it takes a number"),
        ({"to": [1]}, "it takes a list of texts"),
        ({"user": {"a": 1}}, "holds a table: it takes a text"),
    ],
)
def test_a_key_that_cannot_be_used_is_one_sentence(table: dict[str, object], said: str) -> None:
    """With the place, and what is allowed."""
    with pytest.raises(UsageError, match=r"^targets\.toml, line 3: ") as caught:
        read_keys(table, place)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["password", "Password", "token", "pass", "api-key", "proxy_password"])
def test_a_secret_is_refused_and_never_shown(key: str) -> None:
    """The sentence says where its source is to be named."""
    with pytest.raises(UsageError) as caught:
        read_keys({key: "hunter2"}, place)
    assert "hunter2" not in str(caught.value)
    assert "_env" in str(caught.value)


def test_a_value_of_the_wrong_type_is_not_shown() -> None:
    """It may be a secret that was typed in the wrong place."""
    with pytest.raises(UsageError) as caught:
        read_keys({"password_env": 12345678}, place)
    assert "12345678" not in str(caught.value)


def test_texts_of_a_table_become_lists_and_truths() -> None:
    """An empty cell is not given."""
    row = {"host": "a.example", "to": "a@b.c; d@e.f", "insecure": "yes", "user": "", "port": "25"}
    assert read_words(row, place) == {
        "target": "a.example",
        "recipients": ("a@b.c", "d@e.f"),
        "insecure": True,
        "port": "25",
    }
    with pytest.raises(UsageError, match="true or false"):
        read_words({"insecure": "maybe"}, place)
