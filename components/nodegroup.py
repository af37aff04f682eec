"""Nodegroup: equal nodes for one purpose, that the cluster's autoscaler adds and takes away."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import containerinfra

from components.settings import NodeGroup

LABEL = "capi.stackhpc.com/node-group"
"""Node label that Magnum's Cluster API driver sets; unlike one put by hand it survives a healed node."""


def node_selector(group: str | pulumi.Output[str]) -> dict[str, str | pulumi.Output[str]]:
    """The selector that puts a pod on a node of `group`."""
    return {LABEL: group}


@dataclass(frozen=True, kw_only=True)
class NodegroupArgs:
    """What a Nodegroup is made from."""

    cluster_id: pulumi.Input[str]
    settings: NodeGroup
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
            name=args.settings.name,
            cluster_id=args.cluster_id,
            flavor_id=args.settings.flavor,
            node_count=args.settings.min,
            min_node_count=args.settings.min,
            max_node_count=args.settings.max,
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
