"""Which value counts: that of the command line, then of the environment, of the profile, of the defaults.

A value takes the place of those below it that could not be meant together with it: a secret's source that of any other
source, a port in TARGET that of a profile. What contradicts itself within one layer stays, and is an error.
"""

import os
import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from smtpcheck.model import Origin, UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.settings.keys import FIELDS, SECRET_SOURCES, read_words
from smtpcheck.settings.origins import option_of, where
from smtpcheck.settings.places import PREFIX, directory_file, shown_path, user_file
from smtpcheck.settings.profiles import MORE, Fields, ProfileFile, Value, no_such_profile, read_profiles
from smtpcheck.settings.quote import quoted
from smtpcheck.settings.secret_sources import PASSWORD_VARIABLE
from smtpcheck.settings.target import parse_target
from smtpcheck.settings.trust import CONNECTION, NOT_FOR_GUESTS, check_login

_VARIABLE_OF = {"target": "HOST", "sender": "FROM", "recipients": "TO"}
# What a value further up leaves no room for.
_INSTEAD_OF: Mapping[str, tuple[str, ...]] = {
    "timeout": ("patience",),
    "patience": ("timeout",),
    "ipv4": ("ipv6",),
    "ipv6": ("ipv4",),
    "insecure": ("ca_file", "verify_name"),
    "ca_file": ("insecure",),
    "verify_name": ("insecure",),
    "address": ("all_addresses",),
    "all_addresses": ("address", "proxy"),
    "proxy": ("all_addresses",),
    **{source: tuple(SECRET_SOURCES) for source in SECRET_SOURCES},
}
_IMPLIED_TLS = ("smtps", "submissions", "submission")


@brief_record
class Settled:
    """Every field that is set, with the origin of its value. `files` are those that were used, in words; `unused` are
    settings that count for nothing here, each with the reason; `refused` says why there would be no check, where the
    settings are only shown.
    """

    fields: Fields
    files: tuple[str, ...] = ()
    unused: tuple[str, ...] = ()
    refused: str | None = None

    def values(self) -> dict[str, object]:
        return {field: value.value for field, value in self.fields.items()}

    def only(self, named: Iterable[str], others: Iterable[str]) -> "Settled":
        """Without the fields that are neither `named` on the command line nor among the `others`."""
        kept = {field: value for field, value in self.fields.items() if field in (*named, *others)}
        used = {value.origin.file for value in kept.values()}
        files = tuple(file for file in self.files if any(name is not None and name in file for name in used))
        return Settled(kept, files, self.unused, self.refused)

    def origins(self) -> dict[str, Origin]:
        """Where the values came from that do not stand on the command line."""
        return {field: each.origin for field, each in self.fields.items() if each.origin.kind != "option"}


def variable_of(field: str) -> str:
    """The environment variable of the field."""
    return PREFIX + _VARIABLE_OF.get(field, field.upper())


def settle(
    named: Mapping[str, object],
    profile: str | None,
    config: str | None,
    environ: Mapping[str, str] = os.environ,
    *,
    only_shown: bool = False,
) -> Settled:
    """What holds for a check with the fields `named` on its command line. Raises UsageError. Where it is `only_shown`,
    what refuses the check is told beside the settings.
    """
    files, looked = read_files(config, environ)
    line = {field: Value(value, Origin(kind="option", detail=option_of(field))) for field, value in named.items()}
    variables, unused = _variables(environ)
    source = None if profile is None else _with_profile(profile, files, looked)
    layers = [line, variables]
    if source is not None and profile is not None:
        layers.append(source.profiles[profile])
    layers += [file.defaults for file in sorted(files, key=lambda file: not file.guest)]
    fields = _resolved(layers)
    guest = next((fields[field] for field in CONNECTION if field in fields and fields[field].guest), None)
    if guest is not None:
        says = where(guest.origin)
        layers = [line, *(_for_guest(layer, says, unused) for layer in layers[1:])]
        fields = _resolved(layers)
    refused = None
    try:
        if guest is not None and _logs_in(fields):
            mechanism = fields["auth"].value if "auth" in fields else None
            check_login(named, where(guest.origin), mechanism, PASSWORD_VARIABLE in environ)
        _check_recipients(fields, named)
    except UsageError as error:
        if not only_shown:
            raise
        refused = str(error)
    used = _used(source, profile, files, fields)
    return Settled(fields, used, tuple(dict.fromkeys(unused)), refused)


def read_files(config: str | None, environ: Mapping[str, str] = os.environ) -> tuple[list[ProfileFile], list[str]]:
    """The files that are there, that of the working directory first, and where was looked. Raises UsageError."""
    if config is not None:
        return [read_profiles(config, guest=False, named_by="--config")], [shown_path(config, environ)]
    own = user_file(environ)
    found, looked = [], [shown_path(own, environ)]
    directory = directory_file(own)
    if directory is not None:
        found.append(read_profiles(directory, guest=True))
        looked.insert(0, directory)
    if os.path.lexists(own):
        found.append(read_profiles(own, guest=False))
    return found, looked


