"""Homes: the users' volumes, which may outlive the gateway and are taken back by its next life."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.cloud.connection import environment
from components.task import task


@dataclass(frozen=True, kw_only=True)
class HomesArgs:
    """What Homes are made from."""

    gateway: str
    kubeconfig: pulumi.Input[str]
    cluster_id: pulumi.Input[str]
    namespace: pulumi.Input[str]
    """Where the hub is, and so its users' claims."""
    storage_class: str
    """Of a claim that is made again, where its own is not known."""
    keep: bool = False
    """Leave the homes to the project when they would go with the hub's namespace or with the cluster."""
    cloud: str | None = None
    """Name in clouds.yaml; the environment's OS_* where it is None."""


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
            delete=task("homes", "keep") if args.keep else None,
            stdin=args.kubeconfig,
            environment=environment(
                args.cloud,
                GATEWAY=args.gateway,
                CLUSTER_ID=args.cluster_id,
                NAMESPACE=args.namespace,
                STORAGE_CLASS=args.storage_class,
            ),
            triggers=[args.cluster_id],
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self,
                # The old cluster's homes are kept before the new one can take them back.
                delete_before_replace=True,
                custom_timeouts=pulumi.CustomTimeouts(create="15m", delete="15m"),
            ),
        )
        self.register_outputs({})
