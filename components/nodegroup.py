"""Nodegroup: equal nodes for one purpose, that the cluster's autoscaler adds and takes away."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import containerinfra

LABEL = "capi.stackhpc.com/node-group"
"""Node label that Magnum's Cluster API driver sets; unlike one put by hand it survives a healed node."""


def node_selector(group: str | pulumi.Output[str]) -> dict[str, str | pulumi.Output[str]]:
    """The selector that puts a pod on a node of `group`."""
    return {LABEL: group}


@dataclass(frozen=True, kw_only=True)
class NodegroupArgs:
    """What a Nodegroup is made from."""

    cluster_id: pulumi.Input[str]
    group_name: str
    flavor: str
    min_nodes: int
    max_nodes: int
    """The group scales where this is more than `min_nodes`, and the cluster's autoscaling label is set."""
    timeout_minutes: int = 60
    existing_id: str | None = None
    """`<cluster id>/<node group id>`, where an earlier run made it."""


class Nodegroup(pulumi.ComponentResource):
    """A node group with an explicit name; Magnum's driver heeds flavor, count, min and max only."""

    name: pulumi.Output[str]
    """Name of the group, known when its nodes are there."""
    node_selector: dict[str, str | pulumi.Output[str]]
    """Selector for pods that shall run in this group."""

    def __init__(self, name: str, args: NodegroupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Nodegroup", name, None, opts)
        group = containerinfra.NodeGroup(
            f"{name}-magnum",
            name=args.group_name,
            cluster_id=args.cluster_id,
            flavor_id=args.flavor,
            node_count=args.min_nodes,
            min_node_count=args.min_nodes,
            max_node_count=args.max_nodes,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.existing_id,
                # The name is unique in the cluster, so the old group must go before its successor comes.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{args.timeout_minutes}m",
                    update=f"{args.timeout_minutes}m",
                    delete=f"{args.timeout_minutes}m",
                ),
            ),
        )
        self.name = group.name
        self.node_selector = node_selector(self.name)
        self.register_outputs({"name": self.name})
