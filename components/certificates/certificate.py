"""Certificate: waits for the certificate that cert-manager gets for an Ingress."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.cluster.magnum_cluster import MagnumCluster
from components.hub.jupyterhub_release import JupyterHubRelease
from components.task import task


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a Certificate is waited for with."""

    cluster: MagnumCluster
    hub: JupyterHubRelease
    """Its Ingress asks for the certificate; each new revision is waited for."""
    timeout_minutes: int


class Certificate(pulumi.ComponentResource):
    """Done when the certificate is Ready; else fails with what its order or challenge says."""

    state: pulumi.Output[str]
    """What the certificate was when it was last waited for: Ready and its last day."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Certificate", name, None, opts)
        timeout = f"{args.timeout_minutes + 1}m"
        waited = command.local.Command(
            f"{name}-ready",
            create=task("certificate"),
            stdin=args.cluster.kubeconfig,
            environment={
                "NAMESPACE": args.hub.namespace,
                "CERTIFICATE": args.hub.tls_secret,
                "TIMEOUT_MINUTES": str(args.timeout_minutes),
                "REVISION": args.hub.revision.apply(str),
            },
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self, custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout)
            ),
        )
        # The kubeconfig on standard input would make a secret of a date that is none.
        self.state = pulumi.Output.unsecret(waited.stdout)
        self.register_outputs({"state": self.state})
