"""The cluster autoscaler's decisions, pure: which groups grow for pending pods, which nodes are empty.

As the real one: pods that fit on a node that is there or on its way add nothing; expendable pods (priority
below -10) add and keep nothing; a group stays between its min and max; pods with safe-to-evict=false keep
their node. Simpler than the real one: the first group (smallest flavor) on which a pod fits grows, and only
nodes that hold nothing but DaemonSet and expendable pods are removed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sandbox.clusters import spec
from sandbox.clusters.controller.kube import Object
from sandbox.clusters.controller.workers import fit, nodes
from sandbox.clusters.controller.workers.fit import Room

SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"


def pending(pods: Iterable[Object]) -> list[Object]:
    """The pods that the scheduler found no node for and that may add one, largest first."""
    found = []
    for pod in pods:
        conditions = pod.get("status", {}).get("conditions", [])
        unschedulable = any(
            one["type"] == "PodScheduled"
            and one["status"] == "False"
            and one.get("reason") == "Unschedulable"
            for one in conditions
        )
        waits = (
            unschedulable
            and not pod["spec"].get("nodeName")
            and not pod["status"].get("nominatedNodeName")
            and "deletionTimestamp" not in pod["metadata"]
            and fit.priority(pod) >= fit.EXPENDABLE
            and not fit.owned_by(pod, "DaemonSet")
        )
        if waits:
            found.append(pod)
    return sorted(found, key=lambda pod: -fit.requests(pod).get("memory", 0))


def template(group: spec.NodeGroup) -> Room:
    """A new, empty node of `group`."""
    return Room(
        labels=nodes.labels(group, "template"),
        taints=nodes.taints(group),
        free=fit.quantities(nodes.allocatable(group)),
    )


def growth(
    pods: Iterable[Object],
    rooms: Sequence[Room],
    groups: Iterable[spec.NodeGroup],
    machines: Mapping[str, int],
) -> Counter[str]:
    """How many nodes to add, by UUID of the node group.

    `rooms`: what is free on the nodes, those to come included; `machines`: how many each group has, likewise.
    """
    open_rooms = list(rooms)
    added: Counter[str] = Counter()
    autoscaled = [group for group in groups if group.autoscaled]
    candidates = sorted(autoscaled, key=lambda group: (group.vcpus, group.ram_mib, group.name))
    for pod in pending(pods):
        place = next((one for one in open_rooms if one.admits(pod)), None)
        if place is None:
            for group in candidates:
                fresh = template(group)
                if machines.get(group.uuid, 0) + added[group.uuid] < group.maximum and fresh.admits(pod):
                    added[group.uuid] += 1
                    open_rooms.append(fresh)
                    place = fresh
                    break
        if place is not None:
            place.take(pod)
    return added


def keeps(pod: Object) -> bool:
    """Whether `pod` keeps its node from being removed."""
    if pod["metadata"].get("annotations", {}).get(SAFE_TO_EVICT) == "false":
        return True
    finished = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return not (finished or fit.owned_by(pod, "DaemonSet") or fit.priority(pod) < fit.EXPENDABLE)


class EmptyNodes:
    """Since when each node has been empty."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, now: float, names: Iterable[str], by_node: Mapping[str, Sequence[Object]]) -> None:
        """Take note of which of the nodes `names` are empty at `now`."""
        empty = {name for name in names if not any(keeps(pod) for pod in by_node.get(name, ()))}
        self._since = {name: self._since.get(name, now) for name in empty}

    def since(self, name: str) -> float | None:
        """Since when `name` has been empty; None: it is not."""
        return self._since.get(name)
