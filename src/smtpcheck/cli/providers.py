"""`smtpcheck providers`: what is known of the providers of mail submission, and from where."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from smtpcheck.cli.misuse import Misuse
from smtpcheck.settings.words import COLOR

if TYPE_CHECKING:
    from smtpcheck.cli.printing import Style
    from smtpcheck.providers import Provider

_NEAREST = 5


def _names(incomplete: str) -> list[str]:
    from smtpcheck.providers import providers as all_providers

    return [one.id for one in all_providers() if one.id.startswith(incomplete)]


def providers(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]",
            rich_help_panel="Arguments",
            autocompletion=_names,
            help="A provider as you call it (Gmail, office365), or a host of it. Without: the list.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", rich_help_panel="Options", help="One JSON object.")] = False,
    color: Annotated[
        str,
        typer.Option(
            "--color",
            metavar="WHEN",
            rich_help_panel="Options",
            show_default=False,
            autocompletion=lambda incomplete: [word for word in COLOR if word.startswith(incomplete)],
            help="auto (on a terminal), always, never.",
        ),
    ] = "auto",
) -> Callable[[], int]:
    """List the mail providers that smtpcheck knows, or show one."""
    if color not in COLOR:
        raise Misuse(f"--color is {color!r}: give one of {', '.join(COLOR)}")
    name = " ".join(words or ()).strip()

    def run() -> int:
        from smtpcheck.cli.printing import Style

        style = Style(json=json, color=color)
        return _show(_named(name), style) if name else _list(style)

    return run


def _named(name: str) -> "Provider":
    """The provider with that id, host or free name. Raises Misuse, with the nearest names."""
    from difflib import get_close_matches

    from smtpcheck.providers import by_free_name, by_host, provider
    from smtpcheck.providers import providers as all_providers

    found = provider(name.lower()) or by_host(name) or by_free_name(name)
    if found is not None:
        return found
    near = get_close_matches(name.lower(), [one.id for one in all_providers()], n=_NEAREST, cutoff=0.5)
    meant = f"did you mean {' or '.join(near)}?" if near else "smtpcheck providers lists them"
    raise Misuse(f"there is no provider {name[:80]!a}: {meant}")


def _list(style: "Style") -> int:
    from smtpcheck.cli.provider_words import as_json, list_text
    from smtpcheck.providers import providers as all_providers

    known = sorted(all_providers(), key=lambda one: one.name.casefold())
    if style.json:
        style.write_json({"schema": 1, "providers": [as_json(one) for one in known]})
    else:
        style.write(list_text(known, width=style.width, color=style.colored, ascii=style.ascii))
    return 0


def _show(one: "Provider", style: "Style") -> int:
    from smtpcheck.cli.provider_words import as_json, provider_text

    if style.json:
        style.write_json({"schema": 1, "provider": as_json(one)})
    else:
        style.write(provider_text(one, width=style.width, color=style.colored, ascii=style.ascii))
    return 0
