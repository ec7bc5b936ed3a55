"""The scripted server in a process of its own: prints its port, and plays until standard input ends.

python -m benchmarks.scripted passes ROOT.pem
"""

import resource
import sys
from pathlib import Path

from smtpcheck.dialogue import parse
from smtpcheck.serve import anchor, running, scenario

SILENT = "! stall\n"


def main(name: str, root: str) -> None:
    """Plays the scenario, or says nothing at all if it is `silent`."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    Path(root).write_bytes(anchor())
    dialogue = parse(SILENT) if name == "silent" else scenario(name).dialogue
    with running(dialogue, names=["localhost", "127.0.0.1"]) as server:
        print(server.port, flush=True)
        sys.stdin.read()


main(*sys.argv[1:3])
