"""What DaemonSets run on each node of the real cloud: the driver of its volumes, and the packet filter.

They are programs of the node's init here, so that a node is whole before any image can be had.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox import layout
from sandbox.clusters import rbac
from sandbox.clusters.components import SERVICE_CIDR

if TYPE_CHECKING:
    from sandbox.clusters.nodes.node import Node

FIREWALL_USER = "kube-router"
"""Whom the API server knows the packet filter as."""


def commands(node: Node, *, kubelet: str, firewall: Path) -> dict[str, list[str]]:
    """Command lines by name, given the kubelet's root folder and the kubeconfig of FIREWALL_USER."""
    return {
        "cinder-csi": [
            str(layout.BIN / "cinder-csi"),
            f"--kubelet={kubelet}",
            f"--server={node.provider_id.rpartition('/')[2]}",
            f"--volumes={layout.VOLUMES}",
        ],
        "kube-router": [
            str(layout.BIN / "kube-router"),
            f"--kubeconfig={firewall}",
            f"--hostname-override={node.name}",
            f"--service-cluster-ip-range={SERVICE_CIDR}",
        ],
    }


def rights() -> dict[str, dict[str, Any]]:
    """What the packet filter of each node may read, by the path of its collection."""
    read = {"verbs": ["get", "list", "watch"]}
    rules = [
        {"apiGroups": [""], "resources": ["namespaces", "nodes", "pods"], **read},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], **read},
    ]
    return rbac.grant(FIREWALL_USER, rules, rbac.user(FIREWALL_USER))
