"""Magnum's driver for the sandbox; it stands where the Cluster API driver stands on the real cloud.

It never waits: it writes down what is wanted, and the cluster's keeper and controller see to it.
"""

# mypy: disable-error-code="import-not-found"
from __future__ import annotations

import time
from typing import Any

from magnum.common import exception, short_id
from magnum.conductor.handlers.common import cert_manager
from magnum.drivers.common import driver
from magnum.objects import Cluster, ClusterTemplate, NodeGroup
from magnum.objects.fields import ClusterStatus

from sandbox import layout
from sandbox.clusters import keeper, spec
from sandbox.clusters.control_plane import ControlPlane
from sandbox.clusters.magnum import app_credential, faults, health, nodegroups, progress
from sandbox.clusters.nodes import host
from sandbox.clusters.pki import Pair


def _bytes(pem: str | bytes) -> bytes:
    return pem.encode() if isinstance(pem, str) else pem


def _wanted(context: Any, cluster: Cluster) -> spec.Cluster:
    ready_at = time.time() + spec.CLUSTER_S * layout.time_scale()
    labels = cluster.labels or {}
    fault = labels.get(faults.LABEL)
    failing = fault == "create_failed" or faults.fails(cluster.name)
    return spec.Cluster(
        uuid=cluster.uuid,
        name=cluster.name,
        stack_id=cluster.stack_id,
        project_id=cluster.project_id,
        user_id=cluster.user_id,
        image_id=cluster.cluster_template.image_id,
        network=cluster.fixed_network or "auto_allocated_network",
        boot_volume_gib=nodegroups.number(cluster, "boot_volume_size", 0),
        volume_reclaim="Delete" if labels.get("csi_cinder_reclaim_policy") == "Delete" else "Retain",
        real_nodes=host.granted(),
        fault=fault,
        failure="injected fault: the control plane did not come up" if failing else None,
        groups={
            group.uuid: nodegroups.wanted(context, cluster, group, ready_at=ready_at)
            for group in cluster.nodegroups
        },
    )


