"""Nodes follow Magnum's node groups, and the pods that wait for them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from sandbox.tests.clusters.objects import node_names, workload
from sandbox.tests.magnum import Kubectl, Magnum, eventually


def test_nodes_follow_the_node_groups(kubectl: Kubectl, cluster: dict[str, Any]) -> None:
    nodes = {one["metadata"]["name"]: one for one in kubectl.get("nodes")["items"]}
    workers = node_names(kubectl, "default-worker")
    masters = set(nodes) - set(workers)
    assert (len(workers), len(masters)) == (1, 1)
    assert workers[0].startswith(f"{cluster['stack_id']}-default-worker-")
    taints = nodes[masters.pop()]["spec"]["taints"]
    assert [one["key"] for one in taints] == ["node-role.kubernetes.io/control-plane"]


def test_a_group_grows_for_pending_pods_to_its_max_and_shrinks_to_its_min_without_magnum_knowing(
    magnum: Magnum, cluster: dict[str, Any], kubectl: Kubectl, namespace: str
) -> None:
    group = magnum.add_group(cluster["uuid"], "mediums", low=1, high=2)
    assert magnum.group(cluster["uuid"], group)["status"] == "CREATE_COMPLETE"
    asked = {"resources": {"requests": {"cpu": "7"}}}
    selector = {"capi.stackhpc.com/node-group": "mediums"}
    kubectl.apply(workload(namespace, "desktops", replicas=4, container=asked, nodeSelector=selector))

    def running() -> int:
        return int(kubectl.get("deployment", "desktops", "-n", namespace)["status"].get("readyReplicas", 0))

    eventually(lambda: running() == 2)
    assert len(node_names(kubectl, "mediums")) == 2
    changed = magnum.set_group(cluster["uuid"], group, max_node_count=3)
    assert (changed["status"], changed["max_node_count"]) == ("UPDATE_COMPLETE", 3)
    eventually(lambda: running() == 3)
    assert magnum.group(cluster["uuid"], group)["node_count"] == 1
    kubectl.run("delete", "deployment", "desktops", "-n", namespace)
    eventually(lambda: len(node_names(kubectl, "mediums")) == 1)
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    eventually(lambda: not node_names(kubectl, "mediums"))
    assert magnum.settled(cluster["uuid"])["status"] == "UPDATE_COMPLETE"


def test_of_two_node_groups_at_once_the_second_fails_and_the_first_does_not(
    magnum: Magnum, cluster: dict[str, Any]
) -> None:
    first = magnum.add_group(cluster["uuid"], "first")
    second = magnum.add_group(cluster["uuid"], "second")
    refused = magnum.group(cluster["uuid"], second)
    assert refused["status"] == "CREATE_FAILED"
    assert "another operation is in progress (node group first)" in refused["status_reason"]
    assert magnum.group(cluster["uuid"], first)["status"] == "CREATE_COMPLETE"
    for group in (first, second):
        magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
        magnum.settled(cluster["uuid"])
    names = [
        one["name"] for one in magnum.request("GET", f"/clusters/{cluster['uuid']}/nodegroups")["nodegroups"]
    ]
    assert sorted(names) == ["default-master", "default-worker"]


def test_an_injected_fault_strikes_one_node_group(
    magnum: Magnum, cluster: dict[str, Any], sandbox_env: dict[str, str]
) -> None:
    folder = Path(sandbox_env["SANDBOX_HOME"]) / "run" / "faults"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "live.broken").write_text("create_failed")
    broken = magnum.group(cluster["uuid"], magnum.add_group(cluster["uuid"], "broken"))
    assert (broken["status"], broken["status_reason"]) == (
        "CREATE_FAILED",
        "injected fault: the machines did not come up",
    )
    (folder / "live.slow").write_text("hang")
    slow = magnum.add_group(cluster["uuid"], "slow")
    joined = f"/clusters/{cluster['uuid']}/nodegroups/{slow}"
    time.sleep(3)
    assert magnum.request("GET", joined)["status"] == "CREATE_IN_PROGRESS"
    (folder / "live.slow").unlink()
    assert magnum.group(cluster["uuid"], slow)["status"] == "CREATE_COMPLETE"
    for group in (broken["uuid"], slow):
        magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
        magnum.settled(cluster["uuid"])


def test_names_are_rewritten_and_too_long_ones_wait_for_ever(
    magnum: Magnum, cluster: dict[str, Any], kubectl: Kubectl
) -> None:
    rewritten = magnum.group(cluster["uuid"], magnum.add_group(cluster["uuid"], "Big--Mem"))
    assert (rewritten["name"], rewritten["status"]) == ("Big--Mem", "CREATE_COMPLETE")
    assert node_names(kubectl, "big-mem")
    long = magnum.add_group(cluster["uuid"], "a" * 46)  # live-, 12 characters, -, these: 64
    eventually(lambda: node_names(kubectl, "a" * 46))
    time.sleep(3)
    path = f"/clusters/{cluster['uuid']}/nodegroups"
    assert magnum.request("GET", f"{path}/{long}")["status"] == "CREATE_IN_PROGRESS"
    for group in (long, rewritten["uuid"]):
        magnum.request("DELETE", f"{path}/{group}")
        magnum.settled(cluster["uuid"])


def test_a_group_below_one_node_is_refused(magnum: Magnum, cluster: dict[str, Any]) -> None:
    body = {
        "name": "none",
        "flavor_id": "m3.medium",
        "node_count": 1,
        "min_node_count": 0,
        "max_node_count": 2,
    }
    group = magnum.request("POST", f"/clusters/{cluster['uuid']}/nodegroups", json=body)["uuid"]
    refused = magnum.group(cluster["uuid"], group)
    assert (refused["status"], refused["status_reason"]) == (
        "CREATE_FAILED",
        "Node group none: its min (0) must be at least 1.",
    )
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    magnum.settled(cluster["uuid"])
