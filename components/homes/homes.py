"""Homes: the users' volumes, which may outlive the gateway and return with its next `pulumi up`."""

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
    """Arguments of Homes."""

    settings: Settings
    cluster: MagnumCluster
    namespace: pulumi.Input[str]
    """The hub's, which holds its users' claims."""


class Homes(pulumi.ComponentResource):
    """Stands between the hub's namespace and the hub.

    On the way up, kept homes get their claims back before anybody logs in, and smaller homes grow. On the way
    down, homes are marked after the hub has ended and before its namespace takes the claims along. When a
    cluster that somebody deleted is replaced, homes are first marked, then given back.
    """

    def __init__(self, name: str, args: HomesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Homes", name, None, opts)
        command.local.Command(
            f"{name}-volumes",
            create=task("homes", "take-back"),
            update=task("homes", "grow"),
            delete=task("homes", "keep") if "homes" in args.settings.keep else None,
            stdin=args.cluster.kubeconfig,
            environment=environment(
                args.cluster.cloud,
                GATEWAY=args.settings.name,
                STACK=args.cluster.owner.stack,
                CLUSTER_ID=args.cluster.id,
                NAMESPACE=args.namespace,
                STORAGE_CLASS=args.settings.hub.storage.class_,
                SIZE_GIB=str(args.settings.hub.storage.size_gib),
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
