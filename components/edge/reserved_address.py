"""ReservedAddress: a floating IP that outlives the ingress, so that the DNS record stays right."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_openstack import networking

from components.cloud.survey import Survey
from components.settings.model import Settings


@dataclass(frozen=True, kw_only=True)
class ReservedAddressArgs:
    """Arguments of a ReservedAddress."""

    settings: Settings
    survey: Survey


class ReservedAddress(pulumi.ComponentResource):
    """A floating IP that belongs to the project, and that no controller deletes."""

    address: pulumi.Output[str]
    """The IPv4 address."""

    def __init__(
        self, name: str, args: ReservedAddressArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:ReservedAddress", name, None, opts)
        floating_ip = networking.FloatingIp(
            f"{name}-floating-ip",
            pool=args.settings.network.public,
            description=args.survey.owner.description,
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=args.survey.existing.address,
                # The next `up` finds a kept address by its description.
                retain_on_delete="address" in args.settings.keep,
                # The load-balancer controller attaches the address to its port; that is no drift.
                ignore_changes=["portId", "fixedIp"],
            ),
        )
        self.address = floating_ip.address
        self.register_outputs({"address": self.address})
