"""How far a cluster is: from what its controller has reached to the states that Magnum's clients read."""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import time

from magnum.objects import Cluster, NodeGroup
from magnum.objects.fields import ClusterStatus

from sandbox.clusters import keeper, spec
from sandbox.clusters.control_plane import ControlPlane
from sandbox.clusters.magnum import faults


def _action(status: str) -> str:
    return status.split("_", 1)[0]


def _fail(group: NodeGroup, reason: str) -> None:
    group.status = f"{_action(group.status)}_FAILED"
    group.status_reason = reason
    group.save()


def _coe_version(cluster: Cluster) -> str:
    """The version that runs; where the template asks for another minor version, that is said."""
    asked = str(cluster.cluster_template.labels.get("kube_tag", ""))
    running = spec.KUBERNETES_VERSION
    same = not asked or asked.split(".")[:2] == running.split(".")[:2]
    return running if same else f"{running} (sandbox; template: {asked})"


def _settle_group(wanted: spec.Cluster, told: spec.Status, group: NodeGroup) -> bool:
    """Write the group's state down if it has come to an end; false while it is in progress."""
    if not group.status.endswith("_IN_PROGRESS"):
        return True
    reached = told.groups.get(group.uuid)
    if group.status == ClusterStatus.DELETE_IN_PROGRESS:
        left = group.uuid in wanted.groups or reached is not None
        if not left:
            group.destroy()
        return not left
    target = wanted.groups.get(group.uuid)
    if target is None or reached is None or faults.hangs(wanted.name, group.name):
        return False
    if not spec.findable(wanted.stack_id, target.name):
        return False
    if reached.error and reached.machines < target.least:
        _fail(group, reached.error)
        with spec.edit(wanted.uuid) as changed:
            changed.failure = reached.error
        return True
    return _settle_made(wanted, target, reached, group)


def _settle_made(
    wanted: spec.Cluster, target: spec.NodeGroup, reached: spec.GroupStatus, group: NodeGroup
) -> bool:
    enough = reached.ready >= target.least and (target.autoscaled or reached.machines == target.count)
    if time.time() < target.ready_at or not enough:
        return False
    group.status = f"{_action(group.status)}_COMPLETE"
    group.status_reason = None
    group.node_addresses = reached.addresses
    group.stack_id = wanted.stack_id
    group.save()
    return True


def _fail_cluster(cluster: Cluster, reason: str) -> None:
    for group in cluster.nodegroups:
        if group.status.endswith("_IN_PROGRESS"):
            _fail(group, reason)
    cluster.status = f"{_action(cluster.status)}_FAILED"
    cluster.status_reason = reason
    cluster.save()


def _update_existing(cluster: Cluster, wanted: spec.Cluster) -> None:
    creating = cluster.status == ClusterStatus.CREATE_IN_PROGRESS
    if creating and (wanted.fault == "hang" or faults.hangs(cluster.name)):
        return
    if creating and wanted.failure:
        if time.time() >= max(group.ready_at for group in wanted.groups.values()):
            _fail_cluster(cluster, wanted.failure)
        return
    told = spec.status(cluster.uuid)
    settled = [_settle_group(wanted, told, group) for group in cluster.nodegroups]
    if not all(settled):
        return
    failure = spec.load(cluster.uuid).failure
    if failure:
        _fail_cluster(cluster, failure)
        return
    plane = ControlPlane(wanted)
    if not plane.ready():
        return
    cluster.api_address = plane.url
    cluster.coe_version = _coe_version(cluster)
    cluster.status = f"{_action(cluster.status)}_COMPLETE"
    cluster.status_reason = None
    cluster.save()


def update(cluster: Cluster) -> None:
    """Write the states of `cluster` and its node groups down, as far as they have come to an end."""
    if cluster.status == ClusterStatus.DELETE_IN_PROGRESS:
        if keeper.gone(cluster.uuid):
            spec.forget(cluster.uuid)
            cluster.status = ClusterStatus.DELETE_COMPLETE
            cluster.save()
        return
    try:
        wanted = spec.load(cluster.uuid)
    except FileNotFoundError:
        return
    _update_existing(cluster, wanted)
