"""The one exception that a caller of smtpcheck has to expect: the check was asked for in a way that cannot be."""


class UsageError(ValueError):
    """A value or a combination that cannot be used. The text is one sentence: what was wrong, where, what is allowed.

    It never holds a secret.
    """
