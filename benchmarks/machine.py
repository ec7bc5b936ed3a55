"""What a figure was measured with: programs, libraries, processor, load."""

import os
import platform
import shutil
import ssl
import subprocess
from importlib.metadata import version
from pathlib import Path


def described() -> str:
    """One line for each of them."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("smtpcheck", "typer", "cryptography"))
    return "\n".join(
        (
            f"processor  {_processor()}, {os.cpu_count()} of them",
            f"system     {platform.platform()}",
            f"Python     {platform.python_version()}, {ssl.OPENSSL_VERSION}, {libraries}",
            f"swaks      {_first_line('swaks', '--version')}",
            f"Postfix    {_first_line('postconf', '-dh', 'mail_version')}",
            f"Dovecot    {_first_line('dovecot', '--version')}",
            load(),
        )
    )


def load() -> str:
    """The load averages now."""
    return "load       " + " ".join(f"{average:.2f}" for average in os.getloadavg()) + " (1, 5, 15 minutes)"


def _processor() -> str:
    """Linux says it in /proc/cpuinfo, and not on every architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _first_line(*command: str) -> str:
    program = shutil.which(command[0], path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if program is None:
        return "not installed"
    said = subprocess.run((program, *command[1:]), capture_output=True, text=True, errors="replace").stdout
    return said.strip().partition("\n")[0]
