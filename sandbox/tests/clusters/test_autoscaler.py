"""The autoscaler's decisions: which groups grow for which pods, and which nodes may go."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clusters import spec
from sandbox.clusters.controller.workers import autoscaler, fit, nodes

GROUP_LABEL = spec.NODE_GROUP_LABEL


def group(
    name: str = "mediums", *, vcpus: int = 8, ram_gib: int = 30, low: int = 1, high: int = 3
) -> spec.NodeGroup:
    return spec.NodeGroup(
        uuid=f"uuid-{name}",
        name=name,
        role="worker",
        flavor=name,
        vcpus=vcpus,
        ram_mib=ram_gib * 1024,
        disk_gib=60,
        count=low,
        minimum=low,
        maximum=high,
        autoscaled=low < high,
        ready_at=0,
    )


def pod(cpu: str = "7", memory: str = "25Gi", **spec_: Any) -> dict[str, Any]:
    container = {"name": "c", "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    unschedulable = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}
    return {
        "metadata": {"name": "p", "namespace": "n"},
        "spec": {"containers": [container], **spec_},
        "status": {"phase": "Pending", "conditions": [unschedulable]},
    }


def owned(thing: dict[str, Any], kind: str) -> dict[str, Any]:
    thing["metadata"]["ownerReferences"] = [{"kind": kind}]
    return thing


def test_each_pod_that_fills_a_node_adds_one_until_the_group_is_at_its_max() -> None:
    added = autoscaler.growth([pod()] * 5, [], [group(high=3)], {"uuid-mediums": 1})
    assert added == {"uuid-mediums": 2}


def test_small_pods_share_a_new_node() -> None:
    added = autoscaler.growth([pod("1", "3Gi")] * 7, [], [group()], {})
    assert added == {"uuid-mediums": 1}


def test_a_pod_that_fits_on_a_node_that_is_there_or_on_its_way_adds_none() -> None:
    coming = autoscaler.template(group())
    assert autoscaler.growth([pod()], [coming], [group()], {"uuid-mediums": 1}) == {}


@pytest.mark.parametrize(
    ("ready", "cordoned", "comes"),
    [(False, False, True), (False, True, False), (True, False, False), (True, True, False)],
)
def test_a_cordoned_node_is_not_on_its_way(ready: bool, cordoned: bool, comes: bool) -> None:
    condition = {"type": "Ready", "status": str(ready)}
    node = {"spec": {"unschedulable": cordoned}, "status": {"conditions": [condition]}}
    assert autoscaler.comes(node) is comes
    assert autoscaler.comes(None)


def test_a_full_node_does_not_keep_a_pod_from_adding_one() -> None:
    full = autoscaler.template(group())
    full.take(pod())
    assert autoscaler.growth([pod()], [full], [group()], {"uuid-mediums": 1}) == {"uuid-mediums": 1}


def test_a_pod_too_large_for_every_flavor_adds_none() -> None:
    assert autoscaler.growth([pod("9", "1Gi")], [], [group(vcpus=8)], {}) == {}


def test_what_the_system_takes_of_a_node_is_not_given_to_pods() -> None:
    exactly_the_flavor = pod("8", "30Gi")
    assert autoscaler.growth([exactly_the_flavor], [], [group()], {}) == {}


def test_the_node_selector_chooses_the_group() -> None:
    groups = [group("default-worker"), group("large", vcpus=16, ram_gib=60)]
    chosen = pod("1", "1Gi", nodeSelector={GROUP_LABEL: "large"})
    assert autoscaler.growth([chosen], [], groups, {}) == {"uuid-large": 1}


def test_without_a_selector_the_smallest_flavor_that_holds_the_pod_grows() -> None:
    groups = [group("large", vcpus=16, ram_gib=60), group("mediums")]
    assert autoscaler.growth([pod()], [], groups, {}) == {"uuid-mediums": 1}


def test_a_group_whose_min_is_its_max_never_grows() -> None:
    assert autoscaler.growth([pod()], [], [group(low=2, high=2)], {}) == {}


@pytest.mark.parametrize(("priority", "grows"), [(-10, True), (-11, False), (0, True)])
def test_placeholders_add_nodes_down_to_the_cutoff(priority: int, grows: bool) -> None:
    assert bool(autoscaler.growth([pod(priority=priority)], [], [group()], {})) is grows


def test_pods_that_need_no_node_add_none() -> None:
    going = pod()
    going["metadata"]["deletionTimestamp"] = "now"
    nominated = pod()
    nominated["status"]["nominatedNodeName"] = "somewhere"
    scheduled = pod(nodeName="somewhere")
    waiting_for_something_else = pod()
    waiting_for_something_else["status"]["conditions"][0]["reason"] = "SchedulingGated"
    pods = [going, nominated, scheduled, waiting_for_something_else, owned(pod(), "DaemonSet")]
    assert autoscaler.growth(pods, [], [group()], {}) == {}


def test_a_node_is_not_needed_from_when_its_last_pod_left_it() -> None:
    idle = autoscaler.Unneeded()
    idle.look(10, [])
    assert idle.since("a") is None
    idle.look(20, ["a"])
    idle.look(30, ["a"])
    assert idle.since("a") == 20
    idle.look(40, [])
    assert idle.since("a") is None


def node(name: str) -> dict[str, Any]:
    made = nodes.node(group(), nodes.Machine(name, "uuid-mediums", "server", "10.0.0.1", 0))
    return {**made, "metadata": {**made["metadata"], "labels": nodes.labels(group(), name)}}


def unneeded(*pods: dict[str, Any], budgets: Any = (), other: Any = ()) -> bool:
    """Whether a node with these pods may go; a second node has the `other` pods."""
    by_node = {"a": list(pods), "b": list(other)}
    rooms = {name: fit.room(node(name), there) for name, there in by_node.items()}
    return autoscaler.unneeded({"a": node("a")}, rooms, by_node, list(budgets)) == ["a"]


def replica(namespace: str = "n", **labels: str) -> dict[str, Any]:
    made = owned(pod("1", "1Gi"), "ReplicaSet")
    made["metadata"] |= {"namespace": namespace, "labels": labels}
    return made


def budget(allowed: int, **labels: str) -> dict[str, Any]:
    return {
        "metadata": {"namespace": "kube-system"},
        "spec": {"selector": {"matchLabels": labels}},
        "status": {"disruptionsAllowed": allowed},
    }


def test_a_node_goes_when_its_pods_fit_elsewhere() -> None:
    assert unneeded()
    assert unneeded(owned(pod(), "DaemonSet"), pod(priority=-100))
    assert unneeded(replica())
    assert not unneeded(replica(), other=[replica()] * 7), "there is no room for it elsewhere"
    assert not unneeded(*[replica()] * 4), "more than half of it is asked for"


def test_a_pod_that_nobody_would_make_again_keeps_its_node() -> None:
    assert not unneeded(pod("1", "1Gi"))


def test_a_pod_that_others_are_removed_for_keeps_the_node_that_it_will_have() -> None:
    nominated = pod()
    nominated["status"]["nominatedNodeName"] = "a"
    there = autoscaler.by_node([nominated, pod(nodeName="b"), pod()])
    assert {name: len(pods) for name, pods in there.items()} == {"a": 1, "b": 1}
    assert not unneeded(*there["a"])


def test_a_system_pod_keeps_its_node_unless_a_budget_lets_it_go() -> None:
    dns = replica("kube-system", **{"k8s-app": "kube-dns"})
    assert not unneeded(dns)
    assert unneeded(dns, budgets=[budget(1, **{"k8s-app": "kube-dns"})])
    assert not unneeded(dns, budgets=[budget(0, **{"k8s-app": "kube-dns"})])
    assert not unneeded(dns, budgets=[budget(1, **{"k8s-app": "other"})])


def test_a_pod_says_itself_whether_it_is_safe_to_evict() -> None:
    placeholder, system, mine = pod(priority=-100), replica("kube-system"), replica()
    for one, wish in ((placeholder, "false"), (system, "true"), (mine, "false")):
        one["metadata"]["annotations"] = {autoscaler.SAFE_TO_EVICT: wish}
    assert not unneeded(placeholder)
    assert unneeded(system)
    assert not unneeded(mine)


def test_of_two_nodes_that_need_each_other_one_stays() -> None:
    by_node = {"a": [replica()], "b": [replica()]}
    rooms = {name: fit.room(node(name), pods) for name, pods in by_node.items()}
    assert autoscaler.unneeded({"a": node("a"), "b": node("b")}, rooms, by_node, []) == ["a"]


def test_a_pod_asks_for_the_larger_of_its_init_containers_and_the_rest() -> None:
    asked = pod("2", "1Gi")
    asked["spec"]["initContainers"] = [
        {"name": "i", "resources": {"requests": {"cpu": "500m", "memory": "4Gi"}}},
        {"name": "s", "restartPolicy": "Always", "resources": {"requests": {"cpu": "1"}}},
    ]
    assert fit.requests(asked) == {"cpu": 3, "memory": 4 * 2**30, "pods": 1}


@pytest.mark.parametrize(
    ("toleration", "runs"),
    [
        ({"key": nodes.CONTROL_PLANE_LABEL, "operator": "Exists", "effect": "NoSchedule"}, True),
        ({"operator": "Exists"}, True),
        ({"key": nodes.CONTROL_PLANE_LABEL, "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": nodes.CONTROL_PLANE_LABEL, "value": "other", "effect": "NoSchedule"}, False),
    ],
)
def test_only_pods_that_tolerate_it_run_on_the_control_plane(toleration: dict[str, str], runs: bool) -> None:
    master = group().model_copy(update={"role": "master"})
    assert fit.tolerated(pod(tolerations=[toleration]), nodes.taints(master)) is runs


@pytest.mark.parametrize(
    ("rule", "admitted"),
    [
        ({"key": GROUP_LABEL, "operator": "In", "values": ["mediums"]}, True),
        ({"key": GROUP_LABEL, "operator": "NotIn", "values": ["mediums"]}, False),
        ({"key": "absent", "operator": "Exists"}, False),
        ({"key": "absent", "operator": "DoesNotExist"}, True),
    ],
)
def test_required_node_affinity_is_reckoned_with(rule: dict[str, Any], admitted: bool) -> None:
    required = {"nodeSelectorTerms": [{"matchExpressions": [rule]}]}
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required}}
    assert fit.selected(pod(affinity=affinity), nodes.labels(group(), "n")) is admitted
