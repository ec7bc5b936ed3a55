"""Where settings are looked for: `smtpcheck.toml` in the working directory, and in the user's configuration directory.

The directory follows platformdirs (`user_config_dir("smtpcheck", appauthor=False)`): the XDG Base Directory
Specification on Linux, which says that a relative path counts for nothing; `~/Library/Application Support` on macOS;
`%LOCALAPPDATA%` on Windows. https://platformdirs.readthedocs.io/en/latest/api.html
"""

import os
import sys
from collections.abc import Mapping

NAME = "smtpcheck.toml"
PREFIX = "SMTPCHECK_"
_OWN_VARIABLES = ("SMTPCHECK_PASSWORD",)  # it holds a secret and is no setting (`secret_sources`)


def user_file(environ: Mapping[str, str] = os.environ, platform: str = sys.platform) -> str:
    """The path of the user's own file, whether it is there or not."""
    home = environ.get("HOME") or os.path.expanduser("~")
    if platform == "win32":
        base = environ.get("LOCALAPPDATA") or os.path.join(os.path.expanduser("~"), "AppData", "Local")
    elif platform == "darwin":
        base = os.path.join(home, "Library", "Application Support")
    else:
        base = environ.get("XDG_CONFIG_HOME", "")
        if not os.path.isabs(base):
            base = os.path.join(home, ".config")
    return os.path.join(base, "smtpcheck", NAME)


def directory_file(own: str) -> str | None:
    """The file of the working directory, unless there is none, or it is the user's own."""
    if not os.path.lexists(NAME):
        return None
    try:
        return None if os.path.samefile(NAME, own) else NAME
    except OSError:
        return NAME


def anything_set(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether there is a file, or a variable that may be a setting: most checks have neither, and read nothing."""
    if any(name.startswith(PREFIX) and name not in _OWN_VARIABLES for name in environ):
        return True
    return os.path.lexists(NAME) or os.path.lexists(user_file(environ))


def shown_path(path: str, environ: Mapping[str, str] = os.environ) -> str:
    """The path as a person writes it: `~` for the home directory, which holds the name of whoever runs this."""
    home = environ.get("HOME") or os.path.expanduser("~")
    inside = len(home) > 1 and path.startswith(home.rstrip(os.sep) + os.sep)
    shown = "~" + path[len(home.rstrip(os.sep)) :] if inside else path
    return shown if shown.isprintable() and len(shown) <= 200 else repr(shown[-200:])
