"""Kubernetes manifests: Secrets (base64), ConfigMaps, and the containers that take their variables from them.

A Deployment, StatefulSet, CronJob or Pod gives one `Given` for each container that has variables; `valueFrom` and
`envFrom` are followed to the Secrets and ConfigMaps of the same files. Without one, Secrets and ConfigMaps stand for
themselves.
"""

import binascii
from base64 import b64decode
from collections.abc import Iterator, Sequence

from smtpcheck.model.settings import Entry, Given
from smtpcheck.settings.carriers.text import Source
from smtpcheck.settings.carriers.yaml_text import Node, documents
from smtpcheck.settings.quote import quoted

_NOTHING = Node(line=0)
_STORES = ("Secret", "ConfigMap")

Values = dict[str, dict[str, Entry]]


def is_manifest(document: Node) -> bool:
    """Whether a YAML document is a manifest."""
    return document.at("apiVersion") is not None and document.at("kind") is not None


def given(sources: Sequence[Source]) -> tuple[Given, ...]:
    """One `Given` for each container with variables, or for each Secret and ConfigMap where there is no container."""
    every = [(source, document) for source in sources for document in _unlisted(documents(source))]
    stores: Values = {}
    for source, document in every:
        if _kind(document) in _STORES:
            stores.setdefault(f"{_kind(document)}/{_name(document)}", {}).update(_values(source, document))
    found = [one for source, document in every for one in _containers(source, document, stores)]
    if found:
        return tuple(found)
    merged = tuple(entry for values in stores.values() for entry in values.values())
    return (Given(entries=merged, container=True, syntaxes=("env",)),) if merged else ()


def _unlisted(found: Sequence[Node]) -> Iterator[Node]:
    """The manifests, those inside a `kind: List` too."""
    for document in found:
        if _kind(document) == "List":
            yield from (document.at("items") or _NOTHING).items or ()
        else:
            yield document


def _kind(document: Node) -> str:
    return (document.at("kind") or _NOTHING).text or ""


def _name(document: Node) -> str:
    return (document.at("metadata", "name") or _NOTHING).text or ""


def _values(source: Source, document: Node) -> dict[str, Entry]:
    found = {}
    encoded = _kind(document) == "Secret"
    for name, node in ((document.at("data") or _NOTHING).members or {}).items():
        found[name] = _decoded(source, name, node) if encoded else source.entry(name, node.text or "", node.line)
    for name, node in ((document.at("stringData") or _NOTHING).members or {}).items():
        found[name] = source.entry(name, node.text or "", node.line)
    return found


def _decoded(source: Source, name: str, node: Node) -> Entry:
    try:
        text = b64decode((node.text or "").encode("ascii"), validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        return source.entry(name, None, node.line, unread="is no base64 of a text, which data of a Secret has to be")
    return source.entry(name, text, node.line)


def _containers(source: Source, document: Node, stores: Values) -> Iterator[Given]:
    if _kind(document) in _STORES:
        return
    pods = [document.at("spec"), document.at("spec", "template", "spec")]
    pods.append(document.at("spec", "jobTemplate", "spec", "template", "spec"))
    for pod in pods:
        for container in ((pod.at("containers") if pod is not None else None) or _NOTHING).items or ():
            entries = [*_env_from(source, container, stores), *_env(source, container, stores)]
            if entries:
                name = (container.at("name") or _NOTHING).text or _name(document)
                yield Given(entries=tuple(entries), service=name, container=True, syntaxes=("env",))


def _env_from(source: Source, container: Node, stores: Values) -> Iterator[Entry]:
    for item in (container.at("envFrom") or _NOTHING).items or ():
        prefix = (item.at("prefix") or _NOTHING).text or ""
        for reference, kind in (("secretRef", "Secret"), ("configMapRef", "ConfigMap")):
            name = (item.at(reference, "name") or _NOTHING).text
            for key, entry in stores.get(f"{kind}/{name}", {}).items():
                yield Entry(key=prefix + key, value=entry.value, origin=entry.origin, unread=entry.unread)


def _env(source: Source, container: Node, stores: Values) -> Iterator[Entry]:
    for item in (container.at("env") or _NOTHING).items or ():
        name = (item.at("name") or _NOTHING).text or ""
        value = item.at("value")
        if value is not None:
            yield source.entry(name, value.text or "", value.line)
            continue
        for reference, kind in (("secretKeyRef", "Secret"), ("configMapKeyRef", "ConfigMap")):
            found = item.at("valueFrom", reference)
            if found is None:
                continue
            store, key = (found.at("name") or _NOTHING).text or "", (found.at("key") or _NOTHING).text or ""
            entry = stores.get(f"{kind}/{store}", {}).get(key)
            if entry is not None:
                yield Entry(key=name, value=entry.value, origin=entry.origin, unread=entry.unread)
            else:
                where = f"stands in the {kind} {quoted(store)}, which is not among the files"
                yield source.entry(name, None, found.line, unread=where)
