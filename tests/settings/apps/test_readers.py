"""What holds for every reader: it is found, says where it is from, and its spelling is read back as it was meant."""

import pytest

from smtpcheck.model import Origin
from smtpcheck.model.settings import Entry, Given, Security
from smtpcheck.settings.apps import Intent, Reader, reader_named, readers, recognised

INTENTS = [
    Intent(host="smtp.example.com", port=465, security=Security.IMPLICIT, user="alice", sender="a@example.com"),
    Intent(host="smtp.example.com", port=587, security=Security.STARTTLS, user="alice", sender="a@example.com"),
]


def written(reader: Reader, intent: Intent) -> Given:
    entries = tuple(
        Entry(key=one.key, value=one.value, origin=Origin(kind="file", file="f", line=number, key=one.key))
        for number, one in enumerate(reader.spell(intent), start=1)
    )
    return Given(entries=entries, syntaxes=(reader.syntax,))


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_a_reader_has_a_head(reader: Reader) -> None:
    assert reader.title
    assert reader.since
    assert reader.source
    assert reader_named(reader.name) is reader


@pytest.mark.parametrize("intent", INTENTS, ids=lambda intent: intent.security.value)
@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_what_a_reader_writes_it_reads_as_it_was_meant(reader: Reader, intent: Intent) -> None:
    found = reader.read(written(reader, intent)).settings

    assert (found.host.value, found.port.value) == (intent.host, intent.port)
    assert found.security.value in (intent.security, Security.OPPORTUNISTIC)
    assert found.user.value == intent.user
    assert found.secret.present


@pytest.mark.parametrize("reader", readers(), ids=lambda reader: reader.name)
def test_what_a_reader_writes_is_recognised_as_its_own(reader: Reader) -> None:
    assert reader in recognised(written(reader, INTENTS[1]))
