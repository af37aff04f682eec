"""Node groups of a running gateway grow and shrink, by their settings and by their users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from openstack.connection import Connection

from sandbox.tests.magnum import eventually
from tests.lifecycle.lifecycle import USERS, clusters, without_seats
from tests.stack import Gateway

NAME = "groups"
GROUP = "capi.stackhpc.com/node-group"


@pytest.fixture(scope="module")
def gateway(new_gateway: Callable[[str], Gateway]) -> Gateway:
    """A gateway whose users' node group can't scale."""
    gateway = new_gateway(NAME)
    bounds(gateway, 1, 1)
    return without_seats(gateway)


def bounds(gateway: Gateway, low: int, high: int) -> None:
    """Change min and max in the settings."""
    gateway.change(lambda config: config["gateway:nodeGroups"][0].update({"min": low, "max": high}))


def kubectl(gateway: Gateway, *words: str) -> str:
    """`kubectl` with the gateway's kubeconfig."""
    return gateway.run("kubectl", "--kubeconfig", str(gateway.kubeconfig), *words).stdout


def nodes(gateway: Gateway, label: str = f"{GROUP}=mediums") -> list[str]:
    """The nodes with this label, by default those of the users' group; `node/NAME`."""
    return kubectl(gateway, "get", "nodes", "-l", label, "-o", "name").split()


def counts(cloud: Connection) -> tuple[int, int, int]:
    """Min, count and max of the users' group, as Magnum has them."""
    (cluster,) = clusters(cloud, NAME)
    magnum: Any = cloud.container_infrastructure_management
    path = f"/clusters/{cluster.uuid}/nodegroups"
    (found,) = [
        g for g in magnum.get(path, microversion="1.9").json()["nodegroups"] if g["name"] == "mediums"
    ]
    group = magnum.get(f"{path}/{found['uuid']}", microversion="1.9").json()
    return group["min_node_count"], group["node_count"], group["max_node_count"]


def workshop(gateway: Gateway, verb: str) -> None:
    """Users begin (`apply`) or end (`delete`) their desktops, which fill two nodes."""
    kubectl(gateway, verb, "-f", str(USERS))
    if verb == "apply":
        running = "--for=jsonpath={.status.phase}=Running"
        gateway.wait("-n", "jhub", running, "pod/jupyter-user1", "pod/jupyter-user2")


def test_a_group_that_could_not_scale_scales(gateway: Gateway, cloud: Connection) -> None:
    bounds(gateway, 1, 20)
    gateway.up()
    workshop(gateway, "apply")
    eventually(lambda: len(nodes(gateway)) == 2)
    assert counts(cloud) == (1, 1, 20), "Magnum is not told"


def test_nodes_with_system_pods_go_after_a_workshop(gateway: Gateway) -> None:
    others = nodes(gateway, f"{GROUP}!=mediums")
    system = ("-n", "kube-system", "rollout")
    kubectl(gateway, "cordon", *others)
    for name in ("coredns", "metrics-server"):
        kubectl(gateway, *system, "restart", f"deployment/{name}")
        kubectl(gateway, *system, "status", f"deployment/{name}", "--timeout=60s")
    kubectl(gateway, "uncordon", *others)
    pods = gateway.kubectl("get", "pods", "-n", "kube-system", "-l", "k8s-app=kube-dns")["items"]
    there = {f"node/{pod['spec']['nodeName']}" for pod in pods if "deletionTimestamp" not in pod["metadata"]}
    assert there == set(nodes(gateway)), "one on each of the users' nodes"
    workshop(gateway, "delete")
    eventually(lambda: len(nodes(gateway)) == 1)
    kubectl(gateway, *system, "status", "deployment/coredns", "--timeout=60s")


CASES: dict[str, tuple[int, int, tuple[str, ...]]] = {
    # The count is changed when Magnum stops answering, but the bounds are not.
    "min raised": (3, 20, ("--method", "PATCH")),
    "fixed count": (4, 4, ()),
    # The bounds are wider, but the count is the old one.
    "fixed count raised": (6, 6, ("--method", "POST", "--path", "actions/resize")),
    "fixed count lowered": (2, 2, ()),
    "scales again": (1, 3, ()),
}


@pytest.mark.parametrize("case", CASES)
def test_bounds_change(
    gateway: Gateway, cloud: Connection, cloud_fault: Callable[..., None], case: str
) -> None:
    low, high, fault = CASES[case]
    bounds(gateway, low, high)
    if fault:
        cloud_fault("container-infra", "--status", "503", "--count", "1", *fault)
        assert "503" in gateway.up(code=1)
    gateway.up()
    assert counts(cloud) == (low, low, high)
    eventually(lambda: len(nodes(gateway)) == low)
    gateway.up("--refresh", "--expect-no-changes")


def test_a_maximum_below_the_nodes_that_are_there(gateway: Gateway, cloud: Connection) -> None:
    workshop(gateway, "apply")
    eventually(lambda: len(nodes(gateway)) == 2)
    bounds(gateway, 1, 1)
    gateway.up()
    assert counts(cloud) == (1, 1, 1)
    gateway.up("--expect-no-changes")
