"""MagnumCluster: a Kubernetes cluster from a Magnum template, and the way into it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command
import pulumi_kubernetes as kubernetes
from pulumi_openstack import containerinfra

from components.cloud.connection import environment
from components.cloud.existing import ExistingCluster
from components.cloud.ownership import ATTEMPT_LABEL, OWNER_LABEL
from components.cluster.leftovers import cluster_hooks
from components.settings.model import Cluster, Network
from components.task import task


class ClusterProvider(kubernetes.Provider):
    """The Kubernetes provider of a cluster; its kubeconfig is there for what no provider does."""

    kubeconfig: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class MagnumClusterArgs:
    """What a MagnumCluster is made from."""

    cluster_name: str
    template_id: str
    """UUID, not name: Magnum on Jetstream2 has answered 400 to names."""
    settings: Cluster
    network: Network
    autoscaling: bool
    """The gate for every node group of the cluster; their own label of that name does nothing."""
    cloud: str | None = None
    """Name in clouds.yaml; the environment's OS_* where it is None."""
    timeout_minutes: int = 240
    existing: ExistingCluster | None = None
    """The cluster, where an earlier run made it."""


class MagnumCluster(pulumi.ComponentResource):
    """A cluster, complete when its kubeconfig is there.

    The kubeconfig is not the cluster resource's own: that one is read when creation starts, is never read
    again, and so has no server in it when the run that created the cluster was interrupted.
    """

    id: pulumi.Output[str]
    """UUID of the cluster, known as soon as Magnum has accepted it."""
    magnum: pulumi.Resource
    """The cluster as Magnum has it, which takes its node groups with it."""
    kubeconfig: pulumi.Output[str]
    """YAML of a cluster-admin's kubeconfig; a secret; there when the cluster is complete."""
    provider: ClusterProvider
    """Kubernetes provider of this cluster, for what is to be made in it."""

    def __init__(
        self, name: str, args: MagnumClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:MagnumCluster", name, None, opts)
        existing = args.existing
        alive = existing if existing and not existing.failed else None
        attempt = existing.attempt_wanted if existing else 1
        cluster = containerinfra.Cluster(
            f"{name}-magnum",
            name=args.cluster_name,
            cluster_template_id=args.template_id,
            flavor=args.settings.flavor,
            master_flavor=args.settings.master_flavor,
            master_count=args.settings.masters,
            node_count=args.settings.workers,
            fixed_network=args.network.fixed,
            fixed_subnet=args.network.subnet,
            floating_ip_enabled=True,
            merge_labels=True,
            labels={
                # The template's Retain would leave the volumes of homes and hub behind, billing.
                "csi_cinder_reclaim_policy": "Delete",
                **args.settings.labels,
                "auto_scaling_enabled": str(args.autoscaling).lower(),
                # The dashboard of template 1-33 is defunct; waiting for it hangs in CREATE_IN_PROGRESS.
                "kube_dashboard_enabled": "false",
                OWNER_LABEL: args.cluster_name,
                ATTEMPT_LABEL: str(attempt),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=alive.id if alive else None,
                # Magnum answers with the template's labels mixed in, so a cluster that is taken up would
                # seem changed and be replaced; only one that failed shall be, by its new attempt.
                # Its template is changed by an upgrade, which the state need not know of.
                ignore_changes=["labels", "mergeLabels", "clusterTemplateId"] if alive else None,
                delete_before_replace=True,
                hooks=cluster_hooks(name, args.cloud),
                custom_timeouts=pulumi.CustomTimeouts(
                    create=f"{args.timeout_minutes}m", update=f"{args.timeout_minutes}m", delete="60m"
                ),
            ),
        )
        self.id = cluster.id
        self.magnum = cluster
        signed = command.local.Command(
            f"{name}-kubeconfig",
            create=task("kubeconfig"),
            environment=environment(
                args.cloud,
                CLUSTER_ID=cluster.id,
                TIMEOUT_MINUTES=str(args.timeout_minutes),
                GENERATION=str(args.settings.kubeconfig_generation),
            ),
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self,
                additional_secret_outputs=["stdout"],
                custom_timeouts=pulumi.CustomTimeouts(create=f"{args.timeout_minutes}m"),
            ),
        )
        self.kubeconfig = signed.stdout
        volumes = command.local.Command(
            f"{name}-volumes",
            delete=task("volumes"),
            stdin=self.kubeconfig,
            environment={"TIMEOUT_MINUTES": "15"},
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(parent=self, custom_timeouts=pulumi.CustomTimeouts(delete="20m")),
        )
        self.provider = ClusterProvider(
            f"{name}-kubernetes",
            kubeconfig=self.kubeconfig,
            # Says that it is the same cluster when the kubeconfig is signed anew; without it a changed
            # kubeconfig may replace everything in the cluster.
            cluster_identifier=cluster.id,
            # What an interrupted run made without a note of it in the state is taken over.
            upsert_existing_objects=True,
            # On the way down: a namespace is gone before the volumes of its claims are; without the
            # cluster nobody would delete them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[volumes]),
        )
        self.provider.kubeconfig = self.kubeconfig
        self.register_outputs({"id": self.id, "kubeconfig": self.kubeconfig})
