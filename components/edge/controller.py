"""What every ingress controller is here: a chart behind one load balancer at the reserved address."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_command as command
from pulumi_openstack import networking

from components.charts.install import ChartSource, install
from components.charts.versions import Chart
from components.cloud.connection import environment
from components.cluster.magnum_cluster import MagnumCluster
from components.edge.reserved_address import ReservedAddress
from components.edge.service import Balanced, balanced
from components.task import task

INGRESS_CLASS = "nginx"
"""The IngressClass that every controller serves, so that the annotations in hub_values/base.yaml stay."""
KEEP_ADDRESS = {
    # Without it the address goes with the Service, and the record points at nobody.
    "loadbalancer.openstack.org/keep-floatingip": "true"
}


@dataclass(frozen=True, kw_only=True)
class IngressArgs:
    """Arguments of an ingress controller."""

    cluster: MagnumCluster
    address: ReservedAddress
    """Where to listen. It is used only when the load balancer is created."""
    charts: ChartSource


class IngressController(pulumi.ComponentResource):
    """The chart of an ingress controller behind one load balancer.

    All controllers have one type and one set of names: to the engine another controller is a replacement,
    so the former one's namespace, load balancer included, is gone before the next one takes the address.
    """

    ip: pulumi.Output[str]
    """The address that the controller's Service really has."""
    class_name: str
    """The IngressClass that it serves."""

    def __init__(
        self,
        name: str,
        args: IngressArgs,
        opts: pulumi.ResourceOptions | None = None,
        *,
        chart: Chart,
        values: Mapping[str, Any],
        service: str,
    ) -> None:
        """values: of the chart. service: name of the Service that it gives the controller."""
        former = pulumi.ResourceOptions(aliases=[pulumi.Alias(type_="gateway:index:IngressNginx")])
        super().__init__(
            "gateway:index:IngressController", name, None, pulumi.ResourceOptions.merge(opts, former)
        )
        self.class_name = INGRESS_CLASS
        installed = install(self, name, chart=chart, source=args.charts, cluster=args.cluster, values=values)

        async def look(known: list[Any]) -> Balanced:
            # In a thread, so that other resources go on meanwhile.
            return await asyncio.to_thread(balanced, str(known[0]), chart.release, service)

        # Not before Helm and the repair have done their work.
        found: pulumi.Output[Balanced] = pulumi.Output.all(
            args.cluster.kubeconfig, installed.release.status.revision, installed.healed
        ).apply(look)
        # The kubeconfig would make secrets of them.
        self.ip = pulumi.Output.unsecret(found.apply(lambda one: one.ip))
        uid = pulumi.Output.unsecret(found.apply(lambda one: one.uid))
        port = command.local.Command(
            f"{name}-port",
            create=task("port"),
            environment=environment(
                args.cluster.cloud,
                ADDRESS=self.ip,
                SERVICE=uid,  # another Service has another load balancer
            ),
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self),
        )
        # The load-balancer controller attaches the address once and does not look again. As a resource, an
        # attachment that someone removes is drift, and is put back.
        networking.FloatingIpAssociate(
            f"{name}-attachment",
            floating_ip=args.address.address,
            port_id=port.stdout,
            # The address has one attachment only: the old one's deletion would take the new one away.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        self.register_outputs({"ip": self.ip})
