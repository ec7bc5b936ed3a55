"""Carriers: the syntaxes in which applications keep their settings. Each turns a file into flat entries with their
lines; what a key means is told by `settings.apps`.

`given` reads files and gives one `Given` for each service: a compose file or a manifest has several, everything else is
one service's. A syntax is told by the file's name, and by its first words where the name says nothing.
"""

import os
import re
from collections.abc import Callable, Sequence

from smtpcheck.model import UsageError
from smtpcheck.model.record import brief_record
from smtpcheck.model.settings import Entry, Given
from smtpcheck.settings.carriers import (
    compose,
    dotenv,
    ini,
    json_text,
    kubernetes,
    literals,
    plain_lines,
    python_source,
    unit,
    yaml_text,
)
from smtpcheck.settings.carriers.text import Source, read_source
from smtpcheck.settings.quote import quoted

_ENVIRONMENT_LIMIT = 1024 * 1024


@brief_record
class Syntax:
    """A syntax: the word of `Given.syntaxes`, the names of its files, a look at its text, and its reader."""

    name: str
    files: str
    read: Callable[[Source], tuple[Entry, ...]]
    looks_like: Callable[[str], bool] | None = None


SYNTAXES = (
    Syntax("python", r".*\.py", python_source.entries),
    Syntax("php", r".*\.php", literals.php, lambda text: text.lstrip().startswith("<?php")),
    Syntax("ruby", r".*\.rb", literals.ruby),
    Syntax("javascript", r".*\.(?:js|ts|mjs|cjs)", literals.javascript),
    Syntax("properties", r".*\.properties", plain_lines.properties),
    Syntax("json", r".*\.json", json_text.entries, lambda text: text.lstrip()[:1] == "{"),
    Syntax("postfix", r"main\.cf", plain_lines.postfix),
    Syntax("postfix-table", r"sasl_passwd.*|.*sasl.*passw.*", plain_lines.postfix_table),
    Syntax("msmtprc", r"\.?msmtprc.*", plain_lines.words),
    Syntax("ssmtp", r"s?ssmtp\.conf.*", plain_lines.equals),
    Syntax("equals", r"discourse.*\.conf", plain_lines.equals),
    Syntax("unit", r".*\.service|.*\.container|override\.conf", unit.entries, unit.looks_like),
    Syntax("env", r"\.env.*|.*\.env|env|environ|environment", dotenv.entries, dotenv.looks_like),
    Syntax("ini", r".*\.(?:ini|cfg)", ini.entries, ini.looks_like),
    Syntax("yaml", r".*\.ya?ml", yaml_text.entries),
)
"""The first whose name fits a file is its syntax; else the first whose look fits its text."""


def given(paths: Sequence[str], *, process: int | None = None) -> tuple[Given, ...]:
    """What the files say, for each service of theirs; of a running process its environment.

    Raises UsageError: for a file that cannot be read or understood, with file and line; for YAML without PyYAML.
    """
    sources = [read_source(path) for path in paths]
    yaml = [source for source in sources if _is(source, "yaml")]
    others = [source for source in sources if not _is(source, "yaml")]
    composed = [source for source in yaml if any(map(compose.is_compose, yaml_text.documents(source)))]
    manifests = [
        source
        for source in yaml
        if source not in composed and any(map(kubernetes.is_manifest, yaml_text.documents(source)))
    ]
    others += [source for source in yaml if source not in composed and source not in manifests]
    found: list[Given] = []
    if composed:
        beside = [entry for source in others if _is(source, "env") for entry in dotenv.entries(source, "compose")]
        found += compose.given(composed, beside)
        others = [source for source in others if not _is(source, "env")]
    if manifests:
        found += kubernetes.given(manifests)
    alone = [(syntax_of(source), source) for source in others]
    entries = [entry for syntax, source in alone for entry in syntax.read(source)]
    syntaxes = tuple(dict.fromkeys(_kind(syntax) for syntax, _ in alone))
    if process is not None:
        entries += _process(process)
        syntaxes = (*syntaxes, "env")
    if found and entries:  # a file beside a compose file or manifest belongs to each of its services
        return tuple(_with(one, entries, syntaxes) for one in found)
    inside = process is not None and _has_its_own_network(process)
    return tuple(found) if found else (Given(entries=tuple(entries), syntaxes=syntaxes, container=inside),)


def syntax_of(source: Source) -> Syntax:
    """The syntax of a file. Raises UsageError where neither its name nor its text tells."""
    name = os.path.basename(source.file)
    for syntax in SYNTAXES:
        if re.fullmatch(syntax.files, name, re.IGNORECASE):
            return syntax
    for syntax in SYNTAXES:
        if syntax.looks_like is not None and syntax.looks_like(source.text):
            return syntax
    raise UsageError(
        f"{quoted(source.file)}: neither its name nor its text tells what kind of file this is: give a .env, .ini, "
        ".json, .yml, .properties, .py, .php, .rb or .service file, a main.cf, msmtprc or ssmtp.conf"
    )


def _is(source: Source, name: str) -> bool:
    return syntax_of(source).name == name


def _kind(syntax: Syntax) -> str:
    """The word by which a reader knows it: a unit's variables are an environment like any other."""
    return "env" if syntax.name == "unit" else syntax.name


def _with(one: Given, entries: Sequence[Entry], syntaxes: Sequence[str]) -> Given:
    return Given(
        entries=(*one.entries, *entries),
        service=one.service,
        container=one.container,
        container_name=one.container_name,
        syntaxes=tuple(dict.fromkeys((*one.syntaxes, *syntaxes))),
        services=one.services,
    )


def _has_its_own_network(process: int) -> bool:
    """Whether a process sees another network than we do, as one in a container does: then localhost is another one."""
    try:
        return os.readlink(f"/proc/{process}/ns/net") != os.readlink("/proc/self/ns/net")
    except OSError:
        return False


def _process(process: int) -> tuple[Entry, ...]:
    path = f"/proc/{process}/environ"
    try:
        with open(path, "rb") as file:
            raw = file.read(_ENVIRONMENT_LIMIT)
    except OSError as error:
        raise UsageError(
            f"--app-process {process}: {path} cannot be read: {error.strerror} (Linux alone has it, and only the "
            "process' own user and root may read it)"
        ) from None
    return dotenv.environment(raw, process=process)
