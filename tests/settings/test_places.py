"""Where the user's own file is, by the rules of platformdirs."""

import os
from pathlib import Path

import pytest

from smtpcheck.settings.places import anything_set, directory_file, shown_path, user_file


@pytest.mark.parametrize(
    ("environ", "platform", "path"),
    [
        ({"HOME": "/home/al"}, "linux", "/home/al/.config/smtpcheck/smtpcheck.toml"),
        ({"HOME": "/home/al", "XDG_CONFIG_HOME": "/etc/al"}, "linux", "/etc/al/smtpcheck/smtpcheck.toml"),
        ({"HOME": "/home/al", "XDG_CONFIG_HOME": "here"}, "linux", "/home/al/.config/smtpcheck/smtpcheck.toml"),
        ({"HOME": "/home/al", "XDG_CONFIG_HOME": ""}, "linux", "/home/al/.config/smtpcheck/smtpcheck.toml"),
        ({"HOME": "/Users/al"}, "darwin", "/Users/al/Library/Application Support/smtpcheck/smtpcheck.toml"),
        ({"LOCALAPPDATA": "/c/Local"}, "win32", "/c/Local/smtpcheck/smtpcheck.toml"),
    ],
)
def test_the_own_file_is_where_the_platform_wants_it(environ: dict[str, str], platform: str, path: str) -> None:
    """A relative XDG_CONFIG_HOME would be another file in every directory, and counts for nothing."""
    assert user_file(environ, platform) == path


def test_the_own_file_is_no_guest_in_its_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "smtpcheck.toml").write_text("")
    monkeypatch.chdir(tmp_path)
    assert directory_file(str(tmp_path / "smtpcheck.toml")) is None
    assert directory_file(str(tmp_path / "other" / "smtpcheck.toml")) == "smtpcheck.toml"


def test_the_home_directory_is_not_told() -> None:
    """Its name is that of whoever runs this, and reports are passed on."""
    assert shown_path("/home/al/.config/x.toml", {"HOME": "/home/al"}) == "~/.config/x.toml"
    assert shown_path("/home/alice/x.toml", {"HOME": "/home/al"}) == "/home/alice/x.toml"
    assert shown_path("/x\n.toml", {"HOME": "/"}) == r"'/x\n.toml'"


def test_most_checks_have_nothing_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable with the password is no setting."""
    monkeypatch.chdir(tmp_path)
    nothing = {"HOME": str(tmp_path), "SMTPCHECK_PASSWORD": "x"}
    assert not anything_set(nothing)
    assert anything_set({**nothing, "SMTPCHECK_TLS": "off"})
    os.symlink("nowhere", tmp_path / "smtpcheck.toml")
    assert anything_set(nothing)
