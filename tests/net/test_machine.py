"""Facts of this machine: containers by their marks, and nothing that is secret or slow."""

from pathlib import Path

import pytest

from smtpcheck.net.machine import container, machine_facts

NOWHERE = {4: False, 6: False}


def put(root: Path, path: str, content: str = "") -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content)


@pytest.mark.parametrize(
    ("path", "content", "told"),
    [
        (".dockerenv", "", "yes: Docker (/.dockerenv)"),
        ("run/.containerenv", "", "yes: Podman (/run/.containerenv)"),
        ("run/systemd/container", "systemd-nspawn\n", "yes: systemd-nspawn (/run/systemd/container)"),
        ("proc/1/cgroup", "0::/kubepods/besteffort/pod1/2\n", "yes: Kubernetes (/proc/1/cgroup)"),
        ("proc/1/cgroup", "1:name=systemd:/docker/3f2a\n", "yes: Docker (/proc/1/cgroup)"),
        ("proc/1/cgroup", "0::/init.scope\n", "no sign of one"),
        ("etc/passwd", "", "no sign of one"),
    ],
)
def test_a_container_is_known_by_the_mark_of_its_runtime(tmp_path: Path, path: str, content: str, told: str) -> None:
    put(tmp_path, path, content)
    assert container(str(tmp_path), {}) == told


def test_a_pod_is_known_by_the_variable_that_every_pod_has(tmp_path: Path) -> None:
    """Its runtime's mark says less."""
    put(tmp_path, ".dockerenv")
    told = container(str(tmp_path), {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    assert told == "yes: Kubernetes (KUBERNETES_SERVICE_HOST is set)"


def test_the_resolver_is_the_one_of_the_systems_file(tmp_path: Path) -> None:
    put(tmp_path, "etc/resolv.conf", "# made by hand\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n")
    facts = machine_facts(str(tmp_path), {}, NOWHERE.__getitem__)
    assert facts["resolver"] == "192.0.2.53, 2001:db8::53 (/etc/resolv.conf)"


def test_a_machine_without_anything_is_described_all_the_same(tmp_path: Path) -> None:
    """Nothing raises where files are missing."""
    facts = machine_facts(str(tmp_path), {}, NOWHERE.__getitem__)
    assert facts["resolver"] == "/etc/resolv.conf names none"
    assert facts["address_families"] == "none has a route"
    assert set(facts) == {"container", "resolver", "address_families", "trust_store", "openssl", "python"}


@pytest.mark.parametrize(
    ("routes", "told"),
    [({4: True, 6: True}, "IPv4 and IPv6"), ({4: True, 6: False}, "IPv4"), ({4: False, 6: True}, "IPv6")],
)
def test_the_families_are_those_with_a_route(tmp_path: Path, routes: dict[int, bool], told: str) -> None:
    assert machine_facts(str(tmp_path), {}, routes.__getitem__)["address_families"] == told


def test_a_trust_store_that_the_environment_chose_is_named(tmp_path: Path) -> None:
    """A variable that points nowhere is the usual reason why one container trusts nobody."""
    gone = str(tmp_path / "ca.pem")
    facts = machine_facts(str(tmp_path), {"SSL_CERT_FILE": gone}, NOWHERE.__getitem__)
    assert facts["trust_store"].startswith(f"{gone} (missing)")
    assert facts["trust_store"].endswith("by the environment")


def test_no_other_value_of_the_environment_is_told(tmp_path: Path) -> None:
    secret = "correct-horse-battery"
    environ = dict.fromkeys(("SMTPCHECK_PASSWORD", "KUBERNETES_SERVICE_HOST", "PATH", "container"), secret)
    assert not any(secret in value for value in machine_facts(str(tmp_path), environ).values())