class Driver(driver.Driver):  # type: ignore[misc]  # Magnum has no types
    """Clusters of virtual machines with Ubuntu and Kubernetes, on this machine."""

    @property
    def provides(self) -> list[dict[str, str]]:
        """What templates this driver serves."""
        return [{"server_type": "vm", "os": "ubuntu", "coe": "kubernetes"}]

    def resume(self, _context: Any) -> None:
        """Take up the clusters of an earlier run."""
        for uuid in spec.uuids():
            keeper.keep(uuid, app_credential.drop)

    def create_cluster(self, context: Any, cluster: Cluster, _timeout: int) -> None:
        """Check what is asked for, make the cluster's credential, and have its control plane started."""
        cluster.stack_id = f"{spec.sanitized(cluster.name)[:30]}-{short_id.generate_id()}".lower()
        wanted = _wanted(context, cluster)
        spec.save(wanted)
        if faults.wants_trust(cluster.name):
            app_credential.trust(context, cluster)
        app_credential.make(context, cluster)
        if wanted.failure:
            return
        ca = cert_manager.get_cluster_ca_certificate(cluster, context)
        ControlPlane(wanted).prepare(
            Pair(certificate=_bytes(ca.get_certificate()), key=_bytes(ca.get_decrypted_private_key()))
        )
        keeper.keep(cluster.uuid, app_credential.drop)

    def update_cluster_status(self, context: Any, cluster: Cluster, use_admin_ctx: bool = False) -> None:
        """Tell Magnum how far the cluster is; called while anything of it is in progress."""
        del context, use_admin_ctx
        progress.update(cluster)

    def delete_cluster(self, _context: Any, cluster: Cluster) -> None:
        """Have control plane, servers and credential removed; load balancers, addresses and volumes stay."""
        for group in cluster.nodegroups:
            group.status = ClusterStatus.DELETE_IN_PROGRESS
            group.save()
        if spec.folder(cluster.uuid).exists():
            with spec.edit(cluster.uuid) as wanted:
                wanted.deleting = True
            keeper.keep(cluster.uuid, app_credential.drop)

    def create_nodegroup(self, context: Any, cluster: Cluster, nodegroup: NodeGroup) -> None:
        """Add a node group, unless another one is being made: then the second fails, as it does there."""
        busy = [
            other.name
            for other in cluster.nodegroups
            if other.uuid != nodegroup.uuid and other.status.endswith("_IN_PROGRESS")
        ]
        if busy:
            self._refuse(
                cluster, nodegroup, f"another operation is in progress (node group {', '.join(busy)})"
            )
            return
        if (cluster.labels or {}).get(faults.LABEL) == "nodegroup_failed" or faults.fails(
            cluster.name, nodegroup.name
        ):
            self._refuse(cluster, nodegroup, "injected fault: the machines did not come up")
            return
        nodegroup.stack_id = cluster.stack_id
        self._put(context, cluster, nodegroup, delay_s=spec.NODE_S)

    def update_nodegroup(self, context: Any, cluster: Cluster, nodegroup: NodeGroup) -> None:
        """Take over count, min and max; nothing else of a node group changes in place."""
        self._put(context, cluster, nodegroup, delay_s=0)

    def delete_nodegroup(self, _context: Any, cluster: Cluster, nodegroup: NodeGroup) -> None:
        """Have the group's nodes and servers removed."""
        nodegroup.status = ClusterStatus.DELETE_IN_PROGRESS
        nodegroup.save()
        with spec.edit(cluster.uuid) as wanted:
            wanted.failure = None
            wanted.groups.pop(nodegroup.uuid, None)

    def resize_cluster(
        self,
        context: Any,
        cluster: Cluster,
        _resize_manager: Any,
        _node_count: int,
        _nodes_to_remove: list[str],
        nodegroup: NodeGroup | None = None,
    ) -> None:
        """Take over a new node count; which nodes go is not for the caller to say, as there."""
        self._put(context, cluster, nodegroup or cluster.default_ng_worker, delay_s=0)

    def update_cluster(
        self, context: Any, cluster: Cluster, scale_manager: Any = None, rollback: bool = False
    ) -> None:
        """Refused, as by the real driver: the node count is changed by `openstack coe cluster resize`."""
        del context, cluster, scale_manager, rollback
        raise NotImplementedError(
            "Updating a cluster in this way is not currently supported (use a resize for the node count)"
        )

    def get_monitor(self, _context: Any, cluster: Cluster) -> health.Monitor:
        """What Magnum asks for the cluster's health."""
        return health.Monitor(cluster)

    def upgrade_cluster(
        self,
        _context: Any,
        cluster: Cluster,
        cluster_template: ClusterTemplate,
        _max_batch_size: int,
        _nodegroup: NodeGroup,
        _scale_manager: Any = None,
        _rollback: bool = False,
    ) -> None:
        """Take over another template; the nodes stay, since one Kubernetes is all that the sandbox has."""
        ready_at = time.time() + spec.NODE_S * layout.time_scale()
        for group in cluster.nodegroups:
            group.status = ClusterStatus.UPDATE_IN_PROGRESS
            group.save()
        cluster.cluster_template_id = cluster_template.uuid
        with spec.edit(cluster.uuid) as wanted:
            wanted.failure = None
            wanted.image_id = cluster_template.image_id
            for changed in wanted.groups.values():
                changed.ready_at = ready_at

    def create_federation(self, *_args: Any) -> None:
        """Not supported."""
        raise exception.NotSupported(operation="federation")

    update_federation = create_federation
    delete_federation = create_federation

    def _put(self, context: Any, cluster: Cluster, group: NodeGroup, *, delay_s: float) -> None:
        ready_at = time.time() + delay_s * layout.time_scale()
        made = nodegroups.wanted(context, cluster, group, ready_at=ready_at)
        with spec.edit(cluster.uuid) as wanted:
            wanted.failure = None
            wanted.groups[group.uuid] = made
        group.save()
        # Magnum may have asked between its own two writes and found nothing in progress: it must ask again.
        cluster.refresh()
        cluster.status = ClusterStatus.UPDATE_IN_PROGRESS
        cluster.save()

    def _refuse(self, cluster: Cluster, group: NodeGroup, reason: str) -> None:
        # Raising would make Magnum stop asking how far the *other* node group is.
        group.status = ClusterStatus.CREATE_FAILED
        group.status_reason = reason
        with spec.edit(cluster.uuid) as wanted:
            wanted.failure = f"node group {group.name}: {reason}"
