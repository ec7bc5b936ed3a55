"""JSON Lines: the JSON report of each target on one line, so that a file can be appended to and read line by line."""

import json
from collections.abc import Sequence

from smtpcheck.model import Report
from smtpcheck.report.codec import to_json


def jsonl(reports: Sequence[Report]) -> str:
    """One line a target, in ASCII: no separator that Unicode knows can end a line early."""
    return "".join(f"{json.dumps(to_json(report), separators=(',', ':'))}\n" for report in reports)
