"""`python -m smtpcheck`."""

import sys

from smtpcheck.cli.main import main

sys.exit(main())
