"""MagnumCluster: a Kubernetes cluster from a Magnum template, and the way into it."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_command as command
import pulumi_kubernetes as kubernetes
from pulumi_openstack import containerinfra

from components.cloud.connection import environment
from components.cloud.ownership import ATTEMPT_LABEL, AUTOSCALING_LABEL, Owner
from components.cloud.survey import Survey
from components.cluster.leftovers import cluster_hooks
from components.settings.cloud import CloudConfig
from components.settings.model import Settings
from components.task import task

SYSTEM_PODS = {
    "coredns": {"k8s-app": "kube-dns"},
    "metrics-server": {"app.kubernetes.io/name": "metrics-server"},
}
"""Labels of the pods in kube-system that may run on any node of a Magnum cluster, so on the users' nodes too.

Without a disruption budget of theirs the autoscaler never removes a node that has one: Magnum's chart runs it
with `skip-nodes-with-system-pods`. Taints would keep them off, but Magnum's driver passes none on (the API
has `node_taints` since 1.14; magnum-capi-helm 1.4 ignores them).
"""


@dataclass(frozen=True, kw_only=True)
class MagnumClusterArgs:
    """Arguments of a MagnumCluster."""

    settings: Settings
    survey: Survey
    cloud: CloudConfig


class MagnumCluster(pulumi.ComponentResource):
    """A cluster. It is complete when its kubeconfig is there.

    The kubeconfig is not the resource's own, which the provider reads only when the creation begins. After an
    interrupted run that one has no server in it (docs/adr/0006-kubeconfig.md).
    """

    id: pulumi.Output[str]
    """UUID of the cluster, once Magnum has accepted it."""
    name_in_volumes: pulumi.Output[str]
    """Cluster API's name of the cluster, which the CSI driver writes on volumes."""
    magnum: pulumi.Resource
    """The Magnum cluster. Its node groups are deleted with it."""
    kubeconfig: pulumi.Output[str]
    """A cluster administrator's kubeconfig as YAML, once the cluster is complete; a secret."""
    provider: kubernetes.Provider
    """Kubernetes provider for everything that is created in the cluster."""
    cloud: CloudConfig
    """The cloud that the cluster is in."""
    owner: Owner
    """Whose the cluster is."""

    def __init__(
        self, name: str, args: MagnumClusterArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("gateway:index:MagnumCluster", name, None, opts)
        self.cloud, self.owner = args.cloud, args.survey.owner
        settings, existing = args.settings.cluster, args.survey.existing.cluster
        network, timeout = args.settings.network, f"{args.settings.timeouts.cluster}m"
        alive = existing if existing and not existing.failed else None
        attempt = existing.attempt_wanted if existing else 1
        cluster = containerinfra.Cluster(
            f"{name}-magnum",
            name=args.settings.name,
            # UUID, not name: Magnum on Jetstream2 has answered 400 to names.
            cluster_template_id=args.survey.template_id,
            flavor=settings.flavor,
            master_flavor=settings.master_flavor,
            master_count=settings.masters,
            node_count=settings.workers,
            fixed_network=network.fixed,
            fixed_subnet=network.subnet,
            floating_ip_enabled=True,
            merge_labels=True,
            labels={
                # The template's Retain would leave the volumes of homes and hub behind, billing.
                "csi_cinder_reclaim_policy": "Delete",
                **settings.labels,
                # The gate for every node group, which no later update can open. It is always open, since a
                # group whose min is its max does not scale.
                AUTOSCALING_LABEL: "true",
                # The dashboard of template 1-33 is defunct; waiting for it hangs in CREATE_IN_PROGRESS.
                "kube_dashboard_enabled": "false",
                **args.survey.owner.marks,
                ATTEMPT_LABEL: str(attempt),
            },
            opts=pulumi.ResourceOptions(
                parent=self,
                import_=alive.id if alive else None,
                # Magnum's answer has the template's labels mixed in, so an imported cluster would seem
                # changed and be replaced. Only a new attempt, after a failure, replaces it. The template
                # changes by an upgrade, which the state need not know.
                ignore_changes=["labels", "mergeLabels", "clusterTemplateId"] if alive else None,
                delete_before_replace=True,
                hooks=cluster_hooks(name, args.cloud),
                custom_timeouts=pulumi.CustomTimeouts(create=timeout, update=timeout, delete="60m"),
            ),
        )
        self.id, self.name_in_volumes = cluster.id, cluster.stack_id
        self.magnum = cluster
        signed = command.local.Command(
            f"{name}-kubeconfig",
            create=task("kubeconfig"),
            # Only another cluster or generation signs it again; another credential keeps it.
            update='printf %s "$PULUMI_COMMAND_STDOUT"',
            triggers=[cluster.id, settings.kubeconfig_generation],
            environment=environment(
                args.cloud,
                CLUSTER_ID=cluster.id,
                TIMEOUT_MINUTES=str(args.settings.timeouts.cluster),
            ),
            logging=command.local.Logging.STDERR,
            opts=pulumi.ResourceOptions(
                parent=self,
                additional_secret_outputs=["stdout"],
                custom_timeouts=pulumi.CustomTimeouts(create=timeout),
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
        self.provider = kubernetes.Provider(
            f"{name}-kubernetes",
            kubeconfig=self.kubeconfig,
            # The cluster's identity. Without it a renewed kubeconfig may replace everything in the cluster.
            cluster_identifier=cluster.id,
            # Take over objects that an interrupted run created, and that the state does not know.
            upsert_existing_objects=True,
            # On the way down, a namespace is gone before the volumes of its claims. Without the cluster
            # nobody would delete those.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[volumes]),
        )
        for pods, labels in SYSTEM_PODS.items():
            kubernetes.policy.v1.PodDisruptionBudget(
                f"{name}-{pods}",
                metadata={"name": pods, "namespace": "kube-system"},
                spec={
                    "max_unavailable": 1,
                    "selector": {"match_labels": labels},
                    "unhealthy_pod_eviction_policy": "AlwaysAllow",
                },
                opts=pulumi.ResourceOptions(
                    parent=self, provider=self.provider, deleted_with=cluster, delete_before_replace=True
                ),
            )
        self.register_outputs({"id": self.id, "kubeconfig": self.kubeconfig})
