"""Workshops: pods that keep seats from before a workshop begins until it ends.

For each workshop a CronJob starts one Job, whose pods keep the seats. No pod needs rights in the cluster, and
there is nothing that an `up` could undo or show as drift: the Job is Kubernetes' own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_kubernetes import batch

from components.charts.versions import JUPYTERHUB, PAUSE
from components.cloud.flavors import Size
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.restricted import restricted_pod
from components.hub.desktops import resources
from components.hub.jupyterhub_release import JupyterHubRelease
from components.settings.schedule import Workshop

LABELS = {"app": "gateway", "component": "workshop"}
CRON = "%-M %-H %-d %-m *"
"""A CronJob has no year: workshops that are over are left out, and those a year away are refused."""
LATEST_S = 600
"""How late the Job may start at least, if the control plane does not answer at the time."""


@dataclass(frozen=True, kw_only=True)
class WorkshopsArgs:
    """Arguments of Workshops."""

    planned: Sequence[tuple[Workshop, Size]]
    """The workshops, each with the size of its seats."""
    cluster: MagnumCluster
    hub: JupyterHubRelease
    """Whose priorities and scheduler the seats have, on its users' nodes."""


class Workshops(pulumi.ComponentResource):
    """A CronJob for each workshop of `gateway:schedule`."""

    def __init__(self, name: str, args: WorkshopsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Workshops", name, None, opts)
        for workshop, seat in args.planned:
            # Any: to match such a literal with the SDK's types takes mypy minutes and gigabytes.
            spec: Any = _cron_job(workshop, _job(workshop, seat, args.hub.user_group.node_selector))
            batch.v1.CronJob(
                f"{name}-{workshop.name}",
                metadata={
                    "name": f"workshop-{workshop.name}",
                    "namespace": args.hub.namespace,
                    "labels": LABELS,
                },
                spec=spec,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    provider=args.cluster.provider,
                    delete_before_replace=True,
                ),
            )
        self.register_outputs({})


def _cron_job(workshop: Workshop, job: dict[str, Any]) -> dict[str, Any]:
    """Starts the Job when the nodes are asked for."""
    return {
        "schedule": workshop.asks.strftime(CRON),
        "time_zone": "Etc/UTC",
        "concurrency_policy": "Forbid",
        "starting_deadline_seconds": max(LATEST_S, 60 * workshop.lead_minutes),
        # Its time is up for each Job, which Kubernetes calls a failure; nobody needs to see it.
        "failed_jobs_history_limit": 0,
        "job_template": {"metadata": {"labels": LABELS}, "spec": job},
    }


def _job(workshop: Workshop, seat: Size, node_selector: dict[str, Any]) -> dict[str, Any]:
    """A pod for each seat. One that a user's pod pushes aside is not made again: the seat is taken."""
    tolerated = [
        {"key": key, "operator": "Equal", "value": "user", "effect": "NoSchedule"}
        for key in ("hub.jupyter.org/dedicated", "hub.jupyter.org_dedicated")
    ]
    return {
        "completion_mode": "Indexed",
        "completions": workshop.seats,
        "parallelism": workshop.seats,
        "backoff_limit_per_index": 0,
        "active_deadline_seconds": int((workshop.ends - workshop.asks).total_seconds()),
        "template": {
            "metadata": {
                "labels": LABELS,
                # Otherwise the autoscaler would evict one to empty a node, and its seat would be lost.
                "annotations": {"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"},
            },
            "spec": restricted_pod(
                {"name": "pause", "image": PAUSE, "resources": resources(seat)},
                priority_class_name=f"{JUPYTERHUB.release}-user-placeholder-priority",
                # The users' own, so that what it pushes aside for one is not taken by another placeholder.
                scheduler_name=f"{JUPYTERHUB.release}-user-scheduler",
                node_selector=node_selector,
                tolerations=tolerated,
                termination_grace_period_seconds=0,
            ),
        },
    }
