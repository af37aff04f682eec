"""The cluster autoscaler's decisions, pure: which groups grow for pending pods, which nodes are not needed.

As the real one with the arguments of Magnum's chart (`autoscaler.extraArgs` in capi-helm-charts): pods that
fit on a node that is there or on its way add nothing; expendable pods (priority below -10) add and keep
nothing; a group stays between its min and max. A node is not needed when less than half of it is asked for
and all its pods can move: none may say safe-to-evict=false, be nobody's replica, be in kube-system without a
disruption budget, or have a budget that allows no disruption now. Simpler than the real one: the first group
(smallest flavor) on which a pod fits grows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy

from sandbox.clusters import spec
from sandbox.clusters.controller.kube import Object
from sandbox.clusters.controller.workers import fit, nodes
from sandbox.clusters.controller.workers.fit import Room

SAFE_TO_EVICT = "cluster-autoscaler.kubernetes.io/safe-to-evict"
SYSTEM = "kube-system"
LARGEST_UTILIZATION = 0.5
"""Of a node that may go (the autoscaler's default)."""


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


def by_node(pods: Iterable[Object]) -> dict[str, list[Object]]:
    """The pods on each node; also those that the scheduler removes others for, which it nominates.

    The real autoscaler counts these too when it looks for nodes that are not needed.
    """
    found: dict[str, list[Object]] = defaultdict(list)
    for pod in pods:
        if name := pod["spec"].get("nodeName") or pod.get("status", {}).get("nominatedNodeName"):
            found[name].append(pod)
    return found


def template(group: spec.NodeGroup) -> Room:
    """A new, empty node of `group`."""
    return Room(
        labels=nodes.labels(group, "template"),
        taints=nodes.taints(group),
        free=fit.quantities(nodes.allocatable(group)),
    )


def comes(node: Object | None) -> bool:
    """Whether a machine with this Node, or without one yet, will take pods soon. A cordoned one will not."""
    return node is None or not (nodes.is_ready(node) or node["spec"].get("unschedulable"))


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


def _wish(pod: Object) -> str | None:
    found: str | None = pod["metadata"].get("annotations", {}).get(SAFE_TO_EVICT)
    return found


def moves(pod: Object) -> bool:
    """Whether `pod` needs a place on another node when its own goes."""
    finished = pod.get("status", {}).get("phase") in ("Succeeded", "Failed")
    return not (finished or fit.owned_by(pod, "DaemonSet") or fit.priority(pod) < fit.EXPENDABLE)


def blocks(pod: Object, budgets: Iterable[Object]) -> bool:
    """Whether `pod` keeps its node, wherever else there is room for it."""
    if not moves(pod):
        return _wish(pod) == "false"
    meta = pod["metadata"]
    own = [
        budget
        for budget in budgets
        if budget["metadata"]["namespace"] == meta["namespace"]
        and fit.labelled(pod, budget["spec"].get("selector") or {})
    ]
    if any(budget.get("status", {}).get("disruptionsAllowed", 0) < 1 for budget in own):
        return True
    if _wish(pod) == "true":
        return False
    stuck = meta["namespace"] == SYSTEM and not own
    return stuck or _wish(pod) == "false" or not meta.get("ownerReferences")


def _utilization(node: Object, pods: Iterable[Object]) -> float:
    has = fit.quantities(node["status"].get("allocatable"))
    asked = [fit.requests(pod) for pod in pods]
    return max(sum(one.get(name, 0) for one in asked) / has[name] for name in ("cpu", "memory"))


def unneeded(
    candidates: Mapping[str, Object],
    rooms: Mapping[str, Room],
    there: Mapping[str, Sequence[Object]],
    budgets: Sequence[Object],
) -> list[str]:
    """The names of the `candidates` whose pods all fit on nodes that stay, or need no other node.

    `rooms`: what is free on each node that takes pods; `there`: the pods of each node.
    """
    free, found = dict(rooms), []
    for name, node in candidates.items():
        pods = there.get(name, ())
        if any(blocks(pod, budgets) for pod in pods):
            continue
        movers = [pod for pod in pods if moves(pod)]
        if movers and _utilization(node, pods) >= LARGEST_UTILIZATION:
            continue
        others = deepcopy({other: room for other, room in free.items() if other != name})
        if all(_place(pod, others.values()) for pod in movers):
            found.append(name)
            free = others
    return found


def _place(pod: Object, rooms: Iterable[Room]) -> bool:
    place = next((room for room in rooms if room.admits(pod)), None)
    if place is not None:
        place.take(pod)
    return place is not None


class Unneeded:
    """Since when each node has not been needed."""

    def __init__(self) -> None:
        self._since: dict[str, float] = {}

    def look(self, now: float, names: Iterable[str]) -> None:
        """Take note that just the nodes `names` are not needed at `now`."""
        self._since = {name: self._since.get(name, now) for name in names}

    def since(self, name: str) -> float | None:
        """Since when `name` has not been needed; None: it is."""
        return self._since.get(name)
