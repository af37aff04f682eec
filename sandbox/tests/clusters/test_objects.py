"""What the cluster's parts make of names, sizes and counts, without a cluster."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from sandbox import layout
from sandbox.clusters import spec
from sandbox.clusters.controller import loadbalancers, volumes
from sandbox.clusters.controller.certs import conditions
from sandbox.clusters.controller.kube import Object
from sandbox.clusters.controller.workers import nodes
from sandbox.clusters.magnum import faults

MEDIUM = spec.NodeGroup(
    uuid="g",
    name="mediums",
    role="worker",
    flavor="m3.medium",
    vcpus=8,
    ram_mib=30720,
    disk_gib=60,
    count=1,
    minimum=1,
    maximum=20,
    autoscaled=True,
    ready_at=0,
)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "RUN", tmp_path)


@pytest.mark.parametrize(
    ("name", "label"),
    [("mediums", "mediums"), ("My_Group 2", "my-group-2"), ("-a-", "a"), ("ÄB", "b")],
)
def test_names_are_rewritten_as_the_real_driver_does(name: str, label: str) -> None:
    assert spec.sanitized(name) == label


def test_a_node_has_the_flavors_capacity_and_its_groups_label() -> None:
    machine = nodes.Machine("m", "g", "server", "10.0.0.9", 0)
    node = nodes.node(MEDIUM, machine)
    assert node["metadata"]["labels"]["capi.stackhpc.com/node-group"] == "mediums"
    assert node["metadata"]["labels"]["node.kubernetes.io/instance-type"] == "m3.medium"
    assert node["metadata"]["annotations"] == {
        "kwok.x-k8s.io/node": "fake",
        "node.alpha.kubernetes.io/ttl": "0",
    }
    assert node["status"]["capacity"]["cpu"] == "8000m"
    assert node["status"]["allocatable"]["cpu"] == f"{8000 - nodes.SYSTEM_CPU_MILLI}m"
    assert node["status"]["allocatable"]["memory"] == f"{30720 - nodes.SYSTEM_MEMORY_MIB}Mi"
    assert node["spec"] == {"providerID": "openstack:///server", "taints": []}


def test_a_machine_joins_when_its_time_has_come() -> None:
    soon = time.time() + 60
    assert not nodes.Machine("m", "g", "s", "", soon).joined
    assert nodes.Machine("m", "g", "s", "", time.time() - 1).joined


def test_an_autoscaled_group_starts_at_its_min_and_another_one_at_its_count() -> None:
    assert MEDIUM.model_copy(update={"count": 4, "minimum": 2}).least == 2
    assert MEDIUM.model_copy(update={"count": 4, "minimum": 2, "autoscaled": False}).least == 4


def service(**metadata: Any) -> Object:
    return {
        "metadata": {"name": "front", "namespace": "ingress", **metadata},
        "spec": {"type": "LoadBalancer"},
    }


def test_a_load_balancer_is_found_again_by_its_name() -> None:
    assert loadbalancers.balancer_name("gw25", service()) == "kube_service_gw25_ingress_front"
    assert loadbalancers.floating_ip_description("gw25", service()) == (
        "Floating IP for Kubernetes external service ingress/front from cluster gw25"
    )


@pytest.mark.parametrize(
    ("thing", "wanted"),
    [
        (service(), True),
        (service(deletionTimestamp="now"), False),
        ({**service(), "spec": {"type": "ClusterIP"}}, False),
        ({**service(), "spec": {"type": "LoadBalancer", "loadBalancerClass": "other/one"}}, False),
    ],
)
def test_only_services_of_ours_get_a_load_balancer(thing: Object, wanted: bool) -> None:
    assert loadbalancers.wanted(thing) is wanted


def claim(size: str) -> Object:
    return {
        "metadata": {"name": "data", "namespace": "n", "uid": "u"},
        "spec": {
            "resources": {"requests": {"storage": size}},
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "default",
        },
    }


@pytest.mark.parametrize(("asked", "made"), [("10Gi", 10), ("1M", 1), ("1025Mi", 2)])
def test_a_volume_has_whole_gib_and_never_less_than_asked(asked: str, made: int) -> None:
    assert volumes.size_gib(claim(asked)) == made


def test_a_volume_is_bound_to_its_claim_and_outlives_it() -> None:
    made = volumes.persistent_volume(claim("3Gi"), {"reclaimPolicy": "Retain"}, "volume-id")
    assert made["spec"]["claimRef"]["uid"] == "u"
    assert made["spec"]["csi"] == {
        "driver": "cinder.csi.openstack.org",
        "volumeHandle": "volume-id",
        "fsType": "ext4",
    }
    assert made["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_a_conditions_time_moves_only_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conditions, "now", lambda: "first")
    thing: Object = {"metadata": {"name": "c"}}
    made = conditions.put(thing, "Ready", true=False, reason="A", message="a")
    monkeypatch.setattr(conditions, "now", lambda: "later")
    thing["status"] = {"conditions": made}
    same = conditions.put(thing, "Ready", true=False, reason="B", message="b")
    assert (same[0]["lastTransitionTime"], same[0]["reason"]) == ("first", "B")
    assert (
        conditions.put(thing, "Ready", true=True, reason="C", message="c")[0]["lastTransitionTime"] == "later"
    )


def test_an_injected_failure_strikes_once_and_a_hang_until_it_is_cleared() -> None:
    faults.inject("create_failed", "gw25", "mediums")
    assert not faults.fails("gw25")
    assert faults.fails("gw25", "mediums")
    assert not faults.fails("gw25", "mediums")
    faults.inject("hang", "gw25")
    assert not faults.fails("gw25")
    assert faults.hangs("gw25")
    faults.clear("gw25")
    assert not faults.hangs("gw25")


def test_what_is_written_of_a_cluster_is_its_owners_alone_and_read_back() -> None:
    cluster = spec.Cluster(
        uuid="u", name="gw25", stack_id="gw25-x", project_id="p", user_id="o", image_id="i", network="n"
    )
    spec.save(cluster)
    with spec.edit("u") as changed:
        changed.groups["g"] = MEDIUM
    assert spec.load("u").groups == {"g": MEDIUM}
    assert spec.uuids() == ["u"]
    assert (cluster.folder / "cluster.json").stat().st_mode & 0o077 == 0
    spec.forget("u")
    assert spec.uuids() == []
