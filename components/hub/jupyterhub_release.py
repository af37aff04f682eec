"""JupyterHubRelease: the hub, from the layers of hub_values/ and the outputs of what stands before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_kubernetes import core

from components.charts import versions
from components.charts.install import ChartSource, install
from components.cluster.magnum_cluster import ClusterProvider
from components.homes.homes import Homes, HomesArgs
from components.hub.catalogue import Catalogue
from components.hub.values import hub_values
from components.settings.model import Hub

NAMESPACE = "jhub"


@dataclass(frozen=True, kw_only=True)
class JupyterHubReleaseArgs:
    """What a JupyterHubRelease is made from."""

    gateway: str
    provider: ClusterProvider
    cluster_id: pulumi.Output[str]
    settings: Hub
    catalogue: Catalogue
    images: Mapping[str, str | pulumi.Output[str]]
    """Reference of each image by its name."""
    core_group: str
    """Node group of the hub's own pods."""
    user_group: pulumi.Output[str]
    """Node group of the users' pods."""
    fqdn: pulumi.Output[str]
    ingress_class: str
    issuer: pulumi.Output[str]
    admin_password: pulumi.Output[str]
    user_password: pulumi.Output[str]
    cookie_secret: pulumi.Output[str] | None = None
    """Signs the cookies of who is logged in; the chart's own where it is None."""
    charts: ChartSource
    keep_homes: bool = False
    """Leave the users' volumes to the project when the gateway is destroyed."""
    cloud: str | None = None
    """Name in clouds.yaml; the environment's OS_* where it is None."""


class JupyterHubRelease(pulumi.ComponentResource):
    """The JupyterHub chart, with its core pods and its users on node groups of their own."""

    url: pulumi.Output[str]
    """Where scientists log in."""
    admin_password: pulumi.Output[str]
    """Password of the hub's admins; a secret."""
    namespace: pulumi.Output[str]
    """Where the hub, and the certificate of its Ingress, are."""
    revision: pulumi.Output[int]
    """Helm's count of installs and upgrades, known when the core pods are ready."""

    def __init__(
        self, name: str, args: JupyterHubReleaseArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:JupyterHubRelease", name, None, opts)
        hub = args.settings

        def homes(namespace: core.v1.Namespace) -> Homes:
            return Homes(
                f"{name}-homes",
                HomesArgs(
                    gateway=args.gateway,
                    kubeconfig=args.provider.kubeconfig,
                    cluster_id=args.cluster_id,
                    namespace=namespace.metadata.name,
                    storage_class=hub.storage.class_,
                    keep=args.keep_homes,
                    cloud=args.cloud,
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )

        installed = install(
            self,
            name,
            chart=versions.JUPYTERHUB,
            source=args.charts,
            namespace=NAMESPACE,
            provider=args.provider,
            before=homes if hub.storage.type == "home" else None,
            values=hub_values(
                catalogue=args.catalogue,
                desktops=hub.desktops,
                images=args.images,
                core_node_group=args.core_group,
                user_node_group=args.user_group,
                host=args.fqdn,
                ingress_class=args.ingress_class,
                issuer=args.issuer,
                authenticator=hub.authenticator,
                admins=hub.admins,
                users=hub.users,
                admin_password=args.admin_password,
                user_password=args.user_password,
                cookie_secret=args.cookie_secret,
                storage=hub.storage.type,
                storage_class=hub.storage.class_,
                storage_gib=hub.storage.size_gib,
                placeholders=hub.placeholders,
            ),
        )
        self.url = pulumi.Output.concat("https://", args.fqdn)
        self.admin_password = pulumi.Output.secret(args.admin_password)
        self.namespace = installed.release.status.namespace
        self.revision = installed.release.status.revision
        self.register_outputs({"url": self.url})
