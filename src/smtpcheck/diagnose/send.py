"""Rules about the envelope and the message where structure decides: whose address, whether anybody logged in, silence
after the final dot.
"""

from collections.abc import Iterator

from smtpcheck.diagnose.rule import Ask, Found
from smtpcheck.diagnose.scene import Scene, words
from smtpcheck.model import Certainty, MessageFacts, Outcome, Stage, Step


def _refused(scene: Scene, *stages: Stage) -> Step | None:
    step = scene.stopper
    return step if step is not None and step.stage in stages and step.outcome is Outcome.REFUSED else None


def sender_is_username(scene: Scene) -> Iterator[Found | Ask]:
    """The reverse-path is the word that was used to log in, and no address. Some servers do not even answer that."""
    sender, user = scene.target.sender, scene.target.user
    if not sender or "@" in sender or user is None:
        return
    step = _refused(scene, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE)
    for_good = step is not None and step.reply is not None and not step.reply.temporary
    yield Found(
        id="sender-is-the-username",
        certainty=Certainty.CERTAIN if for_good and sender == user else Certainty.LIKELY,
        facts=words(scene, step) if step else {"host": scene.target.host, "sender": sender, "user": user},
        evidence=(*scene.shows(step), {"option": "--from"}) if step else ({"option": "--from"},),
        stage=step.stage if step else Stage.SENDER,
    )


def empty_sender(scene: Scene) -> Iterator[Found | Ask]:
    """The null reverse-path with a login: it belongs to bounces, and an application that sends it has lost its
    sender.
    """
    if scene.target.sender != "" or scene.target.user is None:
        return
    step = _refused(scene, Stage.SENDER, Stage.RECIPIENT, Stage.MESSAGE)
    yield Found(
        id="envelope-sender-empty",
        certainty=Certainty.LIKELY if step else Certainty.POSSIBLE,
        facts=words(scene, step) if step else {"user": scene.target.user},
        evidence=scene.shows(step) if step else ({"option": "--from"},),
        stage=step.stage if step else Stage.SENDER,
    )


def not_ascii(scene: Scene) -> Iterator[Found | Ask]:
    """An address that needs SMTPUTF8, and a server that does not offer it."""
    step = scene.stopper
    if step is None or step.stage is not Stage.SENDER or step.outcome is not Outcome.DECLINED:
        return
    addresses = (scene.target.sender or "", *scene.target.recipients)
    value = next((address for address in addresses if not address.isascii()), "")
    yield Found(
        id="smtputf8-unsupported",
        certainty=Certainty.CERTAIN,
        facts=words(scene, step) | {"value": value},
        evidence=scene.shows(scene.attempt.step(Stage.EHLO)),
    )


def message_silent(scene: Scene) -> Iterator[Found | Ask]:
    """Silence or an end in or after DATA: after the final dot the message may have been taken."""
    step = scene.stopper
    if step is None or step.stage is not Stage.MESSAGE or not isinstance(step.facts, MessageFacts):
        return
    if step.outcome not in (Outcome.STALLED, Outcome.CLOSED, Outcome.WAITING):
        return
    shown = words(scene, step) | {"value": step.facts.message_id, "waited": f"{step.seconds:.1f} s"}
    if step.facts.phase == "dot":
        yield Found(id="delivery-unknown", certainty=Certainty.CERTAIN, facts=shown, evidence=scene.shows(step))
    elif step.outcome is Outcome.CLOSED:
        yield Found(id="connection-closed", certainty=Certainty.LIKELY, facts=shown, evidence=scene.shows(step))
    else:
        yield Found(id="message-stalled", certainty=Certainty.LIKELY, facts=shown, evidence=scene.shows(step))


RULES = (sender_is_username, empty_sender, not_ascii, message_silent)
