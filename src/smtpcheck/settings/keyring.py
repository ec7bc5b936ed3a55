"""The keyring of the desktop (macOS Keychain, Secret Service, Windows Credential Locker), through the extra `keyring`.

A locked keyring asks its owner in a window, or over a bus that nobody answers: it is read in a thread that may be left
behind.
"""

import threading
from typing import Any

from smtpcheck.model import UsageError
from smtpcheck.settings.quote import quoted


def read_keyring(service: str, user: str, seconds: float, option: str) -> str:
    """The password of the user under the service. Raises UsageError."""
    try:
        import keyring
    except ImportError:
        raise UsageError(f"{option} needs the extra 'keyring': pip install 'smtpcheck[keyring]'") from None
    if not service:
        raise UsageError(f"{option} is empty: give the service under which the keyring holds the password")
    answer: list[Any] = []

    def ask() -> None:
        try:
            answer.append(keyring.get_password(service, user))
        except Exception as error:  # whatever a backend raises: its text may hold anything, its class says enough
            answer.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(seconds)
    if not answer:
        raise UsageError(f"{option} waited {seconds:.0f} s for the keyring: unlock it")
    if isinstance(answer[0], Exception):
        name = type(answer[0]).__name__
        reason = "this machine has none that can be used" if name == "NoKeyringError" else f"it failed ({name})"
        raise UsageError(f"{option} asked the keyring, and {reason}")
    if answer[0] is None:
        raise UsageError(
            f"{option} asked the keyring, which has no password of {quoted(user)} under {quoted(service)}: "
            f"store it with keyring set SERVICE USER"
        )
    return str(answer[0])
