"""SASLprep: one spelling for each user name and password (RFC 4013, a profile of stringprep, RFC 3454).

SCRAM hashes what it is given, so client and server have to spell alike before they hash. Texts are prepared as
"queries": a character that Unicode 3.2 did not know is let through.
"""

from collections.abc import Callable, Iterator

from smtpcheck.smtp.sasl.mechanism import CredentialsUnusable


def saslprep(text: str, what: str) -> str:
    """The prepared text; raises `CredentialsUnusable`, which names `what` and the rule, for what cannot be one."""
    if text.isascii():
        if all(" " <= character <= "~" for character in text):
            return text
        raise _prohibited(what, "a control character (table C.2.1)")

    import stringprep
    from unicodedata import ucd_3_2_0

    spaced = "".join(" " if stringprep.in_table_c12(c) else c for c in text if not stringprep.in_table_b1(c))
    prepared = ucd_3_2_0.normalize("NFKC", spaced)
    for table, name in _prohibitions():
        if any(map(table, prepared)):
            raise _prohibited(what, name)

    right_to_left = [stringprep.in_table_d1(c) for c in prepared]
    if any(right_to_left):
        if any(map(stringprep.in_table_d2, prepared)):
            raise _prohibited(what, "letters of both directions (section 2.4)")
        if not (right_to_left[0] and right_to_left[-1]):
            raise _prohibited(what, "a right-to-left text that does not begin and end so (section 2.4)")
    return prepared


def _prohibitions() -> Iterator[tuple[Callable[[str], bool], str]]:
    import stringprep

    yield stringprep.in_table_c12, "a space other than ASCII's (table C.1.2)"
    yield stringprep.in_table_c21_c22, "a control character (tables C.2.1, C.2.2)"
    yield stringprep.in_table_c3, "a private character (table C.3)"
    yield stringprep.in_table_c4, "a code point that is no character (table C.4)"
    yield stringprep.in_table_c5, "a byte that is not UTF-8, or a surrogate (table C.5)"
    yield stringprep.in_table_c6, "a character unfit for plain text (table C.6)"
    yield stringprep.in_table_c7, "an ideographic description character (table C.7)"
    yield stringprep.in_table_c8, "a change of display or a deprecated character (table C.8)"
    yield stringprep.in_table_c9, "a tagging character (table C.9)"


def _prohibited(what: str, name: str) -> CredentialsUnusable:
    return CredentialsUnusable(f"the {what} holds {name}, which SASLprep (RFC 4013) prohibits")
