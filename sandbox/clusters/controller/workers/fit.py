"""Does a pod fit on a node? The part of the scheduler's rules that the autoscaler needs; all of it is pure.

Left out, and so never a reason to add or spare a node: affinity between pods, topology spread, host ports,
volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from kubernetes.utils.quantity import parse_quantity

from sandbox.clusters.controller.kube import Object

PODS = "pods"
EXPENDABLE = -10
"""Pods of a priority below this neither add a node nor keep one (the autoscaler's default cutoff)."""


def _number(value: str) -> Decimal:
    found: Decimal = parse_quantity(value)  # type: ignore[no-untyped-call]
    return found


def quantities(raw: Mapping[str, str] | None) -> dict[str, float]:
    """Resources as numbers: cores, bytes, pieces."""
    return {name: float(_number(value)) for name, value in (raw or {}).items()}


def _sum(parts: Iterable[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for part in parts:
        for name, value in part.items():
            total[name] = total.get(name, 0) + value
    return total


def _asked(container: Object) -> dict[str, float]:
    return quantities(container.get("resources", {}).get("requests"))


def requests(pod: Object) -> dict[str, float]:
    """What `pod` asks of a node: its containers and sidecars together, or its largest init container."""
    spec = pod["spec"]
    inits = spec.get("initContainers", [])
    sidecars = [_asked(one) for one in inits if one.get("restartPolicy") == "Always"]
    running = _sum([*(_asked(one) for one in spec["containers"]), *sidecars])
    for one in inits:
        if one.get("restartPolicy") != "Always":
            for name, value in _asked(one).items():
                running[name] = max(running.get(name, 0), value)
    return _sum([running, quantities(spec.get("overhead")), {PODS: 1}])


def priority(pod: Object) -> int:
    """The pod's priority; 0 where it has none."""
    return int(pod["spec"].get("priority") or 0)


def owned_by(pod: Object, kind: str) -> bool:
    """Whether an object of `kind` made this pod."""
    return any(owner["kind"] == kind for owner in pod["metadata"].get("ownerReferences", []))


def _tolerates(toleration: Object, taint: Object) -> bool:
    if toleration.get("effect") not in (None, "", taint["effect"]):
        return False
    if toleration.get("operator") == "Exists":
        return toleration.get("key") in (None, "", taint["key"])
    same_value: bool = toleration.get("value", "") == taint.get("value", "")
    return same_value and toleration.get("key") == taint["key"]


def tolerated(pod: Object, taints: Iterable[Object]) -> bool:
    """Whether `pod` may run on a node of these taints."""
    tolerations = pod["spec"].get("tolerations", [])
    return all(
        any(_tolerates(toleration, taint) for toleration in tolerations)
        for taint in taints
        if taint["effect"] in ("NoSchedule", "NoExecute")
    )


_OPERATORS: dict[str, Callable[[str | None, list[str]], bool]] = {
    "In": lambda value, values: value in values,
    "NotIn": lambda value, values: value not in values,
    "Exists": lambda value, _: value is not None,
    "DoesNotExist": lambda value, _: value is None,
    "Gt": lambda value, values: value is not None and int(value) > int(values[0]),
    "Lt": lambda value, values: value is not None and int(value) < int(values[0]),
}


def _expression(rule: Object, labels: Mapping[str, str]) -> bool:
    return _OPERATORS[rule["operator"]](labels.get(rule["key"]), rule.get("values", []))


def labelled(thing: Object, selector: Mapping[str, Any]) -> bool:
    """Whether a label selector (`matchLabels`, `matchExpressions`) chooses `thing`; an empty one does."""
    labels: Mapping[str, str] = thing["metadata"].get("labels") or {}
    wanted: Mapping[str, str] = selector.get("matchLabels") or {}
    same = all(labels.get(key) == value for key, value in wanted.items())
    return same and all(_expression(rule, labels) for rule in selector.get("matchExpressions") or ())


def selected(pod: Object, labels: Mapping[str, str]) -> bool:
    """Whether node selector and required node affinity of `pod` admit a node of these labels."""
    selector: Mapping[str, str] = pod["spec"].get("nodeSelector") or {}
    if any(labels.get(key) != value for key, value in selector.items()):
        return False
    affinity: Any = pod["spec"].get("affinity") or {}
    required = (affinity.get("nodeAffinity") or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
    if not required:
        return True
    return any(
        all(_expression(rule, labels) for rule in term.get("matchExpressions", []))
        for term in required["nodeSelectorTerms"]
    )


@dataclass
class Room:
    """A node, there or to come, and what is free on it."""

    labels: Mapping[str, str]
    taints: list[Object]
    free: dict[str, float] = field(default_factory=dict)

    def admits(self, pod: Object) -> bool:
        """Whether `pod` could run here now."""
        asked = requests(pod)
        enough = all(self.free.get(name, 0) >= value for name, value in asked.items() if value)
        return enough and selected(pod, self.labels) and tolerated(pod, self.taints)

    def take(self, pod: Object) -> None:
        """Reckon with `pod` being here."""
        for name, value in requests(pod).items():
            self.free[name] = self.free.get(name, 0) - value


def room(node: Object, pods: Iterable[Object]) -> Room:
    """What is free on `node`, on which `pods` run."""
    found = Room(
        labels=node["metadata"].get("labels", {}),
        taints=list(node["spec"].get("taints", [])),
        free=quantities(node["status"].get("allocatable")),
    )
    for pod in pods:
        found.take(pod)
    return found
