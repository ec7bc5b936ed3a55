"""smtpcheck."""
