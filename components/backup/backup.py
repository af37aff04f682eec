"""Backup: a CronJob that takes snapshots of the users' homes.

It asks Cinder, not Kubernetes: Magnum's clusters have Cinder's CSI driver, but neither the kinds nor the
controller that a VolumeSnapshot needs (azimuth-cloud/capi-helm-charts installs none,
kubernetes/cloud-provider-openstack#2767). So snapshots do not depend on the cluster that they were taken in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_command as command
from pulumi_kubernetes import batch, core
from pulumi_openstack import identity

from components.charts.versions import HUB_IMAGE
from components.cloud.connection import environment
from components.cloud.survey import FromPods, Survey
from components.cluster.magnum_cluster import MagnumCluster
from components.cluster.nodegroup import node_selector
from components.cluster.restricted import ENFORCED, restricted_pod
from components.hub.jupyterhub_release import JupyterHubRelease
from components.paths import ROOT
from components.settings.hub import Backup as Plan
from components.settings.model import DEFAULT_WORKER, Settings
from components.task import task

NAMESPACE = "gateway-backup"
"""One of its own: the hub may read Secrets of its namespace."""
NAME = "backup"
"""Of the CronJob, and of what it needs."""
FILES = ("components/backup/job.py", "components/cloud/ownership.py", "components/homes/metadata.py")
"""What runs in the pod: the job, and the modules that it imports."""
PLACE = "/srv/gateway"
AUTHORITY = "authority.pem"
ROLE = "member"
"""What Cinder's policy asks for. The log-in can't do what only the operator's other roles allow."""
LATEST_S = 3600
"""How late a run may start at least, if the control plane does not answer at the time."""
LONGEST_S = 7200


@dataclass(frozen=True, kw_only=True)
class BackupArgs:
    """Arguments of a Backup."""

    settings: Settings
    survey: Survey
    cluster: MagnumCluster
    hub: JupyterHubRelease
    """Whose users' homes."""


class Backup(pulumi.ComponentResource):
    """Snapshots of the homes, by `gateway:hub.backup`.

    Without that setting earlier snapshots stay. They go with the gateway, unless it keeps the homes.
    """

    def __init__(self, name: str, args: BackupArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("gateway:index:Backup", name, None, opts)
        settings, cluster = args.settings, args.cluster
        if settings.hub.storage.type == "home":
            drop = command.local.Command(
                f"{name}-snapshots",
                delete=None if "homes" in settings.keep else task("snapshots", "drop"),
                environment=environment(cluster.cloud, GATEWAY=settings.name),
                logging=command.local.Logging.STDERR,
                opts=pulumi.ResourceOptions(
                    parent=self,
                    depends_on=[args.hub],  # snapshots go before their homes do
                    custom_timeouts=pulumi.CustomTimeouts(delete="10m"),
                ),
            )
            if settings.hub.backup is not None and args.survey.from_pods is not None:
                _schedule(self, name, args, settings.hub.backup, args.survey.from_pods, after=drop)
        self.register_outputs({})


def _schedule(
    component: pulumi.ComponentResource,
    name: str,
    args: BackupArgs,
    plan: Plan,
    cloud: FromPods,
    *,
    after: pulumi.Resource,
) -> None:
    """The CronJob with what it needs. On the way down it has ended before `after` is deleted."""
    owner = args.cluster.owner
    login = identity.ApplicationCredential(
        f"{name}-credential",
        description=owner.description,
        roles=[ROLE],
        opts=pulumi.ResourceOptions(
            parent=component,
            depends_on=[after],
            additional_secret_outputs=["secret"],
            # Keystone lists the roles that this one implies, too.
            ignore_changes=["roles"],
        ),
    )
    options = pulumi.ResourceOptions(
        parent=component,
        provider=args.cluster.provider,
        depends_on=[after],
        # Each has a fixed name: the old one, deleted last, would take the new one along.
        delete_before_replace=True,
    )
    namespace = core.v1.Namespace(
        f"{name}-namespace",
        metadata={"name": NAMESPACE, "labels": ENFORCED},
        opts=options,
    ).metadata.name
    # Any: to match such a literal with the SDK's types takes mypy minutes and gigabytes.
    meta: Any = {"name": NAME, "namespace": namespace}
    secret = core.v1.Secret(
        f"{name}-login",
        metadata=meta,
        string_data={"CREDENTIAL_ID": login.id, "CREDENTIAL_SECRET": login.secret},
        opts=options,
    )
    files = {path: (ROOT / path).read_text(encoding="utf-8") for path in FILES}
    if cloud.authority:
        files[AUTHORITY] = cloud.authority
    program = core.v1.ConfigMap(
        f"{name}-program",
        metadata=meta,
        data={path.replace("/", "."): text for path, text in files.items()},
        opts=options,
    )
    told: dict[str, pulumi.Input[str]] = {
        "AUTH_URL": cloud.identity,
        "VOLUMES_URL": cloud.volumes,
        "GATEWAY": owner.gateway,
        "STACK": owner.stack,
        "CLUSTER": args.cluster.name_in_volumes,
        "NAMESPACE": args.hub.namespace,
        "KEEP": str(plan.keep),
        "PYTHONPATH": PLACE,
        **({"REQUESTS_CA_BUNDLE": f"{PLACE}/{AUTHORITY}"} if cloud.authority else {}),
    }
    pod: Any = _pod(told, secret.metadata.name, program.metadata.name, files)
    spec: Any = {
        "schedule": plan.schedule,
        "time_zone": plan.zone,
        "concurrency_policy": "Forbid",
        "starting_deadline_seconds": LATEST_S,
        "successful_jobs_history_limit": 1,
        "failed_jobs_history_limit": 3,
        "job_template": {
            "spec": {
                # It has tried again by itself; another pod would take each snapshot twice.
                "backoff_limit": 0,
                "active_deadline_seconds": LONGEST_S,
                "template": {"metadata": {"labels": {"app": "gateway", "component": NAME}}, "spec": pod},
            }
        },
    }
    batch.v1.CronJob(f"{name}-job", metadata=meta, spec=spec, opts=options)


def _pod(
    told: dict[str, pulumi.Input[str]],
    secret: pulumi.Input[str],
    program: pulumi.Input[str],
    files: dict[str, str],
) -> dict[str, Any]:
    items = [{"key": path.replace("/", "."), "path": path} for path in files]
    return restricted_pod(
        {
            "name": NAME,
            "image": HUB_IMAGE,
            "command": ["python3", "-m", "components.backup.job"],
            "env": [{"name": key, "value": text} for key, text in told.items()],
            "env_from": [{"secret_ref": {"name": secret}}],
            "volume_mounts": [{"name": "program", "mount_path": PLACE, "read_only": True}],
            "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"memory": "256Mi"}},
        },
        node_selector=node_selector(DEFAULT_WORKER),
        volumes=[{"name": "program", "config_map": {"name": program, "items": items}}],
    )
