"""Homes: the users' volumes, which may outlive the gateway and are taken back by its next life."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.cloud.connection import environment
from components.cluster.magnum_cluster import MagnumCluster
from components.settings.model import Settings
from components.task import task


@dataclass(frozen=True, kw_only=True)
class HomesArgs:
    """What Homes are made from."""

    settings: Settings
    cluster: MagnumCluster
    namespace: pulumi.Input[str]
    """Where the hub is, and so its users' claims."""


class Homes(pulumi.ComponentResource):
    """Stands between the hub's namespace and the hub.

    On the way up, homes that were kept get their claims again before anybody logs in. On the way down they
    are marked when the hub is gone, before the namespace takes its claims with it. Where a cluster that
    somebody deleted is made anew both happen, in this order.
    """

    def __init__(self, name: str, args: HomesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Homes", name, None, opts)
        command.local.Command(
            f"{name}-volumes",
            create=task("homes", "take-back"),
            # When the settings change, what is known of the cluster stays.
            update='printf %s "$PULUMI_COMMAND_STDOUT"',
            delete=task("homes", "keep") if "homes" in args.settings.keep else None,
            stdin=args.cluster.kubeconfig,
            environment=environment(
                args.cluster.cloud,
                GATEWAY=args.settings.name,
                CLUSTER_ID=args.cluster.id,
                NAMESPACE=args.namespace,
                STORAGE_CLASS=args.settings.hub.storage.class_,
            ),
            triggers=[args.cluster.id],
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The old cluster's homes are kept before the new one can take them back.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create="15m", delete="15m"),
            ),
        )
        self.register_outputs({})
