"""The table of all causes: how each was produced in the tests, or why it cannot be.

    python tests/causes_table.py

`real` counts rows of tests/real/test_check_causes.py, `live` sessions with a scripted server, resolver or network
(labelled tests of tests/diagnose, and `smtp` examples of the pages), `saved` reports on the pages, `text` pasted ones,
`settings` files of an application.
Ends with 1 where a cause that something could produce is produced by nothing.
"""

import sys
from collections import Counter
from importlib import import_module
from pathlib import Path

from smtpcheck.diagnose.pages import ids, page

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the tests are no package; from here they can be one

LIVE = ("names", "network", "tls", "sessions", "incidents")

_CLIENTS = "the client's own words, before or beside the wire: only its text shows it"
NOT_LIVE = {
    "client-lacks-starttls": _CLIENTS,
    "client-protocol-bug": _CLIENTS,
    "client-refuses-plaintext-auth": _CLIENTS,
    "credentials-missing-in-client": _CLIENTS,
    "starttls-inside-tls": "smtpcheck never says STARTTLS inside TLS; other clients do",
    "host-is-a-container-name": "known from an application's words; a check meets dns-name-not-found",
    "trust-store-outdated": "smtpcheck cannot tell an old store from a private authority; an application's text can",
}
"""Causes that no server, resolver or network can produce in a check, and why."""


def table() -> tuple[list[tuple[str, Counter[str], str]], list[str]]:
    """A row for each cause: its id, how often it was produced in which way, a remark; and the causes that lack one."""
    produced = _produced()
    rows, missing = [], []
    for id in ids():
        ways = produced.get(id, Counter())
        waiting = page(id).waiting
        remark = NOT_LIVE.get(id, f"waits for {waiting}" if waiting else "")
        if not (ways["real"] or ways["live"] or ways["settings"] or remark):
            missing.append(id)
        rows.append((id, ways, remark))
    return rows, missing


def stale() -> list[str]:
    """Reasons that are none any more: the cause was produced after all, or does not exist."""
    produced = _produced()
    return [id for id in NOT_LIVE if id not in ids() or produced.get(id, Counter())["live"]]


def _produced() -> dict[str, Counter[str]]:
    found: dict[str, Counter[str]] = {id: Counter() for id in ids()}
    real = import_module("tests.real.test_check_causes")
    for id in (*(row.cause for row in real.ROWS), *real.BESIDE):
        found[id]["real"] += 1
    told = import_module("tests.diagnose.told")
    for name in LIVE:
        for id, tests in told.produced_by(import_module(f"tests.diagnose.test_live_{name}")).items():
            found[id]["live"] += len(tests)
    for *_, id in import_module("tests.diagnose.test_live_incidents").CATALOGUE:
        found[id]["live"] += 1
    kinds = {"smtp": "live", "evidence": "saved", "text": "text", "settings": "settings"}
    for id in ids():
        for example in page(id).examples:
            if example.gives is not None:
                found[example.gives][kinds[example.kind]] += 1
    return found


def main() -> int:
    rows, missing = table()
    ways = ("real", "live", "saved", "text", "settings")
    width = max(len(id) for id, *_ in rows)
    print(f"{'cause':{width}}  " + "  ".join(f"{way:>8}" for way in ways))
    for id, counts, remark in rows:
        shown = "  ".join(f"{counts[way] or '-':>8}" for way in ways)
        print(f"{id:{width}}  {shown}{f'  {remark}' if remark else ''}")
    by = {way: sum(1 for _, counts, _ in rows if counts[way]) for way in ways}
    waiting = sum(1 for id, *_ in rows if page(id).waiting)
    print(
        f"\n{len(rows)} causes: {by['real']} by real servers, {by['live']} by scripted servers, resolvers and "
        f"networks, {by['saved']} by saved reports, {by['text']} by pasted text, {by['settings']} by an application's "
        f"settings; {waiting} waits for something that is not there yet; "
        f"{sum(1 for id, *_ in rows if id in NOT_LIVE)} cannot be met by a check."
    )
    for id in missing:
        print(f"not produced, and no reason given: {id}")
    for id in stale():
        print(f"has a reason why it cannot be produced, and is: {id}")
    return 1 if missing or stale() else 0


if __name__ == "__main__":
    sys.exit(main())
