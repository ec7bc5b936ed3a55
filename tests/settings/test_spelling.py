"""Settings that are written for an application are read back by its own reader as they were meant."""

from pathlib import Path

import pytest

from smtpcheck.model.settings import Assignment, Security, Value
from smtpcheck.settings.applications import read_applications
from smtpcheck.settings.apps import PLACEHOLDER, Intent, Reader, readers
from smtpcheck.settings.spelling import block, line

FILES = {
    "env": ".env",
    "json": "config.json",
    "javascript": "plugins.js",
    "yaml": "config.yml",
    "python": "settings.py",
    "php": "config.php",
    "ruby": "gitlab.rb",
    "ini": "app.ini",
    "properties": "application.properties",
    "msmtprc": "msmtprc",
    "ssmtp": "ssmtp.conf",
    "postfix": "main.cf",
    "equals": "discourse.conf",
}
INTENTS = [
    Intent(host="smtp.example.com", port=465, security=Security.IMPLICIT, user="alice", sender="a@example.com"),
    Intent(host="smtp.example.com", port=587, security=Security.STARTTLS, user="alice", sender="a@example.com"),
]


def content(reader: Reader, intent: Intent) -> str:
    """A block as a person would paste it: PHP's and JavaScript's belong into what stands around them."""
    text = block(reader.spell(intent), reader.syntax)
    return {"php": f"<?php\n$CONFIG = [\n{text}];\n", "javascript": f"module.exports = {text}"}.get(reader.syntax, text)


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.security.value)
@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_what_is_written_is_read_as_it_was_meant(reader: Reader, intent: Intent, tmp_path: Path) -> None:
    file = tmp_path / FILES[reader.syntax]
    file.write_text(content(reader, intent))

    (found,) = read_applications([str(file)], app=reader.name)
    settings = found.reading.settings

    assert (settings.host.value, settings.port.value) == (intent.host, intent.port)
    assert settings.security.value in (intent.security, Security.OPPORTUNISTIC)
    if reader.name != "postfix":  # the login stands in a file of its own
        assert settings.user.value == intent.user
        assert found.reading.secret is not None
        assert found.reading.secret.reveal() == PLACEHOLDER


@pytest.mark.parametrize(
    ("syntax", "value", "written"),
    [
        ("env", "plain-1@x", "K=plain-1@x"),
        ("env", "a b#c$d", "K='a b#c$d'"),
        ("env", "it's", 'K="it\'s"'),
        ("env", True, "K=true"),
        ("python", "it's", 'K="it\'s"'),
        ("python", True, "K=True"),
        ("json", 'a"b', '"K": "a\\"b"'),
        ("yaml", "no", 'K: "no"'),
        ("yaml", "a: b", 'K: "a: b"'),
        ("yaml", "587", 'K: "587"'),
        ("yaml", 587, "K: 587"),
        ("php", "it's\\", "'K' => 'it\\'s\\\\'"),
        ("ini", "x", "K = x"),
        ("postfix", "x", "K = x"),
        ("msmtprc", True, "K true"),
    ],
)
def test_a_value_is_quoted_as_its_syntax_wants_it(syntax: str, value: Value, written: str) -> None:
    assert line("K", value, syntax) == written


def test_sections_of_an_ini_file_stand_once() -> None:
    text = block(
        [Assignment(key="a.x", value=1), Assignment(key="b.y", value=2), Assignment(key="a.z", value=3)], "ini"
    )
    assert text == "[a]\nx = 1\nz = 3\n\n[b]\ny = 2\n"


def test_a_comment_stands_before_its_line() -> None:
    assert block([Assignment(key="A", value=1, comment="from 4.3 on")], "env") == "# from 4.3 on\nA=1\n"
