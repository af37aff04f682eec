"""ReservedAddress: the floating IP that outlives the ingress, and so keeps the gateway's DNS name right."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import networking


@dataclass(frozen=True, kw_only=True)
class ReservedAddressArgs:
    """What a ReservedAddress is made from."""

    pool: str
    """Name of the external network that floating IPs come from."""
    description: str
    """Text by which the address is known as this gateway's own."""
    keep: bool = False
    """Leave it to the project when the gateway is destroyed; the next `up` finds it by its description."""
    existing_id: str | None = None
    """Id of the address, where an earlier run made it."""


class ReservedAddress(pulumi.ComponentResource):
    """A floating IP of the project's own, that no controller deletes."""

    address: pulumi.Output[str]
    """The IPv4 address."""

    def __init__(
        self, name: str, args: ReservedAddressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:ReservedAddress", name, None, opts)
        floating_ip = networking.FloatingIp(
            f"{name}-floating-ip",
            pool=args.pool,
            description=args.description,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.existing_id,
                retain_on_delete=args.keep,
                # The cloud's load-balancer controller attaches the address to its port: no drift.
                ignore_changes=["portId", "fixedIp"],
            ),
        )
        self.address = floating_ip.address
        self.register_outputs({"address": self.address})
