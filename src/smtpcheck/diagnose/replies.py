"""What a reply means: the one place where both the live check and pasted text ask.

The provider's rows come first, then the server software's, then the generic ones; the first that fits decides. A row
may say less than the facts around it, so a few rules compare afterwards: the username with the provider's, the sender
with the login.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from smtpcheck import providers, replies
from smtpcheck.model import Certainty, Stage
from smtpcheck.model.record import record
from smtpcheck.model.row import Row, Said, all_fits

MOST_ALTERNATIVES = 2


@record
class Meaning:
    """What a reply means. `row` is the row that decided; `provider` the id of the provider whose facts were used."""

    cause: str
    certainty: Certainty
    row: Row
    alternatives: tuple[str, ...] = ()
    settle: str | None = None
    means: str | None = None
    provider: str | None = None


def meaning(said: Said) -> Meaning | None:
    """What the reply means, or None where no row fits."""
    fitting = all_fits(_rows(said), said)
    row = next(fitting, None)
    if row is None:
        return None
    known = providers.provider(said.provider) if said.provider else None
    found = Meaning(
        cause=row.cause,
        certainty=_earned(row),
        row=row,
        alternatives=row.alternatives,
        settle=row.settle,
        means=row.means if known is not None or row not in _sure_words() else None,
        provider=known.id if known is not None else None,
    )
    if found.certainty is Certainty.CERTAIN and (known is None or row not in known.replies):
        found = _contested(found, fitting)
    for refine in (_username, _sender, _secret, _widened):
        found = refine(found, said, known)
    return found


def _contested(found: Meaning, others: Iterator[Row]) -> Meaning:
    """What a general row is certain of, while another is as certain of something else, is only likely."""
    other = next((row for row in others if row.certainty is Certainty.CERTAIN and row.cause != found.cause), None)
    if other is None:
        return found
    settle = "which of its words the server means"
    return replace(found, certainty=Certainty.LIKELY, alternatives=(other.cause,), settle=settle)


def _rows(said: Said) -> Iterator[Row]:
    known = providers.provider(said.provider) if said.provider else None
    if known is not None:
        yield from known.replies
    general = replies.rows(said.software)
    yield from (row for row in general if not row.wordless)
    if known is None:
        yield from _sure_words()
    if said.stage is not None or any(letter.isalpha() for letter in said.text):  # a number alone says nothing
        yield from (row for row in general if row.wordless)


@cache
def _sure_words() -> tuple[Row, ...]:
    """Rows whose words only one provider uses, so that they speak even where the provider was not named."""
    return tuple(
        row
        for one in providers.providers()
        for row in one.replies
        if row.certainty is Certainty.CERTAIN and (row.words or row.together or row.regex)
    )


def _earned(row: Row) -> Certainty:
    """A row without a source is somebody's experience: it is never certain."""
    return Certainty.LIKELY if row.source is None and row.certainty is Certainty.CERTAIN else row.certainty


def _username(found: Meaning, said: Said, known: providers.Provider | None) -> Meaning:
    """A wrong login at a provider that fixes the username is, more often than not, a wrong username."""
    if found.cause == "username-must-be-fixed-word" and _has_the_word(said, known):
        left = tuple(one for one in found.alternatives if one != "bad-credentials")
        return replace(found, cause="bad-credentials", alternatives=left, settle=None) if left else found
    if found.cause != "bad-credentials" or said.stage not in (None, Stage.AUTH):
        return found
    if _ruled_out("username-must-be-full-address", said, known):
        left = tuple(one for one in found.alternatives if one != "username-must-be-full-address")
        found = replace(found, alternatives=left, settle=found.settle if left else None)
    rule = known.username if known is not None else None
    if rule is not None and rule.rule == "word" and rule.word is not None:
        if said.user is None or said.user == rule.word:
            return _also(found, "wrong-credential-type" if said.user else "username-must-be-fixed-word")
        return _instead(found, "username-must-be-fixed-word", rule.verified)
    if said.user is not None and "@" not in said.user and rule is not None and rule.rule == "address":
        return _instead(found, "username-must-be-full-address", rule.verified)
    return found


