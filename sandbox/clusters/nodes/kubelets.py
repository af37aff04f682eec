"""Which machines of a cluster are real nodes, and what keeps these running."""

from __future__ import annotations

import logging
from subprocess import CalledProcessError

from sandbox import layout
from sandbox.clusters import spec
from sandbox.clusters.controller.workers import nodes
from sandbox.clusters.controller.workers.nodes import Machine
from sandbox.clusters.nodes.node import Node

LOG = logging.getLogger(__name__)
CHECK_S = 1.0
_FILE = "node.json"


def known(cluster: spec.Cluster) -> list[Node]:
    """The real nodes of `cluster`, switched on or not."""
    paths = sorted((cluster.folder / "nodes").glob(f"*/{_FILE}"))
    return [Node.model_validate_json(path.read_text()) for path in paths]


def join(cluster: spec.Cluster, machine: Machine) -> bool:
    """Have `machine` join as a real node if it is one of its group's first; false where kwok plays it."""
    group = cluster.groups[machine.group]
    if group.control_plane or not cluster.real_nodes:
        return False
    with layout.locked(cluster.folder / "nodes"):
        have = known(cluster)
        if any(node.name == machine.name for node in have):
            return True
        if sum(node.group == group.uuid for node in have) >= cluster.real_nodes:
            return False
        taken = {node.number for node in have}
        kubelets_own = {"kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch"}
        labels = nodes.labels(group, machine.name).items()
        node = Node(
            name=machine.name,
            group=group.uuid,
            address=machine.address,
            number=next(number for number in range(1, 256) if number not in taken),
            cores=group.vcpus,
            memory_mib=group.ram_mib,
            labels={key: value for key, value in labels if key not in kubelets_own}
            | {nodes.KIND_LABEL: nodes.REAL},
            provider_id=f"openstack:///{machine.server_id}",
        )
        spec.write(node.folder(cluster) / _FILE, node)
        return True


def leave(cluster_uuid: str, name: str) -> None:
    """Take the real node `name` away, with all that runs on it; does nothing where kwok plays it."""
    cluster = spec.load(cluster_uuid)
    with layout.locked(cluster.folder / "nodes"):
        for node in known(cluster):
            if node.name == name:
                node.remove(cluster)


def stop(cluster: spec.Cluster) -> None:
    """Switch all real nodes of `cluster` off; whoever switches them on must have ended."""
    for node in known(cluster):
        node.stop()


def stop_all() -> None:
    """Switch the nodes of all clusters of this sandbox off."""
    for uuid in spec.uuids():
        stop(spec.load(uuid))


class Kubelets:
    """Switches on what is off, of the cluster `uuid`: new nodes, and those that died."""

    def __init__(self, uuid: str) -> None:
        self._uuid = uuid

    def reconcile(self) -> float | None:
        """Look after each node; seconds until the next look, None where the cluster has no real nodes."""
        cluster = spec.load(self._uuid)
        if not cluster.real_nodes:
            return None
        with layout.locked(cluster.folder / "nodes"):
            for node in known(cluster):
                if not node.running:
                    LOG.info("switching %s on", node.name)
                    try:
                        node.start(cluster)
                    except CalledProcessError as error:
                        LOG.warning("%s: %s: %s", node.name, error, error.stderr)
        return CHECK_S
