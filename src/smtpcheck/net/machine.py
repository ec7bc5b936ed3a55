"""Facts of this machine that explain why a check passes here and fails there: a container without CA certificates, a
resolver of its own, a network without IPv6.

A container is an agreement between programs and not a thing of the kernel, so each runtime is known by the mark that
it leaves. Only small files and the kernel's tables are looked at; nothing is looked up and nothing is sent.
"""

import os
import ssl
import sys
from collections.abc import Callable, Mapping

from smtpcheck.net.local import routes
from smtpcheck.net.nameservers import RESOLV_CONF, resolver_configuration
from smtpcheck.net.regular_file import read_regular_file
from smtpcheck.net.trust import system_places

_SMALL = 16 * 1024
_LONGEST = 200

_MARKER_FILES = (("/.dockerenv", "Docker"), ("/run/.containerenv", "Podman"))
_CGROUPS = (
    (b"kubepods", "Kubernetes"),
    (b"libpod", "Podman"),
    (b"docker", "Docker"),
    (b"containerd", "containerd"),
    (b"/lxc", "LXC"),
)


def machine_facts(
    root: str = "/", environ: Mapping[str, str] = os.environ, has_route: Callable[[int], bool] = routes
) -> dict[str, str]:
    """What is known of this machine, in words: container, resolver, address_families, trust_store, openssl, python.

    `root` is where the system's files lie, `has_route` tells whether an IP version (4 or 6) leads anywhere. Never
    raises, and never holds a value of the environment other than a path of the trust store.
    """
    return {
        "container": container(root, environ),
        "resolver": _resolver(_under(root, RESOLV_CONF)),
        "address_families": _families(has_route),
        "trust_store": _trust_store(environ),
        "openssl": ssl.OPENSSL_VERSION,
        "python": f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro} on {sys.platform}",
    }


def container(root: str = "/", environ: Mapping[str, str] = os.environ) -> str:
    """Whether this is a container, and by which sign: `yes: Docker (/.dockerenv)`, or `no sign of one`."""
    if environ.get("KUBERNETES_SERVICE_HOST"):
        return "yes: Kubernetes (KUBERNETES_SERVICE_HOST is set)"
    for path, runtime in _MARKER_FILES:
        if os.path.exists(_under(root, path)):
            return f"yes: {runtime} ({path})"
    own = read_regular_file(_under(root, "/run/systemd/container"), _SMALL)
    if own is not None and own.strip():
        return f"yes: {own.strip().decode('ascii', 'backslashreplace')[:_LONGEST]} (/run/systemd/container)"
    groups = read_regular_file(_under(root, "/proc/1/cgroup"), _SMALL) or b""
    named = next((name for mark, name in _CGROUPS if mark in groups), None)
    return f"yes: {named} (/proc/1/cgroup)" if named else "no sign of one"


def _under(root: str, path: str) -> str:
    return os.path.join(root, path.lstrip("/"))


def _resolver(file: str) -> str:
    servers = resolver_configuration(file).nameservers
    return f"{', '.join(servers)} ({RESOLV_CONF})" if servers else f"{RESOLV_CONF} names none"


def _families(has_route: Callable[[int], bool]) -> str:
    return " and ".join(f"IPv{version}" for version in (4, 6) if has_route(version)) or "none has a route"


def _trust_store(environ: Mapping[str, str]) -> str:
    file, directory, chosen = system_places(environ)
    places = [f"{place} ({'there' if os.path.exists(place) else 'missing'})" for place in (file, directory) if place]
    by = "the environment" if chosen else "OpenSSL's default"
    return f"{', '.join(places)[:_LONGEST]}, by {by}" if places else f"no place, by {by}"
