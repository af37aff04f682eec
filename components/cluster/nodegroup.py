"""Nodegroup: equal nodes for one purpose, which the cluster's autoscaler adds and removes."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import containerinfra

from components.cloud.existing import ExistingNodeGroup
from components.cloud.ownership import GROUP_ATTEMPT_LABEL
from components.cluster.leftovers import node_group_hooks
from components.cluster.magnum_cluster import MagnumCluster
from components.settings.model import NodeGroup

NODE_GROUP_LABEL = "capi.stackhpc.com/node-group"
"""A label of every node of a group. Cluster API sets it again when it heals or upgrades a node."""


def node_selector(group: str | pulumi.Output[str]) -> dict[str, str | pulumi.Output[str]]:
    """The selector that puts a pod on a node of `group`."""
    return {NODE_GROUP_LABEL: group}


@dataclass(frozen=True, kw_only=True)
class NodegroupArgs:
    """Arguments of a Nodegroup."""

    cluster: MagnumCluster
    settings: NodeGroup
    timeout_minutes: int
    existing: ExistingNodeGroup | None = None
    """The node group, if an earlier run created it."""


class Nodegroup(pulumi.ComponentResource):
    """A node group with an explicit name. Magnum's driver uses only its flavor, count, min and max."""

    name: pulumi.Output[str]
    """Name of the group, once its nodes are there."""
    node_selector: dict[str, str | pulumi.Output[str]]
    """Selector for pods that must run in this group."""

    def __init__(self, name: str, args: NodegroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Nodegroup", name, None, opts)
        existing, timeout = args.existing, f"{args.timeout_minutes}m"
        # A group that will be replaced must not be imported. The engine would keep its id as an import's,
        # take its successor for another import in the next run, and delete that (docs/adr/0002-existing.md).
        stays = existing and not existing.failed and existing.flavor == args.settings.flavor
        alive = existing if stays else None
        attempt = existing.attempt_wanted if existing else 1
        group = containerinfra.NodeGroup(
            f"{name}-magnum",
            name=args.settings.name,
            cluster_id=args.cluster.id,
            flavor_id=args.settings.flavor,
            node_count=args.settings.min,
            min_node_count=args.settings.min,
            max_node_count=args.settings.max,
            # A new attempt replaces a group that failed; no other property could. It is set at the first
            # attempt, too. Of a creation whose end the provider did not see, it knows only the labels that
            # were asked for, and would replace a group without any (docs/adr/0003-attempt-labels.md).
            labels={GROUP_ATTEMPT_LABEL: str(attempt)},
            merge_labels=True,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=alive.id if alive else None,
                # Magnum's answer has the cluster's labels mixed in, as the cluster's has the template's.
                ignore_changes=["labels", "mergeLabels"] if alive else None,
                hooks=node_group_hooks(name, args.cluster.cloud, timeout_s=60 * args.timeout_minutes),
                # Deleted one by one they would take minutes, or for ever if the API server is dead.
                deleted_with=args.cluster.magnum,
                # The name is unique in the cluster, so the old group must go first.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete=timeout),
            ),
        )
        self.name = group.name
        self.node_selector = node_selector(self.name)
        self.register_outputs({"name": self.name})
