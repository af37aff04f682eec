"""IngressNginx: the way from the reserved address into the cluster, by the controller of the paper."""

from __future__ import annotations

from typing import Any

import pulumi

from components.charts.versions import INGRESS_NGINX
from components.cluster.nodegroup import node_selector
from components.edge.controller import INGRESS_CLASS, KEEP_ADDRESS, IngressArgs, IngressController
from components.settings.model import DEFAULT_WORKER

DEFAULT_UNTIL = "March 2027"
"""Then, a year after the last fix, `traefik` becomes the default."""


def values(address: pulumi.Input[str]) -> dict[str, Any]:
    """Values of the chart, for a load balancer at `address`."""
    return {
        "controller": {
            "nodeSelector": node_selector(DEFAULT_WORKER),
            "ingressClassResource": {"name": INGRESS_CLASS, "default": True},
            "service": {"loadBalancerIP": address, "annotations": KEEP_ADDRESS},
        }
    }


class IngressNginx(IngressController):
    """The ingress-nginx chart behind one load balancer."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            name,
            args,
            opts,
            chart=INGRESS_NGINX,
            values=values(args.address.address),
            service=f"{INGRESS_NGINX.release}-controller",
        )
        pulumi.log.warn(
            f"ingress-nginx was retired in March 2026; {INGRESS_NGINX.version} is its last chart, without"
            f" fixes. Set gateway:ingress to traefik, the default from {DEFAULT_UNTIL} on",
            self,
        )
