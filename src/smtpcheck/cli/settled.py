"""What a check's command line asks for, together with the settings that are kept in files and variables.

Most checks have neither a file nor a variable, and load nothing of what reads them.
"""

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from smtpcheck.cli.misuse import Misuse
from smtpcheck.cli.outputs import Outputs, parse_outputs
from smtpcheck.settings.places import anything_set

if TYPE_CHECKING:
    from smtpcheck.settings.layers import Settled

_APPLICATION = ("app_config", "app", "service", "app_process", "from_here")
# What may be kept for a check that does exactly what an application does: how it is judged, and for how long.
_BESIDE_APPLICATION = ("timeout", "max_time", "patience", "second_looks", "expect", "fail_on", "report")
_NAGIOS_SECONDS = "9"  # a monitoring system gives up after 10


def asked(
    given: Mapping[str, Any],
    display: Mapping[str, Any],
    *,
    profile: str | None,
    config: str | None,
    show_settings: bool,
    spell_as: str | None = None,
) -> Callable[[], int]:
    """The check, or the list of its settings. `given` has the names of Request's fields, and `report`. Raises Misuse,
    UsageError.
    """
    application = {name: given[name] for name in _APPLICATION if given.get(name)}
    if application:
        _check_application(application, profile, show_settings=show_settings)
    named = named_fields({name: value for name, value in given.items() if name not in _APPLICATION})
    settled: Settled | None = None
    if profile is not None or config is not None or show_settings or anything_set():
        from smtpcheck.settings.layers import settle

        settled = settle(named, profile, config, only_shown=show_settings)
        if application:
            settled = settled.only(named, _BESIDE_APPLICATION)
    values = dict(named) if settled is None else settled.values()
    if spell_as is not None and display["quiet"]:
        raise Misuse("--as and -q both want standard output: give one of them")
    outputs = _outputs(cast("tuple[str, ...]", values.pop("report", ())), display, from_option="report" in named)
    if spell_as is not None and outputs.stdout not in (None, "terminal"):
        raise Misuse(f"--as and {outputs.stdout} both want standard output: give one of them")
    from smtpcheck.settings.request import Request

    looks, nagios = values.get("second_looks"), display["nagios"]
    values["sibling_ports"] = looks is True or not nagios
    if nagios:
        values.setdefault("max_time", _NAGIOS_SECONDS)
    kept = {} if settled is None else {"origins": settled.origins(), "files": settled.files}
    request = Request(**{**values, **application, **kept})
    if settled is not None and show_settings:
        from smtpcheck.cli.shown_settings import ShowSettings

        return ShowSettings(settled, request, profile, json=display["json"], color=display["color"])
    from smtpcheck.cli.session import Check, Display

    return Check(request=request, display=Display(**display, outputs=outputs), spell_as=spell_as)


def _check_application(application: Mapping[str, Any], profile: str | None, *, show_settings: bool) -> None:
    """Raises Misuse for a second source of what to check."""
    files = "--app-config" if "app_config" in application else "--app-process"
    if profile is not None:
        raise Misuse(f"--profile and {files} both say what to check: give one of them")
    if show_settings:
        raise Misuse(f"--show-settings is for smtpcheck's own settings: smtpcheck settings shows those of {files}")


def named_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The fields that the command line names. A plain flag that is absent is not named."""
    plain = ("ipv4", "ipv6", "password_stdin", "ask_password")
    return {
        field: value
        for field, value in given.items()
        if value is not None and value != () and not (value is False and field in plain)
    }


def _outputs(reports: tuple[str, ...], display: Mapping[str, Any], *, from_option: bool) -> Outputs:
    json, nagios, quiet, verbose = (display[name] for name in ("json", "nagios", "quiet", "verbose"))
    if (json or nagios or quiet or verbose) and not from_option:  # who owns standard output is said here
        reports = tuple(text for text in reports if "=" in text or text == "github")
    outputs = parse_outputs(reports, json=json, nagios=nagios)
    if outputs.stdout == "json" and (quiet or verbose):
        raise Misuse(f"--json contradicts {'-q' if quiet else '-v'}: the JSON object always holds everything")
    if outputs.stdout not in (None, "terminal") and (quiet or verbose):
        raise Misuse(f"{'-q' if quiet else '-v'} has no use where standard output gets the format {outputs.stdout}")
    if quiet and verbose:
        raise Misuse("-q and -v exclude each other: give one of them")
    return outputs


def profile_names() -> list[str]:
    """The names of all profiles, for the shell's completion; none where a file cannot be read."""
    from smtpcheck.model import UsageError
    from smtpcheck.settings.places import directory_file, user_file
    from smtpcheck.settings.profiles import read_profiles

    own = user_file()
    names: set[str] = set()
    for path, guest in ((directory_file(own), True), (own, False)):
        try:
            if path is not None and os.path.lexists(path):
                names |= set(read_profiles(path, guest=guest).profiles)
        except UsageError:
            continue
    return sorted(name for name in names if name.isprintable())
