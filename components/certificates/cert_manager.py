"""CertManager: certificates by ACME for every Ingress that names the issuer."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import apiextensions

from components.charts import versions
from components.charts.install import ChartSource, install
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.nodegroup import node_selector
from components.settings.model import DEFAULT_WORKER, Settings

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
    settings: Settings
    ingress_class: str
    """The ingress class that answers HTTP-01 challenges."""
    charts: ChartSource


class CertManager(pulumi.ComponentResource):
    """The cert-manager chart with its CRDs, and the ClusterIssuer of the ACME server in use."""

    issuer: pulumi.Output[str]
    """Name of the ClusterIssuer, once it has an account with the certificate authority."""

    def __init__(self, name: str, args: CertManagerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:CertManager", name, None, opts)
        settings = args.settings.certificates
        core = {"nodeSelector": node_selector(DEFAULT_WORKER)}  # so that users' nodes can go
        pinned: dict[str, Any] = CONTROL_PLANE if settings.on_control_plane else core
        installed = install(
            self,
            name,
            chart=versions.CERT_MANAGER,
            source=args.charts,
            cluster=args.cluster,
            values={
                "crds": {"enabled": True},
                **pinned,
                **dict.fromkeys(("webhook", "cainjector", "startupapicheck"), pinned),
            },
        )
        # cert-manager keeps a certificate when only the server in its issuer changes
        # (cert-manager/cert-manager#4223), so each server has an issuer of its own.
        server, email = settings.acme, settings.email
        named = f"letsencrypt-{server}"
        issuer = apiextensions.CustomResource(
            f"{name}-{server}",
            api_version="cert-manager.io/v1",
            kind="ClusterIssuer",
            metadata={
                "name": named,
                "annotations": {
                    # After a change of the address, Ready is the old one's until the new one is registered.
                    "pulumi.com/waitFor": json.dumps(
                        ["condition=Ready", f"jsonpath={{.status.acme.lastRegisteredEmail}}={email}"]
                    ),
                    # Without it the API server refuses to take back a field that someone has edited.
                    "pulumi.com/patchForce": "true",
                },
            },
            spec={
                "acme": {
                    "server": SERVERS[server],
                    "email": email,
                    "privateKeySecretRef": {"name": f"{named}-account"},
                    "solvers": [{"http01": {"ingress": {"ingressClassName": args.ingress_class}}}],
                }
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                provider=args.cluster.provider,
                delete_before_replace=True,
                depends_on=[installed.release],  # its CRDs, and the webhook that checks the issuer
                custom_timeouts=pulumi.CustomTimeouts(create="5m", update="5m"),
            ),
        )
        # The resource's id is its name. CustomResource has no typed metadata.
        self.issuer = issuer.id
        self.register_outputs({"issuer": self.issuer})
