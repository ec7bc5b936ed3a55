"""A secret on the command line stands in the shell's history and in everybody's process list: it is never taken.

The words are looked at before anything is parsed, so that no message of the parser can repeat the value.
"""

from collections.abc import Sequence

from smtpcheck.cli.misuse import Misuse

# Each option that people try, with the sources to give instead.
_INSTEAD = {
    **dict.fromkeys(
        ("--password", "--pass", "--passwd", "--pw", "--auth-password", "-ap", "-p"),
        "--password-env, --password-file, --password-stdin, --password-command or --ask-password",
    ),
    **dict.fromkeys(
        ("--token", "--access-token", "--oauth-token", "--secret"),
        "--token-env, --token-file or --token-command",
    ),
}


def refuse_spelled_out_secret(words: Sequence[str]) -> None:
    """Raises Misuse, without the value, for an option that would take a secret itself."""
    for word in words:
        if word == "--":
            return
        option = "-p" if word.startswith("-p") else word.partition("=")[0]
        if option in _INSTEAD:
            raise Misuse(_answer(option))


def _answer(option: str) -> str:
    return (
        f"{option} is not taken, and its value is not shown: everybody on a machine can read a secret that stands on a "
        f"command line, so give {_INSTEAD[option]}"
    )
