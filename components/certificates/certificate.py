"""Certificate: waits for the certificate that cert-manager requests for an Ingress."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.cluster.magnum_cluster import MagnumCluster
from components.hub.jupyterhub_release import JupyterHubRelease
from components.settings.model import Settings
from components.task import task


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """Arguments of a Certificate."""

    settings: Settings
    cluster: MagnumCluster
    hub: JupyterHubRelease
    """Its Ingress requests the certificate. After each new revision the wait is repeated."""
    issuer: pulumi.Output[str]
    """Name of the ClusterIssuer that the certificate must come from."""
    fqdn: pulumi.Output[str]
    """Host that the certificate must be for."""


class Certificate(pulumi.ComponentResource):
    """Done when the certificate is Ready. Otherwise it fails with what the order or the challenge says."""

    state: pulumi.Output[str]
    """State of the certificate at the last wait: Ready, its last day, and its issuer."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Certificate", name, None, opts)
        minutes = args.settings.timeouts.certificate
        timeout = f"{minutes + 1}m"
        waited = command.local.Command(
            f"{name}-ready",
            create=task("certificate"),
            stdin=args.cluster.kubeconfig,
            environment={
                "NAMESPACE": args.hub.namespace,
                "CERTIFICATE": args.hub.tls_secret,
                "ISSUER": args.issuer,
                "HOST": args.fqdn,
                "TIMEOUT_MINUTES": str(minutes),
                "REVISION": args.hub.revision.apply(str),
            },
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout)
            ),
        )
        # Because of the kubeconfig on standard input, the engine takes this for a secret.
        self.state = pulumi.Output.unsecret(waited.stdout)
        self.register_outputs({"state": self.state})
