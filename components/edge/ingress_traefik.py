"""IngressTraefik: the way from the reserved address into the cluster, by a controller that is maintained."""

from __future__ import annotations

from typing import Any

import pulumi

from components.charts.versions import TRAEFIK
from components.cluster.nodegroup import node_selector
from components.edge.controller import INGRESS_CLASS, KEEP_ADDRESS, IngressArgs, IngressController
from components.settings.model import DEFAULT_WORKER

CONTROLLER = "traefik.io/ingress-controller"
"""What the chart writes into its IngressClass; it can't be changed."""
LONGEST_REQUEST = "3600s"
"""Until a request must be read, a user's upload included; as long as the timeouts in hub_values/base.yaml.

A WebSocket is not limited by it: Go lifts the limit when a connection is handed over.
"""


def values(address: pulumi.Input[str]) -> dict[str, Any]:
    """Values of the chart, for a load balancer at `address`."""
    return {
        "nodeSelector": node_selector(DEFAULT_WORKER),
        "ingressClass": {"name": INGRESS_CLASS, "isDefaultClass": True},
        "providers": {
            "kubernetesIngressNGINX": {
                "enabled": True,
                "ingressClass": INGRESS_CLASS,
                "controllerClass": CONTROLLER,
                # Without it the annotation proxy-body-size is ignored.
                "proxyRequestBuffering": True,
                "publishService": {"enabled": True},
            },
            # Both are on by default. The first would serve every Ingress a second time.
            "kubernetesIngress": {"enabled": False},
            "kubernetesCRD": {"enabled": False},
        },
        # The default, 60 s, cuts an upload of 500 MB on a slow line.
        "ports": {
            port: {"transport": {"respondingTimeouts": {"readTimeout": LONGEST_REQUEST}}}
            for port in ("web", "websecure")
        },
        # The chart has the rest of the Pod Security Standard "restricted".
        "podSecurityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "service": {
            "annotations": {
                **KEEP_ADDRESS,
                # Without it the load balancer sends packets also to nodes that have no Traefik.
                "loadbalancer.openstack.org/enable-health-monitor": "true",
            },
            "spec": {
                "loadBalancerIP": address,
                # With the default, kube-proxy may put a node's address in the place of the browser's.
                "externalTrafficPolicy": "Local",
            },
        },
    }


class IngressTraefik(IngressController):
    """The Traefik chart behind one load balancer; Traefik reads ingress-nginx's annotations."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(
            name, args, opts, chart=TRAEFIK, values=values(args.address.address), service=TRAEFIK.release
        )
