"""Which stages a check has, told from what was asked for: pure, before anything is sent."""

from smtpcheck.model import Options, Stage, Target, TlsMode


def logs_in(target: Target, options: Options) -> bool:
    """True when an AUTH is asked for: a user, or a mechanism that needs none."""
    if options.auth == "none":
        return False
    return target.user is not None or options.secret is not None or options.auth in ("external", "anonymous", "gssapi")


def needs_starttls(target: Target, options: Options) -> bool:
    """True when STARTTLS is not optional: asked for by name, or a credential is to be sent.

    `--allow-cleartext-auth` does not make it optional where it is offered: it only lets a login go on without it.
    """
    if target.tls is TlsMode.STARTTLS:
        return True
    if target.tls in (TlsMode.AUTO, TlsMode.OPPORTUNISTIC):
        return logs_in(target, options) and not options.allow_cleartext_auth
    return False


def asked(target: Target, options: Options) -> tuple[Stage, ...]:
    """The stages that must pass, in the order of the dialogue: what a green result promises."""
    stages = [Stage.CONNECT]
    implicit = target.tls is TlsMode.IMPLICIT
    if implicit:
        stages.append(Stage.TLS)
    stages += [Stage.BANNER, Stage.EHLO]
    if not implicit and needs_starttls(target, options):
        stages += [Stage.STARTTLS, Stage.TLS]
    if logs_in(target, options):
        stages.append(Stage.AUTH)
    if target.sender is not None:
        stages.append(Stage.SENDER)
    if target.recipients:
        stages.append(Stage.RECIPIENT)
    if options.send:
        stages.append(Stage.MESSAGE)
    if options.until in (None, Stage.QUIT):
        return tuple(stages)  # QUIT is a courtesy: nothing depends on its reply
    if options.until in (Stage.CONFIG, Stage.DNS):
        return (options.until,)
    order = _order(implicit)
    last = order.index(options.until)
    return tuple(stage for stage in order if (stage in stages and order.index(stage) < last) or stage is options.until)


def _order(implicit: bool) -> tuple[Stage, ...]:
    """The stages as they follow each other: with implicit TLS, `tls` stands before `banner`."""
    order = list(Stage)
    if implicit:
        order.remove(Stage.TLS)
        order.insert(order.index(Stage.BANNER), Stage.TLS)
    return tuple(order)
