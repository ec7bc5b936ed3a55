"""`python -m smtpcheck`."""

from smtpcheck.cli.main import run

run()
