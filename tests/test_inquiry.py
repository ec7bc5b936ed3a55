"""What a check knows of this machine, and the further connections that can be switched off."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import smtpcheck
from smtpcheck.serve import Running, anchor, running, scenario

SECRET = "correct-horse-battery"


@pytest.fixture
def silent() -> Iterator[Running]:
    """A port that speaks TLS from the first byte."""
    with running(scenario("implicit-tls-port").dialogue, names=["mail.example.com"]) as server:
        yield server


def check(server: Running, **more: object) -> smtpcheck.Report:
    wanted = {"address": "127.0.0.1", "tls": "starttls", "timeout": 1.0, "helo": "client.example.org"} | more
    return smtpcheck.check(f"mail.example.com:{server.port}", **wanted)  # type: ignore[arg-type]


def test_further_connections_can_be_switched_off(silent: Running) -> None:
    """Then there is one connection, and the report says that no other was asked for."""
    report = check(silent, second_looks=False)
    assert [attempt.look for attempt in report.attempts] == ["first"]
    assert report.asked == ()
    assert report.options.second_looks is False
    assert [attempt.look for attempt in check(silent).attempts] == ["first", "tls-first"]


def test_the_report_says_what_is_known_of_this_machine(silent: Running) -> None:
    """In full, whatever the cause is; what the check used itself comes before what the system's files say."""
    local = check(silent, second_looks=False).local
    assert {"container", "resolver", "address_families", "trust_store", "openssl", "python", "clock"} <= set(local)
    assert "hosts_file" not in local  # nobody was asked for the name


def passing(folder: Path, **more: object) -> smtpcheck.Report:
    """A check of a server that says yes to everything."""
    file = folder / "ca.pem"
    file.write_bytes(anchor())
    chosen = scenario("passes")
    wanted = {"address": "127.0.0.1", "ca_file": str(file), "until": "tls"} | more
    with running(chosen.dialogue, names=[chosen.host]) as server:
        return smtpcheck.check(f"{chosen.host}:{server.port}", **wanted)  # type: ignore[arg-type]


def test_the_trust_store_is_the_one_that_was_used(tmp_path: Path) -> None:
    """And the EHLO name stands with where it came from."""
    local = passing(tmp_path, helo="client.example.org").local
    assert local["trust_store"].startswith(str(tmp_path / "ca.pem"))
    assert local["ehlo_name"] == "client.example.org (--helo)"


def test_no_secret_stands_among_the_facts(tmp_path: Path) -> None:
    """Not even where a variable gave it to the wrong option."""
    local = passing(tmp_path, user="alice", password=SECRET, helo=SECRET).local
    assert local["ehlo_name"] == "*** (--helo)"
    assert not any(SECRET in value for value in local.values())
