"""The hosts file, hostile ones included."""

import os
from pathlib import Path

from smtpcheck.model import HostsEntry
from smtpcheck.net.hosts_file import hosts_entries
from smtpcheck.net.regular_file import read_regular_file


def test_every_line_that_names_the_host_is_found(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_bytes(
        b"127.0.0.1 localhost\n# 10.0.0.1 mail.example.org\n10.0.0.2\tMAIL.example.org mail # old\r\n"
        b"10.0.0.3 mail.example.org.uk\n::1 mail.example.org.\nnonsense mail.example.org\n"
    )
    assert hosts_entries("mail.example.org", str(file)) == (
        HostsEntry(file=str(file), line=3, address="10.0.0.2", names=("MAIL.example.org", "mail")),
        HostsEntry(file=str(file), line=5, address="::1", names=("mail.example.org.",)),
    )


def test_a_hostile_file_is_read_within_bounds(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    names = b" ".join(b"n%d" % number for number in range(50_000))
    file.write_bytes(b"\xff\x00\x1b[31m\n10.0.0.1 " + names + b" mail\n" + b"10.0.0.2 mail\n" * 5000)
    entries = hosts_entries("mail", str(file))
    assert len(entries) == 100
    assert len(entries[0].names) == 32
    assert entries[0].names[-1] == "mail"


def test_a_name_without_text_is_in_no_line(tmp_path: Path) -> None:
    file = tmp_path / "hosts"
    file.write_text("10.0.0.1 mail\n")
    assert hosts_entries("", str(file)) == ()
    assert hosts_entries(".", str(file)) == ()


def test_only_a_regular_file_is_read(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert read_regular_file(str(pipe)) is None
    assert read_regular_file(str(tmp_path)) is None
    assert read_regular_file(str(tmp_path / "none")) is None
    assert read_regular_file("\0") is None
    assert read_regular_file("/dev/zero") is None


def test_no_more_than_the_limit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "long"
    file.write_bytes(b"x" * 100)
    assert read_regular_file(str(file), 10) == b"x" * 10
