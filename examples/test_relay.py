"""A test for the suite of an application: what its settings say about mail, held against the server.

    SMTP_TARGET=smtp.example.com:587 SMTP_USER=alice@example.com SMTP_PASSWORD=... pytest test_relay.py

One session for the whole module (each is a login), many assertions. Nothing is sent. A failure shows the report.
"""

import os

import pytest

import smtpcheck


@pytest.fixture(scope="module")
def report() -> smtpcheck.Report:
    """The session that the application would have, up to the recipient."""
    user = os.environ["SMTP_USER"]
    return smtpcheck.check(
        os.environ["SMTP_TARGET"],
        user=user,
        password=os.environ["SMTP_PASSWORD"],
        sender=user,
        recipients=[user],
        expect=["min-tls=1.2", "min-cert-days=14", "no-auth-before-tls"],
    )


def test_the_relay_takes_our_mail(report: smtpcheck.Report) -> None:
    assert report.passed, smtpcheck.render(report)


def test_the_relay_is_as_we_rely_on_it(report: smtpcheck.Report) -> None:
    assert [str(one.rule) + ": " + str(one.actual) for one in report.expectations if not one.met] == []
