"""What an interrupted run made, or left broken, as the next one asks the engine for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from components.cloud.existing import Existing, ExistingCluster, ExistingNodeGroup
from tests.unit.conftest import Run

CLUSTER = ExistingCluster(id="c-1", template_id="template-uuid")

Program = Callable[..., Run]


def test_what_an_interrupted_run_made_is_taken_up(program: Program, survey: dict[str, Any]) -> None:
    survey["existing"] = Existing(
        cluster=CLUSTER,
        address="a-1",
        record="z/r",
        node_groups={"mediums": ExistingNodeGroup(id="c-1/n-1", flavor="m3.medium")},
    )
    taken = {r.typ: r.resource_id for r in program().recorded.resources if r.resource_id}
    assert taken["openstack:containerinfra/cluster:Cluster"] == "c-1"
    assert taken["openstack:containerinfra/nodeGroup:NodeGroup"] == "c-1/n-1"
    assert taken["openstack:networking/floatingIp:FloatingIp"] == "a-1"
    assert taken["openstack:dns/recordSet:RecordSet"] == "z/r"


@pytest.mark.parametrize(("failed", "attempt"), [(False, "2"), (True, "3")])
def test_a_cluster_that_failed_is_made_anew(
    program: Program, survey: dict[str, Any], failed: bool, attempt: str
) -> None:
    survey["existing"] = Existing(cluster=replace(CLUSTER, attempt=2, failed=failed))
    labels = program().recorded.one("openstack:containerinfra/cluster:Cluster")["labels"]
    assert labels["gateway_attempt"] == attempt


@pytest.mark.parametrize(
    ("failed", "labels"), [(False, {"gateway_group_attempt": "2"}), (True, {"gateway_group_attempt": "3"})]
)
def test_a_node_group_that_failed_is_made_anew(
    program: Program, survey: dict[str, Any], failed: bool, labels: dict[str, str]
) -> None:
    group = ExistingNodeGroup(id="c-1/n-1", flavor="m3.medium", attempt=2, failed=failed)
    survey["existing"] = Existing(cluster=CLUSTER, node_groups={"mediums": group})
    assert program().recorded.one("openstack:containerinfra/nodeGroup:NodeGroup")["labels"] == labels


def test_a_node_group_that_is_replaced_is_not_imported(program: Program, survey: dict[str, Any]) -> None:
    group = ExistingNodeGroup(id="c-1/n-1", flavor="m3.large")
    survey["existing"] = Existing(cluster=CLUSTER, node_groups={"mediums": group})
    taken = {r.typ for r in program().recorded.resources if r.resource_id}
    assert "openstack:containerinfra/cluster:Cluster" in taken
    assert "openstack:containerinfra/nodeGroup:NodeGroup" not in taken
