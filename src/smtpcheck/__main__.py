"""`python -m smtpcheck`."""

import sys

from smtpcheck.cli.main import run

sys.exit(run())
