"""A smoke test before a deployment: can this machine still hand mail to the relay?

    SMTP_PASSWORD=... python smoke_test.py smtp.example.com:587 alice@example.com

Prints one line when all is well, the whole report when it is not, and exits with smtpcheck's code for the stage.
Nothing is sent.
"""

import os
import sys

import smtpcheck


def main(target: str, user: str) -> int:
    report = smtpcheck.check(
        target,
        user=user,
        password=os.environ["SMTP_PASSWORD"],
        sender=user,
        recipients=[user],
        max_time=30,
        ca_file=os.environ.get("SMTP_CA_FILE") or "/etc/ssl/certs/ca-certificates.crt",
    )
    print(smtpcheck.render(report, "brief" if report.passed else "terminal"), end="")
    return report.exit_code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
