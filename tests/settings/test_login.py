"""Which source a login's secret is taken from, and when none is asked for."""

from collections.abc import Callable
from typing import Any

import pytest

from smtpcheck.model import Secret, UsageError
from smtpcheck.model.secret import SecretKind
from smtpcheck.settings import secret_sources
from smtpcheck.settings.build import build
from smtpcheck.settings.login import with_secret
from smtpcheck.settings.request import Request

OWN = {"SMTPCHECK_PASSWORD": "hunter2"}


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is there to ask, unless a test says so."""
    monkeypatch.setattr(secret_sources, "terminal_present", lambda: False)


def secret_of(environ: dict[str, str], **words: Any) -> tuple[str, str] | None:
    """The secret and its source."""
    request = Request(target="h", **words)
    target, options = with_secret(request, *build(request, environ), environ)
    if options.secret is None:
        assert target.secret is None
        return None
    assert target.secret is not None
    return options.secret.reveal(), target.secret.source


def test_the_own_variable_is_used_when_there_is_a_user() -> None:
    """And a source that was named comes before it."""
    assert secret_of(OWN, user="alice") == ("hunter2", "env SMTPCHECK_PASSWORD")
    assert secret_of({**OWN, "X_Y": "other"}, user="alice", password_env="X_Y") == ("other", "env X_Y")


@pytest.mark.parametrize(
    "words",
    [
        {},
        {"user": "alice", "until": "tls"},
        {"user": "alice", "auth": "external"},
        {"auth": "anonymous"},
        {"user": "alice", "auth": "gssapi"},
    ],
)
def test_no_secret_is_read_where_none_is_sent(words: dict[str, Any]) -> None:
    """And the variable that was set in vain is named."""
    request = Request(target="h", **words)
    target, options = with_secret(request, *build(request, OWN), OWN)
    assert options.secret is None
    assert "SMTPCHECK_PASSWORD is set and was not used" in target.notes[-1]


def test_the_own_variable_must_not_be_empty() -> None:
    """An empty one is a mistake, not a reason to ask."""
    with pytest.raises(UsageError, match="SMTPCHECK_PASSWORD, which is set but empty"):
        secret_of({"SMTPCHECK_PASSWORD": ""}, user="alice")


def test_without_a_terminal_the_sources_are_named() -> None:
    """A user without a secret is exit 2 in CI."""
    with pytest.raises(UsageError, match="no terminal to ask on: give --password-env"):
        secret_of({}, user="alice")
    with pytest.raises(UsageError, match="--ask-password needs a terminal"):
        secret_of({}, user="alice", ask_password=True)


def test_on_a_terminal_the_user_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The question names whom and where, in printable words."""
    asked: list[str] = []
    monkeypatch.setattr(secret_sources, "terminal_present", lambda: True)
    monkeypatch.setattr("getpass.getpass", _answer(asked, "hunter2"))
    assert secret_of({}, user="al\x1bice") == ("hunter2", "prompt")
    assert asked == ["Password of 'al\\x1bice' at h:587: "]


def test_no_answer_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-D, or nothing but Enter."""
    monkeypatch.setattr(secret_sources, "terminal_present", lambda: True)
    monkeypatch.setattr("getpass.getpass", _answer([], ""))
    with pytest.raises(UsageError, match="empty password"):
        secret_of({}, user="alice")

    def end(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("getpass.getpass", end)
    with pytest.raises(UsageError, match="no answer"):
        secret_of({}, user="alice")


def test_tokens() -> None:
    """A token has sources of its own, and a mechanism that needs one never takes a password."""
    request = Request(target="h", user="alice", token_env="TOKEN_ENV")
    environ = {"TOKEN_ENV": "ya29.abc"}
    options = with_secret(request, *build(request, environ), environ)[1]
    assert options.secret == Secret("ya29.abc", SecretKind.TOKEN)
    with pytest.raises(UsageError, match="--auth xoauth2 needs a token"):
        secret_of(OWN, user="alice", auth="xoauth2")


def test_what_was_stripped_is_noted() -> None:
    """A newline at the end, as `echo` writes it."""
    request = Request(target="h", user="alice", password_command="echo hunter2")
    target, options = with_secret(request, *build(request, {}), {})
    assert options.secret == Secret("hunter2")
    assert target.notes == ("the newline at the end of the password was left out",)


def _answer(asked: list[str], answer: str) -> Callable[[str], str]:
    def ask(question: str) -> str:
        asked.append(question)
        return answer

    return ask
