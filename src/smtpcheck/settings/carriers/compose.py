"""Docker Compose files: one `Given` for each service, with what its container's environment will be.

`environment` wins over `env_file`, a later file over an earlier one, an override file over the first one. `${VAR}` is
replaced from the `.env` beside the file. An `env_file`, an `extends` file or a secret's file is read if it lies in the
folder of the named file or below; one beyond it is asked for and not followed.
"""

import os
from collections.abc import Mapping, Sequence

from smtpcheck.model import UsageError
from smtpcheck.model.settings import Entry, Given
from smtpcheck.settings.carriers import dotenv
from smtpcheck.settings.carriers.nearby import nearby
from smtpcheck.settings.carriers.text import Source, read_source
from smtpcheck.settings.carriers.variables import replaced
from smtpcheck.settings.carriers.yaml_text import Node, documents
from smtpcheck.settings.quote import quoted

_EXTENDS = 10  # as deep as `extends` is followed


def is_compose(document: Node) -> bool:
    """Whether a YAML document is a compose file."""
    services = document.at("services")
    return services is not None and services.members is not None and document.at("apiVersion") is None


def given(sources: Sequence[Source], variables: Sequence[Entry] = ()) -> tuple[Given, ...]:
    """One `Given` for each service of the files together; `variables` were given beside them, for `${VAR}`."""
    files = [(source, document) for source in sources for document in documents(source)]
    known = {entry.key: str(entry.value) for entry in (*_beside(sources), *variables) if entry.value is not None}
    names = list(dict.fromkeys(name for _, document in files for name in _services(document)))
    found = []
    for name in names:
        entries: list[Entry] = []
        container = None
        for source, document in files:
            service = document.at("services", name)
            if service is not None:
                entries += _environment(source, document, service, known, 0)
                container = (service.at("container_name") or Node(line=0)).text or container
        found.append(
            Given(
                entries=tuple(entries),
                service=name,
                container=True,
                container_name=container,
                syntaxes=("env",),
                services=tuple(names),
            )
        )
    return tuple(found)


def _services(document: Node) -> tuple[str, ...]:
    services = document.at("services")
    return tuple(services.members) if services is not None and services.members is not None else ()


def _beside(sources: Sequence[Source]) -> tuple[Entry, ...]:
    """The `.env` in the folder of the first file, which Compose reads by itself."""
    path = os.path.join(os.path.dirname(sources[0].file), ".env")
    return dotenv.entries(read_source(path), "compose") if os.path.isfile(path) else ()


def _environment(source: Source, document: Node, service: Node, known: Mapping[str, str], depth: int) -> list[Entry]:
    return [
        *_extended(source, document, service, known, depth),
        *_from_files(source, service, known),
        *_secrets(source, document, service),
        *_written(source, service, known),
    ]


def _extended(source: Source, document: Node, service: Node, known: Mapping[str, str], depth: int) -> list[Entry]:
    extends = service.at("extends")
    if extends is None:
        return []
    if depth >= _EXTENDS:
        raise source.refuse(f"extends goes deeper than {_EXTENDS} services", extends.line)
    name = extends.text or (extends.at("service") or Node(line=0)).text or ""
    file = (extends.at("file") or Node(line=0)).text
    other_source, other = source, document
    if file is not None:
        other_source = read_source(nearby(source, file, extends.line, "extends"))
        other = next(iter(documents(other_source)), Node(line=1))
    base = other.at("services", name)
    if base is None:
        raise source.refuse(f"extends names the service {quoted(name)}, which is not there", extends.line)
    return _environment(other_source, other, base, known, depth + 1)


def _from_files(source: Source, service: Node, known: Mapping[str, str]) -> list[Entry]:
    listed = service.at("env_file")
    if listed is None:
        return []
    found: list[Entry] = []
    for item in listed.items if listed.items is not None else (listed,):
        path = item.text or (item.at("path") or Node(line=0)).text or ""
        required = (item.at("required") or Node(line=0, value=True)).value is not False
        dialect = "raw" if (item.at("format") or Node(line=0)).text == "raw" else "compose"
        place = nearby(source, replaced(path, known)[0], item.line, "env_file")
        if not os.path.lexists(place):
            if required:
                raise source.refuse(f"env_file names {quoted(path)}, which is not there", item.line)
            continue
        found += dotenv.entries(read_source(place), dialect)
    return found


def _written(source: Source, service: Node, known: Mapping[str, str]) -> list[Entry]:
    environment = service.at("environment")
    if environment is None:
        return []
    pairs: list[tuple[str, str | None, int]] = []
    for item in environment.items or ():
        name, equals, value = (item.text or "").partition("=")
        pairs.append((name, value if equals else None, item.line))
    for name, member in (environment.members or {}).items():
        pairs.append((name, member.text, member.line))
    return [_entry(source, name, value, line, known) for name, value, line in pairs if name]


def _entry(source: Source, name: str, value: str | None, line: int, known: Mapping[str, str]) -> Entry:
    if value is None:  # a name alone is passed on from Compose's own environment
        if name in known:
            return source.entry(name, known[name], line)
        return source.entry(name, None, line, unread="is passed on from the environment of docker compose")
    text, missing = replaced(value, known)
    if missing and not text:
        return source.entry(name, "", line, unread=None)
    return source.entry(name, text, line)


def _secrets(source: Source, document: Node, service: Node) -> list[Entry]:
    """`NAME_FILE=/run/secrets/X`: the secret X of the file, as `NAME`."""
    found = []
    environment = service.at("environment")
    pairs = {
        name: (member.text or "", member.line) for name, member in ((environment and environment.members) or {}).items()
    }
    for item in environment.items if environment is not None and environment.items is not None else ():
        name, _, value = (item.text or "").partition("=")
        pairs[name] = (value, item.line)
    for name, (value, line) in pairs.items():
        if name.endswith(("_FILE", "__FILE")) and value.startswith("/run/secrets/"):
            found.append(_secret(source, document, name, value.removeprefix("/run/secrets/"), line))
    return found


def _secret(source: Source, document: Node, name: str, secret: str, line: int) -> Entry:
    key = name.removesuffix("_FILE").rstrip("_") if name.endswith("__FILE") else name.removesuffix("_FILE")
    defined = document.at("secrets", secret)
    file = (defined.at("file") if defined is not None else None) or None
    if file is None or file.text is None:
        return source.entry(key, None, line, unread=f"the secret {quoted(secret)} is kept outside of this file")
    try:
        place = nearby(source, file.text, file.line, "secrets")
        return source.entry(key, read_source(place).text.removesuffix("\n"), line)
    except UsageError:
        return source.entry(key, None, line, unread=f"the secret {quoted(secret)} stands in {quoted(file.text)}")