def _has_the_word(said: Said, known: providers.Provider | None) -> bool:
    """Whether the username is the very word that the provider fixed, so that it cannot be what is wrong."""
    rule = known.username if known is not None else None
    return rule is not None and rule.word is not None and said.user == rule.word


def _sender(found: Meaning, said: Said, known: providers.Provider | None) -> Meaning:
    """The sender was refused as another's: perhaps it is no address at all, or it equals the login."""
    if found.cause not in ("sender-not-owned-by-login", "envelope-address-malformed") or said.sender is None:
        return found
    if said.sender == "":
        return _instead(found, "envelope-sender-empty", True)
    if said.user is not None and said.sender == said.user:
        if "@" not in said.sender:
            return _instead(found, "sender-is-the-username", True)
        if found.cause == "sender-not-owned-by-login":
            return _instead(found, "server-sender-map-wrong", True)
    return found


def _secret(found: Meaning, said: Said, known: providers.Provider | None) -> Meaning:
    """A wrong login where the account's own password is never right: perhaps that very password was given."""
    if found.cause != "bad-credentials" or known is None or known.secret is None:
        return found
    if known.secret.account_password is not False or len(found.alternatives) == MOST_ALTERNATIVES:
        return found
    added = "app-password-required" if _takes_app_passwords(known.secret) else "wrong-credential-type"
    if added in found.alternatives:
        return found
    settle = _joined(found.settle, f"whether the secret is the {known.secret.kind}")
    return replace(found, alternatives=(*found.alternatives, added), settle=settle)


def _widened(found: Meaning, said: Said, known: providers.Provider | None) -> Meaning:
    """What is not certain, with the causes that it is mistaken for most, up to `MOST_ALTERNATIVES`."""
    if found.certainty is Certainty.CERTAIN or len(found.alternatives) >= MOST_ALTERNATIVES:
        return found
    similar = replies.look_alikes(found.cause, said.stage)
    if similar is None:
        return found
    new = [
        one
        for one in similar.alternatives
        if one not in (found.cause, *found.alternatives) and not _ruled_out(one, said, known)
    ][: MOST_ALTERNATIVES - len(found.alternatives)]
    if not new:
        return found
    return replace(found, alternatives=(*found.alternatives, *new), settle=_joined(found.settle, similar.settle))


def _ruled_out(cause: str, said: Said, known: providers.Provider | None) -> bool:
    """Whether what is known around the reply speaks against a cause."""
    match cause:
        case "username-must-be-full-address":
            rule = known.username if known is not None else None
            return (said.user is not None and "@" in said.user) or (rule is not None and rule.rule != "address")
        case "not-authenticated":
            return said.logged_in is True
        case "tls-required-first":
            return said.tls == "implicit"
        case "app-password-required":
            return known is not None and known.secret is not None and not _takes_app_passwords(known.secret)
    return False


def _takes_app_passwords(secret: providers.SecretRule) -> bool:
    kinds = ("app password", "app-specific", "application", "authorisation code", "for programs", "client")
    return any(kind in secret.kind.lower() for kind in kinds)


def _joined(settle: str | None, other: str) -> str:
    """Both hints, without saying one twice."""
    if settle is None:
        return other
    return settle if other in settle else f"{settle}; {other}"


def _also(found: Meaning, cause: str) -> Meaning:
    if cause in found.alternatives:
        return found
    kept = (cause, *found.alternatives)[:MOST_ALTERNATIVES]
    return replace(found, alternatives=kept, certainty=min_certainty(found.certainty, Certainty.LIKELY))


def _instead(found: Meaning, cause: str, verified: bool) -> Meaning:
    """`cause` in the first place, and what the row said as its alternative."""
    others = tuple(one for one in (found.cause, *found.alternatives) if one != cause)
    certainty = Certainty.LIKELY if verified else Certainty.POSSIBLE
    return replace(found, cause=cause, certainty=certainty, alternatives=others[:MOST_ALTERNATIVES])


def min_certainty(one: Certainty, other: Certainty) -> Certainty:
    """The less sure of two."""
    return max(one, other, key=list(Certainty).index)
