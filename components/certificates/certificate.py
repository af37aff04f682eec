"""Certificate: waits for the certificate that cert-manager gets for an Ingress."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command

from components.task import task


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """What a Certificate is waited for with."""

    kubeconfig: pulumi.Input[str]
    namespace: pulumi.Input[str]
    certificate_name: str
    """Name of the Certificate and of its Secret, as the Ingress has it."""
    revision: pulumi.Input[int]
    """Revision of the release that holds the Ingress; each new one is waited for."""
    timeout_minutes: int = 15


class Certificate(pulumi.ComponentResource):
    """Done when the certificate is Ready; else fails with what its order or challenge says."""

    state: pulumi.Output[str]
    """What the certificate was when it was last waited for: Ready and its last day."""

    def __init__(self, name: str, args: CertificateArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Certificate", name, None, opts)
        waited = command.local.Command(
            f"{name}-ready",
            create=task("certificate"),
            stdin=args.kubeconfig,
            environment={
                "NAMESPACE": args.namespace,
                "CERTIFICATE": args.certificate_name,
                "TIMEOUT_MINUTES": str(args.timeout_minutes),
                "REVISION": pulumi.Output.from_input(args.revision).apply(str),
            },
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self,
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{args.timeout_minutes + 1}m", update=f"{args.timeout_minutes + 1}m"
                ),
            ),
        )
        # The kubeconfig on standard input would make a secret of a date that is none.
        self.state = pulumi.Output.unsecret(waited.stdout)
        self.register_outputs({"state": self.state})
