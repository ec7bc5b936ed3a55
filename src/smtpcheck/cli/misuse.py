"""What the command line finds wrong by itself, before the types of smtpcheck (and their `UsageError`) are loaded."""


class Misuse(Exception):
    """A command line that cannot be understood. The text is one sentence, and never holds a secret."""


class Unwritten(Exception):
    """A report that could not be written where it was to go, after the check was done. The text is one sentence."""
