"""CertManager: certificates by ACME, for every Ingress that names the issuer."""

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
# From workers that have no route to the floating IP the HTTP-01 self-check fails; the control plane's nodes
# have one (zonca/jupyterhub-deploy-kubernetes-jetstream #52, #75).
CONTROL_PLANE = {
    "nodeSelector": {"node-role.kubernetes.io/control-plane": ""},
    "tolerations": [
        {"key": "node-role.kubernetes.io/control-plane", "operator": "Exists", "effect": "NoSchedule"}
    ],
}


@dataclass(frozen=True, kw_only=True)
class CertManagerArgs:
    """What a CertManager is made from."""

    cluster: MagnumCluster
    settings: Certificates
    ingress_class: str
    """Class that answers the HTTP-01 challenges."""
    charts: ChartSource


class CertManager(pulumi.ComponentResource):
    """The cert-manager chart with its CRDs, and one ClusterIssuer."""

    issuer: pulumi.Output[str]
    """Name of the ClusterIssuer, known when it is registered with the certificate authority."""

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
                    # Without it, what someone edited stays theirs: the API server refuses to take it back.
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
        # The resource's id is its name, known when it is made; CustomResource has no typed metadata.
        self.issuer = issuer.id
        self.register_outputs({"issuer": self.issuer})
