"""CertManager: certificates by ACME for every Ingress that names the issuer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions

from components.charts import versions
from components.charts.install import ChartSource, install
from components.cluster.magnum_cluster import MagnumCluster
from components.settings.model import Certificates

ISSUER = "letsencrypt"
SERVERS = {
    "production": "https://acme-v02.api.letsencrypt.org/directory",
    "staging": "https://acme-staging-v02.api.letsencrypt.org/directory",
}
# The HTTP-01 self-check fails on workers without a route to the floating IP. The control plane has one
# (zonca/jupyterhub-deploy-kubernetes-jetstream #52, #75).
CONTROL_PLANE = {
    "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
    "tolerations": [
        {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}
    ],
}


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    """Arguments of a CertManager."""

    cluster: MagnumCluster
    settings: Certificates
    ingress_class: str
    """The ingress class that answers HTTP-01 challenges."""
    charts: ChartSource


class CertManager(pulumi.ComponentResource):
    """The cert-manager chart with its CRDs, and one ClusterIssuer."""

    issuer: pulumi.Output[str]
    """Name of the ClusterIssuer, once it has an account with the certificate authority."""

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:CertManager", name, None, opts)
        pinned: dict[str, Any] = CONTROL_PLANE if args.settings.on_control_plane else {}
        installed = install(
            self,
            name,
            chart=versions.CERT_MANAGER,
            source=args.charts,
            cluster=args.cluster,
            values={
                "crds": {"enabled": True},
                **pinned,
                **({"webhook": pinned, "cainjector": pinned, "startupapicheck": pinned} if pinned else {}),
            },
        )
        issuer = apiextensions.CustomResource(
            f"{name}-issuer",
            api_version="cert-manager.io/v1",
            kind="ClusterIssuer",
            metadata={
                "name": ISSUER,
                "annotations": {
                    "pulumi.com/waitFor": "condition=Ready",
                    # Without it the API server refuses to take back a field that someone has edited.
                    "pulumi.com/patchForce": "true",
                },
            },
            spec={
                "acme": {
                    "server": SERVERS[args.settings.acme],
                    "email": args.settings.email,
                    "privateKeySecretRef": {"name": f"{ISSUER}-account"},
                    "solvers": [{"http01": {"ingress": {"ingressClassName": args.ingress_class}}}],
                }
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.cluster.provider,
                depends_on=[installed.release],  # its CRDs, and the webhook that checks the issuer
                custom_timeouts=pulumi.CustomTimeouts(create="5m"),
            ),
        )
        # The resource's id is its name. CustomResource has no typed metadata.
        self.issuer = issuer.id
        self.register_outputs({"issuer": self.issuer})
