"""IngressNginx: the way from the reserved address into the cluster."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass

import pulumi
import pulumi_command as command
from pulumi_openstack import networking

from components.charts import versions
from components.charts.install import ChartSource, install
from components.cloud.connection import environment
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.nodegroup import node_selector
from components.edge.reserved_address import ReservedAddress
from components.edge.service import Balanced, balanced
from components.settings.model import DEFAULT_WORKER
from components.task import task

RELEASE = versions.INGRESS_NGINX.release


@dataclass(frozen=True, kw_only=True)
class IngressNginxArgs:
    """Arguments of an IngressNginx."""

    cluster: MagnumCluster
    address: ReservedAddress
    """Where to listen. It is used only when the load balancer is created."""
    charts: ChartSource


class IngressNginx(pulumi.ComponentResource):
    """The ingress-nginx chart behind one load balancer."""

    ip: pulumi.Output[str]
    """The address that the controller's Service really has."""
    class_name: str
    """The IngressClass that it serves."""

    def __init__(self, name: str, args: IngressNginxArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:IngressNginx", name, None, opts)
        self.class_name = "nginx"
        pulumi.log.warn(
            f"ingress-nginx was retired in March 2026; {versions.INGRESS_NGINX.version} is its last chart",
            self,
        )
        installed = install(
            self,
            name,
            chart=versions.INGRESS_NGINX,
            source=args.charts,
            cluster=args.cluster,
            values={
                "controller": {
                    "nodeSelector": node_selector(DEFAULT_WORKER),
                    "ingressClassResource": {"name": self.class_name, "default": True},
                    "service": {
                        "loadBalancerIP": args.address.address,
                        "annotations": {
                            # Without it the address goes with the Service, and the record points at nobody.
                            "loadbalancer.openstack.org/keep-floatingip": "true"
                        },
                    },
                }
            },
        )
        # Not before Helm and the repair have done their work.
        ready: pulumi.Output[str] = pulumi.Output.all(
            args.cluster.kubeconfig, installed.release.status.revision, installed.healed
        ).apply(lambda known: str(known[0]))
        service: pulumi.Output[Balanced] = ready.apply(_service)
        # The kubeconfig would make secrets of them.
        self.ip = pulumi.Output.unsecret(service.apply(lambda found: found.ip))
        uid = pulumi.Output.unsecret(service.apply(lambda found: found.uid))
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


def _service(kubeconfig: str) -> Awaitable[Balanced]:
    """The controller's Service; asked for in a thread, so that other resources go on meanwhile."""
    return asyncio.to_thread(balanced, kubeconfig, RELEASE, f"{RELEASE}-controller")
