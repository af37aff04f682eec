"""Real nodes: they join, run containers, are reached, die, come back, and leave nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

from openstack.connection import Connection

from sandbox.clusters.nodes import host
from sandbox.tests.fixtures import nodes_of
from sandbox.tests.magnum import Kubectl, Magnum, eventually
from sandbox.tests.real.pods import answered, asked, pod, ready, service

REAL, PLAYED = "containerd", "kwok"


def nodes(kubectl: Kubectl, group: str) -> list[dict[str, Any]]:
    """The nodes of a group whose kubelet says that they are ready."""
    found = kubectl.get("nodes", "-l", f"capi.stackhpc.com/node-group={group}")["items"]
    return [node for node in found if condition(node) == "True"]


def condition(node: dict[str, Any]) -> str:
    return next(str(one["status"]) for one in node["status"]["conditions"] if one["type"] == "Ready")


def runtime(node: dict[str, Any]) -> str:
    return str(node["status"]["nodeInfo"]["containerRuntimeVersion"]).partition(":")[0]


def mounts(env: dict[str, str]) -> list[str]:
    return [line for line in Path("/proc/mounts").read_text().splitlines() if env["SANDBOX_HOME"] in line]


def interfaces() -> set[str]:
    """This machine's, but for Docker's, which builds images for other tests."""
    links = json.loads(subprocess.check_output(["ip", "-json", "link"]))
    return {link["ifname"] for link in links if "docker0" not in (link["ifname"], link.get("master"))}


def test_a_node_is_what_its_flavor_says(kubectl: Kubectl) -> None:
    [node] = eventually(lambda: nodes(kubectl, "default-worker"))
    assert runtime(node) == REAL
    assert node["status"]["capacity"]["cpu"] == "4"
    assert node["status"]["capacity"]["memory"] == "15Gi"
    assert node["spec"]["providerID"].startswith("openstack:///")


def test_a_pod_is_reached_by_its_service_from_another_node(
    kubectl: Kubectl, magnum: Magnum, cluster: dict[str, Any]
) -> None:
    magnum.made_group(cluster["uuid"], "mediums")
    kubectl.apply(pod("front", group="mediums"), service("front"))
    ready(kubectl, "front")
    address = kubectl.get("service", "front")["spec"]["clusterIP"]
    assert asked(kubectl, f"http://{address}") == "front"
    assert eventually(lambda: answered(kubectl, "front", f"http://{address}")) == "front"


def test_what_is_beyond_the_number_is_played(
    kubectl: Kubectl, magnum: Magnum, cluster: dict[str, Any]
) -> None:
    group = magnum.made_group(cluster["uuid"], "many", low=3, high=3)
    eventually(lambda: len(nodes(kubectl, "many")) == 3)
    played = next(node["metadata"]["name"] for node in nodes(kubectl, "many") if runtime(node) == PLAYED)
    assert sorted(map(runtime, nodes(kubectl, "many"))) == [REAL, REAL, PLAYED]
    names = [f"guest{number}" for number in range(4)]
    kubectl.apply(*(pod(name, group="many") for name in names))
    for name in names:
        ready(kubectl, name)
        assert kubectl.get("pod", name)["spec"]["nodeName"] != played, "it is the last to be chosen"
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    eventually(lambda: not kubectl.get("nodes", "-l", "capi.stackhpc.com/node-group=many")["items"])


def test_a_node_that_dies_comes_back_with_its_pods(kubectl: Kubectl, sandbox_env: dict[str, str]) -> None:
    kubectl.apply(pod("survivor", restartPolicy="Always"))
    ready(kubectl, "survivor")
    [node] = nodes(kubectl, "default-worker")
    name = node["metadata"]["name"]
    init = next(one for one in nodes_of(sandbox_env) if one.cmdline()[-1].endswith(name))
    os.kill(init.pid, signal.SIGKILL)
    eventually(lambda: restarts(kubectl, "survivor") == 1)
    ready(kubectl, "survivor")
    kubectl.run("delete", "pod", "survivor")


def restarts(kubectl: Kubectl, name: str) -> int:
    return sum(one["restartCount"] for one in kubectl.get("pod", name)["status"]["containerStatuses"])


def test_a_node_whose_server_is_deleted_is_replaced(
    kubectl: Kubectl, cloud: Connection, magnum: Magnum, cluster: dict[str, Any]
) -> None:
    group = magnum.made_group(cluster["uuid"], "mortals")
    kubectl.apply(pod("victim", group="mortals"))
    ready(kubectl, "victim")
    [before] = [node["metadata"]["name"] for node in nodes(kubectl, "mortals")]
    cloud.compute.delete_server(cloud.compute.find_server(before, ignore_missing=False))
    eventually(lambda: "victim" not in kubectl.run("get", "pods"))
    eventually(lambda: [one for one in nodes(kubectl, "mortals") if one["metadata"]["name"] != before])
    assert before not in kubectl.run("get", "nodes")
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{group}")
    eventually(lambda: not nodes(kubectl, "mortals"))


def test_a_node_that_is_taken_away_is_gone_with_its_pods(
    kubectl: Kubectl, magnum: Magnum, cluster: dict[str, Any], sandbox_env: dict[str, str]
) -> None:
    groups = magnum.request("GET", f"/clusters/{cluster['uuid']}/nodegroups")["nodegroups"]
    mediums = next(one["uuid"] for one in groups if one["name"] == "mediums")
    [node] = nodes(kubectl, "mediums")
    magnum.request("DELETE", f"/clusters/{cluster['uuid']}/nodegroups/{mediums}")
    eventually(lambda: not nodes(kubectl, "mediums"))
    eventually(lambda: len(nodes_of(sandbox_env)) == 1)
    eventually(lambda: "front" not in kubectl.run("get", "pods"))
    name = node["metadata"]["name"]
    assert not list(host.CGROUPS.glob(f"*/sandbox-{name}"))
    assert not list(Path(sandbox_env["SANDBOX_HOME"]).glob(f"run/clusters/*/nodes/{name}"))


def test_a_deleted_cluster_leaves_nothing_of_its_nodes(magnum: Magnum, sandbox_env: dict[str, str]) -> None:
    before, seen = len(nodes_of(sandbox_env)), interfaces()
    made = magnum.create("brief")
    assert made["status"] == "CREATE_COMPLETE", made["status_reason"]
    eventually(lambda: len(nodes_of(sandbox_env)) == before + 1)
    assert interfaces() == seen, "nothing of a cluster is seen among this machine's interfaces"
    magnum.delete(made["uuid"])
    eventually(lambda: len(nodes_of(sandbox_env)) == before)
    assert not list(host.CGROUPS.glob(f"*/sandbox-{made['stack_id']}*"))
    assert not mounts(sandbox_env)
