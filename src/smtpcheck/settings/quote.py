"""How a value of the user's is quoted in a sentence: one line, printable, and not endless.

A value may hold anything that a shell can pass: control characters, escapes, right-to-left marks, bytes that are no
text. `repr` shows all of them as escapes, and what is readable as it is.
"""

_LONGEST = 80


def quoted(value: str) -> str:
    """The value in quotes, what cannot be printed escaped, cut after 80 characters."""
    return repr(value if len(value) <= _LONGEST else value[: _LONGEST - 3] + "...")


def unprintable(value: str) -> str | None:
    """The first character that no name or address can hold (`U+200B`), or None.

    That is: controls, invisible format characters, spaces other than the plain one, and bytes that are not UTF-8. The
    two joiners of RFC 5892 appendix A belong to the spelling of some languages.
    """
    for character in value:
        if character not in " \u200c\u200d" and not character.isprintable():
            return f"U+{ord(character):04X}"
    return None
