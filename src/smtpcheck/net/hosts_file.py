"""The hosts file (hosts(5)): an address, then its names; `#` begins a comment.

The system resolver usually asks it before DNS, so one forgotten line sends an application elsewhere than DNS says.
"""

import io
import ipaddress

from smtpcheck.model import HostsEntry
from smtpcheck.net.regular_file import read_regular_file

HOSTS = "/etc/hosts"
_ENTRIES, _NAMES, _NAME = 100, 32, 255  # how many, and how long, we keep of a hostile file


def hosts_entries(host: str, file: str = HOSTS) -> tuple[HostsEntry, ...]:
    """The lines that name `host`, in file order; lines without a valid address are no entries. Blocks on the disk."""
    wanted = host.rstrip(".").lower()
    needle = wanted.encode("utf-8", "surrogateescape")
    entries: list[HostsEntry] = []
    for number, line in enumerate(io.BytesIO(read_regular_file(file) or b""), start=1):
        if not needle or needle not in line.lower():
            continue
        words = line.partition(b"#")[0].decode("ascii", "backslashreplace").split()
        names = tuple(name[:_NAME] for name in words[1:])
        if wanted in (name.rstrip(".").lower() for name in names) and _is_address(words[0]):
            entries.append(HostsEntry(file=file, line=number, address=words[0], names=_kept(names, wanted)))
        if len(entries) == _ENTRIES:
            break
    return tuple(entries)


def _kept(names: tuple[str, ...], wanted: str) -> tuple[str, ...]:
    """The first names, the wanted one among them wherever it stands."""
    if len(names) <= _NAMES:
        return names
    return names[: _NAMES - 1] + next((name,) for name in names if name.rstrip(".").lower() == wanted)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
