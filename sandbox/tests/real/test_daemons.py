"""What runs beside the kubelets: volumes stay, move and go; network policies drop packets."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.tests.fixtures import nodes_of
from sandbox.tests.magnum import Kubectl, Magnum, eventually
from sandbox.tests.real.pods import answered, pod, ready, service

NOTE = "/home/note"
POLICY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "friends-only"},
    "spec": {
        "podSelector": {"matchLabels": {"app": "guarded"}},
        "ingress": [{"from": [{"podSelector": {"matchLabels": {"app": "friend"}}}]}],
    },
}


@pytest.fixture(scope="module")
def mediums(magnum: Magnum, cluster: dict[str, Any]) -> str:
    """A second node group, with a node of its own."""
    magnum.made_group(cluster["uuid"], "mediums")
    return "mediums"


@pytest.fixture
def home(kubectl: Kubectl, cloud: Connection) -> Iterator[str]:
    """A claim named home."""
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "home"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    )
    yield "home"
    kubectl.run("delete", "pod", "--all", "--force", "--grace-period=0")
    kubectl.run("delete", "persistentvolumeclaim", "home", "--ignore-not-found")


def owner(name: str, claim: str, group: str) -> dict[str, Any]:
    """A pod of user 1000 and group 100 with the claim as its home, as in hub_values/base.yaml."""
    made = pod(name, group=group)
    user = {"runAsUser": 1000, "runAsGroup": 100, "fsGroup": 100, "fsGroupChangePolicy": "OnRootMismatch"}
    made["spec"] |= {
        "securityContext": user,
        "volumes": [{"name": "home", "persistentVolumeClaim": {"claimName": claim}}],
    }
    made["spec"]["containers"][0]["volumeMounts"] = [{"name": "home", "mountPath": "/home"}]
    return made


def volume_of(kubectl: Kubectl, cloud: Connection, claim: str) -> Any:
    name = kubectl.get("persistentvolumeclaim", claim)["spec"]["volumeName"]
    return cloud.block_storage.find_volume(name, details=True)


def events(kubectl: Kubectl, name: str) -> str:
    return kubectl.run("events", "--for", f"pod/{name}")


def test_a_home_is_kept_from_others_and_follows_its_owner(
    kubectl: Kubectl, cloud: Connection, mediums: str, home: str
) -> None:
    kubectl.apply(owner("first", home, "default-worker"))
    ready(kubectl, "first")
    kubectl.run("exec", "first", "--", "/answer", "write", NOTE, "mine")
    [attachment] = volume_of(kubectl, cloud, home).attachments
    node = kubectl.get("pod", "first")["spec"]["nodeName"]
    assert cloud.compute.get_server(attachment["server_id"]).name == node

    kubectl.apply(owner("second", home, mediums))
    eventually(lambda: "Multi-Attach error" in events(kubectl, "second"))
    assert kubectl.get("pod", "second")["status"]["phase"] == "Pending"

    kubectl.run("delete", "pod", "first")
    ready(kubectl, "second")
    assert kubectl.run("exec", "second", "--", "/answer", "show", NOTE) == "1000:100 -rw------- mine\n"
    # What fsGroup makes of a new file system.
    assert kubectl.run("exec", "second", "--", "/answer", "show", "/home") == "0:100 dgrwxrwxr-x \n"


def hold(kubectl: Kubectl, claim: str) -> None:
    """Have a pod that has written a note on the claim's volume."""
    kubectl.apply(owner("holder", claim, "default-worker"))
    ready(kubectl, "holder")
    kubectl.run("exec", "holder", "--", "/answer", "write", NOTE, "mine")


def test_a_volume_is_in_use_as_long_as_a_pod_has_it(
    kubectl: Kubectl, cloud: Connection, home: str, sandbox_env: dict[str, str]
) -> None:
    hold(kubectl, home)
    volume = volume_of(kubectl, cloud, home)
    disk = Path(sandbox_env["SANDBOX_HOME"], "run", "volumes", volume.id)
    assert (volume.status, disk.stat().st_size) == ("in-use", 2**30)
    assert disk.stat().st_blocks * 512 < 2**25, "what was never written takes no room"

    name = kubectl.get("persistentvolumeclaim", home)["spec"]["volumeName"]
    policy = '{"spec": {"persistentVolumeReclaimPolicy": "Delete"}}'
    kubectl.run("patch", "persistentvolume", name, "--patch", policy)
    kubectl.run("delete", "pod/holder", "persistentvolumeclaim/home")
    eventually(lambda: cloud.block_storage.find_volume(volume.id) is None)
    assert not disk.exists()
    eventually(lambda: name not in kubectl.run("get", "persistentvolumes"))


def sizes_mib(env: dict[str, str], volume: str) -> set[int]:
    """Of the file systems on a volume, in MiB, as its node sees them."""
    found = set()
    for node in nodes_of(env):
        inside = ["nsenter", "--mount", "--pid", f"--target={node.pid}"]
        show = ["df", "--block-size=1M", "--output=size,target"]
        _, *lines = subprocess.check_output([*inside, *show], text=True).splitlines()
        found |= {int(line.split()[0]) for line in lines if volume in line}
    return found


def test_a_volume_has_its_size_and_more_at_the_next_start_after_it_grew(
    kubectl: Kubectl, cloud: Connection, home: str, sandbox_env: dict[str, str]
) -> None:
    hold(kubectl, home)
    name = kubectl.get("persistentvolumeclaim", home)["spec"]["volumeName"]
    [before] = sizes_mib(sandbox_env, name)
    assert 900 < before <= 1024

    more = '{"spec": {"resources": {"requests": {"storage": "3Gi"}}}}'
    kubectl.run("patch", "persistentvolumeclaim", home, "--patch", more)
    eventually(lambda: volume_of(kubectl, cloud, home).size == 3)
    kubectl.run("delete", "pod", "holder")
    eventually(lambda: not sizes_mib(sandbox_env, name))
    kubectl.apply(owner("holder", home, "default-worker"))
    ready(kubectl, "holder")
    [after] = sizes_mib(sandbox_env, name)
    assert 2900 < after <= 3072
    assert kubectl.run("exec", "holder", "--", "/answer", "show", NOTE) == "1000:100 -rw------- mine\n"


def test_only_whom_a_policy_allows_reaches_a_pod(kubectl: Kubectl) -> None:
    names = ("guarded", "friend", "stranger")
    kubectl.apply(*map(pod, names), service("guarded"))
    for name in names:
        ready(kubectl, name)
    addresses = (
        f"http://{kubectl.get('pod', 'guarded')['status']['podIP']}:8080",
        f"http://{kubectl.get('service', 'guarded')['spec']['clusterIP']}",
    )
    for name, url in product(("friend", "stranger"), addresses):
        assert eventually(partial(answered, kubectl, name, url)) == "guarded"

    kubectl.apply(POLICY)
    eventually(lambda: not answered(kubectl, "stranger", addresses[0]))
    assert not answered(kubectl, "stranger", addresses[1])
    assert all(answered(kubectl, "friend", url) == "guarded" for url in addresses)

    kubectl.run("delete", "networkpolicy", "friends-only")
    assert eventually(lambda: answered(kubectl, "stranger", addresses[0])) == "guarded"
    kubectl.run("delete", "service/guarded", *(f"pod/{name}" for name in names))