def _with_profile(name: str, files: Sequence[ProfileFile], looked: Sequence[str]) -> ProfileFile:
    having = [file for file in files if name in file.profiles]
    if not having:
        raise no_such_profile(name, list(files), list(looked))
    if len(having) > 1:
        # Whoever filled the directory could else take the place of the user's own server.
        raise UsageError(
            f"the profile {quoted(name)} stands in {having[0].shown} and in {having[1].shown}: rename one, or name "
            "the file with --config"
        )
    return having[0]


def _variables(environ: Mapping[str, str]) -> tuple[Fields, list[str]]:
    """The settings of the environment. Raises UsageError for a value that cannot be one."""
    found: dict[str, Value] = {}
    known = {variable_of(field): field for field in (*FIELDS, *MORE)}
    for name, field in known.items():
        text = environ.get(name)
        if not text:
            continue
        if field in MORE:
            value: object = tuple(part for part in re.split(r"[;\s]+", text) if part)
        else:
            value = read_words({field: text}, _constantly(name))[field]
        found[field] = Value(value, Origin(kind="environment", detail=name))
    unused = []
    for name in sorted(environ):
        if name.startswith(PREFIX) and name not in known and name != PASSWORD_VARIABLE and name.isprintable():
            from difflib import get_close_matches

            near = get_close_matches(name, known, n=1, cutoff=0.8)
            if near:
                unused.append(f"the variable {name[:80]} is no setting: {near[0]} is one")
    return found, unused


def _constantly(name: str) -> Callable[[str], str]:
    return lambda key: f"the variable {name}"


def _resolved(layers: Iterable[Fields]) -> dict[str, Value]:
    """The value of the first layer that has one, without what could not be meant with it."""
    found: dict[str, Value] = {}
    for layer in layers:
        taken = _taken(found)
        for field, value in layer.items():
            if field not in found and field not in taken:
                found[field] = _fitting(field, value, taken | set(found)) if field == "target" else value
    return found


def _taken(found: Fields) -> set[str]:
    """The fields that are spoken for by those found so far, although they are not set."""
    taken = {other for field, each in found.items() if each.value is not False for other in _INSTEAD_OF.get(field, ())}
    if "auth" in found and found["auth"].value == "none":
        taken |= {"user", *SECRET_SOURCES, "allow_cleartext_auth"}
    if "target" in found:
        try:
            place = parse_target(str(found["target"].value))
        except UsageError:
            return taken  # it is told where it is used
        taken |= {"port"} if place.port is not None or place.path is not None else set()
        taken |= {"user"} if place.user is not None else set()
        taken |= {"tls"} if place.scheme in _IMPLIED_TLS else set()
    return taken


def _fitting(field: str, value: Value, above: set[str]) -> Value:
    """A target without the port and the user that were given further up."""
    text = str(value.value)
    try:
        place = parse_target(text)
    except UsageError:
        return value
    if place.port is not None and "port" in above:
        text = re.sub(r":[0-9]+/?$", "", text)
    if place.user is not None and "user" in above:
        text = re.sub(r"://.*@", "://", text)
    return Value(text, value.origin, value.guest)


def _for_guest(layer: Fields, says: str, unused: list[str]) -> Fields:
    """The layer without what does not hold for a server that the working directory's file names. The environment is
    the user's own, but a secret has to be named for this run.
    """
    left: dict[str, Value] = {}
    for field, value in layer.items():
        dropped = field in (SECRET_SOURCES if value.origin.kind == "environment" else NOT_FOR_GUESTS)
        if dropped and not value.guest:
            unused.append(f"{where(value.origin)} does not hold here: {says} is the working directory's")
        else:
            left[field] = value
    return left


def _logs_in(fields: Fields) -> bool:
    from smtpcheck.model import Stage
    from smtpcheck.settings.words import WITH_TICKET, WITHOUT_SECRET

    until = str(fields["until"].value) if "until" in fields else None
    order = tuple(Stage)
    if until in order and order.index(Stage(until)) < order.index(Stage.AUTH):
        return False
    if "user" in fields or ("auth" in fields and fields["auth"].value in (*WITHOUT_SECRET, *WITH_TICKET)):
        return True
    try:
        return "target" in fields and parse_target(str(fields["target"].value)).user is not None
    except UsageError:
        return False


def _check_recipients(fields: Fields, named: Mapping[str, object]) -> None:
    """Mail that only the user's own file wants sent does not go to whom the working directory's file names."""
    send, to = fields.get("send"), fields.get("recipients")
    if send is not None and send.value and "send" not in named and to is not None and to.guest:
        raise UsageError(
            f"{where(send.origin)} asks for a message, and its recipients come from {where(to.origin)}: give --send "
            "or --to on this command line"
        )


def _used(
    source: ProfileFile | None, profile: str | None, files: Sequence[ProfileFile], fields: Fields
) -> tuple[str, ...]:
    """The files of which something counts, as sentences have them."""
    used = [] if source is None else [f"the profile {quoted(profile or '')} of {source.shown}"]
    for file in files:
        if any(each.origin.file == file.shown and each.origin.detail == "[defaults]" for each in fields.values()):
            used.append(f"[defaults] of {file.shown}")
    return tuple(used)
