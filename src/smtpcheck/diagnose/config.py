"""Rules that need no packet: a value that cannot be used, and what the provider's table says of the others.

They become the cause only where the session stops at the stage that they name; tables go stale, so otherwise they stand
under `also`. A fact that is not verified never gives more than `possible`.
"""

from collections.abc import Iterator

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene
from smtpcheck.model import Certainty, ConfigFacts, Stage, TlsMode

_IMPLICIT_PORTS = (465, 2465)
_CLEAR_PORTS = (25, 587, 2525, 2587)


def unusable(scene: Scene) -> Iterator[Found | Ask]:
    """A host that is no host name."""
    step = scene.stopper
    if step is None or step.stage is not Stage.CONFIG or not isinstance(step.facts, ConfigFacts):
        return
    if step.facts.problem and step.facts.cause is None:
        yield Found(
            id="host-value-malformed",
            certainty=Certainty.CERTAIN,
            facts={"value": scene.target.host, "means": step.facts.problem},
            evidence=({"option": "TARGET"},),
        )


def username(scene: Scene) -> Iterator[Found | Ask]:
    """The username against the provider's rule for it."""
    provider, user = scene.provider, scene.target.user
    if provider is None or provider.username is None or not user or user == "***":
        return
    rule = provider.username
    certainty = Certainty.LIKELY if rule.verified else Certainty.POSSIBLE
    shown = {
        "user": user,
        "host": scene.target.host,
        "provider": provider.name,
        "word": rule.word or "",
        "expected": rule.say or rule.example or "",
    }
    id = None
    if (rule.rule == "word" and user != rule.word) or (rule.rule == "key-id" and "@" in user):
        id = "username-must-be-fixed-word"
    elif rule.rule == "address" and "@" not in user:
        id = "username-must-be-full-address"
    elif (rule.rule == "token" and "@" in user) or (rule.rule == "provider-login" and _foreign(user, rule.example)):
        id = "username-must-be-provider-login"
    if id is not None:
        yield Found(
            id=id,
            certainty=certainty,
            facts={k: v for k, v in shown.items() if v},
            evidence=({"option": "--user"},),
            provider=provider.id,
            stage=Stage.AUTH,
        )


def _foreign(user: str, example: str | None) -> bool:
    """Whether the user is an address in another domain than that of every login the provider gives."""
    domain = (example or "").rpartition("@")[2].lower()
    own = "@" in (example or "") and "example" not in domain and "domain" not in domain
    return own and "@" in user and user.rpartition("@")[2].lower() != domain


def secret(scene: Scene) -> Iterator[Found | Ask]:
    """The secret's shape against the provider's, and what its reader noticed: by shape only."""
    facts = scene.target.secret
    if facts is None:
        return
    provider = scene.provider
    shown = {"host": scene.target.host, "source": facts.source}
    if provider is not None and provider.secret is not None and provider.secret.shapes:
        rule = provider.secret
        if facts.shape is not None and facts.shape not in rule.shapes:
            yield Found(
                id="wrong-credential-type",
                certainty=Certainty.LIKELY if rule.verified else Certainty.POSSIBLE,
                facts=shown
                | {"provider": provider.name, "expected": rule.kind, "value": facts.shape, "how": rule.how or ""},
                evidence=({"option": "--user"},),
                provider=provider.id,
                stage=Stage.AUTH,
            )
    if "token-expired" in facts.hygiene:
        yield Found(
            id="oauth-token-invalid",
            certainty=Certainty.LIKELY,
            facts=shown | {"means": "not seen yet: the token itself says that it has expired"},
            evidence=({"option": facts.source},),
            stage=Stage.AUTH,
        )
    mangled = [one for one in facts.hygiene if one in _MANGLED]
    if mangled:
        yield Found(
            id="password-mangled-by-config",
            certainty=Certainty.LIKELY,
            facts=shown | {"value": ", ".join(mangled)},
            evidence=({"option": facts.source},),
            stage=Stage.AUTH,
        )


_MANGLED = frozenset(
    ("leading-space", "trailing-space", "quoted", "url-encoded", "byte-order-mark", "unexpanded-variable",
     "control-character", "bearer-prefix")
)  # fmt: skip


def mode(scene: Scene) -> Iterator[Found | Ask]:
    """Port and TLS mode against each other, and against the provider's table."""
    target, provider = scene.target, scene.provider
    if target.port is None:
        return
    known = provider.port(target.port) if provider is not None else None
    implicit = target.tls is TlsMode.IMPLICIT
    shown = {"host": target.host, "port": str(target.port), "tls": target.tls.value}
    if known is not None and known.tls in ("implicit", "starttls") and (known.tls == "implicit") is not implicit:
        certainty = Certainty.LIKELY if known.verified else Certainty.POSSIBLE
        yield Found(
            id="port-and-tls-mode-disagree",
            certainty=certainty,
            facts=shown | {"expected": known.tls, "provider": provider.name if provider else ""},
            evidence=({"option": "--tls"},),
            provider=provider.id if provider else None,
            stage=_where(implicit),
        )
    elif known is None and (
        (target.port in _IMPLICIT_PORTS and not implicit) or (target.port in _CLEAR_PORTS and implicit)
    ):
        expected = "implicit" if target.port in _IMPLICIT_PORTS else "starttls"
        yield Found(
            id="port-and-tls-mode-disagree",
            certainty=Certainty.POSSIBLE,
            facts=shown | {"expected": expected},
            evidence=({"option": "--tls"},),
            stage=_where(implicit),
        )


def _where(implicit: bool) -> Stage:
    return Stage.TLS if implicit else Stage.BANNER


RULES = (unusable, username, secret, mode)
