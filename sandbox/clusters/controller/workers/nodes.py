"""Node objects: what kwok's nodes look like for a flavor, and the machines (servers) behind them."""

from __future__ import annotations

import secrets
import string
import time
from dataclasses import dataclass

from sandbox.clusters import spec
from sandbox.clusters.controller.kube import Object

SYSTEM_CPU_MILLI = 200
SYSTEM_MEMORY_MIB = 1024
"""What kubelet, network and storage daemons take of each node: a choice, the real figure varies."""
MAX_PODS = 110
CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"
KIND_LABEL = "sandbox/node"
"""Says whether a node is a kubelet (REAL) or kwok's (SIMULATED). The autoscaler does not know it: a pod that
asks for one of them adds no node."""
REAL, SIMULATED = "real", "simulated"
ALPHABET = string.ascii_lowercase + string.digits


@dataclass
class Machine:
    """A server that is, or will be, a node."""

    name: str
    group: str
    """UUID of its node group."""
    server_id: str
    address: str
    ready_at: float
    """Unix time at which it joins."""

    @property
    def joined(self) -> bool:
        """Whether its time has come."""
        return time.time() >= self.ready_at


def machine_name(cluster: spec.Cluster, group: spec.NodeGroup) -> str:
    """A new machine's name: cluster, stack, node group and a random end, as the Cluster API forms it."""
    end = "".join(secrets.choice(ALPHABET) for _ in range(5))
    return f"{f'{cluster.stack_id}-{group.name}'[:57]}-{end}"  # 63 characters at most, a host name's limit


def labels(group: spec.NodeGroup, name: str) -> dict[str, str]:
    """The labels of a node of `group`."""
    common = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "node.kubernetes.io/instance-type": group.flavor,
        "topology.kubernetes.io/region": "IU",
        "topology.kubernetes.io/zone": "nova",
        "topology.cinder.csi.openstack.org/zone": "nova",
    }
    if group.control_plane:
        return {**common, CONTROL_PLANE_LABEL: ""}
    return {**common, spec.NODE_GROUP_LABEL: group.name}


def taints(group: spec.NodeGroup) -> list[Object]:
    """The taints of a node of `group`."""
    return [{"key": CONTROL_PLANE_LABEL, "effect": "NoSchedule"}] if group.control_plane else []


def _resources(cpu_milli: int, memory_mib: int, disk_gib: int) -> dict[str, str]:
    return {
        "cpu": f"{cpu_milli}m",
        "memory": f"{memory_mib}Mi",
        "ephemeral-storage": f"{disk_gib}Gi",
        "pods": str(MAX_PODS),
    }


def capacity(group: spec.NodeGroup) -> dict[str, str]:
    """What the flavor has."""
    return _resources(group.vcpus * 1000, group.ram_mib, group.disk_gib)


def allocatable(group: spec.NodeGroup) -> dict[str, str]:
    """What is left of it for pods."""
    return _resources(
        group.vcpus * 1000 - SYSTEM_CPU_MILLI, group.ram_mib - SYSTEM_MEMORY_MIB, group.disk_gib * 9 // 10
    )


def node(group: spec.NodeGroup, machine: Machine, *, beside_real: bool = False) -> Object:
    """The Node object of `machine`; kwok makes it Ready.

    Beside real nodes it is the scheduler's last choice, since nothing answers in its pods.
    """
    last = [{"key": KIND_LABEL, "value": SIMULATED, "effect": "PreferNoSchedule"}] if beside_real else []
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": machine.name,
            "labels": {**labels(group, machine.name), KIND_LABEL: SIMULATED},
            "annotations": {"kwok.x-k8s.io/node": "fake", "node.alpha.kubernetes.io/ttl": "0"},
        },
        "spec": {"providerID": f"openstack:///{machine.server_id}", "taints": taints(group) + last},
        "status": {
            "capacity": capacity(group),
            "allocatable": allocatable(group),
            "addresses": [
                {"type": "InternalIP", "address": machine.address},
                {"type": "Hostname", "address": machine.name},
            ],
            "nodeInfo": {
                "architecture": "amd64",
                "operatingSystem": "linux",
                "osImage": "simulated by kwok",
                "kernelVersion": "",
                "containerRuntimeVersion": "kwok://simulated",
                "kubeletVersion": spec.KUBERNETES_VERSION,
                "kubeProxyVersion": spec.KUBERNETES_VERSION,
                "bootID": "",
                "machineID": "",
                "systemUUID": machine.server_id,
            },
        },
    }


def is_ready(thing: Object) -> bool:
    """Whether a Node is Ready."""
    conditions = thing.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
