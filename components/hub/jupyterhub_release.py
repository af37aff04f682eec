"""JupyterHubRelease: the hub, from the layers of hub_values/ and the outputs of the other components."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_command as command
from pulumi_kubernetes import core

from components.charts import versions
from components.charts.install import ChartSource, install
from components.cloud.survey import Survey
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.nodegroup import Nodegroup
from components.files.file_server import FileServer, FileServerArgs, claim
from components.homes.homes import Homes, HomesArgs
from components.hub.catalogue import Catalogue
from components.hub.values import TLS_SECRET, Wiring, hub_values
from components.images.desktop_images import DesktopImages
from components.images.pull_secret import PULL_SECRET, pull_secret
from components.settings.auth.kind import CALLBACK
from components.settings.model import Settings
from components.task import task


@dataclass(frozen=True, kw_only=True)
class JupyterHubReleaseArgs:
    """Arguments of a JupyterHubRelease."""

    settings: Settings
    survey: Survey
    catalogue: Catalogue
    cluster: MagnumCluster
    user_group: Nodegroup
    """Where users' pods run."""
    images: DesktopImages
    fqdn: pulumi.Output[str]
    ingress_class: str
    issuer: pulumi.Output[str]
    """Name of the ClusterIssuer."""
    secrets: Mapping[str, pulumi.Output[str]]
    """The stack's secrets by key."""
    charts: ChartSource


class JupyterHubRelease(pulumi.ComponentResource):
    """The JupyterHub chart, with its core pods and its users on different node groups."""

    url: pulumi.Output[str]
    """Where scientists log in."""
    oauth_callback: pulumi.Output[str]
    """Where the site that keeps users' accounts sends them back to."""
    admin_password: pulumi.Output[str] | None
    """Password of the hub's admins; a secret. None where another site vouches for them."""
    namespace: pulumi.Output[str]
    """The namespace of the hub and of its Ingress's certificate."""
    revision: pulumi.Output[int]
    """Helm's count of installs and upgrades, once the core pods are ready."""
    metrics_token: pulumi.Output[str] | None
    """What Prometheus reads the hub's metrics with; a secret. None where monitoring is off."""
    tls_secret: str
    """Name of the Secret and of the Certificate that cert-manager creates for the hub's Ingress."""

    def __init__(
        self, name: str, args: JupyterHubReleaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:JupyterHubRelease", name, None, opts)
        hub, images = args.settings.hub, args.settings.images
        files = self._files(name, args) if hub.files_gib else None

        def before(namespace: core.v1.Namespace) -> Iterator[pulumi.Resource]:
            if hub.storage.type == "home":
                yield Homes(
                    f"{name}-homes",
                    HomesArgs(
                        settings=args.settings, cluster=args.cluster, namespace=namespace.metadata.name
                    ),
                    opts=pulumi.ResourceOptions(parent=self),
                )
            if files is not None:
                yield from claim(f"{name}-files", files, namespace, self)
            if images.registry is not None and images.registry_user is not None:
                yield pull_secret(
                    f"{name}-registry",
                    namespace=namespace.metadata.name,
                    registry=images.registry,
                    user=images.registry_user,
                    password=args.secrets["registryPassword"],
                    parent=self,
                    provider=args.cluster.provider,
                )

        self.metrics_token = self._metrics_token(name) if args.settings.monitoring.enabled else None
        # Placeholders run on the users' nodes, and Helm waits for them. The hub itself runs on the core nodes
        # and comes up while Magnum makes the users'.
        after = [args.user_group] if args.settings.seats else []
        self.url = pulumi.Output.concat("https://", args.fqdn)
        self.oauth_callback = pulumi.Output.concat(self.url, CALLBACK)
        installed = install(
            self,
            name,
            chart=versions.JUPYTERHUB,
            source=args.charts,
            cluster=args.cluster,
            before=lambda namespace: [*before(namespace), *after],
            after=[files.release] if files else [],
            values=hub_values(
                hub,
                args.settings.auth,
                args.catalogue,
                Wiring(
                    user_group=args.settings.user_group.name,
                    host=args.fqdn,
                    callback=self.oauth_callback,
                    ingress_class=args.ingress_class,
                    issuer=args.issuer,
                    images=args.images.references,
                    secrets=args.secrets,
                    seats=args.settings.seats,
                    pull_secret=PULL_SECRET if images.registry_user else None,
                    metrics_token=self.metrics_token,
                ),
            ),
        )
        password = args.secrets.get("adminPassword")
        self.admin_password = None if password is None else pulumi.Output.secret(password)
        self.namespace = installed.release.status.namespace
        self.user_group = args.user_group
        self.revision = installed.release.status.revision
        self.tls_secret = TLS_SECRET
        self.register_outputs({"url": self.url})

    def _files(self, name: str, args: JupyterHubReleaseArgs) -> FileServer:
        return FileServer(
            f"{name}-files",
            FileServerArgs(
                settings=args.settings, survey=args.survey, cluster=args.cluster, charts=args.charts
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _metrics_token(self, name: str) -> pulumi.Output[str]:
        """Made once, and remembered in the state."""
        made = command.local.Command(
            f"{name}-metrics-token",
            create=task("token"),
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, additional_secret_outputs=["stdout"]),
        )
        return made.stdout
