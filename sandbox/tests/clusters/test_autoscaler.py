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


def test_a_node_is_empty_from_when_its_last_pod_left_it() -> None:
    empty = autoscaler.EmptyNodes()
    empty.look(10, ["a"], {"a": [pod()]})
    assert empty.since("a") is None
    empty.look(20, ["a"], {})
    empty.look(30, ["a"], {"a": [owned(pod(), "DaemonSet")]})
    assert empty.since("a") == 20
    empty.look(40, ["a"], {"a": [pod()]})
    assert empty.since("a") is None


def test_a_pod_that_is_not_safe_to_evict_keeps_its_node_even_when_expendable() -> None:
    placeholder = pod(priority=-100)
    assert not autoscaler.keeps(placeholder)
    placeholder["metadata"]["annotations"] = {autoscaler.SAFE_TO_EVICT: "false"}
    assert autoscaler.keeps(placeholder)


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
